"""What the user declares of a sequence: what it does, what it costs, and what proves its success."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ...keeper.money import Money

WAIT_HOURS_MAX = 24
TIMEOUT_S_MAX = 900
TIMEOUT_S = 120


class Work(StrEnum):
    """What a sequence does."""

    RECHARGE = "recharge"
    USE = "use"
    """It texts or calls from the number."""


class Proof(StrEnum):
    """What shows that a run did its work."""

    RESPONSE = "response"
    """A value in what the sequence responds."""
    READING = "reading"
    """A reading of the SIM that moves within some hours."""
    ENDED = "ended"
    """The sequence came to its end without an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the user declares of a sequence."""

    work: Work
    proof: Proof
    pays_in: str
    """ISO 4217 code of what it pays with."""
    price: Money | None
    """What one run costs; None: as much as the amount that is recharged."""
    maximum: Money
    """The most that one run may cost."""
    amounts: tuple[str, ...] = ()
    """What it can recharge, as decimal texts in the line's currency; empty: any amount."""
    success: str | None = None
    """The value in the response that proves it."""
    failure: str | None = None
    """The value that proves that nothing was done and nothing paid."""
    value_key: str | None = None
    """Where these stand in the response: names with points between them."""
    reference_key: str | None = None
    cost_key: str | None = None
    wait_hours: int = WAIT_HOURS_MAX
    """How long a reading may take to move."""
    timeout_s: int = TIMEOUT_S
    """How long a run may take."""

    @classmethod
    def stored(cls, data: Mapping[str, Any], pays_in: str) -> Self:
        """Read the terms as an account keeps them: texts and numbers, nothing that is not set."""
        price = data.get("price")
        return cls(
            work=Work(data["work"]),
            proof=Proof(data["proof"]),
            pays_in=pays_in,
            price=None if price is None else Money.parse(price, pays_in),
            maximum=Money.parse(data["maximum"], pays_in),
            amounts=tuple(data.get("amounts", ())),
            success=data.get("success"),
            failure=data.get("failure"),
            value_key=data.get("value_key"),
            reference_key=data.get("reference_key"),
            cost_key=data.get("cost_key"),
            wait_hours=int(data.get("wait_hours", WAIT_HOURS_MAX)),
            timeout_s=int(data.get("timeout_s", TIMEOUT_S)),
        )
