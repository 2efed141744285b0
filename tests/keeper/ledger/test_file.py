"""The ledger's file: pragmas, witness, snapshot, every fault at opening."""

from collections.abc import Callable
from datetime import datetime, timedelta
import json
from pathlib import Path
import random
import sqlite3
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger, file
from custom_components.sim_keeper.keeper.ledger.schema import APPLICATION_ID, VERSION

from ..builders import EPOCH, NOW
from .files import UUID, bear_witness, closed_at, fault_at, made_at, open_at
from .lives import confirmed, conn_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger lies."""
    return tmp_path / "sim_keeper.db"


# -- Opening ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("journal_mode", "delete"), ("synchronous", 3), ("foreign_keys", 1)),
        *(("recursive_triggers", 1), ("trusted_schema", 0), ("auto_vacuum", 0)),
        *(("application_id", APPLICATION_ID), ("user_version", VERSION)),
        ("locking_mode", "normal"),
    ],
)
def test_a_pragma_took_effect(path: Path, name: str, value: object) -> None:
    conn = conn_of(made_at(path))
    assert conn.execute(f"PRAGMA {name}").fetchone() == (value,)
    assert conn.autocommit is True


def test_a_pragma_that_takes_no_effect_is_a_fault(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "_PRAGMAS", {"synchronous": 7})
    assert fault_at(path, expected=False) is LedgerFault.UNWRITABLE


def test_a_ledger_in_memory_needs_no_journal() -> None:
    conn = file.connect(":memory:")
    assert conn.execute("PRAGMA journal_mode").fetchone() == ("memory",)


def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    ledger = made_at(path)
    order = confirmed(ledger)
    events = ledger.last_event()
    ledger.close()
    ledger = open_at(path)
    assert not ledger.restored
    assert ledger.order(order.id) == order
    assert ledger.last_event() == events


def test_a_new_ledger_is_made_only_where_none_is_expected(path: Path) -> None:
    assert fault_at(path) is LedgerFault.MISSING
    assert not path.exists()
    ledger = open_at(path, expected=False)
    assert not ledger.restored
    assert ledger.last_event() == 0
    ledger.close()
    assert not open_at(path).restored


def test_a_missing_file_is_missing_as_long_as_its_witness_speaks(path: Path) -> None:
    closed_at(path).unlink()
    for expected in (True, False):
        assert fault_at(path, expected=expected) is LedgerFault.MISSING
    assert not path.exists()
    file.witness_path(path).unlink()
    assert fault_at(path) is LedgerFault.MISSING
    assert not open_at(path, expected=False).restored


def _zero(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(8192))


def _text(path: Path) -> None:
    path.write_text("<html>not found</html>" * 500)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _other_database(path: Path) -> None:
    path.unlink()
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE states(x)")
    conn.close()


def _newer(path: Path) -> None:
    conn = sqlite3.connect(path, autocommit=True)
    conn.execute(f"PRAGMA user_version = {VERSION + 1}")
    conn.close()


def _no_tables(path: Path) -> None:
    path.unlink()
    conn = sqlite3.connect(path, autocommit=True)
    conn.execute("CREATE TABLE x(y)")
    conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    conn.execute(f"PRAGMA user_version = {VERSION}")
    conn.close()


def _truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _emptied(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(bytes(size))


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (_zero, LedgerFault.MISSING),
        (_garbage, LedgerFault.DAMAGED),
        (_text, LedgerFault.DAMAGED),
        (_folder, LedgerFault.UNWRITABLE),
        (_other_database, LedgerFault.DAMAGED),
        (_no_tables, LedgerFault.DAMAGED),
        (_newer, LedgerFault.NEWER),
        (_truncated, LedgerFault.DAMAGED),
        (_emptied, LedgerFault.DAMAGED),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    path: Path, harm: Callable[[Path], None], fault: LedgerFault
) -> None:
    harm(closed_at(path))
    for expected in (True, False):
        assert fault_at(path, expected=expected) is fault


def test_a_file_that_was_begun_and_not_written_is_begun_again(path: Path) -> None:
    path.touch()
    assert fault_at(path) is LedgerFault.MISSING
    assert open_at(path, expected=False).last_event() == 0


def test_a_file_that_cannot_be_written_is_found_when_it_is_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_at(path)
    connect = sqlite3.connect

    def readonly(target: Path | str, **options: Any) -> sqlite3.Connection:
        if options.get("uri"):
            return sqlite3.Connection(target, **options)
        return connect(f"file:{target}?mode=ro", uri=True, autocommit=True)

    monkeypatch.setattr(sqlite3, "connect", readonly)
    assert fault_at(path) is LedgerFault.UNWRITABLE


def test_a_folder_that_does_not_exist_is_a_fault(path: Path) -> None:
    assert fault_at(path / "no" / "db", expected=False) is LedgerFault.UNWRITABLE


def test_a_file_that_another_process_writes_is_a_fault_not_a_wait_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = conn_of(made_at(path))
    other.execute("BEGIN EXCLUSIVE")

    def hasty(target: Path | str, **options: Any) -> sqlite3.Connection:
        return sqlite3.Connection(target, **{**options, "timeout": 0})

    monkeypatch.setattr(sqlite3, "connect", hasty)
    assert fault_at(path) is LedgerFault.UNWRITABLE
    other.execute("ROLLBACK")


def test_a_commit_that_fails_is_undone(path: Path) -> None:
    """Otherwise what never became durable could still be read, as if it were."""
    ledger = made_at(path)
    events = ledger.last_event()
    conn_of(ledger).execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(path, autocommit=True)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM event").fetchone()
    with pytest.raises(LedgerBroken) as caught:
        ledger.add_event(EventType.DAY, None, {}, NOW)
    assert caught.value.fault is LedgerFault.UNWRITABLE
    assert not caught.value.needs_restart
    assert not conn_of(ledger).in_transaction
    other.close()
    assert ledger.last_event() == events
    ledger.add_event(EventType.DAY, None, {}, NOW)
    assert ledger.last_event() == events + 1


def test_a_frozen_file_is_left_as_it_is(path: Path) -> None:
    for harm in (_garbage, _newer, _truncated):
        harm(closed_at(path))
        before = path.read_bytes()
        fault_at(path)
        assert path.read_bytes() == before
        path.unlink()
        file.witness_path(path).unlink()


# -- The witness ------------------------------------------------------------------------------


def _witness(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(file.witness_path(path).read_text())
    return found


def test_the_witness_follows_every_commit_and_stays_out_of_backups(path: Path) -> None:
    ledger = made_at(path)
    assert file.witness_path(path).name.endswith(".log")
    for _ in range(3):
        ledger.add_event(EventType.DAY, None, {}, NOW)
        assert _witness(path) == {"uuid": UUID, "seq": ledger.last_event()}
    assert not list(path.parent.glob("*.new"))


def _reopened(path: Path, now: datetime = NOW) -> Ledger:
    ledger = open_at(path, now)
    types = [event.type for event in ledger.events_since(0)]
    assert (EventType.RESTORED in types) is ledger.restored
    assert ledger.view(EPOCH, None, now).restored is ledger.restored
    assert ledger.find_damage() is None
    return ledger


def test_a_ledger_that_continues_where_its_witness_saw_it_is_not_restored(
    path: Path,
) -> None:
    assert not _reopened(closed_at(path)).restored


def test_a_witness_that_is_behind_was_only_written_late(path: Path) -> None:
    closed_at(path)
    bear_witness(path, UUID, 1)
    assert not _reopened(path).restored


def test_an_older_ledger_under_a_witness_that_saw_more_is_restored(path: Path) -> None:
    ledger = made_at(path)
    backup = path.read_bytes()
    confirmed(ledger)
    ledger.close()
    path.write_bytes(backup)
    assert _reopened(path).restored


def test_a_ledger_under_the_witness_of_another_is_restored(path: Path) -> None:
    closed_at(path)
    bear_witness(path, "another", 0)
    assert _reopened(path).restored


@pytest.mark.parametrize(
    "text",
    [
        None,
        *("", "{", "[]", "{}", "7", "null", '{"uuid": "x"}', '{"seq": 1}'),
        *(f'{{"uuid": "{UUID}", "seq": "many"}}', f'{{"uuid": "{UUID}", "seq": null}}'),
    ],
)
def test_a_ledger_whose_witness_says_nothing_is_restored(
    path: Path, text: str | None
) -> None:
    closed_at(path)
    witness = file.witness_path(path)
    if text is None:
        witness.unlink()
    else:
        witness.write_text(text)
    assert _reopened(path).restored


@pytest.mark.parametrize(
    ("silence", "restored"),
    [(26, False), (26.1, True), (24 * 365, True), (-24, False)],
)
def test_a_ledger_that_was_silent_for_more_than_a_day_is_restored(
    path: Path, silence: float, restored: bool
) -> None:
    closed_at(path)
    assert _reopened(path, NOW + timedelta(hours=silence)).restored is restored


def test_that_a_ledger_was_restored_is_noted_once(path: Path) -> None:
    closed_at(path)
    for _ in range(2):
        file.witness_path(path).unlink()
        ledger = open_at(path)
        assert ledger.restored
        events = [event.type for event in ledger.events_since(0)]
        assert events.count(EventType.RESTORED) == 1
        ledger.close()
    assert not open_at(path).restored


def test_a_restored_ledger_speaks_again_with_its_witness(path: Path) -> None:
    closed_at(path)
    file.witness_path(path).unlink()
    ledger = _reopened(path)
    ledger.close()
    ledger = open_at(path)
    assert not ledger.restored
    # The doubt of each SIM lasts until a person has supervised an order of it.
    assert ledger.view(EPOCH, None, NOW).restored


def test_a_shorter_witness_leaves_nothing_of_a_longer_one(path: Path) -> None:
    bear_witness(path, UUID * 3, 10**9)
    bear_witness(path, UUID, 7)
    assert file.read_witness(path) == (UUID, 7)


def test_a_witness_that_is_tidied_away_comes_back(path: Path) -> None:
    ledger = made_at(path)
    file.witness_path(path).unlink()
    confirmed(ledger)
    assert file.read_witness(path) == (UUID, ledger.last_event())
    ledger.close()
    assert not open_at(path).restored


def test_a_witness_that_cannot_be_written_freezes(path: Path) -> None:
    ledger = made_at(path)
    witness = file.witness_path(path)
    witness.unlink()
    witness.mkdir()
    with pytest.raises(LedgerBroken) as caught:
        ledger.add_event(EventType.DAY, None, {}, NOW)
    assert caught.value.fault is LedgerFault.UNWRITABLE


# -- The snapshot -----------------------------------------------------------------------------


def test_a_snapshot_is_a_whole_ledger_of_that_moment(path: Path) -> None:
    ledger = made_at(path)
    ledger.snapshot()
    confirmed(ledger)
    ledger.snapshot()
    events = ledger.last_event()
    confirmed(ledger)
    ledger.close()
    file.snapshot_path(path).replace(path)
    again = _reopened(path)
    assert again.restored
    assert len(again.orders(EPOCH)) == 1
    assert again.last_event() == events + 1
    assert not list(path.parent.glob("*.new"))


def test_a_ledger_in_memory_has_no_snapshot() -> None:
    Ledger.in_memory().snapshot()
