"""Errors and reasons in the words with which Home Assistant shows them to whoever tried."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .keeper.policy import Reason
from .keeper.ports import Json
from .texts import message_language

_GOES_WITHOUT_SAYING = (Reason.DUE.value, Reason.MODE_ASK.value, "requested")


async def error_text(hass: HomeAssistant, err: HomeAssistantError) -> str:
    """Return a translated error in the language of messages."""
    if err.translation_domain != DOMAIN or err.translation_key is None:
        return str(err)
    numbers = err.translation_placeholders or {}
    return await error_sentence(hass, err.translation_key, numbers) or str(err)


async def error_sentence(
    hass: HomeAssistant, key: str, numbers: Mapping[str, object]
) -> str | None:
    """Return the words of an error, if it has any and its numbers are all there."""
    texts = await async_get_translations(
        hass, message_language(hass), "exceptions", {DOMAIN}
    )
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message")
    try:
        return None if text is None else text.format_map(numbers)
    except KeyError:
        return None


async def explained(
    hass: HomeAssistant, reason: Json, numbers: Mapping[str, Json]
) -> list[str]:
    """Say why something is not simply bought: as whoever tried would be told."""
    if not isinstance(reason, str) or reason in _GOES_WITHOUT_SAYING:
        return []
    text = await error_sentence(hass, reason, numbers)
    return [] if text is None else [text]
