"""Budgets: which caps bear on an order, and whether there is room in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from .ledger import Hold, Spending
from .money import Money
from .sim import Sim

MARGIN_PERCENT = 5
"""What a price may rise between quote and booking, where the vendor enforces no maximum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A limit for one scope and month. `limit` None: spending is counted, not limited."""

    scope: str
    period: str
    limit: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdRules:
    """What all SIMs share."""

    zone: ZoneInfo
    monthly_caps: tuple[Money, ...] = ()
    account_caps: Mapping[str, Money] = field(default_factory=dict)
    """What each account may spend in a month, by its unique id."""


def month(zone: ZoneInfo, now: datetime) -> str:
    """Return the calendar month of a moment in a zone: `2026-11`."""
    local = now.astimezone(zone)
    return f"{local.year:04}-{local.month:02}"


def sim_scope(epoch: str) -> str:
    """Return the scope of one SIM's budget."""
    return f"sim:{epoch}"


def account_scope(account: str) -> str:
    """Return the scope of what all SIMs spend from one account."""
    return f"account:{account}"


HOUSEHOLD_SCOPE = "household"


def caps_for(
    sim: Sim, household: HouseholdRules, now: datetime, *, by_hand: bool = False
) -> tuple[Cap, ...]:
    """Return the caps that bear on an order of a SIM.

    What a person pays `by_hand` leaves the account's wallet alone, and so its cap.
    """
    shared = [
        Cap(scope=HOUSEHOLD_SCOPE, period=month(household.zone, now), limit=limit)
        for limit in household.monthly_caps
    ]
    own = Cap(
        scope=sim_scope(sim.epoch),
        period=month(sim.zone, now),
        limit=sim.rules.monthly_cap,
    )
    home_month = month(household.zone, now)
    # Without a shared limit the household's spending is counted all the same.
    counted = Cap(scope=HOUSEHOLD_SCOPE, period=home_month, limit=None)
    caps = [own, *(shared or [counted])]
    if sim.account is not None and not by_hand:
        limit = household.account_caps.get(sim.account)
        scope = account_scope(sim.account)
        caps.append(Cap(scope=scope, period=home_month, limit=limit))
    return tuple(caps)


def holds_for(caps: tuple[Cap, ...], currency: str) -> tuple[Hold, ...]:
    """Return the holds that an order in a currency needs, at most one per scope."""
    holds: dict[str, Hold] = {}
    for cap in caps:
        limit = cap.limit if cap.limit and cap.limit.currency == currency else None
        if limit is None and cap.scope in holds:
            continue
        holds[cap.scope] = Hold(
            scope=cap.scope,
            period=cap.period,
            currency=currency,
            cap=None if limit is None else limit.minor,
        )
    return tuple(holds.values())


def limited(sim: Sim, holds: tuple[Hold, ...]) -> bool:
    """Tell whether caps limit an order as they were meant to: else it cannot be automatic.

    A SIM's own cap in money that does not pay limits nothing, and no wider one stands in for it.
    """
    capped = {hold.scope for hold in holds if hold.cap is not None}
    own_holds = sim.rules.monthly_cap is None or sim_scope(sim.epoch) in capped
    return bool(capped) and own_holds


def overrun(
    holds: tuple[Hold, ...], spent: tuple[Spending, ...], ceiling: Money
) -> tuple[Hold, Money] | None:
    """Return the first cap that an order would break, with what is left in it."""
    known = {(spending.scope, spending.period): spending for spending in spent}
    for hold in holds:
        if hold.cap is None:
            continue
        spending = known[hold.scope, hold.period]
        left = Money(hold.cap, hold.currency) - spending.in_currency(hold.currency)
        if left < ceiling:
            return hold, left
    return None
