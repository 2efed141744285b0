"""The way back from a ledger that is missing or damaged: whole, marked, nothing deleted."""

from collections.abc import Callable
from datetime import timedelta
import os
from pathlib import Path
import random
import shutil
import sqlite3
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import (
    LedgerBroken,
    LedgerFault,
    OrderRefused,
)
from custom_components.sim_keeper.keeper.ledger import (
    STOPPED,
    EventType,
    Ledger,
    RestoredFrom,
    file,
)
from custom_components.sim_keeper.keeper.ledger.recovery import (
    Contents,
    Line,
    begin_anew,
    put_back_snapshot,
    survey,
)
from custom_components.sim_keeper.keeper.ledger.schema import VERSION
from custom_components.sim_keeper.keeper.orders import State

from ..builders import EPOCH, NOW
from .files import fault_at, made_at, open_at
from .lives import HOLDS, OTHER, confirmed, conn_of, later, move, new, sending

NUMBER, ZONE = "+85251234567", "Asia/Hong_Kong"
LINES = [Line(epoch=EPOCH, number=NUMBER, zone=ZONE)]
ASIDE = "sim_keeper.db.damaged-20260302T100000Z"
SOON = NOW + timedelta(hours=1)
FRESH = "22222222-2222-2222-2222-222222222222"

type Repair = Callable[[Path], Ledger]


def put_back(path: Path) -> Ledger:
    return put_back_snapshot(path, SOON)


def anew(path: Path) -> Ledger:
    return begin_anew(path, LINES, FRESH, SOON)


REPAIRS = pytest.mark.parametrize("repair", [put_back, anew])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger lies."""
    return tmp_path / "sim_keeper.db"


def lived(path: Path) -> Path:
    """Make a ledger with one delivered order in its snapshot, and another in flight since."""
    ledger = made_at(path)
    confirmed(ledger)
    ledger.snapshot()
    move(ledger, sending(ledger, later(minutes=5)), State.UNKNOWN, later(minutes=6))
    ledger.close()
    return path


def lose(path: Path) -> None:
    path.unlink()


def spoil(path: Path) -> None:
    """Put something else where the file was."""
    path.write_bytes(random.Random(1).randbytes(8192))


def weaken(path: Path) -> None:
    """Take a rule away: the file can still be read, and is not to be trusted."""
    conn = sqlite3.connect(path)
    conn.execute("DROP TRIGGER order_moves")
    conn.close()


def names(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir()}


def restored_events(ledger: Ledger) -> list[object]:
    return [
        event.data["source"]
        for event in ledger.events_since(0)
        if event.type is EventType.RESTORED
    ]


# -- What is found --------------------------------------------------------------------------


def test_a_file_that_can_still_be_read_says_what_it_knows(path: Path) -> None:
    weaken(lived(path))
    found = survey(path)
    assert found.exists
    assert found.has_snapshot
    assert found.contents == Contents(
        orders=2, in_flight=1, newest_event_at=later(minutes=6), stopped=False
    )
    assert found.snapshot == Contents(
        orders=1, in_flight=0, newest_event_at=NOW, stopped=False
    )


@pytest.mark.parametrize(("harm", "exists"), [(lose, False), (spoil, True)])
def test_a_file_that_cannot_be_read_says_nothing(
    path: Path, harm: Callable[[Path], None], exists: bool
) -> None:
    harm(lived(path))
    found = survey(path)
    assert (found.exists, found.contents) == (exists, None)


def test_nothing_at_all(path: Path) -> None:
    found = survey(path)
    assert (found.exists, found.contents) == (False, None)
    assert (found.has_snapshot, found.snapshot) == (False, None)
    assert names(path) == set()


def test_a_snapshot_that_is_not_sound_is_none(path: Path) -> None:
    weaken(file.snapshot_path(lived(path)))
    found = survey(path)
    assert (found.has_snapshot, found.snapshot) == (True, None)


def test_a_ledger_without_events_is_of_no_time(path: Path) -> None:
    open_at(path, expected=False).close()
    contents = survey(path).contents
    assert contents is not None
    assert contents.newest_event_at is None


# -- Any successor --------------------------------------------------------------------------


@REPAIRS
@pytest.mark.parametrize("harm", [lose, spoil, weaken])
def test_a_successor_takes_the_place_and_the_old_file_is_kept(
    path: Path, repair: Repair, harm: Callable[[Path], None]
) -> None:
    snapshot = file.snapshot_path(lived(path)).read_bytes()
    harm(path)
    before = path.read_bytes() if path.exists() else None
    ledger = repair(path)
    assert ledger.find_damage() is None
    assert ledger.restored
    assert ledger.view(EPOCH, None, SOON).restored
    aside = path.with_name(ASIDE)
    assert (aside.read_bytes() if aside.exists() else None) == before
    assert file.snapshot_path(path).read_bytes() == snapshot
    assert names(path) == {
        *(path.name, f"{path.name}.snapshot", f"{path.name}.witness.log"),
        *([] if before is None else [ASIDE]),
    }


@REPAIRS
def test_a_successor_goes_on_as_any_ledger(path: Path, repair: Repair) -> None:
    spoil(lived(path))
    ledger = repair(path)
    ledger.add_event(EventType.DAY, None, {}, SOON)
    events = ledger.last_event()
    ledger.close()
    again = open_at(path, SOON)
    assert not again.restored
    assert again.last_event() == events
    # Until a person has supervised an order of it, every SIM asks.
    assert again.view(EPOCH, None, SOON).restored


@REPAIRS
def test_that_it_was_replaced_is_told_once(path: Path, repair: Repair) -> None:
    spoil(lived(path))
    ledger = repair(path)
    source = RestoredFrom.SNAPSHOT if repair is put_back else RestoredFrom.NOTHING
    assert restored_events(ledger) == [source.value]
    told = [told.event.type for told in ledger.untold()]
    assert told.count(EventType.RESTORED) == 1


@REPAIRS
def test_a_journal_of_the_old_file_is_not_played_into_the_successor(
    path: Path, repair: Repair
) -> None:
    """A process that died in a commit leaves one behind; here the file is gone as well."""
    ledger = made_at(path)
    ledger.snapshot()
    conn = conn_of(ledger)
    conn.execute("PRAGMA cache_size = 1")
    conn.execute("BEGIN IMMEDIATE")
    for index in range(200):
        conn.execute("INSERT INTO setting VALUES (?, ?)", (f"name {index}", "x" * 500))
    journal = path.with_name(path.name + "-journal")
    left = journal.read_bytes()
    conn.execute("ROLLBACK")
    ledger.close()
    lose(path)
    journal.write_bytes(left)
    ledger = repair(path)
    assert ledger.find_damage() is None
    assert not journal.exists()
    assert path.with_name(f"{ASIDE}-journal").read_bytes() == left


@REPAIRS
def test_a_second_damaged_file_has_a_name_of_its_own(
    path: Path, repair: Repair
) -> None:
    lived(path)
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        repair(path).close()
    asides = [path.with_name(ASIDE + tail) for tail in ("", "-2", "-3")]
    assert [aside.read_bytes() for aside in asides] == [b"one", b"two", b"three"]


@REPAIRS
def test_a_file_that_is_sound_after_all_stays(path: Path, repair: Repair) -> None:
    ledger = open_at(lived(path))
    events = ledger.last_event()
    ledger.close()
    ledger = repair(path)
    assert not ledger.restored
    assert ledger.last_event() == events
    assert path.with_name(ASIDE).exists() is False


@REPAIRS
def test_a_newer_file_is_never_replaced(path: Path, repair: Repair) -> None:
    conn = sqlite3.connect(lived(path), autocommit=True)
    conn.execute(f"PRAGMA user_version = {VERSION + 1}")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(LedgerBroken) as caught:
        repair(path)
    assert caught.value.fault is LedgerFault.NEWER
    assert path.read_bytes() == before
    assert path.with_name(ASIDE).exists() is False


@REPAIRS
def test_a_disk_that_refuses_changes_nothing(path: Path, repair: Repair) -> None:
    spoil(lived(path))
    before = path.read_bytes()
    path.with_name(f"{path.name}.successor").mkdir()
    with pytest.raises(OrderRefused) as caught:
        repair(path)
    assert caught.value.reason == "ledger_not_replaced"
    assert caught.value.numbers["error"]
    assert path.read_bytes() == before
    assert fault_at(path) is LedgerFault.DAMAGED


@REPAIRS
@pytest.mark.parametrize("harm", [lose, spoil, weaken])
def test_a_stop_outlives_the_ledger_as_far_as_it_is_known(
    path: Path, repair: Repair, harm: Callable[[Path], None]
) -> None:
    ledger = made_at(path)
    ledger.snapshot()
    ledger.set_setting(STOPPED, "on", "user:1", NOW)
    ledger.close()
    harm(path)
    stopped = repair(path).setting(STOPPED) == "on"
    assert stopped is (harm is weaken)


# -- The snapshot ---------------------------------------------------------------------------


def test_the_snapshot_comes_back_with_its_orders_and_keys(path: Path) -> None:
    spoil(lived(path))
    ledger = put_back(path)
    assert [order.state for order in ledger.orders()] == [State.CONFIRMED]
    # The key of what was sent since is the next one again: the vendor knows it.
    assert ledger.peek_key(EPOCH, 0) == f"SK{EPOCH}-002-0"
    assert ledger.is_live(EPOCH)


def test_what_was_approved_when_the_snapshot_was_made_is_not_sent_again(
    path: Path,
) -> None:
    ledger = made_at(path)
    order = ledger.bear_approved(new(), HOLDS, "user:1", NOW)
    ledger.snapshot()
    ledger.begin_send(order.id, "keeper", NOW)
    ledger.close()
    spoil(path)
    ledger = put_back(path)
    (order,) = ledger.orders()
    assert (order.state, order.reason) == (State.CANCELLED, "restored")
    assert ledger.spending(HOLDS[0].scope, HOLDS[0].period).amounts == {}


@pytest.mark.parametrize("harm", [lose, spoil, weaken])
def test_a_snapshot_that_is_not_sound_is_not_used(
    path: Path, harm: Callable[[Path], None]
) -> None:
    spoil(lived(path))
    harm(file.snapshot_path(path))
    before = path.read_bytes()
    with pytest.raises(OrderRefused) as caught:
        put_back(path)
    assert caught.value.reason == "snapshot_unusable"
    assert path.read_bytes() == before
    assert path.with_name(ASIDE).exists() is False


# -- A new ledger ---------------------------------------------------------------------------


def test_a_new_ledger_uses_no_key_of_the_old_one(path: Path) -> None:
    spoil(lived(path))
    ledger = anew(path)
    assert ledger.orders() == []
    assert ledger.is_removed(EPOCH)
    ledger.add_sim(EPOCH, NUMBER, ZONE, SOON)
    assert not ledger.is_live(EPOCH)
    with pytest.raises(OrderRefused):
        ledger.ask(new(), "keeper", SOON)
    ledger.add_sim(OTHER, NUMBER, ZONE, SOON)
    assert not ledger.is_removed(OTHER)
    assert ledger.ask(new(sim=OTHER), "keeper", SOON).state is State.ASKED
    assert ledger.view(OTHER, None, SOON).restored


def test_a_new_ledger_is_another(path: Path) -> None:
    spoil(lived(path))
    assert anew(path)._book.uuid == FRESH


# -- Never empty by itself ------------------------------------------------------------------


@pytest.mark.parametrize("trace", [".snapshot", ".damaged-20260302T100000Z"])
def test_a_missing_file_is_missing_as_long_as_there_are_traces(
    path: Path, trace: str
) -> None:
    path.with_name(path.name + trace).touch()
    assert fault_at(path, expected=False) is LedgerFault.MISSING
    assert not path.exists()


class Killed(BaseException):
    """The process was killed."""


class Killer:
    """Kills the process right before or after one of the steps that change the disk."""

    STEPS = (
        (Path, "rename"),
        (Path, "replace"),
        (Path, "unlink"),
        (os, "fsync"),
        (shutil, "copyfile"),
        (sqlite3, "connect"),
    )

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        """Kill before (even) or after (odd) step number `at` / 2."""
        self.at, self.seen = at, 0
        for owner, name in self.STEPS:
            patch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*args: Any, **options: Any) -> Any:
            self._count()
            done = step(*args, **options)
            if self.at == self.seen and isinstance(done, sqlite3.Connection):
                done.close()
            self._count()
            return done

        return taken

    def _count(self) -> None:
        self.seen += 1
        if self.seen == self.at + 1:
            raise Killed


@REPAIRS
@pytest.mark.parametrize("harm", [lose, spoil])
def test_a_process_that_dies_on_the_way_never_leaves_an_empty_ledger(
    path: Path, repair: Repair, harm: Callable[[Path], None]
) -> None:
    harm(lived(path))
    begin = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    frozen = replaced = at = 0
    while True:
        for one in path.parent.iterdir():
            one.unlink()
        for name, content in begin.items():
            path.with_name(name).write_bytes(content)
        with pytest.MonkeyPatch.context() as patch:
            killer = Killer(patch, at)
            try:
                repair(path).close()
            except Killed:
                pass
            else:
                break
        # Even where the household has forgotten that there was a ledger.
        try:
            ledger = open_at(path, SOON, expected=False)
        except LedgerBroken:
            frozen += 1
            ledger = repair(path)
        else:
            replaced += 1
        assert ledger.find_damage() is None
        assert ledger.view(EPOCH, None, SOON).restored, f"killed at {at}"
        assert ledger.is_removed(EPOCH) is (repair is anew)
        ledger.close()
        at += 1
    assert killer.seen > 20
    assert frozen > 10
    assert replaced > 2
