"""Selects: how far SIM Keeper may go for a SIM."""

from dataclasses import dataclass
from typing import cast

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .callers import caller_of, translated
from .const import CONF_MODE, DOMAIN
from .coordinator import SimConfigEntry, SimCoordinator, SimKeeperConfigEntry
from .entity import SimEntity
from .entries import account_entry
from .flows.form import Form
from .flows.rules import Terms, auto_allowed, read_rules, shown_rules
from .keeper.permissions import mode_door, require
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
        account = account_entry(self.hass, self._terms.account_id)
        automatic = account is not None and auto_allowed(account)
        return [
            mode.value
            for mode in Mode
            if mode is not Mode.AUTO or automatic or self.current_option == mode.value
        ]

    @property
    def current_option(self) -> str:
        """The present mode."""
        return str(self.coordinator.config_entry.options[CONF_MODE])
