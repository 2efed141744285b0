"""What is sold for a SIM, and what of it a person or the planner can choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from .keeper.carriers import CarrierProfile
from .keeper.course import Option
from .keeper.forecast import Quoted
from .keeper.money import Money
from .keeper.ports import Product, Wanted
from .keeper.sim import Sim


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The products of a provider for one SIM, and what the carrier makes of them."""

    carrier: CarrierProfile
    products: tuple[Product, ...]

    @property
    def takes_any_amount(self) -> bool:
        """Whether the operator takes any value within limits."""
        return any(product.value_max is not None for product in self.products)

    def buys(self, product: Product) -> Wanted:
        """Return how a product is ordered: by its credit, where nothing else delivers that.

        An amount outlives a provider's renaming of its products.
        """
        same = [one for one in self.products if one.value == product.value]
        if product.value is None or len(same) > 1:
            return Wanted(product=product.id)
        return Wanted(amount=product.value)

    def product_for(self, wanted: Wanted) -> Product | None:
        """Return the product of fixed value that an order means, if it is sold."""
        for product in self.products:
            if product.value_max is None and self._means(product, wanted):
                return product
        return None

    def sells(self, amount: Money) -> bool:
        """Tell whether exactly this credit is sold."""
        return any(_delivers(product, amount) for product in self.products)

    def nearest(self, amount: Money) -> tuple[Money, ...]:
        """Return the credits on sale that are closest: at most one below and one above."""
        sold = {
            value.minor: value
            for value in chain.from_iterable(
                (product.value, product.value_max) for product in self.products
            )
            if value is not None and value.currency == amount.currency
        }
        below = max((minor for minor in sold if minor < amount.minor), default=None)
        above = min((minor for minor in sold if minor > amount.minor), default=None)
        return tuple(sold[minor] for minor in (below, above) if minor is not None)

    def days(self, product: Product) -> int | None:
        """Return the validity that a product buys, by the provider's word or the carrier's rule."""
        if product.days is not None or product.value is None:
            return product.days
        return _days_for(self.carrier, product.value)

    def quoted(self, wanted: Wanted) -> Quoted | None:
        """Return what an order is expected to cost and to bring; None if that is not known.

        Within a range only the least has a price: the rest is reckoned in proportion.
        """
        found = self.product_for(wanted)
        if found is not None:
            return self._fixed(found)
        amount = wanted.amount
        for product in self.products:
            if amount is not None and _delivers(product, amount):
                return self._in_range(product, amount)
        return None

    def options(self) -> tuple[Option, ...]:
        """Return what the planner can choose from: what has a price and buys time."""
        found = [
            (self.buys(product), self._fixed(product))
            for product in self.products
            if product.value_max is None
        ]
        found += [
            (Wanted(amount=amount), self._in_range(product, amount))
            for product in self.products
            for amount in _steps(self.carrier)
            if product.value_max is not None and _delivers(product, amount)
        ]
        return tuple(
            option
            for wanted, quoted in found
            if quoted is not None
            and (option := option_of(self.carrier, wanted, quoted)) is not None
        )

    def _means(self, product: Product, wanted: Wanted) -> bool:
        if wanted.product is not None:
            return product.id == wanted.product
        return wanted.amount is not None and product.value == wanted.amount

    def _fixed(self, product: Product) -> Quoted | None:
        if product.price is None:
            return None
        return Quoted(price=product.price, value=product.value, days=self.days(product))

    def _in_range(self, product: Product, amount: Money) -> Quoted | None:
        least, price = product.value, product.price
        if least is None or price is None or least.minor <= 0:
            return None
        cost = Money(-(-price.minor * amount.minor // least.minor), price.currency)
        days = _days_for(self.carrier, amount)
        return Quoted(price=cost, value=amount, days=days)


def by_hand_options(sim: Sim) -> tuple[Option, ...]:
    """Return what a person can choose from who pays the carrier itself: the steps of its ladder."""
    found = (
        option_of(
            sim.carrier, Wanted(amount=amount), Quoted(price=amount, value=amount)
        )
        for amount in _steps(sim.carrier)
    )
    return tuple(option for option in found if option is not None)


def per_day(price: Money, days: int | None) -> Money | None:
    """Return what a day of validity costs, rounded up to a minor unit."""
    return None if not days else Money(-(-price.minor // days), price.currency)


def option_of(carrier: CarrierProfile, wanted: Wanted, quoted: Quoted) -> Option | None:
    """Return a purchase as the planner sees it; None for what buys no time."""
    days = quoted.days
    if days is None and quoted.value is not None:
        days = _days_for(carrier, quoted.value)
    if quoted.price.minor <= 0 or not days:
        return None
    credit = 0 if quoted.value is None else quoted.value.minor
    return Option(wanted=wanted, price=quoted.price, days=days, credit=credit)


def _steps(carrier: CarrierProfile) -> Sequence[Money]:
    """Return the amounts at which a carrier gives more days than below."""
    if carrier.tiers:
        return [tier.amount for tier in carrier.tiers]
    return [] if carrier.min_topup is None else [carrier.min_topup]


def _days_for(carrier: CarrierProfile, amount: Money) -> int | None:
    return carrier.days_for(amount) if amount.currency == carrier.currency else None


def _delivers(product: Product, amount: Money) -> bool:
    least, most = product.value, product.value_max
    if least is None or least.currency != amount.currency:
        return False
    return least == amount if most is None else least <= amount <= most
