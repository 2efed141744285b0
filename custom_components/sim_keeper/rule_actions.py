"""Actions about the rules of a SIM: what they will do, what is sold for it, pause and resume."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .callers import caller_of, translated
from .const import CONF_PAUSED_UNTIL, CONF_PAUSES
from .home import HOME
from .keeper.budget import month
from .keeper.errors import KeeperError, OrderRefused
from .keeper.forecast import Planned
from .keeper.money import Money
from .keeper.permissions import Door, require
from .keeper.ports import Product, Promotion, Wanted
from .keeper.sim import RuleKind, Sim, only_tightens
from .market import market_of
from .price_list import PriceList, per_day
from .prospect import Cheaper, Prospect, look_ahead
from .reach import check_reach
from .replies import decimal_text
from .standing import standing
from .stored_rules import rules_from
from .targets import ATTR_DEVICE_ID, called_entry, called_sim

_DAYS_MAX = 730
_RULE = vol.In([kind.value for kind in RuleKind])
_DEVICE = {vol.Required(ATTR_DEVICE_ID): cv.string}
PREVIEW = {
    **_DEVICE,
    vol.Optional("days", default=365): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=_DAYS_MAX)
    ),
}
LIST_PRODUCTS = _DEVICE
PAUSE = {**_DEVICE, vol.Required("until"): cv.date, vol.Optional("rule"): _RULE}
RESUME = {**_DEVICE, vol.Optional("rule"): _RULE}


async def preview(call: ServiceCall) -> ServiceResponse:
    """Say what the rules of a SIM will do, if nothing goes wrong and every answer is yes."""
    sim, home = called_sim(call), call.hass.data[HOME]
    with translated(call.context):
        prices = await _prices(call, sim)
        told = await call.hass.async_add_executor_job(
            look_ahead,
            await standing(call.hass, sim),
            prices,
            home.now(),
            timedelta(days=call.data["days"]),
        )
    return _prospect_reply(sim, told)


async def list_products(call: ServiceCall) -> ServiceResponse:
    """List what the account of a SIM sells for it."""
    sim, home = called_sim(call), call.hass.data[HOME]
    with translated(call.context):
        if sim.account is None:
            raise OrderRefused("no_account")
        channel = home.channel(sim.account)
        if channel is None:
            raise OrderRefused("no_channel")
        prices = await market_of(call.hass).look(sim, channel, home.now())
    return {"products": [_product_reply(prices, one) for one in prices.products]}


async def pause(call: ServiceCall) -> None:
    """Let the rules of a SIM, or one of them, rest until a day."""
    sim, until = called_sim(call), call.data["until"]
    with translated(call.context):
        today = dt_util.now(sim.zone).date()
        if until <= today:
            raise OrderRefused("pause_over")
        check_reach(until, today)
    entry, day = called_entry(call), until.isoformat()
    if "rule" not in call.data:
        await _change(call, sim, {**entry.options, CONF_PAUSED_UNTIL: day})
        return
    pauses = {**entry.options.get(CONF_PAUSES, {}), call.data["rule"]: day}
    await _change(call, sim, {**entry.options, CONF_PAUSES: pauses})


async def resume(call: ServiceCall) -> None:
    """End the pause of one rule, or every pause of a SIM."""
    sim, entry = called_sim(call), called_entry(call)
    options, pauses = dict(entry.options), dict(entry.options.get(CONF_PAUSES, {}))
    if "rule" in call.data:
        pauses.pop(call.data["rule"], None)
    else:
        pauses.clear()
        options.pop(CONF_PAUSED_UNTIL, None)
    options.pop(CONF_PAUSES, None)
    await _change(
        call, sim, {**options, **({CONF_PAUSES: pauses} if pauses else {})}, Door.RESUME
    )


async def _change(
    call: ServiceCall, sim: Sim, options: dict[str, Any], door: Door | None = None
) -> None:
    """Write the options, if the caller may; an earlier end of a pause is more than a pause."""
    entry, caller = called_entry(call), await caller_of(call.hass, call.context)
    old, new = (rules_from(one, sim.currency) for one in (entry.options, options))
    with translated(call.context):
        require(
            door or (Door.PAUSE if only_tightens(old, new) else Door.RESUME), caller
        )
    call.hass.config_entries.async_update_entry(entry, options=options)


async def _prices(call: ServiceCall, sim: Sim) -> PriceList | None:
    """Return the price list, read anew if it is old and can be read."""
    market, home = market_of(call.hass), call.hass.data[HOME]
    channel = None if sim.account is None else home.channel(sim.account)
    if channel is not None and market.is_stale(sim, home.now()):
        try:
            return await market.read(sim, channel, home.now())
        except KeeperError:
            # A forecast with the prices of yesterday, or without, is better than none.
            pass
    return market.known(sim)


def _prospect_reply(sim: Sim, told: Prospect) -> JsonObjectType:
    forecast = told.forecast
    ended = forecast.ended_by
    return {
        "recharges": [_planned_reply(told, planned) for planned in forecast.recharges],
        "per_month": {
            name: _by_currency(told.costs(planned))
            for name, planned in _by_month(sim, forecast.recharges).items()
        },
        "total": _by_currency(told.costs(forecast.recharges)),
        "unpriced": sum(told.is_unpriced(planned) for planned in forecast.recharges),
        "starved_on": _day(forecast.starved_on),
        "known_until": _day(forecast.known_until),
        "ended_by": None if ended is None else ended.value,
        "cheaper": None if told.cheaper is None else _cheaper_reply(told.cheaper),
    }


def _planned_reply(told: Prospect, planned: Planned) -> JsonObjectType:
    amount, cost = planned.amount, told.cost(planned)
    return {
        "at": dt_util.as_local(planned.at).isoformat(),
        "kind": planned.kind.value,
        "rules": [rule.value for rule in planned.rules],
        "amount": decimal_text(amount),
        "currency": None if amount is None else amount.currency,
        "cost": decimal_text(cost),
        "cost_currency": None if cost is None else cost.currency,
    }


def _by_month(sim: Sim, recharges: Sequence[Planned]) -> dict[str, list[Planned]]:
    months: dict[str, list[Planned]] = {}
    for planned in recharges:
        months.setdefault(month(sim.zone, planned.at), []).append(planned)
    return months


def _cheaper_reply(cheaper: Cheaper) -> JsonObjectType:
    return {
        "cost_per_year": decimal_text(cheaper.cost),
        "instead_of": decimal_text(cheaper.now),
        "currency": cheaper.cost.currency,
        "steps": [
            {
                "day": step.day.isoformat(),
                "amount": decimal_text(step.option.wanted.amount),
                "product": step.option.wanted.product,
                "price": decimal_text(step.option.price),
            }
            for step in cheaper.plan.steps
        ],
    }


def _product_reply(prices: PriceList, product: Product) -> JsonObjectType:
    price, choice = product.price, prices.choice(Wanted(product=product.id))
    days = None if choice is None else choice.days
    return {
        "product": product.id,
        "name": product.name,
        "amount": decimal_text(product.value),
        "amount_max": decimal_text(product.value_max),
        "currency": None if product.value is None else product.value.currency,
        "price": decimal_text(price),
        "price_currency": None if price is None else price.currency,
        "days": days,
        "price_per_day": None if price is None else decimal_text(per_day(price, days)),
        "lasts_days": product.lasts_days,
        "promotions": [_promotion_reply(one) for one in product.promotions],
    }


def _promotion_reply(promotion: Promotion) -> JsonObjectType:
    return {
        "title": promotion.title,
        "amounts": promotion.amounts,
        "text": promotion.text,
        "until": promotion.until.isoformat(),
    }


def _by_currency(costs: Sequence[Money]) -> JsonObjectType:
    totals: dict[str, Money] = {}
    for cost in costs:
        totals[cost.currency] = (
            totals.get(cost.currency, Money(0, cost.currency)) + cost
        )
    return {currency: decimal_text(total) for currency, total in totals.items()}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
