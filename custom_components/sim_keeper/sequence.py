"""Runs the sequence of an action account, as Home Assistant runs scripts and automations."""

from collections.abc import Mapping, Sequence
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ACTION, CONF_ENABLED
from homeassistant.core import Context, HomeAssistant, split_entity_id
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import (
    SCRIPT_MODE_PARALLEL,
    Script,
    async_validate_actions_config,
)
from homeassistant.helpers.trace import StopReason, script_execution_cv
import voluptuous as vol

from .channels.action import ActionChannel, Terms
from .const import CONF_DECLARED, CONF_NUMBER, CONF_WALLET_CURRENCY, DOMAIN, KIND_SIM
from .entries import kind_of
from .keeper.errors import (
    KeeperError,
    NotSent,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)

_LOGGER = logging.getLogger(__name__)
_FINISHED = "finished"
"""What Home Assistant calls a run that came to its end, or to a `stop` that is no error."""


class SequenceRunner:
    """A sequence of actions, checked anew before each run: what it calls comes and goes."""

    def __init__(
        self, hass: HomeAssistant, name: str, sequence: Sequence[Mapping[str, Any]]
    ) -> None:
        """Take a sequence as the action editor of the frontend writes it."""
        self._hass = hass
        self._name = name
        self._sequence = sequence

    async def check(self) -> None:
        """Raise Rejected for a sequence that is wrong, Unavailable while something is missing."""
        await self._ready()

    async def run(self, variables: Mapping[str, str | None]) -> Mapping[str, Any]:
        """Run it to its end and return what its `stop` responds.

        Raises NotSent where nothing of it has begun, and OutcomeUnknown or whatever a step
        raises where some of it may have been done.
        """
        try:
            steps = await self._ready()
        except KeeperError as err:
            raise NotSent(str(err)) from err
        if self._hass.is_stopping:
            raise NotSent("stopping")
        script = Script(
            self._hass,
            steps,
            self._name,
            DOMAIN,
            # What goes wrong is told by us: the text of an error may hold the number.
            log_exceptions=False,
            logger=_LOGGER,
            script_mode=SCRIPT_MODE_PARALLEL,
        )
        try:
            return await self._run(script, variables)
        finally:
            await script.async_unload()

    async def _run(
        self, script: Script, variables: Mapping[str, str | None]
    ) -> Mapping[str, Any]:
        known = {**variables, "sim_name": self._sim_name(variables["number"])}
        # Home Assistant returns from a run that was stopped or gave up as from any other.
        end = StopReason()
        token = script_execution_cv.set(end)
        try:
            result = await script.async_run(known, Context())
        finally:
            script_execution_cv.reset(token)
        if result is None:
            raise NotSent("stopping")
        response = result.service_response
        if end.script_execution != _FINISHED:
            raise OutcomeUnknown(f"sequence {end.script_execution}")
        if self._hass.is_stopping and response is None:
            # The step that was under way may have been cut short.
            raise OutcomeUnknown("stopping")
        return response if isinstance(response, Mapping) else {}

    async def _ready(self) -> list[dict[str, Any]]:
        steps = await validated(self._hass, self._sequence)
        missing = missing_actions(self._hass, steps)
        if missing:
            raise Unavailable(f"{missing[0]} does not exist")
        return steps

    def _sim_name(self, number: str | None) -> str | None:
        entries = self._hass.config_entries.async_entries(DOMAIN)
        names = (
            entry.title
            for entry in entries
            if kind_of(entry) == KIND_SIM and entry.data[CONF_NUMBER] == number
        )
        return next(names, None)


def open_action(hass: HomeAssistant, entry: ConfigEntry[Any]) -> ActionChannel:
    """Return the channel of an action account."""
    declared = entry.data[CONF_DECLARED]
    terms = Terms.stored(declared, entry.data[CONF_WALLET_CURRENCY])
    return ActionChannel(terms, SequenceRunner(hass, entry.title, declared["sequence"]))


async def validated(
    hass: HomeAssistant, sequence: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a sequence ready to run. Raises Rejected for one that never can."""
    try:
        steps: list[dict[str, Any]] = cv.SCRIPT_SCHEMA(list(sequence))
        return await async_validate_actions_config(hass, steps)
    except (vol.Invalid, HomeAssistantError) as err:
        raise Rejected("sequence_invalid", RefusalClass.FIX_FIRST) from err


def missing_actions(
    hass: HomeAssistant, steps: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return the actions that the steps of a sequence call and nobody offers.

    Only those that certainly will be called: not inside of a choice, nor those that a template
    names.
    """
    names = [
        step.get(CONF_ACTION)
        for step in steps
        if step.get(CONF_ENABLED, True) is not False
    ]
    return [
        name
        for name in names
        if isinstance(name, str)
        and not hass.services.has_service(*split_entity_id(name))
    ]
