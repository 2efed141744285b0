"""Config entries read as values of the heart."""

from collections.abc import Mapping
from datetime import date
import secrets
from typing import Any, cast
import uuid
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .channels.action import Work
from .channels.http import is_loopback
from .const import (
    CONF_ACCOUNT,
    CONF_CARRIER,
    CONF_COUNTRY,
    CONF_CURRENCY,
    CONF_DECLARED,
    CONF_EPOCH,
    CONF_KIND,
    CONF_LOGIN,
    CONF_NUMBER,
    CONF_OPERATOR,
    CONF_OVERRIDES,
    CONF_TIME_ZONE,
    DOMAIN,
    KIND_ACCOUNT,
)
from .keeper.carrier_data import other_carrier, with_overrides
from .keeper.carriers import CarrierProfile
from .keeper.money import Money
from .keeper.sim import Reading, Rules, Sim
from .keeper.statements import Typed, typed_readings
from .phone import mask
from .stored_rules import rules_from

_EPOCH_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_EPOCH_LENGTH = 10


def kind_of(entry: ConfigEntry[Any]) -> str:
    """Return which of the three kinds an entry is."""
    return cast("str", entry.data[CONF_KIND])


def new_epoch() -> str:
    """Return the random mark of a line that is added: part of every order's key."""
    return "".join(secrets.choice(_EPOCH_LETTERS) for _ in range(_EPOCH_LENGTH))


def sim_unique_id(number: str) -> str:
    """Return the unique id of a SIM entry; it gives nothing of the number away at a glance."""
    scheme = "tel" if number.startswith("+") else "iccid"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scheme}:{number}"))


def sim_title(name: str | None, carrier: str, number: str) -> str:
    """Return the title of a SIM entry: the user's own, or the carrier and the masked number."""
    return name or f"{carrier} {mask(number)}"


def carrier_of(
    data: Mapping[str, Any], profiles: Mapping[str, CarrierProfile]
) -> CarrierProfile:
    """Return the carrier's rule as the user corrected it.

    A profile that has gone, or that changed its currency, gives way to the neutral one.
    """
    profile = profiles.get(data[CONF_CARRIER])
    if profile is None or profile.currency != data[CONF_CURRENCY]:
        profile = other_carrier(data[CONF_COUNTRY], data[CONF_CURRENCY])
    return with_overrides(profile, data[CONF_OVERRIDES])


def sim_from(entry: ConfigEntry[Any], profiles: Mapping[str, CarrierProfile]) -> Sim:
    """Return the SIM of an entry. Reads the small file of its time zone at the first call."""
    return sim_of(
        entry.data, rules_from(entry.options, entry.data[CONF_CURRENCY]), profiles
    )


def sim_of(
    data: Mapping[str, Any], rules: Rules, profiles: Mapping[str, CarrierProfile]
) -> Sim:
    """Return the SIM that an entry's data describe, also of one that is not added yet."""
    return Sim(
        epoch=data.get(CONF_EPOCH, ""),
        number=data[CONF_NUMBER],
        country=data[CONF_COUNTRY],
        currency=data[CONF_CURRENCY],
        zone=_zone(data[CONF_TIME_ZONE]),
        carrier=carrier_of(data, profiles),
        account=data[CONF_ACCOUNT],
        operator=data[CONF_OPERATOR],
        rules=rules,
    )


def first_readings(typed: dict[str, str] | None, currency: str) -> tuple[Reading, ...]:
    """Return what was typed when a SIM was added."""
    if not typed:
        return ()
    at = dt_util.parse_datetime(typed["at"], raise_on_error=True)
    return typed_readings(
        Typed(
            balance=Money.parse(typed["balance"], currency)
            if "balance" in typed
            else None,
            expiry=_day(typed.get("expiry")),
            last_activity=_day(typed.get("last_activity")),
        ),
        at,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


@callback
def account_entries(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """Return the accounts that the user has connected and not disabled."""
    return [
        entry
        for entry in hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        )
        if kind_of(entry) == KIND_ACCOUNT
    ]


@callback
def account_entry(
    hass: HomeAssistant, unique_id: str | None
) -> ConfigEntry[Any] | None:
    """Return the account with this unique id, if it is (still) connected."""
    for entry in account_entries(hass):
        if entry.unique_id == unique_id:
            return entry
    return None


def address_of(entry: ConfigEntry[Any]) -> str:
    """Return the address that a user gave an account; nothing means the provider's own."""
    address: str | None = entry.data.get(CONF_LOGIN, {}).get("base_url")
    return address or ""


def is_loopback_account(entry: ConfigEntry[Any]) -> bool:
    """Whether an account talks to a simulator on this machine: no real money can move."""
    return is_loopback(address_of(entry))


def is_action(entry: ConfigEntry[Any]) -> bool:
    """Whether an account is an action of Home Assistant instead of one at a provider."""
    return CONF_DECLARED in entry.data


def uses_number(entry: ConfigEntry[Any]) -> bool:
    """Whether an account is an action that texts or calls from a number."""
    return is_action(entry) and entry.data[CONF_DECLARED]["work"] == Work.USE


def _zone(name: str) -> ZoneInfo:
    # A zone may vanish from the database; a deadline a few hours off is better than none.
    zone = dt_util.get_time_zone(name) or dt_util.get_default_time_zone()
    return cast("ZoneInfo", zone)
