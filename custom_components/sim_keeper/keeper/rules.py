"""The rules of a SIM: what makes a recharge due, what is bought then, and how far that may go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from .money import Money
from .schedule import Calendar


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
    LOW_DATA = "low_data"
    DAYS_BEFORE = "days_before"
    DAYS_BEFORE_ACTIVITY = "days_before_activity"
    DAYS_BEFORE_GRACE_END = "days_before_grace_end"
    CALENDAR = "calendar"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the user wants for a SIM. Caps are in the currency that pays."""

    mode: Mode
    low_balance: Money | None = None
    """Below this the balance is low."""
    low_data: int | None = None
    """Below so many bytes the allowance is low."""
    days_before: int | None = None
    """Before the deadline; only before the expiry, where activity has its own rule."""
    days_before_activity: int | None = None
    days_before_grace_end: int | None = None
    calendar: Calendar | None = None
    cheapest: bool = False
    """Buy what the planner finds, when the deadline calls for it."""
    amount: Money | None = None
    fill_up_to: Money | None = None
    """Buy what is missing to this balance, but at least `amount`."""
    product: str | None = None
    """The provider's id of what to buy instead of an amount."""
    monthly_cap: Money | None = None
    order_cap: Money | None = None
    """The most that one order may cost."""
    pays_in: str | None = None
    """The currency of the wallet that pays; None where it is the SIM's own."""
    shadow: bool = False
    """Decide as usual, but only note what would have been bought without asking."""
    modes: Mapping[RuleKind, Mode] = field(default_factory=dict, hash=False)
    """A rule's own mode. The stricter of it and the SIM's counts."""
    pauses: Mapping[RuleKind, date] = field(default_factory=dict, hash=False)
    """The day on which a rule counts again."""
    paused_until: date | None = None
    """The day on which the rules count again."""
    lapse: bool = False
    """The number may die."""
    recharged_elsewhere: bool = False
    """The carrier or a wallet recharges by itself; SIM Keeper only watches."""
    channel_trusted: bool = False
    """A channel that may run without asking only where the user says so may do it here."""

    def mode_of(self, kind: RuleKind) -> Mode:
        """Return how far a rule may go: nothing goes further than the SIM."""
        own = self.modes.get(kind, self.mode)
        return min(own, self.mode, key=LOOSENESS.__getitem__)

    def is_paused(self, kind: RuleKind, today: date) -> bool:
        """Tell whether a rule, or all of them, rest on a day of the SIM."""
        return any(
            until is not None and today < until
            for until in (self.paused_until, self.pauses.get(kind))
        )


_PURCHASE = (
    *("amount", "fill_up_to", "product", "cheapest"),
    *("monthly_cap", "order_cap", "pays_in"),
)


def only_tightens(old: Rules, new: Rules) -> bool:
    """Tell whether a change of rules can make the machine do less, and never more.

    To lower a mode or threshold, to take a rule away, to pause and to let lapse only tighten.
    Every change of what is bought, of a limit or of a number of days may also loosen: with fewer
    days a question ("the amount is too small") becomes a purchase.
    """
    return (
        all(getattr(old, name) == getattr(new, name) for name in _PURCHASE)
        and all(_mode_falls(old, new, kind) for kind in (None, *RuleKind))
        and _threshold_falls(old.low_balance, new.low_balance)
        and (new.low_data is None or new.low_data <= (old.low_data or 0))
        and _days_stay_or_go(old, new)
        and new.calendar in (old.calendar, None)
        and all(_pause_stays(old, new, kind) for kind in (None, *RuleKind))
        and old.lapse <= new.lapse
        and old.recharged_elsewhere <= new.recharged_elsewhere
        and old.shadow <= new.shadow
        and new.channel_trusted <= old.channel_trusted
    )


def _mode_falls(old: Rules, new: Rules, kind: RuleKind | None) -> bool:
    before = old.mode if kind is None else old.mode_of(kind)
    after = new.mode if kind is None else new.mode_of(kind)
    return LOOSENESS[after] <= LOOSENESS[before]


def _threshold_falls(old: Money | None, new: Money | None) -> bool:
    if new is None or old is None:
        return new is None
    return old.currency == new.currency and new <= old


def _days_stay_or_go(old: Rules, new: Rules) -> bool:
    """Tell whether no deadline is looked at earlier, or with other days, than before."""
    if new.days_before_grace_end not in (old.days_before_grace_end, None):
        return False
    if new.days_before != old.days_before:
        # The cheapest plan then falls back to days of its own.
        return (
            new.days_before is None and not new.cheapest and _activity_stays(old, new)
        )
    return new.days_before_activity == old.days_before_activity or (
        # Without its own days the activity clock falls to the rule for the deadline.
        new.days_before_activity is None and new.days_before is None
    )


def _activity_stays(old: Rules, new: Rules) -> bool:
    return new.days_before_activity in (old.days_before_activity, None)


def _pause_stays(old: Rules, new: Rules, kind: RuleKind | None) -> bool:
    before = old.paused_until if kind is None else old.pauses.get(kind)
    after = new.paused_until if kind is None else new.pauses.get(kind)
    return before is None or (after is not None and after >= before)
