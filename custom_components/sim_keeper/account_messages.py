"""What people are told of an account: that its money, or the source of its money, runs out."""

from collections.abc import Awaitable
from datetime import date
from typing import Protocol

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .channels import PROVIDERS
from .const import CONF_PROVIDER
from .entries import account_entry
from .home import Home
from .keeper.ledger import Event, EventType, Ledger
from .keeper.treasury import LOW, mark_name
from .stored_terms import account_terms

ACCOUNT_EVENTS = (EventType.WALLET_LOW, EventType.PAYMENT_EXPIRES)


class Say(Protocol):
    """Gives a sentence in the language of the household."""

    def __call__(self, key: str, **placeholders: str) -> Awaitable[str]:
        """Return a sentence."""


def account_of(event: Event) -> str | None:
    """Return the unique id of the account that an event is about, if it is about one."""
    return str(event.data["account"]) if event.type in ACCOUNT_EVENTS else None


def funding_url(hass: HomeAssistant, account: str) -> str | None:
    """Return where money is paid in, None for an account that is gone."""
    entry = account_entry(hass, account)
    return None if entry is None else PROVIDERS[entry.data[CONF_PROVIDER]].funding_url


async def is_over(hass: HomeAssistant, home: Home, event: Event) -> bool:
    """Tell whether what an event says of an account is no longer true."""
    entry = account_entry(hass, str(event.data["account"]))
    if entry is None:
        return True
    if event.type is EventType.PAYMENT_EXPIRES:
        expires = account_terms(entry).payment_expires
        return expires is None or expires.isoformat() != event.data["day"]
    name = mark_name(EventType.WALLET_LOW, str(entry.unique_id))
    return await home.engine.desk.read(Ledger.setting, name) != LOW


async def account_lines(event: Event, say: Say) -> list[str]:
    """Put into words what an account needs."""
    data = event.data
    if event.type is EventType.PAYMENT_EXPIRES:
        return await _payment(str(data["day"]), say)
    balance = str(data["balance"])
    lines = [await say("told_wallet_low", balance=balance)]
    if data["threshold"] is not None:
        threshold = str(data["threshold"])
        lines.append(await say("told_wallet_threshold", threshold=threshold))
    if data["dry_on"] is not None:
        numbers = {"day": str(data["dry_on"]), "needed": str(data["needed"])}
        lines.append(await say("told_wallet_dry", **numbers))
    return [*lines, await say("told_wallet_then")]


async def _payment(day: str, say: Say) -> list[str]:
    # Counted when it is told: a message may have had to wait for somebody to be reached.
    left = (date.fromisoformat(day) - dt_util.now().date()).days
    keys = {0: "told_payment_expires_today", 1: "told_payment_expires_tomorrow"}
    key = keys.get(left, "told_payment_expires")
    if left < 0:
        key = "told_payment_expired"
    return [
        await say(key, day=day, days=str(left)),
        await say("told_payment_then"),
    ]
