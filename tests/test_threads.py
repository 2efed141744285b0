"""The event loop must never wait for the ledger, nor for the numbering plans to load."""

from collections.abc import Callable
from contextlib import closing
import os
from pathlib import Path
import shutil
import sqlite3
import subprocess
import sys
import threading
from typing import Any

from homeassistant.core import Context
import pytest

from custom_components.sim_keeper.callers import caller_of
from custom_components.sim_keeper.const import LEDGER_FILE
from custom_components.sim_keeper.home import ThawedBy
from custom_components.sim_keeper.keeper.ledger import file
from custom_components.sim_keeper.thaw_flow import thaw

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


@pytest.fixture
def file_threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect the names of the threads in which anything is done to the ledger's files."""
    threads: set[str] = set()

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*args: Any, **options: Any) -> Any:
            if LEDGER_FILE in str(args[0]):
                threads.add(threading.current_thread().name)
            return step(*args, **options)

        return taken

    for owner, name in (
        *((sqlite3, "connect"), (shutil, "copyfile"), (os, "open")),
        *((Path, verb) for verb in ("exists", "rename", "replace", "unlink")),
    ):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    return threads


async def test_a_ledger_is_repaired_in_its_own_thread_only(
    house: House, admin: Context, file_threads: set[str]
) -> None:
    house.sim()
    await house.start()
    await house.home.engine.begin_backup()
    house.home.engine.end_backup()
    caller = await caller_of(house.hass, admin)
    for way in ThawedBy:
        with closing(sqlite3.connect(house.hass.config.path(LEDGER_FILE))) as conn:
            (rule,) = conn.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'order_moves'"
            ).fetchone()
            conn.execute("DROP TRIGGER order_moves")
            await house.home.engine.desk.check()
            if way is ThawedBy.CHECK:
                conn.execute(rule)
        file_threads.clear()
        await house.home.survey()
        await thaw(house.hass, way, caller)
        await house.settle()
        assert house.home.engine.desk.fault is None
        names = {name.rsplit("_", 1)[0] for name in file_threads}
        assert names == {"sim_keeper_ledger", "sim_keeper_check"}


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
