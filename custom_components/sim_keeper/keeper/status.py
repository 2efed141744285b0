"""What a SIM looks like now: everything that people and automations are shown."""

from dataclasses import dataclass
from datetime import date, datetime

from .budget import Cap, sim_scope
from .ledger import LedgerView, Spending
from .lifecycle import Lifecycle, Stage
from .money import Money
from .orders import Order, State
from .policy import (
    TOLD_REASONS,
    Decision,
    Reason,
    Situation,
    deadline_speaks,
    next_recharge,
    wanted,
)
from .sim import Mode, Sim


@dataclass(frozen=True, slots=True, kw_only=True)
class SimStatus:
    """One SIM at one moment."""

    sim: Sim
    life: Lifecycle
    decision: Decision
    balance: Money | None
    data_left: int | None
    """Bytes."""
    last_activity: date | None
    last_reading_at: datetime | None
    last_recharge: Order | None
    next_recharge_at: datetime | None
    next_cost: Money | None
    """What the next recharge will cost, as far as the rules say it."""
    spent: Money
    """Held and spent this month in the currency that pays."""
    budget_left: Money | None
    order: Order | None
    task: Order | None
    low_balance: bool | None
    expiring: bool | None
    deadline_outdated: bool
    """A recharge was made and nobody has said until when the number is valid now."""
    needs_attention: bool


def status(
    at: Situation, spendings: tuple[Spending, ...], decision: Decision, now: datetime
) -> SimStatus:
    """Draw up the status of a SIM."""
    sim, view, life = at.sim, at.view, at.life
    cap = sim.rules.monthly_cap
    pays = cap.currency if cap else sim.rules.pays_in or sim.currency
    spent = sum(
        (s.in_currency(pays) for s in spendings if s.scope == sim_scope(sim.epoch)),
        Money(0, pays),
    )
    readings = view.readings
    threshold = sim.rules.low_balance
    outdated = life.deadline is not None and not deadline_speaks(at)
    recharge_at, buys = next_recharge(at, now), wanted(at, now)
    return SimStatus(
        sim=sim,
        life=life,
        decision=decision,
        balance=readings.balance.money if readings.balance else None,
        data_left=readings.data_left.value if readings.data_left else None,
        last_activity=readings.last_activity.day if readings.last_activity else None,
        last_reading_at=_newest(view),
        last_recharge=view.last_recharge,
        next_recharge_at=recharge_at,
        next_cost=buys.amount if recharge_at and buys else None,
        spent=spent,
        budget_left=_left(sim, spent),
        order=view.order,
        task=view.task,
        low_balance=None
        if threshold is None or readings.balance is None
        else readings.balance.unit == threshold.currency
        and readings.balance.money < threshold,
        expiring=None if life.stage is None else life.stage is not Stage.ACTIVE,
        deadline_outdated=outdated,
        needs_attention=_needs_attention(at, decision, outdated=outdated),
    )


def _left(sim: Sim, spent: Money) -> Money | None:
    cap = sim.rules.monthly_cap
    if cap is None:
        return None
    left = cap - spent
    return left if left.minor > 0 else Money(0, cap.currency)


def _newest(view: LedgerView) -> datetime | None:
    readings = view.readings
    known = (
        readings.balance,
        readings.expiry,
        readings.data_left,
        readings.last_activity,
    )
    return max((reading.observed_at for reading in known if reading), default=None)


def _needs_attention(at: Situation, decision: Decision, *, outdated: bool) -> bool:
    view = at.view
    waits = view.order is not None and view.order.state in (
        State.ASKED,
        State.NEEDS_PERSON,
    )
    if waits or view.task is not None:
        return True
    if at.sim.rules.lapse:
        return at.frozen
    if at.life.over:
        return True
    if at.frozen or (outdated and at.sim.rules.mode is not Mode.OFF):
        return True
    return bool(decision.rules) and (
        decision.reason in TOLD_REASONS or decision.reason is Reason.LOST
    )


def months_caps(caps: tuple[Cap, ...]) -> tuple[tuple[str, str], ...]:
    """Return the scopes and periods whose spending a status needs."""
    return tuple(dict.fromkeys((cap.scope, cap.period) for cap in caps))
