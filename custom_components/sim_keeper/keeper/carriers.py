"""Carriers: the rule of each that keeps a number alive, and the small logic about it.

The profiles come from `carrier_data`. They are hints with a date, not promises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations
import re
import unicodedata

from .errors import CurrencyMismatch
from .money import Money


class Model(StrEnum):
    """What keeps the number alive."""

    TOPUP_WINDOW = "topup_window"
    ACTIVITY_WINDOW = "activity_window"
    SPEND_WINDOW = "spend_window"
    SUBSCRIPTION = "subscription"


class Stacking(StrEnum):
    """What a top-up does to the days that are left."""

    RESET = "reset"
    ADD = "add"
    MAX = "max"
    UNKNOWN = "unknown"


class Event(StrEnum):
    """Something that restarts the clock of a carrier."""

    TOPUP = "topup"
    CALL_OUT = "call_out"
    SMS_OUT = "sms_out"
    MMS_OUT = "mms_out"
    DATA = "data"
    PLAN_BUY = "plan_buy"
    PLAN_RENEWAL = "plan_renewal"
    VALIDITY_PRODUCT = "validity_product"
    CALL_IN = "call_in"
    SMS_READ = "sms_read"
    VOICEMAIL_READ = "voicemail_read"


class Confidence(StrEnum):
    """How good the evidence for a profile is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class OperatorType(StrEnum):
    """Who runs the network behind the SIM."""

    MNO = "mno"
    MVNO = "mvno"
    VOIP = "voip"


_WORD = re.compile(r"[^\W_]+")
_ONE_BRAND = {"3hk": "3", "three": "3", "tri": "3"}
_SAYS_NOTHING = frozenset(
    [
        "china",
        "france",
        "mobile",
        "network",
        "prepaid",
        "t",
        "telecom",
        "uk",
        "us",
        "wireless",
    ]
)
_PAYMENTS = frozenset(
    {Event.TOPUP, Event.PLAN_BUY, Event.PLAN_RENEWAL, Event.VALIDITY_PRODUCT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One step of the ladder: from this amount on, a top-up buys these days."""

    amount: Money
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsBalance:
    """The text that asks for the balance, and the short number it goes to."""

    text: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierProfile:
    """What is known about one carrier; None is "not known"."""

    id: str
    name: str
    country: str
    currency: str
    operator_type: OperatorType
    model: Model
    events: frozenset[Event]
    incoming_counts: bool | None
    """Whether receiving a call or text is activity."""
    min_topup: Money | None
    """The smallest payment that counts; for a subscription one fee."""
    window_days: int | None
    """Days that one event gives; None where the ladder decides."""
    tiers: tuple[Tier, ...]
    tiers_complete: bool | None
    """False: steps are missing, a payment may buy more days than the ladder says."""
    stacking: Stacking
    max_days: int | None
    """The most days that the number can have ahead of it."""
    grace_days: int | None
    """Days after the window in which the number can still be saved."""
    grace_kind: str | None
    lost_after_days: int | None
    """Days from the last event until the number is gone, where a source says so."""
    ussd_balance: str | None
    sms_balance: SmsBalance | None
    topup_url: str | None
    app_android: str | None
    recharge_via: tuple[str, ...]
    """`provider:selector` of those that sell to this carrier."""
    unverified: frozenset[str]
    """Facts of this profile that nobody has checked."""
    confirmed: bool
    """A public page was read; otherwise general knowledge, to suggest and never to promise."""
    confidence: Confidence
    source: tuple[str, ...]
    as_of: int | None
    """Year of the newest evidence."""
    notes: str

    def days_for(self, amount: Money) -> int | None:
        """Return the days that a payment of this amount buys at least, None if unknown.

        Raises CurrencyMismatch for money that is not in the currency of the carrier.
        """
        if amount.currency != self.currency:
            raise CurrencyMismatch(self.currency, amount.currency)
        if amount.minor <= 0 or self.events.isdisjoint(_PAYMENTS):
            return None
        if self.min_topup is not None and amount < self.min_topup:
            return None
        if self.tiers:
            reached = [tier.days for tier in self.tiers if tier.amount <= amount]
            return max(reached, default=None)
        return self.window_days


def expiry_after(
    profile: CarrierProfile, *, expiry: date | None, event_day: date, days: int
) -> date:
    """Return the new last valid day after an event that gives some days.

    Only `reset` can give an earlier day than before: that is what resetting means. The limit of
    the carrier never takes away days that the SIM already has.
    """
    old = None if expiry is None else expiry.toordinal()
    new = ordinal_after(profile, expiry=old, event_day=event_day.toordinal(), days=days)
    return date.fromordinal(new)


def ordinal_after(
    profile: CarrierProfile, *, expiry: int | None, event_day: int, days: int
) -> int:
    """Do the same as `expiry_after` for days given as ordinals, for those who count many."""
    fresh = event_day + days
    old = event_day if expiry is None else expiry
    if profile.stacking is Stacking.RESET:
        new = fresh
    elif profile.stacking is Stacking.ADD:
        new = max(old, event_day) + days
    else:
        new = max(old, fresh)
    if profile.max_days is None:
        return new
    return min(new, max(old, event_day + profile.max_days))


def activity_limit(profile: CarrierProfile, last_activity: date) -> date | None:
    """Return the last day for the next activity; None where no activity clock runs."""
    if profile.model not in (Model.ACTIVITY_WINDOW, Model.SPEND_WINDOW):
        return None
    if profile.window_days is None:
        return None
    return last_activity + timedelta(days=profile.window_days)


def rescue_days(profile: CarrierProfile) -> int | None:
    """Return how many days after the deadline the number can still be saved, None if unknown."""
    if profile.grace_days is not None:
        return profile.grace_days
    if profile.lost_after_days is None or profile.window_days is None:
        return None
    return profile.lost_after_days - profile.window_days


def propose(
    profiles: Mapping[str, CarrierProfile], country: str, brand: str | None
) -> tuple[CarrierProfile, ...]:
    """Return all profiles of the country: likest to the brand first, confirmed next, by name."""
    wanted = _words(brand or "")
    return tuple(
        sorted(
            (profile for profile in profiles.values() if profile.country == country),
            key=lambda profile: (
                -_likeness(_words(profile.name), wanted),
                not profile.confirmed,
                profile.name.casefold(),
            ),
        )
    )


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return [_ONE_BRAND.get(word, word) for word in _WORD.findall(plain)]


def _likeness(name: list[str], brand: list[str]) -> int:
    """Return 3 if the name begins with the brand, 2 if it contains it, 1 for a shared word."""
    # Joined, because tables write `True Move` and carriers `TrueMove`; still only whole words.
    joined = "".join(brand)
    for start, end in combinations(range(len(name) + 1), 2):
        if "".join(name[start:end]) == joined:
            return 2 if start else 3
    return int(not set(name).isdisjoint(set(brand) - _SAYS_NOTHING))
