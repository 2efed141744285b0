"""The values that describe a prepaid line: the SIM and its readings; its rules are in `rules`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from .carriers import CarrierProfile
from .money import Money
from .rules import LOOSENESS, Mode, RuleKind, Rules, only_tightens


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


__all__ = [
    "FIRST_RUN",
    "LOOSENESS",
    "SOURCE_NOTED",
    "SOURCE_RECHARGE",
    "UNIT_BYTE",
    "UNIT_DAY",
    "Field",
    "Mode",
    "Reading",
    "Readings",
    "RuleKind",
    "Rules",
    "Sim",
    "Trust",
    "only_tightens",
]

SOURCE_RECHARGE = "recharge"
"""The source of what was worked out from a recharge."""
SOURCE_NOTED = "noted"
"""The source of what a person typed together with a recharge that he noted."""
FIRST_RUN = datetime(2026, 1, 1, tzinfo=UTC)
"""Before this nobody ran SIM Keeper: a clock that shows such a time is wrong."""
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
    def worked_out(self) -> bool:
        """Whether nobody saw it: it follows from a recharge by the carrier's rule."""
        return self.source == SOURCE_RECHARGE

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
