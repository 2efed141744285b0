"""The engine's side of the burn rate: what a SIM uses up, and what people hear of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from .burn import MEMORY, Burn, burn_rate, projected, unexplained, unusual_day
from .due import recharged_on, today_of
from .judgement import VERIFIED_WITHIN
from .ledger import EventType, Ledger
from .ledgerdesk import LedgerDesk
from .lifecycle import lifecycle
from .money import Money
from .orders import Kind, Order, Origin, State
from .ports import Json
from .sim import Mode, Reading, Sim, Trust
from .spent import Credited, Spent, first_and_last, spendings


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """A day on which far more was used up than on others."""

    day: date
    used: Money
    usual: Money
    """More than this is used up on hardly any day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How the credit of a SIM is used up, as far as readings tell."""

    burn: Burn | None = None
    days_until_low: int | None = None
    """Whole days until the balance is below the threshold, or below zero where none is set; None
    where that is not known, or will never be."""
    unusual: Unusual | None = None
    unexplained: Spent | None = None


def usage(ledger: Ledger, sim: Sim, now: datetime) -> Usage:
    """Return what a SIM uses up. To be run in the ledger's thread."""
    past = ledger.history.past(sim.epoch, sim.zone)
    delivered = ledger.history.delivered(sim.epoch)
    balances = _of_late(past.balances, now)
    credited = [_credited(sim, order) for order in delivered if _brings_credit(order)]
    used_on = past.used_on | {
        day
        for order in delivered
        if order.kind is Kind.ACTIVITY and (day := recharged_on(sim, order)) is not None
    }
    spent, seen = spendings(balances, credited), ledger.readings(sim.epoch)
    burn, newest = burn_rate(spent, now), seen.balance
    if newest is None or newest.trust is Trust.HINT:
        newest = balances[-1] if balances else None
    found = Usage(burn=burn, days_until_low=_days_until_low(sim, newest, burn, now))
    if lifecycle(sim, seen, now).over:
        # With the number, or soon after, its credit ends.
        return found
    unusual = unusual_day(spent, used_on, sim.zone, now)
    return Usage(
        burn=burn,
        days_until_low=found.days_until_low,
        unusual=None
        if unusual is None
        else Unusual(day=today_of(sim, now), used=unusual[0], usual=unusual[1]),
        unexplained=unexplained(spent, used_on, sim.zone, now),
    )


class BurnWatch:
    """Watches over what SIMs use up; buys nothing and pauses nothing."""

    def __init__(self, desk: LedgerDesk) -> None:
        """Look through the ledger of an engine."""
        self._desk = desk

    async def review(self, sim: Sim, now: datetime) -> Usage:
        """Return what a SIM uses up. Raises LedgerBroken where no ledger can be read."""
        return await self._desk.read(usage, sim, now)

    async def warn(self, sim: Sim, found: Usage, now: datetime) -> None:
        """Note what people shall hear: once a day, and once of a finding. Raises LedgerBroken."""
        resting = sim.rules.mode is Mode.OFF or sim.rules.lapse
        if resting or self._desk.fault is not None:
            return
        if (odd := found.unusual) is not None:
            details = _amount(odd.used) | {
                "usual_minor": odd.usual.minor,
                "day": odd.day.isoformat(),
            }
            day = odd.day.isoformat()
            await self._note(sim, EventType.UNUSUAL_SPENDING, day, details, now)
        if (one := found.unexplained) is not None:
            await self._warn_of_unexplained(sim, one, now)

    async def _warn_of_unexplained(self, sim: Sim, one: Spent, now: datetime) -> None:
        first, last = (day.isoformat() for day in first_and_last(one, sim.zone))
        type_, odd = EventType.UNEXPLAINED_SPENDING, EventType.UNUSUAL_SPENDING
        if await self._desk.read(Ledger.setting, mark_name(odd, sim.epoch)) == last:
            # Of that day people have heard already.
            name = mark_name(type_, sim.epoch)
            await self._desk.write(Ledger.set_setting, name, last, "keeper", now)
            return
        details = _amount(one.amount) | {"start": first, "end": last}
        await self._note(sim, type_, last, details, now)

    async def _note(
        self,
        sim: Sim,
        type_: EventType,
        mark: str,
        details: Mapping[str, Json],
        now: datetime,
    ) -> None:
        await self._desk.write(
            Ledger.note_warning,
            *(type_, mark_name(type_, sim.epoch), mark, details, now),
            epoch=sim.epoch,
        )


def mark_name(type_: EventType, epoch: str) -> str:
    """Return the setting that remembers which warning about a SIM was given last."""
    return f"{type_.value}:{epoch}"


def _amount(money: Money) -> dict[str, Json]:
    return {"amount_minor": money.minor, "currency": money.currency}


def _of_late(balances: tuple[Reading, ...], now: datetime) -> list[Reading]:
    """Return the balances of the memory, and the last one before it."""
    seen = [one for one in balances if one.observed_at <= now]
    before = sum(1 for one in seen if one.observed_at <= now - MEMORY)
    return seen[max(0, before - 1) :]


def _days_until_low(
    sim: Sim, newest: Reading | None, burn: Burn | None, now: datetime
) -> int | None:
    limit = sim.rules.low_balance
    if newest is None or burn is None:
        return None
    limit = Money(0, newest.unit) if limit is None else limit
    if not newest.unit == limit.currency == burn.spent.currency:
        return None
    return burn.days_until(projected(newest, burn, now).money, limit)


def _brings_credit(order: Order) -> bool:
    """Tell whether an order may have moved the balance: a product of data alone has no value."""
    without = order.product is not None and order.value is None
    return order.kind is Kind.RECHARGE and not without


def _credited(sim: Sim, order: Order) -> Credited:
    """Return when readings may have begun to show an order's credit, and how much it was.

    What was taken back again or bought without our knowing moved the balance at a time, or by an
    amount, that nobody knows.
    """
    settled = order.settled_at or order.created_at
    start, end = order.created_at, settled
    if order.happened_on is not None:
        start = datetime.combine(order.happened_on, time.min, tzinfo=sim.zone)
        end = start + timedelta(days=1)
    doubtful = order.state is State.REVERSED or order.origin is Origin.ADOPTED
    return Credited(
        start=start,
        end=end + VERIFIED_WITHIN,
        value=None if doubtful else order.value,
    )
