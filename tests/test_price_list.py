"""What is sold for a SIM, as people and the planner choose from it."""

from custom_components.sim_keeper.keeper.carrier_data import load_carriers
from custom_components.sim_keeper.keeper.forecast import Quoted
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Product, Wanted
from custom_components.sim_keeper.price_list import PriceList, per_day

AXIS = load_carriers()["axis_id"]
"""5000 = 7 days, 10000 = 15, 25000 = 30, 50000 = 60, 100000 = 90, 200000 = 120."""


def idr(amount: int) -> Money:
    return Money(amount * 100, "IDR")


def usd(cents: int) -> Money:
    return Money(cents, "USD")


def sold(*products: Product) -> PriceList:
    return PriceList(carrier=AXIS, products=products)


def fixed(
    id_: str, value: int | None, cents: int | None, days: int | None = None
) -> Product:
    return Product(
        id=id_,
        name=f"Name of {id_}",
        value=None if value is None else idr(value),
        price=None if cents is None else usd(cents),
        days=days,
    )


RANGE = Product(
    id="243", name="Axis", value=idr(5000), value_max=idr(60_000), price=usd(33)
)


def test_a_credit_that_is_sold_once_is_ordered_by_its_amount() -> None:
    prices = sold(fixed("a", 5000, 40), fixed("b", 10_000, 75))
    assert [choice.wanted for choice in prices.choices()] == [
        Wanted(amount=idr(5000)),
        Wanted(amount=idr(10_000)),
    ]


def test_a_credit_that_is_sold_twice_is_ordered_by_its_id() -> None:
    prices = sold(fixed("plain", 5000, 40), fixed("long", 5000, 60, days=30))
    assert [choice.wanted for choice in prices.choices()] == [
        Wanted(product="plain"),
        Wanted(product="long"),
    ]
    assert prices.choice(Wanted(amount=idr(5000))) is None


def test_what_gives_no_credit_is_ordered_by_its_id() -> None:
    prices = sold(fixed("days30", None, 50, days=30))
    (choice,) = prices.choices()
    assert (choice.wanted, choice.days) == (Wanted(product="days30"), 30)
    assert not prices.sells(idr(5000))
    assert prices.nearest(idr(5000)) == ()


def test_days_are_the_providers_or_else_the_carriers() -> None:
    own, carriers = sold(
        fixed("own", 5000, 40, days=3), fixed("carrier", 10_000, 75)
    ).choices()
    assert (own.days, carriers.days) == (3, 15)


def test_a_range_offers_the_steps_of_the_carrier_that_lie_in_it() -> None:
    prices = sold(RANGE)
    assert prices.takes_any_amount
    assert [(one.id, one.days, one.price) for one in prices.choices()] == [
        ("amount:5000.00", 7, usd(33)),
        ("amount:10000.00", 15, usd(66)),
        ("amount:25000.00", 30, usd(165)),
        ("amount:50000.00", 60, usd(330)),
    ]
    assert prices.choice(Wanted(product="amount:5000.00")) == prices.choices()[0]
    assert prices.choice(Wanted()) is None


def test_a_range_sells_everything_between_its_ends() -> None:
    prices = sold(RANGE)
    assert prices.sells(idr(5000))
    assert prices.sells(idr(6001))
    assert prices.sells(idr(60_000))
    assert not prices.sells(idr(4999))
    assert not prices.sells(idr(60_001))
    assert not prices.sells(usd(5000))


def test_fixed_credits_are_sold_exactly() -> None:
    prices = sold(fixed("a", 5000, 40), fixed("b", 10_000, 75), fixed("c", 50_000, 300))
    assert not prices.takes_any_amount
    assert prices.sells(idr(10_000))
    assert not prices.sells(idr(9999))
    assert prices.nearest(idr(7000)) == (idr(5000), idr(10_000))
    assert prices.nearest(idr(1)) == (idr(5000),)
    assert prices.nearest(idr(90_000)) == (idr(50_000),)
    assert prices.nearest(usd(7000)) == ()


def test_quotes() -> None:
    prices = sold(fixed("a", 5000, 40), fixed("b", None, 90, days=60))
    assert prices.quoted(Wanted(amount=idr(5000))) == Quoted(
        price=usd(40), value=idr(5000), days=7
    )
    assert prices.quoted(Wanted(product="b")) == Quoted(price=usd(90), days=60)
    assert prices.quoted(Wanted(amount=idr(6000))) is None
    assert prices.quoted(Wanted(product="gone")) is None
    # Rounded up: 33 cents for 5000 make 46.2 for 7000.
    assert sold(RANGE).quoted(Wanted(amount=idr(7000))) == Quoted(
        price=usd(47), value=idr(7000), days=7
    )


def test_without_a_price_there_is_no_quote() -> None:
    unpriced = Product(id="r", name="R", value=idr(5000), value_max=idr(60_000))
    prices = sold(fixed("a", 10_000, None), unpriced)
    assert prices.quoted(Wanted(amount=idr(10_000))) is None
    assert prices.quoted(Wanted(amount=idr(7000))) is None


def test_a_day_costs_its_part_rounded_up() -> None:
    assert per_day(usd(100), 30) == usd(4)
    assert per_day(usd(100), None) is None
    assert per_day(usd(100), 0) is None
