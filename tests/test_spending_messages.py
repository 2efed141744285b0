"""What people hear of spending that is out of the ordinary: once, and what to look for."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import persistent_notification
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.keeper.ledger import EventType, Ledger
from custom_components.sim_keeper.keeper.ports import Json

from .config_flow.builders import EPOCH, Flows
from .home_fixtures import House
from .test_diagnostics import described

NOON = "2026-11-20T05:00:00+00:00"
"""In Jakarta, where the SIM lives."""
WEEK = tuple(str(19_000 - 1_000 * number) for number in range(9))
STILL = ("9000",) * 50
HOUR = timedelta(hours=1)


@pytest.fixture
async def sim(house: House, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """Return a SIM that a person recharges; messages are shown in Home Assistant."""
    freezer.move_to(NOON)
    entry = house.sim(days_before=None)
    await house.start()
    return entry


def shown(hass: HomeAssistant) -> list[str]:
    """Return the messages that stand in Home Assistant."""
    notifications = persistent_notification._async_get_or_create_notifications(hass)
    return [str(one["message"]) for one in notifications.values()]


async def told(house: House) -> list[str]:
    """Return the types of the warnings in the ledger."""
    types = (EventType.UNUSUAL_SPENDING, EventType.UNEXPLAINED_SPENDING)
    events = await house.home.engine.desk.read(Ledger.events_since, 0)
    return [event.type.value for event in events if event.type in types]


async def test_an_unusual_day_is_told(
    hass: HomeAssistant, house: House, sim: MockConfigEntry
) -> None:
    await house.balances(*WEEK, "4000")
    (text,) = shown(hass)
    assert text == (
        "7000 IDR of credit was used up on 2026-11-20; hardly any other day takes more than"
        " 1000 IDR.\nHas the bundle ended, and is every megabyte charged now? Check it with"
        " the carrier, and switch mobile data off until you know."
    )
    assert await house.orders() == []


async def test_what_an_automation_types_counts_as_well(
    hass: HomeAssistant,
    house: House,
    sim: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    for text in (*WEEK, "4000", "3000"):
        await house.call("update_reading", device_id=house.device(sim), balance=text)
        freezer.tick(24 * HOUR)
    assert await told(house) == ["unusual_spending"]


async def test_a_number_at_rest_needs_no_comparison(
    hass: HomeAssistant, house: House, sim: MockConfigEntry
) -> None:
    await house.balances(*STILL, "8000")
    (text,) = shown(hass)
    assert text.startswith(
        "1000 IDR of credit was used up on 2026-11-20; usually this number uses up nothing."
    )


async def test_spending_without_a_cause_is_told(
    hass: HomeAssistant, house: House, sim: MockConfigEntry
) -> None:
    await house.balances(*STILL, "7000", "7000")
    (text,) = shown(hass)
    assert text == (
        "2000 IDR of credit went between 2026-11-18 and 2026-11-19, and no use of the number"
        " in that time is known.\nIf you did not use it, look for a paid subscription or a"
        " daily roaming fee at your carrier. If you did, nothing is wrong."
    )


async def test_use_that_was_noted_explains_it(
    hass: HomeAssistant, house: House, sim: MockConfigEntry
) -> None:
    await house.call(
        "update_reading", device_id=house.device(sim), last_activity="2026-11-19"
    )
    await house.balances(*STILL, "7000", "7000")
    assert shown(hass) == []


async def test_a_restart_does_not_tell_again(
    hass: HomeAssistant,
    house: House,
    sim: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await house.balances(*WEEK, "4000")
    assert await told(house) == ["unusual_spending"]
    await hass.config_entries.async_reload(sim.entry_id)
    freezer.tick(HOUR)
    await house.balances("3000")
    assert sim.runtime_data.burn.data.unusual is not None
    assert await told(house) == ["unusual_spending"]


async def test_automations_hear_of_it(
    hass: HomeAssistant, house: House, sim: MockConfigEntry
) -> None:
    heard: list[dict[str, Any]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        drop = ("event_types", "friendly_name")
        heard.append({k: v for k, v in state.attributes.items() if k not in drop})

    entity_id = house.entity("event", sim, "recharge")
    async_track_state_change_event(hass, entity_id, changed)
    await house.balances(*STILL, "7000", "7000", until=HOUR)
    await house.balances("4000")
    assert heard == [
        {
            "event_type": "unexplained_spending",
            "amount": 2000.0,
            "currency": "IDR",
            "start": "2026-11-18",
            "end": "2026-11-19",
        },
        {
            "event_type": "unusual_spending",
            "amount": 3000.0,
            "currency": "IDR",
            "usual": 0.0,
        },
    ]


async def test_a_disabled_sim_is_still_told_of(
    hass: HomeAssistant, house: House, sim: MockConfigEntry
) -> None:
    """What was found is told, whatever becomes of the SIM until somebody is reached."""
    await hass.config_entries.async_unload(sim.entry_id)
    days: dict[str, Json] = {"start": "2026-11-18", "end": "2026-11-19"}
    await house.home.engine.desk.write(
        Ledger.note_warning,
        *(EventType.UNEXPLAINED_SPENDING, "name", "mark"),
        {"amount_minor": 100, "currency": "IDR", **days},
        house.home.now(),
        epoch=EPOCH,
    )
    await house.settle()
    (text,) = shown(hass)
    assert text.startswith("1 IDR of credit went between 2026-11-18 and 2026-11-19")


async def test_the_preview_tells_when_the_balance_will_be_low(
    house: House, sim: MockConfigEntry
) -> None:
    flows = Flows(house.hass)
    await flows.options(sim)
    await flows.submit(when={"low_balance": "8000"})
    assert flows.preview[0] == (
        "The next recharge comes when the balance falls below 8000 IDR."
    )
    await house.balances(*WEEK)
    flows = Flows(house.hass)
    await flows.options(sim)
    await flows.submit(when={"low_balance": "8000"})
    day = (dt_util.utcnow() + timedelta(days=4)).date().isoformat()
    assert flows.preview[0] == f"Next recharge on {day}: 5000 IDR."
    answer = await house.call("preview", device_id=house.device(sim), days=9)
    assert answer["recharges"] == []


async def test_the_action_preview_knows_the_burn_rate(house: House) -> None:
    entry = house.sim(days_before=None, low_balance="8000.00")
    await house.start()
    await house.balances(*WEEK)
    answer = await house.call("preview", device_id=house.device(entry), days=8)
    (planned,) = answer["recharges"]
    assert planned["rules"] == ["low_balance"]


async def test_diagnostics_tell_what_was_found(
    house: House, sim: MockConfigEntry
) -> None:
    await house.balances(*WEEK, "4000")
    shown = await described(house, sim)
    assert shown["burn"] == {
        "per_day": "1666.67 IDR",
        "over": "9 days, 0:00:00",
        "days_until_low": 3,
        "unusual": "7000.00 IDR / 1000.00 IDR",
        "unexplained": None,
    }
