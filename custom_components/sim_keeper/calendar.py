"""The household's calendar: deadlines, planned recharges, ends of grace times and of money."""

from datetime import date, datetime, timedelta
from typing import cast

from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DOMAIN, KIND_SIM
from .coordinator import (
    HouseholdConfigEntry,
    HouseholdCoordinator,
    MoneyDay,
    SimConfigEntry,
    SimKeeperConfigEntry,
)
from .entity import HouseholdEntity
from .entries import kind_of
from .keeper.status import SimStatus
from .outlook import SIGNAL_OUTLOOK
from .prospect import Prospect
from .texts import sentence, sim_name

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendar of the household."""
    household = cast("HouseholdConfigEntry", entry).runtime_data
    async_add_entities([KeepAliveCalendar(household)])


class KeepAliveCalendar(HouseholdEntity, CalendarEntity):
    """What is going to happen to which number."""

    def __init__(self, coordinator: HouseholdCoordinator) -> None:
        """Start empty."""
        super().__init__(coordinator, "keep_alive")
        self._events: list[CalendarEvent] = []

    @property
    def event(self) -> CalendarEvent | None:
        """The event of today, or the next one."""
        now = dt_util.now()
        ahead = (event for event in self._events if event.end_datetime_local > now)
        return next(ahead, None)

    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the events that touch [start, end)."""
        return [
            event
            for event in self._events
            if event.start_datetime_local < end_date
            and event.end_datetime_local > start_date
        ]

    async def async_added_to_hass(self) -> None:
        """Draw the calendar up for the first time."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, SIGNAL_OUTLOOK, self._handle_coordinator_update
            )
        )
        await self._draw_up()

    @callback
    def _handle_coordinator_update(self) -> None:
        self.coordinator.config_entry.async_create_task(
            self.hass, self._update(), "calendar"
        )

    async def _update(self) -> None:
        await self._draw_up()
        self.async_write_ha_state()

    async def _draw_up(self) -> None:
        outlooks = _outlooks(self.hass)
        found = [
            await self._event(epoch, key, day)
            for epoch, status in self.coordinator.data.sims.items()
            for key, day in _days(status, outlooks.get(epoch))
        ]
        found += [
            await self._money_event(day) for day in self.coordinator.data.money_days
        ]
        self._events = sorted(found, key=lambda event: (event.start, event.summary))

    async def _event(self, epoch: str, key: str, day: date) -> CalendarEvent:
        return CalendarEvent(
            start=day,
            end=day + timedelta(days=1),
            summary=await sentence(
                self.hass, f"calendar_{key}", sim=sim_name(self.hass, epoch)
            ),
            uid=f"{epoch}-{key}-{day.isoformat()}",
        )

    async def _money_event(self, money: MoneyDay) -> CalendarEvent:
        key = f"calendar_{money.what}"
        return CalendarEvent(
            start=money.day,
            end=money.day + timedelta(days=1),
            summary=await sentence(self.hass, key, account=money.name),
            uid=f"{money.account}-{money.what}-{money.day.isoformat()}",
        )


def _outlooks(hass: HomeAssistant) -> dict[str, Prospect]:
    """Return what is known of the time ahead, by epoch."""
    coordinators = (
        cast("SimConfigEntry", entry).runtime_data
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if kind_of(entry) == KIND_SIM
    )
    return {one.epoch: one.outlook.data for one in coordinators if one.outlook.data}


def _days(status: SimStatus, outlook: Prospect | None) -> list[tuple[str, date]]:
    """Return what happens on which day of the SIM's own zone."""
    life, planned = status.life, [] if outlook is None else outlook.forecast.recharges
    moments = (
        # The first of them stands in the status, from before anybody looked further.
        ("recharge", status.next_recharge_at),
        *(("recharge", one.at) for one in planned),
        ("deadline", life.deadline),
        ("grace_end", life.grace_end),
    )
    zone = status.sim.zone
    days = (
        (key, moment.astimezone(zone).date())
        for key, moment in moments
        if moment is not None
    )
    return list(dict.fromkeys(days))
