"""What people said about the money of an account, as it stands in the options of its entry."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import (
    CONF_CAP_CURRENCY,
    CONF_LOW_WALLET,
    CONF_MONTHLY_CAP,
    CONF_PAYMENT_EXPIRES,
    DOMAIN,
    KIND_ACCOUNT,
)
from .entries import kind_of
from .keeper.funding import AccountTerms
from .keeper.money import Money


def account_terms(entry: ConfigEntry[Any]) -> AccountTerms:
    """Return when to warn of an account's money."""
    expires = entry.options.get(CONF_PAYMENT_EXPIRES)
    return AccountTerms(
        account=str(entry.unique_id),
        low=_money(entry.options, CONF_LOW_WALLET),
        payment_expires=None if expires is None else date.fromisoformat(expires),
    )


@callback
def account_caps(hass: HomeAssistant) -> dict[str, Money]:
    """Return what each account may spend in a month, by its unique id.

    Also of accounts that are not set up: their caps must stand before they can spend.
    """
    return {
        str(entry.unique_id): cap
        for entry in hass.config_entries.async_entries(DOMAIN)
        if kind_of(entry) == KIND_ACCOUNT
        and (cap := account_cap(entry.options)) is not None
    }


def account_cap(options: Mapping[str, Any]) -> Money | None:
    """Return what an account may spend in a month."""
    return _money(options, CONF_MONTHLY_CAP)


def _money(options: Mapping[str, Any], key: str) -> Money | None:
    text = options.get(key)
    return None if text is None else Money.parse(text, options[CONF_CAP_CURRENCY])
