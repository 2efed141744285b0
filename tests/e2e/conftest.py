"""Fixtures for tests with real processes: no simulated Home Assistant, and open sockets."""

from collections.abc import Generator

import pytest
import pytest_socket

from .hass_process import Installation


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the power cut and end with what comes of it: the others use the wait."""
    items.sort(key=lambda item: _PLACES.get(item.name, 0))


_PLACES = {
    "test_after_a_power_cut_both_orders_are_unknown_and_nothing_is_sent_again": -1,
    "test_what_was_bought_is_found_and_what_was_not_stays_open": 1,
}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets; the harness still lets them reach loopback only."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    """Run a Home Assistant and its vendor for the tests of one file."""
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
