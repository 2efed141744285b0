"""What all tests share."""

import pytest

# Imported first: the test harness has a package `custom_components` of its own.
import custom_components.sim_keeper  # noqa: F401

pytest_plugins = ["tests.home_fixtures"]


@pytest.fixture(autouse=True)
def find_the_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find this integration, in the tests that have one."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
