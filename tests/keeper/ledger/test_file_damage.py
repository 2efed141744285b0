"""Damage to the file at any place: never another ledger."""

from pathlib import Path
import random

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerBroken
from custom_components.sim_keeper.keeper.ledger import Ledger

from ..builders import NOW
from .files import UUID, bear_witness, closed_at, made_at, open_at
from .lives import conn_of, later


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger lies."""
    return tmp_path / "sim_keeper.db"


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
    closed_at(path)
    data = path.read_bytes()
    content = _content(path)
    assert content is not None
    return data, content


def _says(path: Path, data: bytes) -> list[str] | None:
    path.write_bytes(data)
    bear_witness(path, UUID, 0)
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
    ledger = made_at(path)
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
    again = open_at(path, later(minutes=1))
    assert again.last_event() == events
    assert again.setting("name 1") is None
