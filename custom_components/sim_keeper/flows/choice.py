"""What to buy: from the list of what is sold, or an amount of one's own."""

from typing import Any

from homeassistant.core import HomeAssistant

from ..const import CONF_AMOUNT, CONF_PRODUCT
from ..keeper.carriers import Event
from ..keeper.money import Money
from ..keeper.ports import Promotion, Wanted
from ..price_list import Choice, per_day
from ..texts import sentence
from .form import Form, filled, plain, shown_amount, shown_money
from .terms import AUTO_DAYS_MIN, Terms

OWN_AMOUNT = "own"


def read_choice(form: Form, terms: Terms) -> tuple[Money | None, str | None]:
    """Return the amount or the product that was chosen; both at once are not clear."""
    amount = form.amount(CONF_AMOUNT, terms.currency)
    prices, chosen = terms.prices, form.text(CONF_PRODUCT)
    if chosen is None or chosen == OWN_AMOUNT:
        if prices is not None and amount is not None and not prices.sells(amount):
            form.errors[CONF_AMOUNT] = "amount_not_sold"
        return amount, None
    asked = Wanted(product=chosen)
    found = None if prices is None else prices.choice(asked)
    wanted = asked if found is None else found.wanted
    if amount is not None and amount != wanted.amount:
        form.errors[CONF_AMOUNT] = "amount_or_product"
    return wanted.amount, wanted.product


def shown_choice(
    terms: Terms, amount: Money | None, product: str | None
) -> dict[str, Any]:
    """Return what is bought as the forms show it: from the list, where it stands there."""
    prices = terms.prices
    if prices is None:
        return filled({CONF_PRODUCT: product, CONF_AMOUNT: shown_amount(amount)})
    found = prices.choice(Wanted(amount=amount, product=product))
    if found is not None:
        return {CONF_PRODUCT: found.id}
    own = prices.takes_any_amount and amount is not None
    return filled(
        {CONF_PRODUCT: OWN_AMOUNT if own else None, CONF_AMOUNT: shown_amount(amount)}
    )


async def product_labels(
    hass: HomeAssistant, terms: Terms, stored: str | None
) -> list[tuple[str, str]]:
    """Return what can be chosen with its label; a stored product stays while nothing can be read."""
    if terms.prices is None:
        if stored is None:
            return []
        return [(stored, await sentence(hass, "product_stored", product=stored))]
    return [(one.id, await label(hass, one)) for one in terms.prices.choices()]


async def label(hass: HomeAssistant, choice: Choice) -> str:
    """Return what a choice brings and costs: `10000 IDR credit · 30 days · costs 0.75 USD`.

    Promotions of the provider are told at the end; what they promise is counted nowhere.
    """
    days, price = choice.days, choice.price
    daily = None if price is None else per_day(price, days)
    if choice.wanted.amount is not None:
        credit = shown_money(choice.wanted.amount)
        parts = [await sentence(hass, "product_credit", credit=credit)]
    else:
        parts = [choice.name or choice.id]
    if days is not None:
        parts.append(await sentence(hass, "product_days", days=str(days)))
    if choice.lasts_days is not None:
        lasts = str(choice.lasts_days)
        parts.append(await sentence(hass, "product_lasts", days=lasts))
    if price is not None:
        text = shown_money(price)
        parts.append(await sentence(hass, "product_costs", price=text))
    if daily is not None:
        text = shown_money(daily)
        parts.append(await sentence(hass, "product_per_day", price=text))
    parts += [await _told(hass, promotion) for promotion in choice.promotions]
    return " · ".join(parts)


async def _told(hass: HomeAssistant, promotion: Promotion) -> str:
    what = " – ".join(filter(None, (promotion.amounts, promotion.title)))
    day = promotion.until.isoformat()
    return await sentence(hass, "product_promotion", what=what, day=day)


def nearest_text(form: Form, terms: Terms) -> str:
    """Return the credits on sale that are closest to the one that was typed."""
    amount = Form(form.typed).amount(CONF_AMOUNT, terms.currency)
    if terms.prices is None or amount is None:
        return "–"
    return ", ".join(map(shown_money, terms.prices.nearest(amount))) or "–"


def rules_placeholders(terms: Terms, form: Form | None) -> dict[str, str]:
    """Return what the texts of the rules name."""
    return {
        "carrier": plain(terms.carrier.name),
        "currency": terms.currency,
        "cap_currency": terms.cap_currency,
        "min_topup": str(terms.carrier.min_topup or "–"),
        "auto_days": str(AUTO_DAYS_MIN),
        "nearest": "–" if form is None else nearest_text(form, terms),
    }


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
