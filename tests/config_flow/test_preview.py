"""What the preview says of a new SIM, before anything is stored."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.sim_keeper.flows.choice import label
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Wanted
from custom_components.sim_keeper.price_list import Choice

from .builders import GIFFGAFF, Flows


@pytest.fixture(autouse=True)
def clock(freezer: FrozenDateTimeFactory) -> None:
    """Stop the clock."""
    freezer.move_to("2026-11-20T12:00:00+00:00")


async def begin(flows: Flows, number: str, carrier: str, **readings: str) -> None:
    """Get to the rules of a new SIM that a person recharges."""
    await flows.start()
    await flows.choose("sim")
    await flows.type(number=number)
    await flows.submit(carrier=carrier)
    await flows.submit()
    await flows.type(**readings)
    assert flows.at == "rules"


async def test_a_number_that_must_be_used(flows: Flows) -> None:
    await begin(flows, GIFFGAFF, "giffgaff_gb", last_activity="2026-11-01")
    await flows.submit()
    # 180 days, and 14 before them.
    assert flows.preview == [
        "The number must be used once on 2027-04-16.",
        "Uses in a year: 2.",
    ]


async def test_nobody_knows_how_long_a_recharge_lasts(flows: Flows) -> None:
    await begin(flows, "+6283112345678", "other", expiry="2027-01-31")
    await flows.submit(amount="5000")
    assert flows.preview[:2] == [
        "Next recharge on 2027-01-17: 5000 IDR.",
        "Recharges in a year: 1, together about 5000 IDR.",
    ]
    assert flows.preview[2].startswith("What comes after 2027-01-17 cannot be told")


async def test_nobody_said_how_much(flows: Flows) -> None:
    await begin(flows, "+6283112345678", "other", expiry="2027-01-31")
    await flows.submit()
    assert flows.preview[:2] == [
        "Next recharge on 2027-01-17.",
        "Recharges in a year: 1. What they cost is not known yet.",
    ]


async def test_what_is_not_known_is_left_out_of_a_label(hass: HomeAssistant) -> None:
    data = Choice(
        id="xl-data",
        wanted=Wanted(product="xl-data"),
        name="XL 1 GB",
        credit=None,
        price=None,
        days=None,
    )
    assert await label(hass, data) == "XL 1 GB"
    credit = Choice(
        id="x",
        wanted=Wanted(amount=Money(500, "MYR")),
        name="x",
        credit=Money(500, "MYR"),
        price=Money(116, "USD"),
        days=None,
    )
    assert await label(hass, credit) == "5 MYR credit · costs 1.16 USD"
