"""Entries as flows make them, and a driver that walks through flows."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
import probatio  # noqa: TID251 - as Home Assistant sends forms
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.entries import sim_unique_id

AXIS = "+6283112345678"
AXIS_TOO = "+6283187654321"
GIFFGAFF = "+447400123456"
EPOCH = "ABCDEFGHIJ"
ACCOUNT_ID = "reloadly:one"

AXIS_RULE = {
    "model": "topup_window",
    "min_topup": "5000",
    "tiers": "5000 = 7, 10000 = 15, 25000 = 30, 50000 = 60, 100000 = 90, 200000 = 120",
    "stacking": "unknown",
    "grace_days": 30,
    "incoming_counts": "no",
    "topup_url": "https://www.axis.co.id/",
    "time_zone": "Asia/Jakarta",
}
"""The form of AXIS as it is filled in beforehand."""


TEXTS: Any = json.loads(
    Path("custom_components/sim_keeper/translations/en.json").read_text("utf-8")
)
FROM_CORE = {"reauth_successful", "reconfigure_successful"}


class Flows:
    """Walks through flows and looks at their forms."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.manager: Any = hass.config_entries.flow
        self.result: ConfigFlowResult = {}  # type: ignore[typeddict-item]

    async def start(self, source: str = "user", **context: Any) -> ConfigFlowResult:
        """Begin a flow."""
        self.manager = self.hass.config_entries.flow
        return await self._take(
            self.manager.async_init(DOMAIN, context={"source": source, **context})
        )

    async def options(self, entry: MockConfigEntry) -> ConfigFlowResult:
        """Begin the options flow of an entry."""
        self.manager = self.hass.config_entries.options
        return await self._take(self.manager.async_init(entry.entry_id))

    async def reconfigure(self, entry: MockConfigEntry) -> ConfigFlowResult:
        """Begin to reconfigure an entry."""
        return await self.start("reconfigure", entry_id=entry.entry_id)

    async def choose(self, option: str) -> ConfigFlowResult:
        """Choose from the menu."""
        return await self.type(next_step_id=option)

    async def type(self, **values: Any) -> ConfigFlowResult:
        """Submit the form with exactly these values."""
        flow_id = self.result["flow_id"]
        return await self._take(self.manager.async_configure(flow_id, values))

    async def submit(self, **changes: Any) -> ConfigFlowResult:
        """Submit the form as it is filled in, with some changes; None clears a field.

        A change that is a mapping changes the fields of a section.
        """
        return await self.type(**_changed(self.filled, changes))

    async def finish(self, **changes: Any) -> ConfigFlowResult:
        """Submit the rules, look at what they will do, and save them."""
        await self.submit(**changes)
        assert self.result["type"] == "menu", self.errors
        assert self.result["step_id"] == "preview"
        return await self.choose("save")

    @property
    def preview(self) -> list[str]:
        """What the preview says, line by line."""
        assert self.result["step_id"] == "preview", self.result
        placeholders = self.result["description_placeholders"] or {}
        return [line.removeprefix("- ") for line in placeholders["preview"].split("\n")]

    @property
    def filled(self) -> dict[str, Any]:
        """What the form shows filled in."""
        return _filled(self.schema)

    @property
    def schema(self) -> Any:
        """The schema of the form."""
        return self.result["data_schema"]

    @property
    def fields(self) -> set[str]:
        """The names of the form's fields."""
        return {str(marker) for marker in self.schema.schema}

    @property
    def at(self) -> str:
        """The step that is shown."""
        assert self.result["type"] == "form", self.result
        return self.result["step_id"]

    @property
    def errors(self) -> dict[str, str]:
        """The faults that the form shows."""
        return self.result["errors"] or {}

    async def _take(self, step: Any) -> ConfigFlowResult:
        self.result = await step
        part = "config" if self.manager is self.hass.config_entries.flow else "options"
        check_texts(part, self.result)
        await self.hass.async_block_till_done()
        return self.result


def check_texts(part: str, result: ConfigFlowResult) -> None:
    """Check that everything on the screen has a text, and all that the texts need."""
    texts = TEXTS[part]
    if result["type"] == "abort":
        assert result["reason"] in texts["abort"] or result["reason"] in FROM_CORE
        return
    if result["type"] == "create_entry":
        return
    step = texts["step"][result["step_id"]]
    shown = [step["title"], step.get("description", "")]
    if result["type"] == "menu":
        options: Any = result["menu_options"]
        assert set(options) <= set(step["menu_options"])
    else:
        shown += _field_texts(step, result["data_schema"])
        # The browser gets the form as JSON.
        sent = probatio.to_field_list(
            result["data_schema"], custom_serializer=cv.custom_serializer
        )
        assert json.dumps(sent)
        shown += [texts["error"][key] for key in (result["errors"] or {}).values()]
    given = {"name", *(result.get("description_placeholders") or {})}
    assert set(re.findall(r"{(\w+)}", " ".join(shown))) <= given


def _field_texts(step: Any, schema: Any) -> list[str]:
    shown = list(step.get("data_description", {}).values())
    for marker, field in schema.schema.items():
        if type(field).__name__ == "section":
            inner = step["sections"][str(marker)]
            shown += [inner["name"], *_field_texts(inner, field.schema)]
            continue
        shown.append(step["data"][str(marker)])
        key = getattr(field, "config", {}).get("translation_key")
        for option in field.config["options"] if key else ():
            assert (
                option["value"] in TEXTS["selector"][key]["options"]
                or option["value"] != option["label"]
            )
    return shown


def _changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in changes.items():
        inner = isinstance(value, dict) and isinstance(values.get(key), dict)
        merged[key] = _changed(values[key], value) if inner else value
    return {key: value for key, value in merged.items() if value is not None}


def _filled(schema: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for marker, field in schema.schema.items():
        inner = getattr(field, "schema", None)
        if type(field).__name__ == "section":
            values[str(marker)] = _filled(inner)
        elif marker.description and "suggested_value" in marker.description:
            values[str(marker)] = marker.description["suggested_value"]
        elif not isinstance(marker.default, vol.Undefined):
            values[str(marker)] = marker.default()
    return values


def sim_entry(
    hass: HomeAssistant, *, title: str = "AXIS (XLSMART) +62 ••• 678", **changes: Any
) -> MockConfigEntry:
    """Add a SIM of AXIS; changes go to the data, or to the options where they belong."""
    options = {
        "mode": "remind",
        "days_before": 14,
        "amount": "5000.00",
        "cap_currency": "IDR",
    }
    data = {
        "kind": "sim",
        "number": AXIS,
        "country": "ID",
        "carrier": "axis_id",
        "overrides": {},
        "currency": "IDR",
        "time_zone": "Asia/Jakarta",
        "epoch": EPOCH,
        "account": None,
        "operator": None,
        "first_readings": {"at": "2026-01-01T00:00:00+00:00"},
    }
    own = {
        "mode",
        "days_before",
        "amount",
        "cap_currency",
        "monthly_cap",
        "low_balance",
        "low_data",
    }
    options |= {key: value for key, value in changes.items() if key in own}
    data |= {key: value for key, value in changes.items() if key not in own}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=title,
        data=data,
        options={key: value for key, value in options.items() if value is not None},
        unique_id=sim_unique_id(str(data["number"])),
    )
    entry.add_to_hass(hass)
    return entry


def account_entry(
    hass: HomeAssistant, base_url: str | None = None, **login: str
) -> MockConfigEntry:
    """Add a Reloadly account."""
    keys = {"client_id": "one", "client_secret": "secret", "environment": "sandbox"}
    if base_url is not None:
        keys["base_url"] = base_url
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Reloadly (sandbox)",
        data={
            "kind": "account",
            "provider": "reloadly",
            "login": keys | login,
            "wallet_currency": "USD",
        },
        unique_id=ACCOUNT_ID,
    )
    entry.add_to_hass(hass)
    return entry


def household_entry(hass: HomeAssistant, **options: Any) -> MockConfigEntry:
    """Add the household."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Household",
        data={"kind": "household", "ledger_exists": True},
        options=options,
        unique_id="household",
    )
    entry.add_to_hass(hass)
    return entry
