"""Numbers: when a balance is low, and what the balance is."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .callers import caller_of, translated
from .const import CONF_LOW_BALANCE
from .coordinator import SimConfigEntry, SimCoordinator, SimKeeperConfigEntry
from .entity import SimEntity
from .flows.form import stored_amount
from .keeper.money import MAX_MINOR, Money, positive
from .keeper.permissions import Caller, Door, require
from .keeper.statements import Typed
from .keeper.status import SimStatus
from .presence import Exists, add_sim_entities, always
from .stored_rules import rules_from

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SimNumberDescription(NumberEntityDescription):
    """An amount of money of a SIM that people set."""

    money: Callable[[SimStatus], Money | None]
    set_money: Callable[[SimCoordinator, Money, Caller], Coroutine[Any, Any, None]]
    negative: bool = False
    exists: Exists = always


async def _set_threshold(
    coordinator: SimCoordinator, money: Money, caller: Caller
) -> None:
    """Keep a threshold; a higher one makes recharges come sooner."""
    positive(money)
    entry = coordinator.config_entry
    # What stands in the entry counts: the engine may not have heard of the last change yet.
    old = rules_from(entry.options, money.currency).low_balance
    higher = old is None or old < money
    require(Door.THRESHOLD_UP if higher else Door.THRESHOLD_DOWN, caller)
    coordinator.hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_LOW_BALANCE: stored_amount(money)}
    )


async def _set_balance(
    coordinator: SimCoordinator, money: Money, caller: Caller
) -> None:
    await coordinator.home.doors.update_reading(
        coordinator.epoch, Typed(balance=money), caller
    )


NUMBERS = (
    SimNumberDescription(
        key="threshold",
        entity_category=EntityCategory.CONFIG,
        money=lambda status: status.sim.rules.low_balance,
        set_money=_set_threshold,
    ),
    SimNumberDescription(
        key="balance",
        money=lambda status: status.balance,
        set_money=_set_balance,
        negative=True,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of a SIM."""
    add_sim_entities(
        hass,
        cast("SimConfigEntry", entry),
        Platform.NUMBER,
        NUMBERS,
        SimNumber,
        async_add_entities,
    )


class SimNumber(SimEntity, NumberEntity):
    """An amount of money of a SIM that people set."""

    entity_description: SimNumberDescription
    _attr_device_class = NumberDeviceClass.MONETARY
    _attr_mode = NumberMode.BOX

    def __init__(
        self, coordinator: SimCoordinator, description: SimNumberDescription
    ) -> None:
        """Take any amount that the currency can express."""
        super().__init__(coordinator, description.key)
        self.entity_description = description
        currency = coordinator.home.engine.sims[coordinator.epoch].currency
        least, most = Money(1, currency), Money(MAX_MINOR, currency)
        self._attr_native_unit_of_measurement = currency
        self._attr_native_step = float(least.value)
        self._attr_native_max_value = float(most.value)
        self._attr_native_min_value = (
            -self._attr_native_max_value
            if description.negative
            else self._attr_native_step
        )

    @property
    def native_value(self) -> float | None:
        """The amount."""
        money = self.entity_description.money(self.status)
        return None if money is None else float(money.value)

    async def async_set_native_value(self, value: float) -> None:
        """Take an amount exactly as it was typed."""
        context, coordinator = self.take_context(), self.coordinator
        sim = coordinator.home.engine.sims[coordinator.epoch]
        with translated(context):
            money = Money.exactly(Decimal(str(value)), sim.currency)
            caller = await caller_of(self.hass, context)
            await self.entity_description.set_money(coordinator, money, caller)
