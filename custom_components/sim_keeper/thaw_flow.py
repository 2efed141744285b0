"""The repair of a frozen ledger: what was found, and what a person lets it be used again by."""

from datetime import datetime
from typing import Any

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .callers import translated
from .const import CONF_EPOCH, CONF_NUMBER, CONF_TIME_ZONE, DOMAIN, KIND_SIM
from .entries import kind_of
from .home import HOME, ThawedBy
from .keeper.errors import LedgerFault
from .keeper.ledger.recovery import Findings, Line
from .keeper.permissions import Caller
from .repair_flows import CheckedFlow
from .texts import sentence

UNDERSTOOD = "understood"

_REPLACEABLE = (LedgerFault.MISSING, LedgerFault.DAMAGED)
_UNKNOWN = "–"


async def thaw(hass: HomeAssistant, way: ThawedBy, caller: Caller) -> None:
    """Use a frozen ledger again. Raises what `Home.thaw` raises."""
    home = hass.data[HOME]
    try:
        await home.thaw(way, _lines(hass), caller)
    finally:
        for entry in hass.config_entries.async_entries(DOMAIN):
            ended = (
                kind_of(entry) == KIND_SIM
                and entry.state is ConfigEntryState.LOADED
                and entry.data[CONF_EPOCH] not in home.engine.sims
            )
            if ended:
                # Its keys may have been used; when it is set up it draws new ones.
                hass.config_entries.async_schedule_reload(entry.entry_id)


@callback
def _lines(hass: HomeAssistant) -> list[Line]:
    return [
        Line(
            epoch=entry.data[CONF_EPOCH],
            number=entry.data[CONF_NUMBER],
            zone=entry.data[CONF_TIME_ZONE],
        )
        for entry in hass.config_entries.async_entries(DOMAIN)
        if kind_of(entry) == KIND_SIM
    ]


class ThawFlow(CheckedFlow):
    """Lets an administrator decide how it goes on."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what was found, and offer what can be done about it."""
        home = self.hass.data[HOME]
        fault = home.engine.desk.fault
        if fault is None:
            return self.async_abort(reason="works_again")
        found, options = await home.survey(), [ThawedBy.CHECK]
        if fault in _REPLACEABLE:
            options += [ThawedBy.SNAPSHOT] if found.snapshot is not None else []
            options += [ThawedBy.NEW]
        lines = await self._found(found)
        if home.engine.desk.needs_restart:
            lines.append(await sentence(self.hass, "ledger_found_disk_failed"))
        return self.async_show_menu(
            step_id="init",
            menu_options=[option.value for option in options],
            description_placeholders={"found": " ".join(lines)},
        )

    async def async_step_check(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Check the file again."""
        return await self._thaw(ThawedBy.CHECK)

    async def async_step_snapshot(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what the copy does not know, and let it take the file's place."""
        if user_input is None:
            found = await self.hass.data[HOME].survey()
            day = _day(found.snapshot.newest_event_at if found.snapshot else None)
            return self.async_show_form(
                step_id="snapshot",
                data_schema=vol.Schema({}),
                description_placeholders={"day": day},
            )
        return await self._thaw(ThawedBy.SNAPSHOT)

    async def async_step_new(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what is lost, and begin a new ledger once that is understood."""
        if user_input is not None and user_input[UNDERSTOOD]:
            return await self._thaw(ThawedBy.NEW)
        return self.async_show_form(
            step_id="new",
            data_schema=vol.Schema(
                {vol.Required(UNDERSTOOD, default=False): BooleanSelector()}
            ),
            errors=None if user_input is None else {UNDERSTOOD: "not_understood"},
        )

    async def _thaw(self, way: ThawedBy) -> RepairsFlowResult:
        caller, context = await self.caller()
        try:
            with translated(context):
                await thaw(self.hass, way, caller)
        except Unauthorized:
            return self.async_abort(reason="not_allowed")
        except HomeAssistantError as err:
            return await self.did_not_work(err)
        return self.async_create_entry(data={})

    async def _found(self, found: Findings) -> list[str]:
        return [await self._file(found), await self._snapshot(found)]

    async def _file(self, found: Findings) -> str:
        if found.contents is not None:
            return await sentence(
                self.hass,
                "ledger_found_file",
                orders=str(found.contents.orders),
                in_flight=str(found.contents.in_flight),
                day=_day(found.contents.newest_event_at),
            )
        key = "ledger_found_unreadable" if found.exists else "ledger_found_gone"
        return await sentence(self.hass, key)

    async def _snapshot(self, found: Findings) -> str:
        if found.snapshot is not None:
            return await sentence(
                self.hass,
                "ledger_found_snapshot",
                orders=str(found.snapshot.orders),
                day=_day(found.snapshot.newest_event_at),
            )
        bad = found.has_snapshot
        key = "ledger_found_snapshot_bad" if bad else "ledger_found_no_snapshot"
        return await sentence(self.hass, key)


def _day(moment: datetime | None) -> str:
    if moment is None:
        return _UNKNOWN
    return dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M")
