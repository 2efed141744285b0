"""Carrier profiles from raw data: the packaged file, the neutral one, the user's corrections.

Nothing is guessed or converted: what does not fit is refused, with the profile and the field.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from itertools import pairwise
import json
from pathlib import Path
import re
from types import MappingProxyType

from .carriers import (
    CarrierProfile,
    Confidence,
    Event,
    Model,
    OperatorType,
    SmsBalance,
    Stacking,
    Tier,
)
from .errors import AmountInvalid, CarrierDataInvalid
from .money import Money, exponent, positive

OTHER_ID = "other"
SCHEMA_VERSION = 1
# Ten years: no carrier gives more, and a date stays far from the end of the calendar.
MAX_DAYS = 3660
OVERRIDABLE = frozenset(
    {
        "app_android",
        "events",
        "grace_days",
        "grace_kind",
        "incoming_counts",
        "max_days",
        "min_topup",
        "model",
        "sms_balance",
        "stacking",
        "tiers",
        "topup_url",
        "ussd_balance",
        "window_days",
    }
)
"""What a user can correct for one SIM. The rest names the carrier, or follows from these."""
_NAMES = tuple(field.name for field in fields(CarrierProfile))
# What a profile says about itself is no fact that could be unverified.
_ABOUT_ITSELF = ("confidence", "confirmed", "as_of", "notes", "source", "unverified")
_FACTS = frozenset(_NAMES).difference(_ABOUT_ITSELF, ("id", "name"))
# What restarts the clock where nothing but the model is known.
_USUAL_EVENTS: Mapping[Model, frozenset[Event]] = {
    Model.TOPUP_WINDOW: frozenset({Event.TOPUP}),
    Model.ACTIVITY_WINDOW: frozenset(
        {Event.TOPUP, Event.CALL_OUT, Event.SMS_OUT, Event.DATA}
    ),
    Model.SPEND_WINDOW: frozenset({Event.TOPUP, Event.PLAN_BUY}),
    Model.SUBSCRIPTION: frozenset({Event.PLAN_RENEWAL}),
}
_OWN_LADDER: Mapping[str, object] = {"window_days": None, "tiers_complete": True}
_NO_LADDER: Mapping[str, object] = {"tiers": (), "tiers_complete": None}
_ANDROID_APP = re.compile(r"\w+(\.\w+)+", re.ASCII)
_ANY = re.compile(r".*", re.DOTALL)
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DIGITS = re.compile(r"[0-9]+")
_FILLED = re.compile(r"\S(.*\S)?", re.DOTALL)
_HTTPS = re.compile(r"https://[^\s/?#@\\]+\.[^\s/?#@\\]+([/?#]\S*)?")
_PROVIDER_PRODUCT = re.compile(r"[a-z0-9_]+:\S.*")
_SLUG = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_USSD = re.compile(r"[*#][*#0-9]*#")


def parse_profile(raw: Mapping[str, object]) -> CarrierProfile:
    """Read one profile; raises CarrierDataInvalid naming the profile and the field."""
    named = raw.get("id")
    read = _Fields(named if isinstance(named, str) else "?", raw)
    read.exactly(_NAMES)
    currency = read.currency("currency")
    profile = CarrierProfile(
        id=read.text("id", _SLUG),
        name=read.text("name"),
        country=read.text("country", _COUNTRY),
        currency=currency,
        operator_type=read.choice("operator_type", OperatorType),
        model=read.choice("model", Model),
        events=read.choices("events", Event),
        incoming_counts=read.flag_or_none("incoming_counts"),
        min_topup=read.amount_or_none("min_topup", currency),
        window_days=read.days_or_none("window_days"),
        tiers=_tiers(read, currency),
        tiers_complete=read.flag_or_none("tiers_complete"),
        stacking=read.choice("stacking", Stacking),
        max_days=read.days_or_none("max_days"),
        grace_days=read.days_or_none("grace_days", least=0),
        grace_kind=read.text_or_none("grace_kind", _SLUG),
        lost_after_days=read.days_or_none("lost_after_days"),
        ussd_balance=read.text_or_none("ussd_balance", _USSD),
        sms_balance=_sms_balance(read),
        topup_url=read.text_or_none("topup_url", _HTTPS),
        app_android=read.text_or_none("app_android", _ANDROID_APP),
        recharge_via=read.texts("recharge_via", _PROVIDER_PRODUCT),
        unverified=frozenset(read.texts("unverified")),
        confirmed=read.flag("confirmed"),
        confidence=read.choice("confidence", Confidence),
        source=read.texts("source"),
        as_of=None if raw["as_of"] is None else read.number("as_of", 2000, 2100),
        notes=read.text("notes", _ANY),
    )
    _check_together(read, profile)
    return profile


def parse_carriers(document: object) -> Mapping[str, CarrierProfile]:
    """Read a whole carrier file; refuses another schema version and an id that is taken."""
    file = _Fields("file", {"carriers.json": document}).inner("carriers.json")
    file.exactly(("schema_version", "carriers"))
    file.number("schema_version", SCHEMA_VERSION, SCHEMA_VERSION)
    found: dict[str, CarrierProfile] = {}
    for item in file.each_inner("carriers"):
        profile = parse_profile(item.raw)
        if profile.id in found or profile.id == OTHER_ID:
            raise CarrierDataInvalid(f"carrier {profile.id}, field id: is taken")
        found[profile.id] = profile
    return MappingProxyType(found)


@cache
def load_carriers() -> Mapping[str, CarrierProfile]:
    """Return the packaged profiles by id. The first call reads a file: use an executor."""
    text = Path(__file__).with_name("carriers.json").read_text(encoding="utf-8")
    return parse_carriers(json.loads(text))


def other_carrier(country: str, currency: str) -> CarrierProfile:
    """Return the neutral profile for a carrier that the file does not have."""
    unknown = dict.fromkeys(_NAMES)
    known = {
        "id": OTHER_ID,
        "name": "Other carrier",
        "country": country,
        "currency": currency,
        "operator_type": OperatorType.MNO,
        "model": Model.TOPUP_WINDOW,
        "events": sorted(_USUAL_EVENTS[Model.TOPUP_WINDOW]),
        "tiers": (),
        "stacking": Stacking.UNKNOWN,
        "recharge_via": (),
        "unverified": ("operator_type", "model", "events"),
        "confirmed": False,
        "confidence": Confidence.LOW,
        "source": (),
        "notes": "",
    }
    return parse_profile(unknown | known)


def with_overrides(
    profile: CarrierProfile, overrides: Mapping[str, object]
) -> CarrierProfile:
    """Return the profile as the user corrected it for one SIM; raises as `parse_profile` does.

    What the user set wins: facts of the profile that contradict it give way, so that a newer
    carrier file does not turn stored overrides into an error. Only the model never gives way to a
    ladder: that would silently stop the activity clock.
    """
    _Fields(profile.id, overrides).only(OVERRIDABLE)
    gone = _what_gives_way(profile, overrides)
    unverified = profile.unverified.difference(overrides, gone)
    if "events" in gone and "events" not in overrides:
        unverified |= {"events"}
    return parse_profile(
        to_raw(profile) | gone | dict(overrides) | {"unverified": sorted(unverified)}
    )


def to_raw(profile: CarrierProfile) -> dict[str, object]:
    """Return the plain data that `parse_profile` reads back into the same profile."""
    return {name: _plain(getattr(profile, name)) for name in _NAMES}


def _plain(value: object) -> object:
    match value:
        case Money():
            return f"{value.value:f}"
        case frozenset():
            return sorted(value)
        case tuple():
            return [_plain(item) for item in value]
        case Tier() | SmsBalance():
            names = (field.name for field in fields(value))
            return {name: _plain(getattr(value, name)) for name in names}
    return value


def _what_gives_way(
    profile: CarrierProfile, overrides: Mapping[str, object]
) -> dict[str, object]:
    """Return the facts that the overrides replace without naming them."""
    gone: dict[str, object] = {}
    model = profile.model
    if "model" in overrides:
        model = _Fields(profile.id, overrides).choice("model", Model)
    if model is not profile.model:
        gone["events"] = sorted(_USUAL_EVENTS[model])
    if "tiers" in overrides:
        # The user's own ladder is taken as the whole ladder.
        gone |= _OWN_LADDER if overrides["tiers"] else _NO_LADDER
    elif model is not Model.TOPUP_WINDOW or overrides.get("window_days") is not None:
        gone |= _NO_LADDER
    if not overrides.keys().isdisjoint({"model", "tiers", "window_days", "grace_days"}):
        # It was counted together with the facts that are replaced now.
        gone["lost_after_days"] = None
    return gone


def _tiers(read: _Fields, currency: str) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    for step in read.each_inner("tiers"):
        step.exactly(("amount", "days"))
        amount = step.amount("amount", currency)
        tiers.append(Tier(amount=amount, days=step.number("days", 1, MAX_DAYS)))
    for lower, upper in pairwise(tiers):
        if upper.amount <= lower.amount or upper.days < lower.days:
            raise read.fault("tiers", "must rise from step to step")
    return tuple(tiers)


def _sms_balance(read: _Fields) -> SmsBalance | None:
    if read.raw["sms_balance"] is None:
        return None
    query = read.inner("sms_balance")
    query.exactly(("text", "to"))
    return SmsBalance(text=query.text("text"), to=query.text("to", _DIGITS))


def _check_together(read: _Fields, profile: CarrierProfile) -> None:
    """Refuse facts that are fine alone and make no sense together."""
    if not profile.events:
        raise read.fault("events", "must name at least one")
    if profile.tiers and profile.model is not Model.TOPUP_WINDOW:
        raise read.fault("tiers", f"make no sense with the model {profile.model}")
    if profile.tiers and profile.window_days is not None:
        raise read.fault("window_days", "must be null where a ladder gives the days")
    if (profile.tiers_complete is None) is bool(profile.tiers):
        raise read.fault("tiers_complete", "must be set with a ladder, and only then")
    if (profile.lost_after_days or MAX_DAYS) < (profile.window_days or 0):
        raise read.fault("lost_after_days", "must not be shorter than window_days")
    if strange := sorted(profile.unverified - _FACTS):
        raise read.fault("unverified", f"{strange[0]!r} is no fact of a profile")


@dataclass(frozen=True, slots=True)
class _Fields:
    """Raw fields, one method per kind of value; each raises CarrierDataInvalid."""

    profile: str
    raw: Mapping[str, object]
    path: str = ""

    def fault(self, field: str, problem: str) -> CarrierDataInvalid:
        """Return the error for one field."""
        where = f"carrier {self.profile}, field {self.path}{field}"
        return CarrierDataInvalid(f"{where}: {problem}")

    def only(self, names: Collection[str]) -> None:
        """Refuse fields that are not among the names."""
        for name in self.raw:
            if name not in names:
                raise self.fault(name, "unknown")

    def exactly(self, names: Collection[str]) -> None:
        """Refuse fields that are not among the names, and names without a field."""
        self.only(names)
        for name in names:
            if name not in self.raw:
                raise self.fault(name, "missing")

    def text(self, field: str, shape: re.Pattern[str] = _FILLED) -> str:
        """Read a text of the given shape."""
        return self._text(field, self.raw[field], shape)

    def text_or_none(self, field: str, shape: re.Pattern[str]) -> str | None:
        """Read a text of the given shape, or null."""
        return None if self.raw[field] is None else self.text(field, shape)

    def texts(self, field: str, shape: re.Pattern[str] = _FILLED) -> tuple[str, ...]:
        """Read a list of different texts."""
        found = tuple(self._text(field, item, shape) for item in self._items(field))
        if len(set(found)) != len(found):
            raise self.fault(field, "names something twice")
        return found

    def choice[Kind: StrEnum](self, field: str, kind: type[Kind]) -> Kind:
        """Read one value of the enum."""
        return self._choice(field, self.text(field), kind)

    def choices[Kind: StrEnum](self, field: str, kind: type[Kind]) -> frozenset[Kind]:
        """Read a list of different values of the enum."""
        return frozenset(self._choice(field, text, kind) for text in self.texts(field))

    def flag(self, field: str) -> bool:
        """Read true or false."""
        value = self.raw[field]
        if not isinstance(value, bool):
            raise self.fault(field, "must be true or false")
        return value

    def flag_or_none(self, field: str) -> bool | None:
        """Read true, false or null."""
        return None if self.raw[field] is None else self.flag(field)

    def number(self, field: str, least: int, most: int) -> int:
        """Read a whole number; true and false are none."""
        value = self.raw[field]
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not least <= value <= most
        ):
            raise self.fault(field, f"must be a whole number from {least} to {most}")
        return value

    def days_or_none(self, field: str, least: int = 1) -> int | None:
        """Read a number of days, or null."""
        return None if self.raw[field] is None else self.number(field, least, MAX_DAYS)

    def currency(self, field: str) -> str:
        """Read a code of ISO 4217."""
        code = self.text(field, _CURRENCY)
        try:
            exponent(code)
        except AmountInvalid as err:
            raise self.fault(field, err.reason) from err
        return code

    def amount(self, field: str, currency: str) -> Money:
        """Read an amount above zero from a whole number or a text, never from a float."""
        value = self.raw[field]
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise self.fault(field, "must be a whole number or a text")
        try:
            return positive(Money.parse(str(value), currency))
        except AmountInvalid as err:
            raise self.fault(field, err.reason) from err

    def amount_or_none(self, field: str, currency: str) -> Money | None:
        """Read an amount above zero, or null."""
        return None if self.raw[field] is None else self.amount(field, currency)

    def inner(self, field: str) -> _Fields:
        """Open an object."""
        return self._inner(field, self.raw[field])

    def each_inner(self, field: str) -> tuple[_Fields, ...]:
        """Open each object of a list."""
        items = enumerate(self._items(field))
        return tuple(self._inner(f"{field}[{place}]", item) for place, item in items)

    def _inner(self, field: str, value: object) -> _Fields:
        if not isinstance(value, Mapping):
            raise self.fault(field, "must be an object")
        return _Fields(self.profile, value, f"{self.path}{field}.")

    def _items(self, field: str) -> tuple[object, ...]:
        value = self.raw[field]
        if not isinstance(value, list | tuple):
            raise self.fault(field, "must be a list")
        return tuple(value)

    def _text(self, field: str, value: object, shape: re.Pattern[str]) -> str:
        if not isinstance(value, str):
            raise self.fault(field, "must be a text")
        if shape.fullmatch(value) is None:
            raise self.fault(field, "has the wrong shape")
        return value

    def _choice[Kind: StrEnum](self, field: str, text: str, kind: type[Kind]) -> Kind:
        try:
            return kind(text)
        except ValueError as err:
            raise self.fault(field, f"{text!r} is none of {', '.join(kind)}") from err
