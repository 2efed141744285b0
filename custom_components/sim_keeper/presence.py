"""Which entities a SIM has: those that mean something for its carrier and its readings."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Protocol

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import SimConfigEntry, SimCoordinator
from .keeper.carriers import activity_limit, rescue_days
from .keeper.sim import Sim
from .keeper.status import SimStatus

type Exists = Callable[[Sim, SimStatus | None], bool]
"""Whether an entity means anything. The status is None while the ledger cannot be read."""


class Described(Protocol):
    """The description of an entity of a SIM."""

    @property
    def key(self) -> str:
        """The translation key and the end of the unique id."""

    @property
    def exists(self) -> Exists:
        """Whether the SIM has this entity."""


def always(_sim: Sim, _status: SimStatus | None) -> bool:
    """Mean something for every SIM."""
    return True


def with_activity_clock(sim: Sim, _status: SimStatus | None) -> bool:
    """Mean something where the number dies of silence."""
    return activity_limit(sim.carrier, date.min) is not None


def with_expiry(sim: Sim, status: SimStatus | None) -> bool:
    """Mean something where validity is bought, or where an expiry is known all the same."""
    known = status is not None and status.life.expiry is not None
    return known or not with_activity_clock(sim, status)


def with_grace(sim: Sim, _status: SimStatus | None) -> bool:
    """Mean something where it is known how long a number can still be saved."""
    return rescue_days(sim.carrier) is not None


@callback
def add_sim_entities[D: Described](
    hass: HomeAssistant,
    entry: SimConfigEntry,
    platform: str,
    descriptions: Iterable[D],
    make: Callable[[SimCoordinator, D], Entity],
    add: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the entities that exist, the others once they do; forget those of the past."""
    coordinator = entry.runtime_data
    absent = {description.key: description for description in descriptions}

    @callback
    def add_existing() -> None:
        sim = coordinator.home.engine.sims.get(coordinator.epoch)
        if sim is None:  # The entry is being unloaded.
            return
        exist = [
            description
            for description in absent.values()
            if description.exists(sim, coordinator.data)
        ]
        for description in exist:
            del absent[description.key]
        if exist:
            add(make(coordinator, description) for description in exist)

    add_existing()
    _forget_former_number(hass, entry)
    if absent and coordinator.data is not None:
        _forget_entities(hass, entry, platform, absent)
    if absent:
        entry.async_on_unload(coordinator.async_add_listener(add_existing))


@callback
def _forget_entities(
    hass: HomeAssistant, entry: SimConfigEntry, platform: str, keys: Iterable[str]
) -> None:
    registry = er.async_get(hass)
    for key in keys:
        unique_id = f"{entry.unique_id}_{key}"
        if entity_id := registry.async_get_entity_id(platform, DOMAIN, unique_id):
            registry.async_remove(entity_id)


@callback
def _forget_former_number(hass: HomeAssistant, entry: SimConfigEntry) -> None:
    """Remove the device of the number that this entry had before: it was another line."""
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if (DOMAIN, str(entry.unique_id)) not in device.identifiers:
            registry.async_remove_device(device.id)
