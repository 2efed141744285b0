"""A household in a real Home Assistant: adding, buying, restarting, stopping, removing."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from demo.client import ApiError, Client, wait_until
from demo.processes import REPOSITORY

from .hass_process import (
    DOMAIN,
    Installation,
    Line,
    appears,
    order_in,
    orders,
    recharge,
)

pytestmark = pytest.mark.e2e

FIRST = Line(name="First line", number="+62 838 1000 0001")
RESTARTED = Line(name="Restarted line", number="+62 838 1000 0002")
STOPPED = Line(
    name="Stopped line",
    number="+62 838 1000 0003",
    rules={"mode": "auto", "days_before": 5, "amount": "10000", "monthly_cap": "50"},
)
MOVED = Line(name="Moved line", number="+62 838 1000 0004")
AWAITED = Line(name="Awaited line", number="+62 838 1000 0005")
STOP = "switch.household_stop_all_spending"


@pytest.fixture
async def home(installation: Installation) -> AsyncGenerator[Client]:
    async with installation.client() as client:
        if not await client.entries(DOMAIN):
            await installation.connect(client)
        yield client


async def test_adds_account_and_sim_and_recharges(
    installation: Installation, home: Client
) -> None:
    await installation.add(home, FIRST)
    await appears(home, STOP)
    kinds = {entry["title"] for entry in await home.entries(DOMAIN)}
    assert kinds == {"Reloadly", "Household", FIRST.name}

    trial = await recharge(home, FIRST, dry_run=True)
    assert trial["allowed"] is True
    assert trial["amount"] == "10000.00"
    order = await recharge(home, FIRST, request_id="e2e-1")
    assert order["state"] in ("pending", "confirmed")
    done = await order_in(home, FIRST, "confirmed")
    again = await recharge(home, FIRST, request_id="e2e-1")

    assert again["order_id"] == order["order_id"] == done["order_id"]
    (sale,) = await installation.vendor.purchases(FIRST.digits)
    assert (sale["delivered"], sale["currency"]) == ("10000", "IDR")
    assert done["reference"] == str(sale["id"])


async def test_a_second_recharge_within_a_day_needs_the_word_another(
    installation: Installation, home: Client
) -> None:
    with pytest.raises(ApiError) as refused:
        await recharge(home, FIRST)
    assert refused.value.status in (400, 500)
    assert len(await installation.vendor.purchases(FIRST.digits)) == 1


async def test_an_order_in_flight_survives_a_restart(
    installation: Installation, home: Client
) -> None:
    await installation.add(home, RESTARTED)
    await installation.vendor.fault("takes", seconds=6)
    order = await recharge(home, RESTARTED)
    assert order["state"] == "pending"

    installation.hass.stop()
    assert installation.hass.ended() == 0
    installation.hass.start()
    async with installation.client() as after:
        await appears(after, RESTARTED.stage)
        done = await order_in(after, RESTARTED, "confirmed")

        assert done["order_id"] == order["order_id"]
        assert len(await orders(after, RESTARTED)) == 1
    assert len(await installation.vendor.purchases(RESTARTED.digits)) == 1


async def test_a_restart_waits_for_the_answer_to_a_purchase(
    installation: Installation, home: Client
) -> None:
    await installation.add(home, AWAITED)
    await installation.vendor.fault("slow", seconds=3)
    call = asyncio.ensure_future(recharge(home, AWAITED))

    async def heard() -> bool:
        truth = await installation.vendor.truth()
        return bool(truth["hits"].get("slow"))

    await wait_until(heard, "the vendor has heard of it")
    await asyncio.to_thread(installation.hass.stop)
    await asyncio.gather(call, return_exceptions=True)
    assert installation.hass.ended() == 0
    installation.hass.start()
    async with installation.client() as after:
        await appears(after, AWAITED.stage)
        # Cut off, it would be looked up after three minutes only.
        await order_in(after, AWAITED, "confirmed")
    assert len(await installation.vendor.purchases(AWAITED.digits)) == 1


async def test_the_stop_holds_automatic_recharges_and_lifting_it_lets_them_go(
    installation: Installation, home: Client
) -> None:
    await installation.add(home, STOPPED)
    await home.do("switch.turn_on", {"entity_id": STOP})
    soon = datetime.now(UTC).date() + timedelta(days=2)
    device = await home.device(STOPPED.stage)
    reading = {"device_id": device, "expiry": soon.isoformat()}
    await home.do(f"{DOMAIN}.update_reading", reading)

    async def due() -> bool:
        return await home.state(STOPPED.stage) == "expiring"

    await wait_until(due, "the recharge is due")
    with pytest.raises(ApiError):
        await recharge(home, STOPPED)
    assert await orders(home, STOPPED) == []
    assert await installation.vendor.purchases(STOPPED.digits) == []

    await home.do("switch.turn_off", {"entity_id": STOP})
    await order_in(home, STOPPED, "confirmed")
    assert len(await installation.vendor.purchases(STOPPED.digits)) == 1


async def test_a_sim_that_is_added_again_keeps_its_entities(
    installation: Installation, home: Client
) -> None:
    entry_id = await installation.add(home, MOVED)
    await order_of(home, MOVED)
    before = sorted(await entities_of(home, MOVED))
    assert len(before) >= 8

    await home.remove_entry(entry_id)

    async def gone() -> bool:
        return not await entities_of(home, MOVED)

    await wait_until(gone, "the entities are gone")
    await installation.add(home, MOVED)

    assert sorted(await entities_of(home, MOVED)) == before
    assert len(await orders(home, MOVED)) == 0
    assert len(await installation.vendor.purchases(MOVED.digits)) == 1


async def test_nothing_secret_is_shown_or_written(
    installation: Installation, home: Client
) -> None:
    told = await installation.told(home)
    assert len(told) > 1000
    assert installation.secrets_in(told) == []
    assert installation.hass.complaints() == []


async def test_diagnostics_tell_no_secret(
    installation: Installation, home: Client
) -> None:
    if not (REPOSITORY / "custom_components/sim_keeper/diagnostics.py").exists():
        pytest.skip("there are no diagnostics yet")
    for entry in await home.entries(DOMAIN):
        told = await home.get(f"/api/diagnostics/config_entry/{entry['entry_id']}")
        assert installation.secrets_in(str(told)) == []


async def order_of(home: Client, line: Line) -> None:
    await recharge(home, line)
    await order_in(home, line, "confirmed")


async def entities_of(home: Client, line: Line) -> list[str]:
    return [name for name in await home.states() if f".{line.slug}_" in name]
