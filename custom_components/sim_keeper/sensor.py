"""Sensors: how a SIM, an account and the household stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform, UnitOfInformation, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .burn_sensor import BURN_SENSORS, BurnDescription, BurnSensor
from .const import KIND_ACCOUNT, KIND_SIM
from .coordinator import (
    AccountConfigEntry,
    AccountCoordinator,
    HouseholdConfigEntry,
    HouseholdCoordinator,
    HouseholdStatus,
    SimConfigEntry,
    SimCoordinator,
    SimKeeperConfigEntry,
)
from .entity import AccountEntity, HouseholdEntity, SimEntity
from .entries import account_entry, kind_of
from .home import HOME
from .keeper.lifecycle import Stage, stage_changes
from .keeper.money import Money, exponent
from .keeper.sim import Sim
from .keeper.status import SimStatus
from .outlook_sensor import OUTLOOK_SENSORS, OutlookDescription, OutlookSensor
from .presence import (
    Exists,
    add_sim_entities,
    always,
    with_activity_clock,
    with_expiry,
    with_grace,
)

PARALLEL_UPDATES = 0

type Value = str | int | Decimal | date | datetime | None


@dataclass(frozen=True, kw_only=True)
class SimSensorDescription(SensorEntityDescription):
    """A sensor of a SIM."""

    value: Callable[[SimStatus], Value]
    attributes: Callable[[HomeAssistant, SimStatus], Mapping[str, Any]] | None = None
    exists: Exists = always


@dataclass(frozen=True, kw_only=True)
class SimMoneyDescription(SensorEntityDescription):
    """A sensor of a SIM that shows money."""

    device_class: SensorDeviceClass = SensorDeviceClass.MONETARY
    money: Callable[[SimStatus], Money | None]
    currency: Callable[[Sim], str]
    """The currency while no amount is known."""
    monthly: bool = False
    exists: Exists = always


@dataclass(frozen=True, kw_only=True)
class HouseholdSensorDescription(SensorEntityDescription):
    """A sensor of the household."""

    value: Callable[[HouseholdStatus], Value]


def _sim_currency(sim: Sim) -> str:
    return sim.currency


def _paying_currency(sim: Sim) -> str:
    cap = sim.rules.monthly_cap
    return sim.currency if cap is None else cap.currency


def _stage_changes(_hass: HomeAssistant, status: SimStatus) -> Mapping[str, Any]:
    """Return when each stage begins by time alone; also those that have begun."""
    changes = stage_changes(status.sim, status.life)
    return {f"{stage.value}_from": moment for moment, stage in changes}


def _last_recharge(status: SimStatus) -> datetime | None:
    """Return when; for a recharge that a person noted later, the start of its day."""
    order, zone = status.last_recharge, status.sim.zone
    if order is None or order.settled_at is None:
        return None
    day = order.happened_on
    if day is None or day == order.settled_at.astimezone(zone).date():
        return order.settled_at
    return datetime.combine(day, time.min, tzinfo=zone)


def _recharge_details(hass: HomeAssistant, status: SimStatus) -> Mapping[str, Any]:
    order = status.last_recharge
    if order is None:
        return {}
    amount = order.value or order.cost
    account = account_entry(hass, order.account)
    return {
        "amount": None if amount is None else float(amount.value),
        "currency": None if amount is None else amount.currency,
        "where": order.place if account is None else account.title,
    }


def _resting(hass: HomeAssistant, status: SimStatus) -> Mapping[str, Any]:
    """Say what a person has set that keeps the rules from buying."""
    rules = status.sim.rules
    today = hass.data[HOME].now().astimezone(status.sim.zone).date()
    until = rules.paused_until
    flags = {
        "lapse": rules.lapse,
        "recharged_elsewhere": rules.recharged_elsewhere,
        "paused": until is not None and today < until,
        "trial_run": rules.shadow,
    }
    resting = next((name for name, on in flags.items() if on), None)
    return {
        "resting": resting,
        "paused_until": until if resting == "paused" else None,
        "paused_rules": sorted(
            kind.value for kind, day in rules.pauses.items() if today < day
        ),
    }


SIM_SENSORS = (
    SimSensorDescription(
        key="expiry",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda status: status.life.expiry,
        exists=with_expiry,
    ),
    SimSensorDescription(
        key="keep_alive_deadline",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda status: status.life.deadline,
        attributes=lambda _hass, status: {
            "clock": status.life.clock,
            "estimated": status.life.estimated,
            "outdated": status.deadline_outdated,
        },
    ),
    SimSensorDescription(
        key="days_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        suggested_display_precision=0,
        value=lambda status: status.life.days_left,
    ),
    SimSensorDescription(
        key="stage",
        device_class=SensorDeviceClass.ENUM,
        options=[stage.value for stage in Stage],
        value=lambda status: status.life.stage,
        attributes=_stage_changes,
    ),
    SimSensorDescription(
        key="last_recharge",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=_last_recharge,
        attributes=_recharge_details,
    ),
    SimSensorDescription(
        key="next_recharge",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda status: status.next_recharge_at,
        attributes=_resting,
    ),
    SimSensorDescription(
        key="grace_end",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value=lambda status: status.life.grace_end,
        exists=with_grace,
    ),
    SimSensorDescription(
        key="activity_deadline",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value=lambda status: status.life.activity_deadline,
        exists=with_activity_clock,
    ),
    SimSensorDescription(
        key="last_activity",
        device_class=SensorDeviceClass.DATE,
        entity_registry_enabled_default=False,
        value=lambda status: status.last_activity,
        exists=with_activity_clock,
    ),
    SimSensorDescription(
        key="data_left",
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value=lambda status: status.data_left,
        exists=lambda _sim, status: status is not None and status.data_left is not None,
    ),
    SimSensorDescription(
        key="last_reading",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda status: status.last_reading_at,
    ),
)

SIM_MONEY = (
    SimMoneyDescription(
        key="balance",
        state_class=SensorStateClass.TOTAL,
        money=lambda status: status.balance,
        currency=_sim_currency,
    ),
    SimMoneyDescription(
        key="spent_this_month",
        state_class=SensorStateClass.TOTAL,
        money=lambda status: status.spent,
        currency=_paying_currency,
        monthly=True,
    ),
    SimMoneyDescription(
        key="budget_left",
        entity_registry_enabled_default=False,
        money=lambda status: status.budget_left,
        currency=_paying_currency,
        exists=lambda sim, _status: sim.rules.monthly_cap is not None,
    ),
)

type _Description = (
    SimSensorDescription | SimMoneyDescription | OutlookDescription | BurnDescription
)

_OF_A_SIM: tuple[_Description, ...] = (
    *(*SIM_SENSORS, *SIM_MONEY),
    *(*OUTLOOK_SENSORS, *BURN_SENSORS),
)

HOUSEHOLD_SENSORS = (
    HouseholdSensorDescription(
        key="next_deadline",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda status: status.next_deadline,
    ),
    HouseholdSensorDescription(
        key="needing_attention",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda status: status.needing_attention,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of an entry."""
    kind = kind_of(entry)
    if kind == KIND_SIM:
        add_sim_entities(
            hass,
            cast("SimConfigEntry", entry),
            Platform.SENSOR,
            _OF_A_SIM,
            _make,
            async_add_entities,
        )
    elif kind == KIND_ACCOUNT:
        account = cast("AccountConfigEntry", entry).runtime_data
        async_add_entities([WalletSensor(account)])
    else:
        household = cast("HouseholdConfigEntry", entry).runtime_data
        async_add_entities(
            HouseholdSensor(household, description) for description in HOUSEHOLD_SENSORS
        )


def _make(coordinator: SimCoordinator, description: _Description) -> SensorEntity:
    if isinstance(description, OutlookDescription):
        return OutlookSensor(coordinator, description)
    if isinstance(description, BurnDescription):
        return BurnSensor(coordinator, description)
    if isinstance(description, SimMoneyDescription):
        return SimMoneySensor(coordinator, description)
    return SimSensor(coordinator, description)


class SimSensor(SimEntity, SensorEntity):
    """Something about a SIM."""

    entity_description: SimSensorDescription

    def __init__(
        self, coordinator: SimCoordinator, description: SimSensorDescription
    ) -> None:
        """Show what the description says."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    def native_value(self) -> Value:
        """The value."""
        return self.entity_description.value(self.status)

    @property
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to the value."""
        attributes = self.entity_description.attributes
        return None if attributes is None else attributes(self.hass, self.status)


class SimMoneySensor(SimEntity, SensorEntity):
    """Money of a SIM."""

    entity_description: SimMoneyDescription

    def __init__(
        self, coordinator: SimCoordinator, description: SimMoneyDescription
    ) -> None:
        """Show the money in its currency."""
        super().__init__(coordinator, description.key)
        self.entity_description = description
        sim = coordinator.home.engine.sims[coordinator.epoch]
        self._currency = description.currency(sim)
        self._attr_suggested_display_precision = exponent(
            self.native_unit_of_measurement
        )

    @property
    def native_unit_of_measurement(self) -> str:
        """The currency."""
        money = self._money
        return self._currency if money is None else money.currency

    @property
    def native_value(self) -> Decimal | None:
        """The exact amount."""
        money = self._money
        return None if money is None else money.value

    @property
    def last_reset(self) -> datetime | None:
        """The start of the month in the SIM's zone."""
        if not self.entity_description.monthly:
            return None
        now = self.coordinator.home.now().astimezone(self.status.sim.zone)
        return datetime.combine(now.date().replace(day=1), time.min, tzinfo=now.tzinfo)

    @property
    def _money(self) -> Money | None:
        status = self.coordinator.data
        return None if status is None else self.entity_description.money(status)


class WalletSensor(AccountEntity, SensorEntity):
    """The wallet of an account."""

    _attr_device_class = SensorDeviceClass.MONETARY
    _attr_state_class = SensorStateClass.TOTAL

    def __init__(self, coordinator: AccountCoordinator) -> None:
        """Show the wallet in its currency."""
        super().__init__(coordinator, "wallet_balance")
        currency = coordinator.data.currency
        self._attr_native_unit_of_measurement = currency
        self._attr_suggested_display_precision = exponent(currency)

    @property
    def native_value(self) -> Decimal:
        """The exact amount."""
        return self.coordinator.data.value


class HouseholdSensor(HouseholdEntity, SensorEntity):
    """Something about all SIMs together."""

    entity_description: HouseholdSensorDescription

    def __init__(
        self, coordinator: HouseholdCoordinator, description: HouseholdSensorDescription
    ) -> None:
        """Show what the description says."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    def native_value(self) -> Value:
        """The value."""
        return self.entity_description.value(self.coordinator.data)
