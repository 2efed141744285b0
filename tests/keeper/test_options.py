"""What a provider sells, as options for the planner."""

from dataclasses import replace

from custom_components.sim_keeper.keeper.carriers import Event
from custom_components.sim_keeper.keeper.course import Option
from custom_components.sim_keeper.keeper.options import ladder_options, options_for
from custom_components.sim_keeper.keeper.ports import Product, Wanted
from custom_components.sim_keeper.keeper.sim import Sim

from .builders import carrier, hkd, rules, sim, usd

LADDER = {
    "tiers": [
        {"amount": 20, "days": 30},
        {"amount": 50, "days": 90},
        {"amount": 100, "days": 180},
    ]
}


def _line(**changes: object) -> Sim:
    return sim(carrier=carrier(None, **(LADDER | changes)), rules=rules(amount=None))


def test_a_product_is_an_option_with_the_days_it_says() -> None:
    sold = Product(id="7", name="Top-up", value=hkd("50"), price=usd("7"), days=45)
    assert options_for(_line(), [sold]) == (
        Option(
            wanted=Wanted(product="7"),
            price=usd("7"),
            days=45,
            credit=5000,
            active=True,
        ),
    )


def test_the_ladder_tells_the_days_where_the_product_does_not() -> None:
    for value, days, credit in ((hkd("60"), 90, 6000), (usd("60"), 0, 0)):
        sold = Product(id="7", name="Top-up", value=value, price=usd("8"))
        (found,) = options_for(_line(), [sold])
        assert (found.days, found.credit) == (days, credit)


def test_a_product_without_a_price_cannot_be_planned_with() -> None:
    assert options_for(_line(), [Product(id="7", name="Top-up", value=hkd("50"))]) == ()


def test_validity_without_credit_is_activity_only_where_the_carrier_says_so() -> None:
    sold = Product(id="30D", name="30 days", value=None, price=usd("1"), days=30)
    line = _line()
    (found,) = options_for(line, [sold])
    assert (found.days, found.credit, found.active) == (30, 0, False)
    counts = frozenset({Event.VALIDITY_PRODUCT})
    line = replace(line, carrier=replace(line.carrier, events=counts))
    (found,) = options_for(line, [sold])
    assert found.active


def test_what_states_neither_credit_nor_days_keeps_no_number_alive() -> None:
    """A data package must never be the planner's cheapest activity."""
    sold = Product(
        id="1GB", name="1 GB", value=None, price=usd("1"), days=None, lasts_days=30
    )
    line = _line()
    line = replace(line, carrier=replace(line.carrier, events=frozenset(Event)))
    for days in (None, 0):
        (found,) = options_for(line, [replace(sold, days=days)])
        assert (found.days, found.credit, found.active) == (0, 0, False)


def test_a_range_gives_the_steps_that_are_worth_a_look() -> None:
    sold = Product(
        id="any", name="Any", value=hkd("15"), value_max=hkd("60"), price=usd("2")
    )
    line = replace(_line(), rules=rules(amount=hkd("40")))
    found = options_for(line, [sold])
    assert [(o.wanted.amount, o.price, o.days) for o in found] == [
        (hkd("15"), usd("2"), 0),
        (hkd("20"), usd("2.67"), 30),
        (hkd("40"), usd("5.34"), 30),
        (hkd("50"), usd("6.67"), 90),
    ]


def test_what_is_too_small_to_count_is_no_activity() -> None:
    line = _line(min_topup="20")
    for value, active in ((hkd("19.99"), False), (hkd("20"), True), (usd("1"), True)):
        sold = Product(id="7", name="Top-up", value=value, price=usd("1"))
        (found,) = options_for(line, [sold])
        assert found.active is active


def test_a_person_pays_the_face_value_of_a_step() -> None:
    found = ladder_options(_line(min_topup="30"))
    assert [(o.price, o.days) for o in found] == [
        (hkd("30"), 30),
        (hkd("50"), 90),
        (hkd("100"), 180),
    ]
    assert ladder_options(sim(carrier=carrier(None), rules=rules(amount=None))) == ()
