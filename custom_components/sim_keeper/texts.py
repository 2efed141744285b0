"""Sentences that SIM Keeper itself writes: messages, to-do items, calendar events.

They are kept as `selector.message.options.<key>` in the translation files, because that is a
place where Home Assistant accepts any text.
"""

import re
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations

from .const import CONF_EPOCH, CONF_LANGUAGE, DOMAIN, KIND_HOUSEHOLD, KIND_SIM
from .entries import account_entry, kind_of

_NOT_PLAIN = re.compile(r"[^\w .,:;/+()%&'-]|/(?=/)")
_FOREIGN_LENGTH_MAX = 64
_PREFIX = f"component.{DOMAIN}.selector.message.options."


async def sentence(
    hass: HomeAssistant, key: str, language: str | None = None, **placeholders: str
) -> str:
    """Return a sentence in a language, the household's by default; English where it is missing.

    Home Assistant reads the file of a language once. A key that does not exist is a bug and
    gives the key, because a message that looks odd is better than none.
    """
    texts = await async_get_translations(
        hass, language or message_language(hass), "selector", {DOMAIN}
    )
    text = texts.get(_PREFIX + key)
    return key if text is None else text.format_map(placeholders)


def harmless(text: str) -> str:
    """Return somebody else's word without anything that a screen could take for markup."""
    return _NOT_PLAIN.sub("", text)[:_FOREIGN_LENGTH_MAX]


@callback
def message_language(hass: HomeAssistant) -> str:
    """Return the language that the household chose for messages, else Home Assistant's own."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if kind_of(entry) == KIND_HOUSEHOLD:
            return entry.options.get(CONF_LANGUAGE) or hass.config.language
    return hass.config.language


@callback
def sim_name(hass: HomeAssistant, epoch: str) -> str:
    """Return how people call a SIM: the name of its device, else the title of its entry."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if kind_of(entry) == KIND_SIM and entry.data[CONF_EPOCH] == epoch:
            return _name(hass, entry)
    return "SIM"


@callback
def account_name(hass: HomeAssistant, account: str) -> str:
    """Return how people call an account."""
    entry = account_entry(hass, account)
    return "SIM Keeper" if entry is None else _name(hass, entry)


@callback
def _name(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, str(entry.unique_id)), entry.entry_id
    )
    return (device.name_by_user if device else None) or entry.title
