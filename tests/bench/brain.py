"""What deciding, forecasting and planning cost, beside a loop of plain additions or themselves."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.carrier_data import (
    other_carrier,
    with_overrides,
)
from custom_components.sim_keeper.keeper.course import Course, Option
from custom_components.sim_keeper.keeper.forecast import Outlook, Quoted, forecast
from custom_components.sim_keeper.keeper.ledger import LedgerView
from custom_components.sim_keeper.keeper.lifecycle import lifecycle
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.planner import cheapest
from custom_components.sim_keeper.keeper.policy import Situation, decide
from custom_components.sim_keeper.keeper.ports import (
    Automatic,
    Capabilities,
    Lookup,
    Wanted,
)
from custom_components.sim_keeper.keeper.sim import (
    UNIT_DAY,
    Field,
    Mode,
    Reading,
    Readings,
    Rules,
    Sim,
    Trust,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
HOUSEHOLD = HouseholdRules(zone=ZoneInfo("UTC"))
ADDITIONS = 1_000
ROUNDS = 200
FEW, MANY = 10, 1_000
CARRIER = with_overrides(
    other_carrier("HK", "HKD"), {"window_days": 30, "grace_days": 20}
)


def decision() -> tuple[float, float]:
    """Return the seconds of a decision that sends, and of a thousand additions, in turns."""
    at = _situation(0, low_balance=Money(1_000, "HKD"), low_data=10**9)
    decisions: list[float] = []
    loops: list[float] = []
    for _ in range(ROUNDS):
        decisions.append(_timed(lambda: decide(at, NOW)))
        loops.append(_timed(_add))
    return median(decisions), median(loops)


def forecasts() -> tuple[float, float]:
    """Return the seconds of a year's forecast of a thousand SIMs, at once and in tens.

    The same SIMs in turns, so that the moods of the machine fall on both.
    """
    sims = [_outlook(number) for number in range(MANY)]
    tens = [sims[first : first + FEW] for first in range(0, MANY, FEW)]
    together: list[float] = []
    apart: list[float] = []
    for _ in range(3):
        together.append(_timed(lambda: _told(sims)))
        apart.append(_timed(lambda: [_told(few) for few in tens]))
    return min(together), min(apart)


def plans() -> tuple[float, float]:
    """Return the seconds of the planner's worst real case and of a typical one.

    The typical one: ten top-ups from a week to two months, a year. The worst: two hundred
    products of which none outdoes another, two years, and a monthly limit.
    """
    typical = _products(10, shortest=7, longest=60)
    worst = _products(200, shortest=3, longest=360)
    usual = min(_timed(lambda: cheapest(_course(365), typical)) for _ in range(20))
    capped = _course(730, cap=Money(400_00, "USD"))
    hardest = min(_timed(lambda: cheapest(capped, worst)) for _ in range(5))
    return hardest, usual


def _add() -> int:
    total = 0
    for number in range(ADDITIONS):
        total += number
    return total


def _told(outlooks: list[Outlook]) -> int:
    return len(forecast(outlooks, HOUSEHOLD, (), NOW))


def _outlook(number: int) -> Outlook:
    return Outlook(at=_situation(number), quote=_quote)


def _quote(buys: Wanted) -> Quoted:
    return Quoted(price=Money(650, "USD"), value=buys.amount)


def _products(count: int, *, shortest: int, longest: int) -> list[Option]:
    """Return products from short to long; the longer, the cheaper a day."""
    step = (longest - shortest) / (count - 1)
    days = [shortest + round(number * step) for number in range(count)]
    return [
        Option(
            wanted=Wanted(product=str(number)),
            price=Money(int(100 * span**0.95) + number, "USD"),
            days=span,
        )
        for number, span in enumerate(days)
    ]


def _course(days: int, cap: Money | None = None) -> Course:
    return Course(
        carrier=CARRIER,
        today=TODAY,
        until=TODAY + timedelta(days=days),
        expiry=TODAY + timedelta(days=20),
        lead_days=5,
        monthly_cap=cap,
    )


def _situation(
    number: int, low_balance: Money | None = None, low_data: int | None = None
) -> Situation:
    """Return a SIM whose recharge is due, with readings that all speak."""
    sim = Sim(
        epoch=f"BENCH{number:05d}",
        number=f"+852{number:08d}",
        country="HK",
        currency="HKD",
        zone=ZoneInfo("Asia/Hong_Kong"),
        carrier=CARRIER,
        account="bench",
        operator=None,
        rules=Rules(
            mode=Mode.AUTO,
            low_balance=low_balance,
            low_data=low_data,
            days_before=5,
            amount=Money(50_00, "HKD"),
            monthly_cap=Money(100_00, "USD"),
            pays_in="USD",
        ),
    )
    readings = Readings(
        balance=_reading(Field.BALANCE, 500, "HKD"),
        expiry=_reading(Field.EXPIRY, _ordinal(number), UNIT_DAY),
        data_left=_reading(Field.DATA_LEFT, 10**8, "B"),
    )
    return Situation(
        sim=sim,
        life=lifecycle(sim, readings, NOW),
        view=_view(readings),
        capabilities=_CAPABILITIES,
        has_cap=True,
    )


def _ordinal(number: int) -> int:
    return date.toordinal(TODAY) + 4 + number % 10


def _reading(field: Field, value: int, unit: str) -> Reading:
    return Reading(
        field=field,
        value=value,
        unit=unit,
        observed_at=NOW - timedelta(hours=1),
        got_at=NOW,
        source="bench",
        trust=Trust.MEASURED,
    )


def _view(readings: Readings) -> LedgerView:
    return LedgerView(
        readings=readings,
        order=None,
        task=None,
        cycle=1,
        last_recharge=None,
        last_delivered_at=None,
        refused=(),
        last_no=None,
        automatic_today=0,
        supervised=True,
        restored=False,
        overshot=False,
        stopped=False,
        newest_event_at=NOW,
    )


_CAPABILITIES = Capabilities(
    lookup=Lookup.PURE,
    look_after_s=(180,),
    look_horizon_s=3600,
    poll_s=(60,),
    send_timeout_s=60,
    resend_within_s=0,
    consumes_on_refusal=False,
    price_guard=False,
    key_window_s=None,
    automatic=Automatic.YES,
    tells_wallet=True,
    confirms_operator=False,
)


def _timed(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin
