"""The ledger's file: pragmas, witness, every fault at opening, and damage at every place."""

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
from custom_components.sim_keeper.keeper.orders import State

from ..builders import EPOCH, NOW
from .lives import confirmed, conn_of, later, move, sending

UUID = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger lies."""
    return tmp_path / "sim_keeper.db"


def _open(path: Path, now: datetime = NOW, *, expected: bool = True) -> Ledger:
    return Ledger.open(path, expected=expected, fresh_uuid=UUID, now=now)


def _made(path: Path) -> Ledger:
    ledger = _open(path, expected=False)
    ledger.add_sim(EPOCH, "+85251234567", "Asia/Hong_Kong", NOW)
    return ledger


def _closed(path: Path) -> Path:
    ledger = _made(path)
    confirmed(ledger)
    move(ledger, sending(ledger), State.UNKNOWN)
    ledger.close()
    return path


def _fault(path: Path, *, expected: bool = True, now: datetime = NOW) -> LedgerFault:
    with pytest.raises(LedgerBroken) as caught:
        _open(path, now, expected=expected)
    return caught.value.fault


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
    conn = conn_of(_made(path))
    assert conn.execute(f"PRAGMA {name}").fetchone() == (value,)
    assert conn.autocommit is True


def test_a_pragma_that_takes_no_effect_is_a_fault(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "_PRAGMAS", {"synchronous": 7})
    assert _fault(path, expected=False) is LedgerFault.UNWRITABLE


def test_a_ledger_in_memory_needs_no_journal() -> None:
    conn = file.connect(":memory:")
    assert conn.execute("PRAGMA journal_mode").fetchone() == ("memory",)


def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    ledger = _made(path)
    order = confirmed(ledger)
    events = ledger.last_event()
    ledger.close()
    ledger = _open(path)
    assert not ledger.restored
    assert ledger.order(order.id) == order
    assert ledger.last_event() == events


def test_a_new_ledger_is_made_only_where_none_is_expected(path: Path) -> None:
    assert _fault(path) is LedgerFault.MISSING
    assert not path.exists()
    ledger = _open(path, expected=False)
    assert not ledger.restored
    assert ledger.last_event() == 0
    ledger.close()
    assert not _open(path).restored


def test_a_missing_file_is_missing_as_long_as_its_witness_speaks(path: Path) -> None:
    _closed(path).unlink()
    for expected in (True, False):
        assert _fault(path, expected=expected) is LedgerFault.MISSING
    assert not path.exists()
    file.witness_path(path).unlink()
    assert _fault(path) is LedgerFault.MISSING
    assert not _open(path, expected=False).restored


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
    harm(_closed(path))
    for expected in (True, False):
        assert _fault(path, expected=expected) is fault


def test_a_file_that_was_begun_and_not_written_is_begun_again(path: Path) -> None:
    path.touch()
    assert _fault(path) is LedgerFault.MISSING
    assert _open(path, expected=False).last_event() == 0


def test_a_file_that_cannot_be_written_is_found_when_it_is_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _closed(path)
    connect = sqlite3.connect

    def readonly(target: Path | str, **options: Any) -> sqlite3.Connection:
        if options.get("uri"):
            return sqlite3.Connection(target, **options)
        return connect(f"file:{target}?mode=ro", uri=True, autocommit=True)

    monkeypatch.setattr(sqlite3, "connect", readonly)
    assert _fault(path) is LedgerFault.UNWRITABLE


def test_a_folder_that_does_not_exist_is_a_fault(path: Path) -> None:
    assert _fault(path / "no" / "db", expected=False) is LedgerFault.UNWRITABLE


def test_a_file_that_another_process_writes_is_a_fault_not_a_wait_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = conn_of(_made(path))
    other.execute("BEGIN EXCLUSIVE")

    def hasty(target: Path | str, **options: Any) -> sqlite3.Connection:
        return sqlite3.Connection(target, **{**options, "timeout": 0})

    monkeypatch.setattr(sqlite3, "connect", hasty)
    assert _fault(path) is LedgerFault.UNWRITABLE
    other.execute("ROLLBACK")


def test_a_frozen_file_is_left_as_it_is(path: Path) -> None:
    for harm in (_garbage, _newer, _truncated):
        harm(_closed(path))
        before = path.read_bytes()
        _fault(path)
        assert path.read_bytes() == before
        path.unlink()
        file.witness_path(path).unlink()


# -- The witness ------------------------------------------------------------------------------


def _witness(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(file.witness_path(path).read_text())
    return found


def test_the_witness_follows_every_commit_and_stays_out_of_backups(path: Path) -> None:
    ledger = _made(path)
    assert file.witness_path(path).name.endswith(".log")
    for _ in range(3):
        ledger.add_event(EventType.DAY, None, {}, NOW)
        assert _witness(path) == {"uuid": UUID, "seq": ledger.last_event()}
    assert not list(path.parent.glob("*.new"))


def _reopened(path: Path, now: datetime = NOW) -> Ledger:
    ledger = _open(path, now)
    types = [event.type for event in ledger.events_since(0)]
    assert (EventType.RESTORED in types) is ledger.restored
    assert ledger.view(EPOCH, None, now).restored is ledger.restored
    assert ledger.find_damage() is None
    return ledger


def test_a_ledger_that_continues_where_its_witness_saw_it_is_not_restored(
    path: Path,
) -> None:
    assert not _reopened(_closed(path)).restored


def test_a_witness_that_is_behind_was_only_written_late(path: Path) -> None:
    _closed(path)
    file.write_witness(path, UUID, 1)
    assert not _reopened(path).restored


def test_an_older_ledger_under_a_witness_that_saw_more_is_restored(path: Path) -> None:
    ledger = _made(path)
    backup = path.read_bytes()
    confirmed(ledger)
    ledger.close()
    path.write_bytes(backup)
    assert _reopened(path).restored


def test_a_ledger_under_the_witness_of_another_is_restored(path: Path) -> None:
    _closed(path)
    file.write_witness(path, "another", 0)
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
    _closed(path)
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
    _closed(path)
    assert _reopened(path, NOW + timedelta(hours=silence)).restored is restored


def test_a_restored_ledger_speaks_again_with_its_witness(path: Path) -> None:
    _closed(path)
    file.witness_path(path).unlink()
    ledger = _reopened(path)
    ledger.close()
    ledger = _open(path)
    assert not ledger.restored
    # The doubt of each SIM lasts until a person has supervised an order of it.
    assert ledger.view(EPOCH, None, NOW).restored


def test_a_witness_that_cannot_be_written_freezes(path: Path) -> None:
    ledger = _made(path)
    witness = file.witness_path(path)
    witness.unlink()
    witness.mkdir()
    with pytest.raises(LedgerBroken) as caught:
        ledger.add_event(EventType.DAY, None, {}, NOW)
    assert caught.value.fault is LedgerFault.UNWRITABLE


# -- The snapshot -----------------------------------------------------------------------------


def test_a_snapshot_is_a_whole_ledger_of_that_moment(path: Path) -> None:
    ledger = _made(path)
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


# -- Damage -----------------------------------------------------------------------------------


def _content(path: Path) -> list[str] | None:
    """Return what a ledger says after opening it, or None if it is not opened."""
    try:
        ledger = Ledger.open(path, expected=True, fresh_uuid=UUID, now=NOW)
    except LedgerBroken:
        return None
    conn = conn_of(ledger)
    conn.text_factory = lambda text: text.decode(errors="replace")
    try:
        return [
            line
            for line in conn.iterdump()
            # Whether people have heard of something is no money, and another uuid than the
            # witness knows makes the ledger a restored one.
            if not any(word in line for word in ('"told"', '"meta"', "restored"))
        ]
    finally:
        ledger.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[str]]:
    """Return the bytes of a sound file and what it says."""
    path = tmp_path_factory.mktemp("sound") / "db"
    _closed(path)
    data = path.read_bytes()
    content = _content(path)
    assert content is not None
    return data, content


def _says(path: Path, data: bytes) -> list[str] | None:
    path.write_bytes(data)
    file.write_witness(path, UUID, 0)
    return _content(path)


@pytest.mark.parametrize("part", range(8))
def test_a_file_cut_anywhere_is_never_another_ledger(
    path: Path, sound: tuple[bytes, list[str]], part: int
) -> None:
    data, content = sound
    places = [
        *range(part, 120, 8),
        *range(4096 * part, len(data), 4096 * 8),
        *random.Random(part).choices(range(len(data)), k=25),
    ]
    for place in places:
        # A file cut to nothing is missing; every other cut must be seen.
        assert _says(path, data[:place]) in (None, content), f"cut at {place}"


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_is_never_another_ledger(
    path: Path, sound: tuple[bytes, list[str]], seed: int
) -> None:
    data, content = sound
    chance = random.Random(seed)
    for _ in range(60):
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        flipped = bytearray(data)
        flipped[place] ^= 1 << bit
        assert _says(path, bytes(flipped)) in (None, content), f"{place} bit {bit}"


def test_a_page_that_was_swapped_or_lost_is_never_another_ledger(
    path: Path, sound: tuple[bytes, list[str]]
) -> None:
    data, content = sound
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    for index in range(1, len(pages)):
        lost = [*pages[:index], bytes(4096), *pages[index + 1 :]]
        assert _says(path, b"".join(lost)) in (None, content)
        swapped = [*pages]
        swapped[index], swapped[-index] = swapped[-index], swapped[index]
        assert _says(path, b"".join(swapped)) in (None, content)


def test_a_journal_that_a_power_cut_left_is_rolled_back(path: Path) -> None:
    """What was not committed never happened; what was, stays."""
    ledger = _made(path)
    conn = conn_of(ledger)
    conn.execute("PRAGMA cache_size = 1")
    conn.execute("BEGIN IMMEDIATE")
    for index in range(200):
        conn.execute("INSERT INTO setting VALUES (?, ?)", (f"name {index}", "x" * 500))
    journal = path.with_name(path.name + "-journal")
    torn, left = path.read_bytes(), journal.read_bytes()
    conn.execute("ROLLBACK")
    events = ledger.last_event()
    ledger.close()
    path.write_bytes(torn)
    journal.write_bytes(left)
    again = _open(path, later(minutes=1))
    assert again.last_event() == events
    assert again.setting("name 1") is None
