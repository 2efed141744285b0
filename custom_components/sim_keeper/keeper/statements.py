"""What callers state: readings that they typed, recharges that they did or want."""

from dataclasses import dataclass
from datetime import date, datetime

from .ledger import Picture
from .money import Money
from .ports import Json, Wanted
from .sim import UNIT_BYTE, UNIT_DAY, Field, Reading, Trust

SOURCE_PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Readings that a person typed; None = not given."""

    balance: Money | None = None
    expiry: date | None = None
    data_left: int | None = None
    last_activity: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What a person says of a recharge that he, or somebody else, did."""

    cost: Money | None
    """None where he does not know it; only what was already paid may be unknown."""
    day: date
    days: int | None = None
    expiry: date | None = None
    place: str | None = None
    receipt: str | None = None
    note: str | None = None
    picture: Picture | None = None
    """Of the receipt."""
    already: bool = False
    """Somebody else, the carrier or a wallet had paid it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recharge:
    """What is asked for by the action `recharge`."""

    wanted: Wanted
    request: str | None = None
    another: bool = False
    """The caller means one more, although there was one within the last day."""

    def words(self) -> dict[str, Json]:
        """Return the parameters that a repeated request must share."""
        wanted = self.wanted
        return {
            "amount": None if wanted.amount is None else str(wanted.amount),
            "product": wanted.product,
        }


def typed_readings(typed: Typed, now: datetime) -> tuple[Reading, ...]:
    """Return what a person typed as readings."""
    values: list[tuple[Field, int, str]] = []
    if typed.balance is not None:
        values.append((Field.BALANCE, typed.balance.minor, typed.balance.currency))
    if typed.expiry is not None:
        values.append((Field.EXPIRY, typed.expiry.toordinal(), UNIT_DAY))
    if typed.data_left is not None:
        values.append((Field.DATA_LEFT, typed.data_left, UNIT_BYTE))
    if typed.last_activity is not None:
        values.append((Field.LAST_ACTIVITY, typed.last_activity.toordinal(), UNIT_DAY))
    return tuple(
        Reading(
            field=name,
            value=value,
            unit=unit,
            observed_at=now,
            got_at=now,
            source=SOURCE_PERSON,
            trust=Trust.TYPED,
        )
        for name, value, unit in values
    )
