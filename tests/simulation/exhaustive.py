"""One order, each vendor, each outcome: death at every point and pair of points, every cancellation."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
import logging
import multiprocessing
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.carriers import Stacking
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Mode, Rules, Sim

from .faults import Faults
from .lines import Line, carrier
from .people import People, typed_first
from .rest import check_rest
from .vendors import Vendor
from .world import ACCOUNT, Truth

KINDS = ("pure", "guard", "paying", "blind")
SCRIPTS: tuple[tuple[str, ...], ...] = (
    (),
    ("not_sent",),
    ("lost_request",),
    ("lost_answer",),
    ("late_answer",),
    ("error_bought",),
    ("error_not_bought",),
    ("refused_later",),
    ("refused_never",),
    ("pending_success",),
    ("pending_failure",),
    ("pending_for_ever",),
    ("reversed",),
    ("price_beyond",),
    ("report_lag", "lost_answer"),
    ("lost_request", "lost_answer"),
)
SPAN = timedelta(days=5)


@dataclass
class Report:
    """What a set of runs found."""

    runs: int = 0
    crashes: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, truth: Truth, what: str) -> None:
        """Take in one run."""
        self.runs += 1
        self.crashes += truth.crashes
        self.counts.update(truth.oracle.counts)
        if truth.oracle.why and len(self.failures) < 20:
            log = truth.oracle.first_log
            self.failures.append("\n".join([what, *truth.oracle.why, *log]))


@contextmanager
def _quiet() -> Iterator[None]:
    """Let the heart say nothing: it is interrupted thousands of times."""
    heart = logging.getLogger("custom_components.sim_keeper.keeper")
    was = heart.level
    heart.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        heart.setLevel(was)


@_quiet()
def one_order(
    kind: str,
    script: tuple[str, ...],
    *,
    crash_at: frozenset[int] = frozenset(),
    cancel_at: int | None = None,
) -> tuple[Truth, int, list[int]]:
    """Let one line be recharged once; return the world, its count of effects, and its steps of sending."""
    truth = Truth(4711)
    truth.faults = Faults(truth.rng)
    truth.yield_share = 1.0
    # No effect has this number: nothing is left to chance.
    truth.crash_at = crash_at or frozenset({-1})
    truth.vendor = Vendor(truth, kind)
    truth.vendor.script = list(script)
    line = a_line()
    truth.lines.append(line)
    line.note(truth.loop.time())
    truth.first[line.sim.epoch] = typed_first(line, truth.now())
    people = People(truth)
    if not crash_at:
        truth.loop.watched, truth.loop.cancel_at = "order ", cancel_at
    truth.start_process()
    truth.run_for(timedelta(hours=1))
    steps, effects = truth.loop.alive, truth.effects
    truth.loop.watched = None
    truth.run_for(SPAN)
    check_rest(truth, people)
    if not any(one.kept for one in truth.vendor.transactions) and not script:
        truth.oracle.blame("sims_lost_needlessly", "nothing was bought")
    truth.close()
    return truth, effects, steps


def a_line() -> Line:
    """Return a line that is due at once, and then not for two months."""
    amount = Money(5000, "HKD")
    sim = Sim(
        epoch="AAAAAAAAAA",
        number="+85251234567",
        country="HK",
        currency="HKD",
        zone=ZoneInfo("Asia/Hong_Kong"),
        carrier=carrier("HKD", minor=5000, days=60, grace=20, stacking=Stacking.MAX),
        account=ACCOUNT,
        operator=None,
        rules=Rules(
            mode=Mode.AUTO,
            days_before=5,
            amount=amount,
            monthly_cap=Money(2000, "USD"),
        ),
    )
    line = Line(
        sim=sim, balance=900, expiry=0, daily_use=0, days=60, threshold=0, buys=True
    )
    line.expiry = line.today(START_DAY) + 4
    return line


START_DAY = 1772442000.0


def run_script(kind: str, script: tuple[str, ...], *, pairs: bool) -> Report:
    """Run one vendor with one outcome in every way that a process can be cut off."""
    report = Report()
    name = f"{kind} {'+'.join(script) or 'smooth'}"
    truth, effects, steps = one_order(kind, script)
    report.add(truth, name)
    for first in range(1, effects + 1):
        spot = frozenset({first})
        truth, all_effects, _ = one_order(kind, script, crash_at=spot)
        report.add(truth, f"{name} crash {first}")
        for second in range(first + 1, all_effects + 1) if pairs else ():
            both = frozenset({first, second})
            truth = one_order(kind, script, crash_at=both)[0]
            report.add(truth, f"{name} crashes {first}, {second}")
    for step in steps:
        truth = one_order(kind, script, cancel_at=step)[0]
        report.add(truth, f"{name} cancelled at {step}")
    return report


def run_all(jobs: int = 1) -> Iterator[tuple[str, Report]]:
    """Run everything, vendor by vendor; yield what was found at each."""
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for kind in KINDS:
            total = Report()
            cases = [(kind, script) for script in SCRIPTS]
            for one in pool.imap(_run_case, cases, chunksize=1):
                total.runs += one.runs
                total.crashes += one.crashes
                total.counts.update(one.counts)
                total.failures += one.failures
            yield kind, total


def _run_case(case: tuple[str, tuple[str, ...]]) -> Report:
    kind, script = case
    return run_script(kind, script, pairs=True)
