"""Power goes at every operation on the disk of an order's life: what was promised is there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
import shutil
import sqlite3

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerBroken
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger, file
from custom_components.sim_keeper.keeper.orders import State

from ..keeper.builders import EPOCH, NOW, balance, hkd
from ..keeper.ledger.files import UUID, bear_witness, open_at
from ..keeper.ledger.lives import DELIVERY, HOLDS, conn_of, later, move, new, sending
from .disk import Disk
from .power import Cut, cuts
from .twin import twinned

NAME = "sim_keeper.db"
FULL, OFF = 2, 0


@dataclass
class Lived:
    """A ledger's life on a modelled disk."""

    disk: Disk
    hashes: list[bytes]
    """Of the events, in order: each stands for all that was before it."""


def _life(path: Path) -> Lived:
    """Live through the kinds of commits that there are, and note each as it returns."""
    disk = Disk()
    with twinned(disk):
        ledger = Ledger.open(path, expected=False, fresh_uuid=UUID, now=NOW)
        disk.acknowledge(0)
        for step in _steps():
            step(ledger)
            disk.acknowledge(ledger.last_event())
    hashes = [row[0] for row in conn_of(ledger).execute("SELECT hash FROM event")]
    ledger.close()
    return Lived(disk, hashes)


def _steps() -> list[Callable[[Ledger], object]]:
    at = later(minutes=18)
    return [
        lambda it: it.add_sim(EPOCH, "+85251234567", "Asia/Hong_Kong", NOW),
        lambda it: it.ask(new(), "keeper", NOW),
        lambda it: it.approve(1, new(), HOLDS, "user:1", NOW),
        lambda it: it.begin_send(1, "keeper", NOW),
        lambda it: move(it, it.order(1), State.UNKNOWN),
        lambda it: it.note_look(1, at, NOW),
        lambda it: it.send_again(1, at),
        lambda it: it.confirm(1, DELIVERY, [balance(hkd("50"))], "keeper", at),
        lambda it: it.mark_told(it.untold()[0].event.seq, at),
        lambda it: it.set_setting("stop_all_spending", "on", "user:1", at),
        lambda it: sending(it, at),
        lambda it: move(it, it.order(2), State.PENDING, at),
        lambda it: move(it, it.order(2), State.REJECTED, at, consumed=True),
        lambda it: it.add_event(EventType.DAY, None, {}, at),
    ]


def _losses(folder: Path, lived: Lived, seed: int) -> Iterator[str]:
    """Return what each cut of the power broke."""
    for index, cut in enumerate(cuts(lived.disk.operations, seed)):
        place = folder / f"cut {index}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if wrong := _wrong(place / NAME, cut, lived.hashes):
            yield f"cut after operation {cut.step}: {wrong}"


def _wrong(path: Path, cut: Cut, hashes: list[bytes]) -> str | None:
    """Return what is wrong with what a cut left, or None."""
    for name, content in cut.image.items():
        path.with_name(name).write_bytes(content)
    try:
        ledger = _opened(path, cut.acknowledged)
    except LedgerBroken as err:
        return str(err)
    seq, newest = ledger._book.last_event()
    ledger.close()
    if cut.acknowledged is None:
        # Begun and never used: at most it calls itself restored.
        return None if seq <= 1 else "a history out of nothing"
    if ledger.restored or seq < cut.acknowledged:
        return f"event {cut.acknowledged} was promised, {seq} is the last"
    return "another history" if seq and newest != hashes[seq - 1] else None


def _opened(path: Path, acknowledged: int | None) -> Ledger:
    """Open what a cut left, with all its checks."""
    if acknowledged is not None:
        bear_witness(path, UUID, acknowledged)
        return open_at(path, later(hours=1))
    # Nobody was promised this file yet.
    return open_at(path, expected=False)


@pytest.mark.parametrize("seed", [1, 2])
def test_power_may_go_at_any_time(
    tmp_path: Path, swift_folder: Path, seed: int
) -> None:
    lived = _life(tmp_path / NAME)
    losses = list(_losses(swift_folder, lived, seed))
    assert not losses, losses[:5]


# -- The disk is not too kind -----------------------------------------------------------------


def _less_synced(
    path: Path, monkeypatch: pytest.MonkeyPatch, synchronous: int
) -> Lived:
    monkeypatch.setitem(file._PRAGMAS, "synchronous", synchronous)
    lived = _life(path)
    monkeypatch.undo()
    return lived


def test_a_journal_whose_end_is_not_durable_takes_a_commit_back(
    tmp_path: Path, swift_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived = _less_synced(tmp_path / NAME, monkeypatch, FULL)
    losses = _losses(swift_folder, lived, 1)
    assert any("was promised" in loss for loss in losses)


def test_a_file_that_is_not_synced_is_torn(
    tmp_path: Path, swift_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived = _less_synced(tmp_path / NAME, monkeypatch, OFF)
    losses = _losses(swift_folder, lived, 1)
    assert any("damaged" in loss for loss in losses)


def test_the_disk_holds_what_the_file_holds(tmp_path: Path) -> None:
    lived = _life(tmp_path / NAME)
    *_, last = cuts(lived.disk.operations, 1)
    assert last.image.keys() == {NAME}
    path = tmp_path / "other.db"
    path.write_bytes(last.image[NAME])
    assert _said(path) == _said(tmp_path / NAME)


def _said(path: Path) -> list[str]:
    conn = sqlite3.connect(path)
    lines = list(conn.iterdump())
    conn.close()
    return lines
