"""One random history: some weeks of three busy lines, and of everything that goes wrong."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from random import Random
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.carriers import Stacking
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Automatic
from custom_components.sim_keeper.keeper.sim import Mode, Rules, Sim

from .lines import DAY, HOUR, Line, carrier
from .liveness import Liveness
from .people import People, typed_first
from .rest import check_rest
from .sources import Source
from .vendors import Vendor
from .weather import Weather
from .world import ACCOUNT, HOME_ZONE, START, ErrorCounter, Truth

DAYS = (5, 8, 8, 12, 30)
"""Many short histories meet more than few long ones; the long ones meet what takes its time."""
REST_DAYS = 4
_ZONES = ("Asia/Hong_Kong", "Europe/London", "America/New_York", "Pacific/Auckland")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_HEART = logging.getLogger("custom_components.sim_keeper.keeper")


@dataclass
class Outcome:
    """What a history came to."""

    seed: int
    orders: int
    crashes: int
    counts: Counter[str]
    faults: Counter[str]
    why: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


def run_history(seed: int) -> Outcome:
    """Live one history from its seed."""
    errors = ErrorCounter()
    was, propagated = _HEART.level, _HEART.propagate
    _HEART.addHandler(errors)
    _HEART.setLevel(logging.ERROR)
    _HEART.propagate = False
    try:
        return _run(seed, errors)
    finally:
        _HEART.removeHandler(errors)
        _HEART.setLevel(was)
        _HEART.propagate = propagated


def _run(seed: int, errors: ErrorCounter) -> Outcome:
    # On any day of a year: months end, and clocks change in one zone or another.
    truth = Truth(seed, start=START + DAY * Random(seed * 31 + 7).randrange(365))
    rng = truth.rng
    truth.vendor = Vendor(
        truth, rng.choice(("pure", "pure", "guard", "paying", "blind"))
    )
    if rng.random() < 0.3:
        truth.vendor.automatic = Automatic.AFTER_ONE_SUPERVISED
    truth.household = HouseholdRules(
        zone=HOME_ZONE,
        monthly_caps=(Money(rng.choice((3000, 5000, 20000)), "USD"),),
        account_caps={ACCOUNT: Money(rng.choice((2500, 10000, 30000)), "USD")},
    )
    truth.lines += three_lines(rng)
    for line in truth.lines:
        line.expiry += line.today(truth.loop.time())
        line.note(truth.loop.time())
        truth.first[line.sim.epoch] = typed_first(line, truth.now())
        if line.buys:
            Source(truth, line)
    people = People(truth)
    weather = Weather(truth, people)
    liveness = Liveness(truth)
    for line in truth.lines:
        _live(truth, line, people, liveness)
    truth.start_process()
    truth.run_for(timedelta(days=rng.choice(DAYS)))
    truth.faults.quiet = True
    weather.calm()
    truth.run_for(timedelta(days=REST_DAYS))
    check_rest(truth, people)
    for text in errors.texts:
        truth.oracle.blame("engine_errors", text)
    truth.close()
    oracle = truth.oracle
    return Outcome(
        seed=seed,
        orders=oracle.orders,
        crashes=truth.crashes,
        counts=oracle.counts,
        faults=truth.faults.hits,
        why=oracle.why,
        log=oracle.first_log,
    )


def _live(truth: Truth, line: Line, people: People, liveness: Liveness) -> None:
    """Let a line and its owner live from day to day."""

    def day() -> None:
        truth.loop.call_later(DAY, day)
        now = truth.loop.time()
        if line.daily_use:
            line.live_a_day(now, int(line.daily_use * 2 * truth.rng.random()))
        liveness.look(line)
        people.live_a_day(line)

    truth.loop.call_later(DAY * truth.rng.random(), day)


def three_lines(rng: Random) -> list[Line]:
    """Return a line that runs low, one that expires, and one that asks first."""
    zones = rng.sample(_ZONES, 3)
    made = []
    for index, (zone, currency) in enumerate(
        zip(zones, rng.sample(("HKD", "GBP", "EUR"), 3), strict=True)
    ):
        minor = {"HKD": 5000, "GBP": 500, "EUR": 600}[currency]
        mode = Mode.ASK if index == 2 else Mode.AUTO
        low = index == 0 or (index == 2 and rng.random() < 0.5)
        days = rng.choice((16, 22, 30) if mode is Mode.ASK else (11, 16, 22))
        threshold = minor * 2 // 5
        rules = Rules(
            mode=mode,
            low_balance=Money(threshold, currency) if low else None,
            days_before=None if low else (9 if mode is Mode.ASK else 5),
            amount=Money(minor, currency),
            monthly_cap=Money(rng.choice((2000, 4000, 8000)), "USD"),
        )
        sim = Sim(
            epoch="".join(rng.choice(_LETTERS) for _ in range(10)),
            number=f"+85251234{index:03d}",
            country="HK",
            currency=currency,
            zone=ZoneInfo(zone),
            carrier=carrier(
                currency,
                minor=minor,
                days=400 if low else days,
                grace=10,
                stacking=rng.choice((Stacking.MAX, Stacking.ADD)),
            ),
            account=ACCOUNT,
            operator=None,
            rules=rules,
        )
        made.append(
            Line(
                sim=sim,
                balance=minor + rng.randrange(minor),
                expiry=300 if low else 3 + rng.randrange(9),
                daily_use=minor // rng.choice((4, 6, 10)) if low else 0,
                days=400 if low else days,
                threshold=threshold,
                buys=low or rng.random() < 0.6,
            )
        )
    return made


def moment(seconds: float) -> str:
    """Return a time for people."""
    return datetime.fromtimestamp(seconds, ZoneInfo("UTC")).isoformat(" ", "seconds")


SLACK_S = HOUR
