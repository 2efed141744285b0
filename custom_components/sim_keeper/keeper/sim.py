"""The values that describe a prepaid line: the SIM, its rules and its readings."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from .carriers import CarrierProfile
from .money import Money


class Mode(StrEnum):
    """How far SIM Keeper may go for a SIM, from least to most."""

    OFF = "off"
    REMIND = "remind"
    ASK = "ask"
    AUTO = "auto"


LOOSENESS = {mode: rank for rank, mode in enumerate(Mode)}
"""Rank of each mode: moving to a greater one lets the machine do more."""


class RuleKind(StrEnum):
    """What can make a recharge due."""

    LOW_BALANCE = "low_balance"
    DAYS_BEFORE = "days_before"


class Field(StrEnum):
    """What can be read of a SIM."""

    BALANCE = "balance"
    EXPIRY = "expiry"
    DATA_LEFT = "data_left"
    LAST_ACTIVITY = "last_activity"


class Trust(StrEnum):
    """How far a reading can be relied on."""

    TYPED = "typed"
    """A person entered it."""
    MEASURED = "measured"
    """The vendor, the operator or a sensor said so."""
    ESTIMATE = "estimate"
    """Worked out from an order and the carrier's rule."""
    HINT = "hint"
    """Anybody could have sent it."""


SOURCE_RECHARGE = "recharge"
"""The source of what was worked out from a recharge."""
UNIT_DAY = "day"
UNIT_BYTE = "B"
_LAST_DAY = date(9000, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One observed fact about a SIM.

    `value` is minor units for a balance (`unit` = currency), a proleptic ordinal for a day
    (`unit` = "day", the whole day counts, in the SIM's zone) and bytes for an allowance.
    """

    field: Field
    value: int
    unit: str
    observed_at: datetime
    got_at: datetime
    source: str
    trust: Trust

    @property
    def money(self) -> Money:
        """The balance as money."""
        return Money(self.value, self.unit)

    @property
    def day(self) -> date:
        """The expiry or last activity as a calendar day of the SIM's zone.

        Clamped: sources have sent the year 9378 and worse, and a day near the end of the calendar
        cannot be counted on from.
        """
        return date.fromordinal(min(max(self.value, 1), _LAST_DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The newest reading of each field."""

    balance: Reading | None = None
    expiry: Reading | None = None
    data_left: Reading | None = None
    last_activity: Reading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the user wants for a SIM. `monthly_cap` is in the currency that pays."""

    mode: Mode
    low_balance: Money | None = None
    days_before: int | None = None
    amount: Money | None = None
    monthly_cap: Money | None = None
    pays_in: str | None = None
    """The currency of the wallet that pays; None where it is the SIM's own."""


def only_tightens(old: Rules, new: Rules) -> bool:
    """Tell whether a change of rules does no more than lower the mode or the threshold."""
    lower = LOOSENESS[new.mode] <= LOOSENESS[old.mode]
    if old.low_balance is not None and new.low_balance is not None:
        lower = lower and new.low_balance <= old.low_balance
    else:
        lower = lower and old.low_balance == new.low_balance
    return lower and old == replace(new, mode=old.mode, low_balance=old.low_balance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sim:
    """A prepaid line as configured. `account` is None when a person recharges it."""

    epoch: str
    """Ten base32 characters, new whenever the SIM is added: part of every order's key."""
    number: str
    """E.164 with +, or the ICCID of a data line. Never shown in full."""
    country: str
    currency: str
    zone: ZoneInfo
    carrier: CarrierProfile
    account: str | None
    operator: str | None
    """The provider's operator id that the user confirmed for this number."""
    rules: Rules
