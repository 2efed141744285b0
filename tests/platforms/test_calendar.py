"""The household's calendar."""

from typing import Any

from homeassistant.core import HomeAssistant

from .conftest import House


async def events(house: House, start: str, end: str) -> list[tuple[str, str]]:
    """Return day and summary of the events in a range."""
    entity_id = house.id("calendar", house.household, "keep_alive")
    answer: Any = await house.hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": entity_id, "start_date_time": start, "end_date_time": end},
        blocking=True,
        return_response=True,
    )
    return [(event["start"], event["summary"]) for event in answer[entity_id]["events"]]


async def test_events_lie_on_the_days_of_the_sims_own_zone(house: House) -> None:
    house.sim(amount="200000.00")
    house.giffgaff()
    await house.hass.config.async_set_time_zone("Pacific/Auckland")
    await house.start()
    assert await events(house, "2026-11-01 00:00:00", "2027-06-01 00:00:00") == [
        ("2026-11-27", "Router: keep-alive is due"),
        ("2026-12-11", "Router: last day"),
        ("2027-01-10", "Router: last day to save the number"),
        # What is bought in November lasts 120 days: the next one is due 14 days before.
        ("2027-03-13", "Router: keep-alive is due"),
        ("2027-04-16", "Bank codes: keep-alive is due"),
        ("2027-04-30", "Bank codes: last day"),
        ("2027-04-30", "Bank codes: last day to save the number"),
    ]


async def test_range_is_honoured(house: House) -> None:
    house.sim(amount="50000.00")
    await house.start()
    december = await events(house, "2026-12-01 00:00:00", "2026-12-31 00:00:00")
    assert december == [("2026-12-11", "Router: last day")]
    touching = await events(house, "2026-12-11 23:00:00", "2026-12-11 23:30:00")
    assert touching == december
    assert await events(house, "2026-12-12 00:00:00", "2026-12-13 00:00:00") == []


async def test_state_shows_the_next_event_in_the_household_language(
    hass: HomeAssistant, house: House
) -> None:
    hass.config_entries.async_update_entry(
        house.household, options={"language": "zh-Hans"}
    )
    sim = house.sim()
    await house.start()
    state = house.state("calendar", house.household, "keep_alive")
    assert state.state == "off"
    assert state.attributes["message"] == "Router：该保号了"
    hass.config_entries.async_update_entry(sim, options={**sim.options, "mode": "off"})
    await house.settle()
    state = house.state("calendar", house.household, "keep_alive")
    assert state.attributes["message"] == "Router：保号最后一天"
