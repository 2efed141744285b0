"""What is sold for a SIM, and what of it a person or the planner can choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from .keeper.carriers import CarrierProfile
from .keeper.forecast import Quoted
from .keeper.money import Money
from .keeper.ports import Product, Promotion, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that a person or the planner can choose."""

    id: str
    wanted: Wanted
    name: str | None
    """What the provider calls it; None for an amount out of a range."""
    credit: Money | None
    price: Money | None
    days: int | None
    lasts_days: int | None = None
    """For how many days what it brings can be used; no validity of the number."""
    promotions: tuple[Promotion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The products of a provider for one SIM, and what the carrier makes of them."""

    carrier: CarrierProfile
    products: tuple[Product, ...]

    @property
    def takes_any_amount(self) -> bool:
        """Whether the operator takes any value within limits."""
        return any(product.value_max is not None for product in self.products)

    def choices(self) -> tuple[Choice, ...]:
        """Return what is sold; out of a range, the amounts at which the carrier gives more days."""
        fixed = [
            Choice(
                id=product.id,
                wanted=self._order(product),
                name=product.name,
                credit=product.value,
                price=product.price,
                days=self._days(product),
                lasts_days=product.lasts_days,
                promotions=product.promotions,
            )
            for product in self.products
            if product.value_max is None
        ]
        steps = [
            Choice(
                id=f"amount:{amount.value:f}",
                wanted=Wanted(amount=amount),
                name=None,
                credit=amount,
                price=_price_in_range(product, amount),
                days=_days_for(self.carrier, amount),
                promotions=product.promotions,
            )
            for product in self.products
            for amount in _steps(self.carrier)
            if product.value_max is not None and _delivers(product, amount)
        ]
        return (*fixed, *steps)

    def choice(self, wanted: Wanted) -> Choice | None:
        """Return the choice that an order means; by id or by credit."""
        for choice in self.choices():
            if wanted.product is not None:
                if choice.id == wanted.product:
                    return choice
            elif wanted.amount is not None and choice.wanted == wanted:
                return choice
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

    def quoted(self, wanted: Wanted) -> Quoted | None:
        """Return what an order is expected to cost and to bring; None if that is not known.

        Within a range only the least has a price: the rest is reckoned in proportion.
        """
        amount, chosen = wanted.amount, self.choice(wanted)
        if chosen is not None and chosen.price is not None:
            return Quoted(price=chosen.price, value=chosen.credit, days=chosen.days)
        for product in self.products:
            if amount is not None and _delivers(product, amount):
                price = _price_in_range(product, amount)
                if price is not None:
                    days = _days_for(self.carrier, amount)
                    return Quoted(price=price, value=amount, days=days)
        return None

    def _order(self, product: Product) -> Wanted:
        """Return how a product is ordered: by its credit, where nothing else delivers that.

        An amount outlives a provider's renaming of its products.
        """
        same = [one for one in self.products if one.value == product.value]
        if product.value is None or len(same) > 1:
            return Wanted(product=product.id)
        return Wanted(amount=product.value)

    def _days(self, product: Product) -> int | None:
        """Return the validity that a product buys, by the provider's word or the carrier's rule."""
        if product.days is not None or product.value is None:
            return product.days
        return _days_for(self.carrier, product.value)


def per_day(price: Money, days: int | None) -> Money | None:
    """Return what a day of validity costs, rounded up to a minor unit."""
    return None if not days else Money(-(-price.minor // days), price.currency)


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


def _price_in_range(product: Product, amount: Money) -> Money | None:
    least, price = product.value, product.price
    if least is None or price is None or least.minor <= 0:
        return None
    return Money(-(-price.minor * amount.minor // least.minor), price.currency)
