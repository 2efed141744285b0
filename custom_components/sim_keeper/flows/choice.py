"""What to buy: from the list of what is sold, or an amount of one's own."""

from typing import Any

from ..const import CONF_AMOUNT, CONF_PRODUCT
from ..keeper.carriers import Event
from ..keeper.money import Money
from ..keeper.ports import Wanted
from .form import Form, filled, shown_amount
from .terms import Terms

OWN_AMOUNT = "own"


def read_choice(form: Form, terms: Terms) -> tuple[Money | None, str | None]:
    """Return the amount or the product that was chosen; both at once are not clear."""
    amount = form.amount(CONF_AMOUNT, terms.currency)
    prices, chosen = terms.prices, form.text(CONF_PRODUCT)
    if chosen is None or chosen == OWN_AMOUNT:
        if prices is not None and amount is not None and not prices.sells(amount):
            form.errors[CONF_AMOUNT] = "amount_not_sold"
        return amount, None
    if amount is not None:
        form.errors[CONF_AMOUNT] = "amount_or_product"
    found = prices and prices.product_for(Wanted(product=chosen))
    if prices is None or found is None:
        return None, chosen
    wanted = prices.buys(found)
    return wanted.amount, wanted.product


def shown_choice(
    terms: Terms, amount: Money | None, product: str | None
) -> dict[str, Any]:
    """Return what is bought as the forms show it: from the list, where it stands there."""
    found = None
    if terms.prices is not None and (amount is not None or product is not None):
        found = terms.prices.product_for(Wanted(amount=amount, product=product))
    if found is not None:
        return {CONF_PRODUCT: found.id}
    listed = terms.prices is not None and terms.prices.takes_any_amount
    own = OWN_AMOUNT if listed and amount is not None else None
    return filled({CONF_PRODUCT: product or own, CONF_AMOUNT: shown_amount(amount)})


def usual_amount(terms: Terms, days: int) -> Money | None:
    """Return the smallest payment that keeps the number alive for a good while, where known.

    What buys hardly more days than the rule wants in hand would be due again at once.
    """
    carrier = terms.carrier
    if carrier.events.isdisjoint({Event.TOPUP, Event.PLAN_RENEWAL}):
        return None
    known = [tier.amount for tier in carrier.tiers]
    if terms.prices is not None:
        known += [p.value for p in terms.prices.products if p.value is not None]
    known = [money for money in known if money.currency == carrier.currency]
    if carrier.min_topup is not None:
        known = [m for m in known if carrier.min_topup <= m] or [carrier.min_topup]
    if terms.prices is not None:
        known = [money for money in known if terms.prices.sells(money)]
    known.sort(key=lambda money: money.minor)
    lasting = (m for m in known if (carrier.days_for(m) or 0) >= 2 * days)
    return next(
        lasting, known[-1] if carrier.tiers and known else next(iter(known), None)
    )
