"""Ledgers in files."""

from datetime import datetime
from pathlib import Path

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.ledger.file import Witness
from custom_components.sim_keeper.keeper.orders import State

from ..builders import EPOCH, NOW
from .lives import confirmed, move, sending

UUID = "11111111-1111-1111-1111-111111111111"


def open_at(path: Path, now: datetime = NOW, *, expected: bool = True) -> Ledger:
    return Ledger.open(path, expected=expected, fresh_uuid=UUID, now=now)


def made_at(path: Path) -> Ledger:
    ledger = open_at(path, expected=False)
    ledger.add_sim(EPOCH, "+85251234567", "Asia/Hong_Kong", NOW)
    return ledger


def closed_at(path: Path) -> Path:
    ledger = made_at(path)
    confirmed(ledger)
    move(ledger, sending(ledger), State.UNKNOWN)
    ledger.close()
    return path


def fault_at(path: Path, *, expected: bool = True, now: datetime = NOW) -> LedgerFault:
    with pytest.raises(LedgerBroken) as caught:
        open_at(path, now, expected=expected)
    return caught.value.fault


def bear_witness(path: Path, uuid: str, seq: int) -> None:
    """Have a ledger's file witnessed as if it had come so far."""
    witness = Witness(path, uuid)
    witness.write(seq)
    witness.close()
