"""What a provider sells for a SIM, as options for the planner."""

from collections.abc import Iterator, Sequence

from .carriers import Event
from .course import Option
from .money import Money
from .ports import Product, Wanted
from .sim import Sim


def options_for(sim: Sim, products: Sequence[Product]) -> tuple[Option, ...]:
    """Return what the planner can choose from: products whose price is known.

    A product that takes any amount gives one option for each step of the carrier's ladder, for
    the smallest amount, and for the user's own. Their prices are in proportion to the smallest.
    """
    return tuple(option for product in products for option in _options(sim, product))


def ladder_options(sim: Sim) -> tuple[Option, ...]:
    """Return the steps of the carrier's own ladder at their face value, for a person to pay."""
    carrier = sim.carrier
    return tuple(
        _option(sim, Wanted(amount=amount), amount, value=amount, days=None)
        for amount in _steps(sim, carrier.min_topup, None)
    )


def _options(sim: Sim, product: Product) -> Iterator[Option]:
    value, price = product.value, product.price
    if price is None:
        return
    if value is None or product.value_max is None:
        wanted = Wanted(product=product.id)
        yield _option(sim, wanted, price, value=value, days=product.days)
        return
    for amount in _steps(sim, value, product.value_max):
        cost = Money(-(-price.minor * amount.minor // value.minor), price.currency)
        wanted = Wanted(amount=amount)
        yield _option(sim, wanted, cost, value=amount, days=product.days)


def _steps(sim: Sim, least: Money | None, most: Money | None) -> list[Money]:
    """Return the amounts between two limits that are worth a look, the smallest first."""
    ladder = [tier.amount for tier in sim.carrier.tiers]
    known = [amount for amount in (least, sim.rules.amount, *ladder) if amount]
    local = {
        amount.minor
        for amount in known
        if amount.currency == sim.currency
        and (least is None or least.currency != amount.currency or least <= amount)
        and (most is None or most.currency != amount.currency or amount <= most)
    }
    return [Money(minor, sim.currency) for minor in sorted(local)]


def _option(
    sim: Sim, wanted: Wanted, price: Money, *, value: Money | None, days: int | None
) -> Option:
    carrier = sim.carrier
    local = value is not None and value.currency == sim.currency
    least = carrier.min_topup
    counts = Event.VALIDITY_PRODUCT if value is None else Event.TOPUP
    small = (
        value is not None
        and least is not None
        and value.currency == least.currency
        and value < least
    )
    # What states neither credit nor days, such as data, is not known to keep a number alive.
    states = value is not None or bool(days)
    if days is None and value is not None and value.currency == carrier.currency:
        days = carrier.days_for(value)
    return Option(
        wanted=wanted,
        price=price,
        days=days or 0,
        credit=value.minor if value is not None and local else 0,
        active=states and counts in carrier.events and not small,
    )
