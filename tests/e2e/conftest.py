"""Fixtures for tests with real processes: no simulated Home Assistant, and open sockets."""

from collections.abc import Generator

import pytest
import pytest_socket

from .hass_process import Installation


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Do without the Home Assistant in this process."""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets; the harness still lets them reach loopback only."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    """A running Home Assistant and its vendor, for the tests of one file."""
    pytest_socket.enable_socket()
    made = Installation(tmp_path_factory.mktemp("installation"))
    made.start()
    try:
        yield made
    finally:
        made.stop()
    check_log(made)


def check_log(installation: Installation) -> None:
    """Fail if the log tells of a fault of ours, or of what nobody may read."""
    assert installation.secrets_in(installation.printed()) == []
    assert installation.hass.complaints() == []
