"""The screens about the carrier: which one, and what keeps its numbers alive."""

from collections.abc import Mapping
import re
from typing import Any

from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import CONF_CURRENCY, CONF_TIME_ZONE
from ..keeper.carrier_data import OTHER_ID, to_raw, with_overrides
from ..keeper.carriers import CarrierProfile, Model, Stacking, propose
from ..keeper.errors import AmountInvalid, CarrierDataInvalid
from ..keeper.money import Money, positive
from ..phone import LineKind, ParsedLine
from .form import (
    AMOUNT,
    Form,
    choice_field,
    days_field,
    filled,
    plain,
    shown_amount,
    stored_amount,
)

CONFIRMED = "✅"
UNSURE = "⚠️"
OWN = "✏️"

_FACTS = (
    "model",
    "min_topup",
    "tiers",
    "window_days",
    "stacking",
    "max_days",
    "grace_days",
    "incoming_counts",
    "topup_url",
)
_COUNTS = {"yes": True, "no": False, "unknown": None}
_STEP_ENDS = re.compile(r"[,;\n，；、]+")
_STEP = re.compile(r"\s*(\S+?)\s*[=:：→]\s*(\d{1,4})\s*", re.ASCII)
_FAULTY_FIELD = re.compile(r"field (\w+)")


def carrier_options(
    profiles: Mapping[str, CarrierProfile], line: ParsedLine
) -> list[tuple[str, str]]:
    """Return the carriers to choose from with their labels, the likeliest first."""
    near = propose(profiles, line.country, line.brand)
    # A data line is often sold abroad, so the country of its card says little.
    far = () if line.kind is LineKind.PHONE else _elsewhere(profiles, line.country)
    return [
        *((profile.id, _label(profile)) for profile in near),
        *((profile.id, f"{_label(profile)} · {profile.country}") for profile in far),
        (OTHER_ID, "Another carrier"),
    ]


def currency_guess(profiles: Mapping[str, CarrierProfile], country: str) -> str | None:
    """Return the currency that carriers of the country use, if we know one."""
    for profile in profiles.values():
        if profile.country == country:
            return profile.currency
    return None


def rule_fields(zones: tuple[str, ...], *, other: bool) -> dict[Any, Any]:
    """Return the fields of the carrier's rule; the currency only where no profile says it."""
    url = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
    fields: dict[Any, Any] = (
        {vol.Required(CONF_CURRENCY): TextSelector()} if other else {}
    )
    return fields | {
        vol.Required("model"): choice_field(Model, "model"),
        vol.Optional("min_topup"): AMOUNT,
        vol.Optional("tiers"): TextSelector(),
        vol.Optional("window_days"): days_field(),
        vol.Required("stacking"): choice_field(Stacking, "stacking"),
        vol.Optional("max_days"): days_field(),
        vol.Optional("grace_days"): days_field(least=0),
        vol.Required("incoming_counts"): choice_field(_COUNTS, "incoming_counts"),
        vol.Optional("topup_url"): url,
        vol.Required(CONF_TIME_ZONE): choice_field(zones, free=True),
    }


def rule_values(profile: CarrierProfile) -> dict[str, Any]:
    """Return a profile as the form shows it."""
    ladder = ", ".join(
        f"{shown_amount(tier.amount)} = {tier.days}" for tier in profile.tiers
    )
    counts = {value: key for key, value in _COUNTS.items()}
    return filled(
        {
            "model": profile.model.value,
            "min_topup": shown_amount(profile.min_topup),
            "tiers": ladder or None,
            "window_days": profile.window_days,
            "stacking": profile.stacking.value,
            "max_days": profile.max_days,
            "grace_days": profile.grace_days,
            "incoming_counts": counts[profile.incoming_counts],
            "topup_url": profile.topup_url,
        }
    )


def rule_placeholders(
    profile: CarrierProfile, overrides: Mapping[str, object]
) -> dict[str, str]:
    """Return what the form tells about the evidence: a mark for each fact, year, sources."""
    marks = {f"mark_{fact}": _mark(profile, overrides, fact) for fact in _FACTS}
    return marks | {
        "carrier": plain(profile.name),
        "currency": profile.currency,
        "mark": CONFIRMED if profile.confirmed else UNSURE,
        "as_of": str(profile.as_of or "–"),
        "source": plain("; ".join(profile.source)) or "–",
        "notes": plain(profile.notes),
    }


def read_rule(form: Form, base: CarrierProfile) -> dict[str, object]:
    """Return what the user changed of the profile; faults go to their fields."""
    minimum = form.amount("min_topup", base.currency)
    typed: dict[str, object] = {
        "model": form.typed["model"],
        "min_topup": None if minimum is None else stored_amount(minimum),
        "tiers": _ladder(form, base.currency),
        "window_days": form.whole("window_days"),
        "stacking": form.typed["stacking"],
        "max_days": form.whole("max_days"),
        "grace_days": form.whole("grace_days"),
        "incoming_counts": _COUNTS[form.typed["incoming_counts"]],
        "topup_url": form.text("topup_url"),
    }
    _check_together(form, typed)
    known = to_raw(base)
    overrides = {fact: value for fact, value in typed.items() if value != known[fact]}
    if not form.errors:
        _check_profile(form, base, overrides)
    return overrides


def _check_together(form: Form, typed: Mapping[str, object]) -> None:
    if typed["tiers"] and typed["model"] != Model.TOPUP_WINDOW:
        form.errors["tiers"] = "ladder_without_topups"
    elif typed["tiers"] and typed["window_days"] is not None:
        form.errors["window_days"] = "ladder_and_days"
    elif (
        typed["model"] in (Model.ACTIVITY_WINDOW, Model.SPEND_WINDOW)
        and typed["window_days"] is None
    ):
        form.warnings["window_days"] = "window_unknown"


def _check_profile(
    form: Form, base: CarrierProfile, overrides: Mapping[str, object]
) -> None:
    """Let the heart judge the whole; it names the field that it refuses."""
    try:
        with_overrides(base, overrides)
    except CarrierDataInvalid as err:
        found = _FAULTY_FIELD.search(str(err))
        faulty = found[1] if found and found[1] in _FACTS else "base"
        form.errors[faulty] = (
            "url_not_https" if faulty == "topup_url" else "value_invalid"
        )


def _ladder(form: Form, currency: str) -> list[dict[str, object]]:
    """Read `5000 = 7, 10000 = 15`: a payment from this amount on buys these days."""
    steps: list[tuple[Money, int]] = []
    for text in filter(str.strip, _STEP_ENDS.split(form.text("tiers") or "")):
        found = _STEP.fullmatch(text)
        if found is None:
            form.errors["tiers"] = "ladder_invalid"
            return []
        try:
            steps.append((positive(Money.parse(found[1], currency)), int(found[2])))
        except AmountInvalid as err:
            form.errors["tiers"] = err.reason
            return []
    steps.sort(key=lambda step: step[0].minor)
    return [{"amount": stored_amount(amount), "days": days} for amount, days in steps]


def _mark(profile: CarrierProfile, overrides: Mapping[str, object], fact: str) -> str:
    if fact in overrides:
        return OWN
    nothing = (None, (), Stacking.UNKNOWN)
    if profile.id == OTHER_ID or getattr(profile, fact) in nothing:
        return ""
    return CONFIRMED if profile.confirmed and fact not in profile.unverified else UNSURE


def _label(profile: CarrierProfile) -> str:
    return f"{profile.name} {CONFIRMED if profile.confirmed else UNSURE}"


def _elsewhere(
    profiles: Mapping[str, CarrierProfile], country: str
) -> list[CarrierProfile]:
    far = (profile for profile in profiles.values() if profile.country != country)
    return sorted(far, key=lambda profile: profile.name.casefold())
