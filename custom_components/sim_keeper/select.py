"""Selects: how far SIM Keeper may go for a SIM."""

from dataclasses import dataclass
from typing import cast

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .callers import caller_of, translated
from .const import CONF_ACCOUNT, CONF_MODE, DOMAIN
from .coordinator import SimConfigEntry, SimCoordinator, SimKeeperConfigEntry
from .entity import SimEntity
from .entries import account_entry
from .flows.form import Form
from .flows.rules import read_rules, shown_rules
from .flows.terms import Terms
from .keeper.permissions import Door, mode_door, require
from .keeper.sim import Mode
from .presence import Exists, add_sim_entities, always

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SimSelectDescription(SelectEntityDescription):
    """A select of a SIM."""

    exists: Exists = always


SELECTS = (SimSelectDescription(key="mode", entity_category=EntityCategory.CONFIG),)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of a SIM."""
    add_sim_entities(
        hass,
        cast("SimConfigEntry", entry),
        Platform.SELECT,
        SELECTS,
        ModeSelect,
        async_add_entities,
    )


class ModeSelect(SimEntity, SelectEntity):
    """The mode of a SIM."""

    entity_description: SimSelectDescription

    def __init__(
        self, coordinator: SimCoordinator, description: SimSelectDescription
    ) -> None:
        """Offer the modes."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    def options(self) -> list[str]:
        """The modes that the config flow would accept, and the present one in any case."""
        account = account_entry(
            self.hass, self.coordinator.config_entry.data[CONF_ACCOUNT]
        )
        return [
            mode.value
            for mode in Mode
            if mode is not Mode.AUTO or account is not None or mode is self._mode
        ]

    @property
    def current_option(self) -> str:
        """The present mode."""
        return self._mode.value

    async def async_select_option(self, option: str) -> None:
        """Change the mode; to let the machine do more needs an administrator."""
        context, wanted = self.take_context(), Mode(option)
        with translated(context):
            caller = await caller_of(self.hass, context)
            door = mode_door(self._mode, wanted)
            require(door, caller)
        if door is Door.MODE_UP:
            self._check(wanted)
        entry = self.coordinator.config_entry
        self.hass.config_entries.async_update_entry(
            entry, options={**entry.options, CONF_MODE: wanted.value}
        )

    @property
    def _mode(self) -> Mode:
        return Mode(self.coordinator.config_entry.options[CONF_MODE])

    def _check(self, wanted: Mode) -> None:
        """Refuse what the config flow would refuse."""
        entry = self.coordinator.config_entry
        sim = self.coordinator.home.engine.sims[self.coordinator.epoch]
        terms = Terms(
            sim=sim,
            account=account_entry(self.hass, sim.account),
            today=self.coordinator.home.now().astimezone(sim.zone).date(),
        )
        form = Form({**shown_rules(entry.options, terms), CONF_MODE: wanted.value})
        read_rules(form, terms)
        if form.errors:
            reason = form.errors.get(CONF_MODE) or next(iter(form.errors.values()))
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key=f"mode_{reason}"
            )
