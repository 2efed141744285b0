"""The last screen of the rules: what they will do, in plain sentences, before they are saved."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..home import HOME
from ..keeper.budget import HouseholdRules
from ..keeper.errors import LedgerBroken
from ..keeper.forecast import Planned
from ..keeper.orders import Kind
from ..keeper.policy import not_automatic
from ..keeper.ports import Automatic, Wanted
from ..keeper.sim import Mode, Readings, Sim
from ..keeper.situation import Reason, Situation
from ..price_list import PriceList
from ..prospect import Cheaper, Prospect, Standing, beginning, look_ahead
from ..standing import standing
from ..texts import message_language, sentence
from .form import plain, shown_money
from .terms import Terms

_SAID_OTHERWISE = frozenset({Reason.NOT_DUE, Reason.OVER_CAP})
"""Ends of a forecast that need no sentence of their own."""
_HINTS_MAX = 3


async def preview_text(
    hass: HomeAssistant, sim: Sim, terms: Terms, typed: Readings | None
) -> str:
    """Return what rules will do. `typed` are the readings of a SIM that is not added yet."""
    now = dt_util.utcnow()
    begun = await _standing(hass, sim, typed, now)
    told = await hass.async_add_executor_job(look_ahead, begun, terms.prices, now)
    lines = [line async for line in _lines(hass, begun.at, terms, told, now)]
    return "\n".join(f"- {line}" for line in lines)


async def _standing(
    hass: HomeAssistant, sim: Sim, typed: Readings | None, now: datetime
) -> Standing:
    """Read how a SIM stands; before the first setup, and without a ledger, from what was typed."""
    if HOME in hass.data:
        try:
            found = await standing(hass, sim)
        except LedgerBroken:
            pass  # What was typed is all that is known then.
        else:
            if typed is None:
                return found
            view = replace(found.at.view, readings=typed)
            return replace(found, at=replace(found.at, view=view))
    zone = ZoneInfo(hass.config.time_zone)
    return Standing(
        at=beginning(sim, typed or Readings(), None, now),
        household=HouseholdRules(zone=zone),
    )


async def _lines(
    hass: HomeAssistant, at: Situation, terms: Terms, told: Prospect, now: datetime
) -> AsyncGenerator[str]:
    """Yield the sentences, the most important first."""
    sim, forecast, rules = at.sim, told.forecast, at.sim.rules
    yield await _next(hass, sim, told)
    if forecast.recharges:
        yield await _year(hass, told)
    if forecast.starved_on is not None:
        yield await _warning(hass, "preview_starved", day=_day(forecast.starved_on))
    if forecast.known_until is not None:
        yield await sentence(
            hass, "preview_known_until", day=_day(forecast.known_until)
        )
    if told.cheaper is not None:
        yield await _cheaper(hass, sim, terms.prices, told.cheaper)
    if rules.mode is Mode.OFF or rules.lapse or rules.recharged_elsewhere:
        return
    if rules.shadow and rules.mode is Mode.AUTO:
        yield await sentence(hass, "preview_shadow")
    for reason in _asks_because(at, now):
        why = await _reason(hass, reason)
        yield await sentence(hass, "preview_asks", why=why)
    if _buys_nothing_real(at):
        yield await _warning(hass, "preview_pretends")
    for found in terms.contradictions(rules):
        yield await _warning(hass, f"contradiction_{found.value}")
    amount = rules.amount
    carrier = sim.carrier
    if _buys_neither(rules.product, terms.prices):
        yield await _warning(hass, "preview_neither")
    silent = (
        amount is not None
        and amount.currency == carrier.currency
        and (carrier.tiers or carrier.window_days)
        and carrier.days_for(amount) is None
    )
    if silent:
        yield await _warning(hass, "preview_no_days", carrier=plain(carrier.name))


def _asks_because(at: Situation, now: datetime) -> Iterator[Reason]:
    """Yield why a person is asked as things stand, though the mode is automatic."""
    if at.sim.rules.mode is not Mode.AUTO or at.capabilities is None:
        return
    doubt = not_automatic(at, (), now)
    if doubt is Reason.SUPERVISION:
        yield doubt
        # That one yes does not help against the next reason.
        at = replace(at, view=replace(at.view, supervised=True))
        doubt = not_automatic(at, (), now)
    if doubt not in (None, Reason.DAILY_LIMIT):
        yield doubt


def _buys_nothing_real(at: Situation) -> bool:
    """Tell whether SIM Keeper buys where nothing arrives: only play money needs no supervision."""
    if at.capabilities is None or at.sim.rules.mode not in (Mode.ASK, Mode.AUTO):
        return False
    return at.capabilities.automatic is Automatic.YES


def _buys_neither(product: str | None, prices: PriceList | None) -> bool:
    """Tell whether a product brings neither credit nor validity, such as data."""
    if product is None or prices is None:
        return False
    found = prices.choice(Wanted(product=product))
    return found is not None and found.credit is None and not found.days


async def _next(hass: HomeAssistant, sim: Sim, told: Prospect) -> str:
    planned = told.next
    if planned is not None:
        return await _planned(hass, sim, told, planned)
    if sim.rules.low_balance is not None and sim.rules.mode is not Mode.OFF:
        limit = shown_money(sim.rules.low_balance)
        return await sentence(hass, "preview_next_by_balance", threshold=limit)
    reason = told.forecast.ended_by
    if reason is None or reason in _SAID_OTHERWISE:
        return await sentence(hass, "preview_next_unknown")
    why = await _reason(hass, reason)
    return await sentence(hass, "preview_nothing", why=why)


async def _planned(
    hass: HomeAssistant, sim: Sim, told: Prospect, planned: Planned
) -> str:
    day = _day(planned.at.astimezone(sim.zone).date())
    if planned.kind is Kind.ACTIVITY:
        return await sentence(hass, "preview_next_use", day=day)
    cost, amount = told.cost(planned), planned.amount
    if cost is not None and amount is not None and cost != amount:
        return await sentence(
            hass,
            "preview_next_for",
            day=day,
            amount=shown_money(amount),
            price=shown_money(cost),
        )
    money = amount or cost
    if money is None:
        return await sentence(hass, "preview_next_any", day=day)
    return await sentence(hass, "preview_next", day=day, amount=shown_money(money))


async def _year(hass: HomeAssistant, told: Prospect) -> str:
    count, total = str(len(told.forecast.recharges)), told.total
    if told.next is not None and told.next.kind is Kind.ACTIVITY:
        return await sentence(hass, "preview_year_use", count=count)
    if total is None:
        return await sentence(hass, "preview_year_unpriced", count=count)
    return await sentence(hass, "preview_year", count=count, total=shown_money(total))


async def _cheaper(
    hass: HomeAssistant, sim: Sim, prices: PriceList | None, cheaper: Cheaper
) -> str:
    """Name what the cheapest plan buys, each thing once, and what it saves."""
    names: dict[str, None] = {}
    for step in cheaper.plan.steps:
        buys = step.option.wanted
        found = None if prices is None else prices.choice(buys)
        credit = buys.amount or (found and found.credit)
        name = shown_money(credit) if credit else found and found.name
        names[plain(name or buys.product or "–")] = None
    shown = [*names][:_HINTS_MAX] + ["…"] * (len(names) > _HINTS_MAX)
    return await sentence(
        hass,
        "preview_cheaper",
        what=" + ".join(shown),
        saved=shown_money(cheaper.now - cheaper.cost),
    )


async def _warning(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    return f"⚠️ {await sentence(hass, key, **placeholders)}"


async def _reason(hass: HomeAssistant, reason: Reason) -> str:
    texts = await async_get_translations(
        hass, message_language(hass), "exceptions", {DOMAIN}
    )
    return texts.get(f"component.{DOMAIN}.exceptions.{reason.value}.message", "")


def _day(day: date) -> str:
    return day.isoformat()
