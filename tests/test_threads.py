"""The event loop must never wait for the ledger, nor for the numbering plans to load."""

from pathlib import Path
import sqlite3
import subprocess
import sys
import threading

import pytest

from custom_components.sim_keeper.keeper.ledger import file

from .home_fixtures import House


@pytest.fixture
def ledger_threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect the names of the threads in which the ledger's file is used."""
    threads: set[str] = set()
    connect = file.connect

    def watched(path: Path | str) -> sqlite3.Connection:
        conn = connect(path)
        conn.set_trace_callback(
            lambda _sql: threads.add(threading.current_thread().name)
        )
        return conn

    monkeypatch.setattr(file, "connect", watched)
    return threads


async def test_the_ledger_is_used_in_its_own_thread_only(
    ledger_threads: set[str], house: House
) -> None:
    sim = house.sim(mode="remind", days_before=30)
    await house.start()
    device = house.device(sim)
    await house.call("update_reading", device_id=device, expiry="2035-01-01")
    await house.call("record_recharge", device_id=device, amount="5000")
    await house.call("get_ledger", device_id=device)
    await house.wake()
    assert ledger_threads
    assert {name.rsplit("_", 1)[0] for name in ledger_threads} == {"sim_keeper_ledger"}


def test_importing_the_integration_does_not_load_the_numbering_plans() -> None:
    """Home Assistant imports the package at start; the plans are megabytes."""
    code = (
        "import sys, custom_components.sim_keeper.config_flow;"
        "sys.exit('phonenumbers' in sys.modules)"
    )
    root = Path(__file__).parent.parent
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode
        == 0
    )
