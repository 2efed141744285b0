"""The base of all entities: which device they belong to, and whom they listen to."""

from collections.abc import Coroutine
from typing import Any

from homeassistant.core import Context, callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .channels import PROVIDERS
from .const import CONF_PROVIDER, DOMAIN
from .coordinator import AccountCoordinator, HouseholdCoordinator, SimCoordinator
from .keeper.status import SimStatus

MODEL_SIM = "SIM"
MODEL_ACCOUNT = "Account"
MODEL_HOUSEHOLD = "Household"


class SettableEntity(Entity):
    """An entity that can be told something: it knows who speaks, and not who spoke before.

    Home Assistant leaves the context of the last action with an entity. What calls an entity
    directly, as its voice does with a to-do list, would seem to be whoever used it last.
    """

    _caller: Context | None = None
    """Of the action that is about to run; there is nobody else between the two."""

    @callback
    def async_set_context(self, context: Context) -> None:
        """Hear who is going to speak."""
        super().async_set_context(context)
        self._caller = context

    async def async_request_call[T](self, coro: Coroutine[Any, Any, T]) -> T:
        """Run an action; its context counts no longer than it runs."""
        try:
            return await super().async_request_call(coro)
        finally:
            self._caller = None

    @callback
    def take_context(self) -> Context | None:
        """Return the context of the action that begins, once; None where none does."""
        caller, self._caller = self._caller, None
        return caller


class SimEntity(SettableEntity, CoordinatorEntity[SimCoordinator]):
    """An entity of a SIM."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: SimCoordinator, key: str) -> None:
        """Give the entity its place; `key` is translation key and end of the unique id."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.unique_id}_{key}"
        sim = coordinator.home.engine.sims[coordinator.epoch]
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, str(entry.unique_id))},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=sim.carrier.name,
            model=MODEL_SIM,
            name=entry.title,
        )

    @property
    def available(self) -> bool:
        """An entity speaks as long as the ledger can be read."""
        return self.coordinator.data is not None

    @property
    def status(self) -> SimStatus:
        """How the SIM stands. Only while the entity is available."""
        status = self.coordinator.data
        if status is None:
            raise RuntimeError("an unavailable SIM was asked for its status")
        return status


class AccountEntity(CoordinatorEntity[AccountCoordinator]):
    """An entity of an account."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: AccountCoordinator, key: str) -> None:
        """Give the entity its place."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.unique_id}_{key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, str(entry.unique_id))},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=PROVIDERS[entry.data[CONF_PROVIDER]].name,
            model=MODEL_ACCOUNT,
            name=entry.title,
        )


class HouseholdEntity(SettableEntity, CoordinatorEntity[HouseholdCoordinator]):
    """An entity of the household."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: HouseholdCoordinator, key: str) -> None:
        """Give the entity its place."""
        super().__init__(coordinator)
        self._attr_translation_key = key
        self._attr_unique_id = f"household_{key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, "household")},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer="SIM Keeper",
            model=MODEL_HOUSEHOLD,
            name=coordinator.config_entry.title,
        )
