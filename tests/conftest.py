"""What all tests share."""

import pytest

# Imported first: the test harness has a package `custom_components` of its own.
import custom_components.sim_keeper  # noqa: F401


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find this integration."""
