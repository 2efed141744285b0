"""Sentences, and the translations and icons of all entities."""

import json
from pathlib import Path
import string
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.sim_keeper.binary_sensor import SIM_BINARY_SENSORS
from custom_components.sim_keeper.burn_sensor import BURN_SENSORS
from custom_components.sim_keeper.button import BUTTONS
from custom_components.sim_keeper.date import DATES
from custom_components.sim_keeper.event import EVENT_TYPES
from custom_components.sim_keeper.keeper.lifecycle import Stage
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.sim import Mode
from custom_components.sim_keeper.number import NUMBERS
from custom_components.sim_keeper.outlook_sensor import OUTLOOK_SENSORS
from custom_components.sim_keeper.select import SELECTS
from custom_components.sim_keeper.sensor import (
    HOUSEHOLD_SENSORS,
    SIM_MONEY,
    SIM_SENSORS,
)
from custom_components.sim_keeper.texts import sentence

from .conftest import House

FOLDER = Path(__file__).parents[2] / "custom_components" / "sim_keeper"
LANGUAGES = ("en", "zh-Hans", "id")
ENTITIES = {
    "sensor": [
        d.key
        for d in (
            *(*SIM_SENSORS, *SIM_MONEY, *OUTLOOK_SENSORS, *BURN_SENSORS),
            *HOUSEHOLD_SENSORS,
        )
    ]
    + ["wallet_balance"],
    "binary_sensor": [d.key for d in SIM_BINARY_SENSORS] + ["low_wallet"],
    "select": [d.key for d in SELECTS],
    "number": [d.key for d in NUMBERS],
    "date": [d.key for d in DATES],
    "button": [d.key for d in BUTTONS],
    "event": ["recharge"],
    "switch": ["stop_all_spending"],
    "calendar": ["keep_alive"],
    "todo": ["to_do"],
}


def translations(language: str) -> dict[str, Any]:
    text = (FOLDER / "translations" / f"{language}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entity_has_its_names(language: str) -> None:
    entity = translations(language)["entity"]
    assert {p: sorted(keys) for p, keys in entity.items()} == {
        p: sorted(keys) for p, keys in ENTITIES.items()
    }
    assert all(texts["name"] for keys in entity.values() for texts in keys.values())
    assert set(entity["sensor"]["stage"]["state"]) == set(Stage)
    assert set(entity["select"]["mode"]["state"]) == set(Mode)
    reasons = entity["binary_sensor"]["needs_attention"]["state_attributes"]["reason"]
    assert set(reasons["state"]) == set(Reason)
    types = entity["event"]["recharge"]["state_attributes"]["event_type"]["state"]
    assert set(types) == set(EVENT_TYPES)


def test_every_entity_has_an_icon() -> None:
    icons = json.loads((FOLDER / "icons.json").read_text(encoding="utf-8"))["entity"]
    assert {p: sorted(keys) for p, keys in icons.items()} == {
        p: sorted(keys) for p, keys in ENTITIES.items()
    }


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_sentences_are_the_same_in_all_languages(language: str) -> None:
    english = translations("en")["selector"]["message"]["options"]
    other = translations(language)["selector"]["message"]["options"]
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in other.items()
    }


async def test_sentence_in_the_wanted_language(
    hass: HomeAssistant, house: House
) -> None:
    async def price(language: str | None = None) -> str:
        return await sentence(hass, "todo_price", language, price="5 EUR")

    assert await price() == "Price: 5 EUR."
    assert await price("zh-Hans") == "价格：5 EUR。"
    assert await price("id") == "Harga: 5 EUR."
    assert await price("tlh") == "Price: 5 EUR."
    hass.config.language = "id"
    assert await price() == "Harga: 5 EUR."
    hass.config_entries.async_update_entry(
        house.household, options={"language": "zh-Hans"}
    )
    assert await price() == "价格：5 EUR。"
    assert await sentence(hass, "no_such_key") == "no_such_key"
