"""The heart in a world in which everything goes wrong; and proof that its judge is not blind."""

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
from random import Random
import subprocess
import sys
import time
from typing import Any

import pytest

from custom_components.sim_keeper.keeper import (
    budget,
    buying,
    checkout,
    engine,
    guards,
    inflight,
    ledger,
    policy,
)
from custom_components.sim_keeper.keeper.carriers import Stacking
from custom_components.sim_keeper.keeper.checkout import Checkout
from custom_components.sim_keeper.keeper.engine import Engine
from custom_components.sim_keeper.keeper.errors import RefusalClass, Rejected
from custom_components.sim_keeper.keeper.ledger import Hold
from custom_components.sim_keeper.keeper.orders import Attempt, Order
from custom_components.sim_keeper.keeper.ports import Channel
from custom_components.sim_keeper.keeper.sim import RuleKind, Sim

from .simulation import exhaustive, run
from .simulation.history import run_history, three_lines
from .simulation.lines import HOUR, Wish
from .simulation.oracle import Intent, Oracle
from .simulation.run import ALL_FAULTS_FROM, histories
from .simulation.world import START, Truth

pytestmark = pytest.mark.simulation


@pytest.mark.parametrize("kind", exhaustive.KINDS)
@pytest.mark.parametrize("script", exhaustive.SCRIPTS, ids="+".join)
def test_every_single_death_and_cancellation(
    kind: str, script: tuple[str, ...]
) -> None:
    report = exhaustive.run_script(kind, script, pairs=False)
    assert not report.counts, "\n\n".join(report.failures[:1])


def test_a_history_that_does_not_end_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def hang(seed: int) -> None:
        while seed == 2:
            with suppress(BaseException):
                time.sleep(0.01)

    monkeypatch.setattr(run, "run_history", hang)
    monkeypatch.setattr(run, "HANGS_AFTER_S", 1)
    with pytest.raises(BrokenProcessPool):
        list(histories(1, 4, 2))
    assert "seed 2 does not end" in capfd.readouterr().err


@pytest.mark.timeout(1500)
def test_two_thousand_histories_with_every_fault() -> None:
    """Run them as a person does, on all cores; a fault that never strikes is a failure, too."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--histories", str(ALL_FAULTS_FROM)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["histories"] == ALL_FAULTS_FROM


def test_a_seed_gives_the_same_history_again() -> None:
    first, second = run_history(11), run_history(11)
    assert (first.faults, first.orders, first.crashes) == (
        second.faults,
        second.orders,
        second.crashes,
    )


# -- The judge is not blind ---------------------------------------------------------------


def columns(seeds: Sequence[int] = range(1, 25)) -> dict[str, int]:
    """Return what the judge counts in some histories."""
    found: dict[str, int] = {}
    for outcome in histories(seeds[0], len(seeds), 1):
        for column, count in outcome.counts.items():
            found[column] = found.get(column, 0) + count
    return found


def test_sees_an_engine_that_never_buys(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Engine, *args: object) -> bool:
        return False

    monkeypatch.setattr(Engine, "_act", nothing)
    assert columns()["sims_lost_needlessly"]


def test_sees_an_engine_that_buys_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    real = policy.due_rules

    def hungry(at: policy.Situation, now: Any) -> Any:
        return real(at, now) or tuple(
            kind
            for kind in (RuleKind.LOW_BALANCE,)
            if at.sim.rules.low_balance and at.view.readings.balance
        )

    for module in (policy, engine):
        monkeypatch.setattr(module, "due_rules", hungry)
    assert columns()["unjustified_purchases"]


def test_sees_an_engine_that_sends_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Checkout.send

    async def twice(self: Checkout, sim: Sim, order: Order, attempt: Attempt) -> Order:
        channel = self.channel(order.account)
        other = await self._purchase(sim, order, attempt)
        # A bad engine does not care how that ends.
        with suppress(Exception):
            await channel.submit(
                type(other)(
                    key=f"{other.key}X",
                    line=other.line,
                    body=other.body,
                    created_at=other.created_at,
                )
            )
        return await real(self, sim, order, attempt)

    monkeypatch.setattr(Checkout, "send", twice)
    found = columns()
    assert found["double_purchases"]
    assert found["sent_without_record"]


def test_sees_an_engine_that_ignores_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.views, "STOPPED", "another name")
    monkeypatch.setattr(buying, "STOPPED", "another name")
    assert columns(range(1, 60))["spent_after_no"]


def test_sees_an_engine_that_ignores_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    real = budget.holds_for

    def unlimited(*args: Any) -> tuple[Hold, ...]:
        return tuple(
            Hold(scope=h.scope, period=h.period, currency=h.currency, cap=10**9)
            for h in real(*args)
        )

    monkeypatch.setattr(buying, "holds_for", unlimited)
    assert columns()["budget_overshoot"]


def test_sees_an_engine_that_takes_unknown_for_no(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def rejected(
        self: Checkout, channel: Channel, order: Order, attempt: Attempt, detail: str
    ) -> Order:
        error = Rejected(detail, RefusalClass.LATER)
        return await self._reject(order, error, consumed=False)

    monkeypatch.setattr(Checkout, "_unknown", rejected)
    assert columns()["wrong_outcome"]


@pytest.mark.parametrize(
    ("forgot", "warned", "wanted"),
    [
        (True, True, True),
        (True, False, False),
        (False, False, True),
    ],
)
def test_a_yes_to_a_question_that_did_not_warn_excuses_no_second_purchase(
    forgot: bool, warned: bool, wanted: bool
) -> None:
    """What a restore has wiped out is known to nobody who is not told of the restore."""
    line = three_lines(Random(1))[0]
    earlier = Intent("SKA-001-0", line, 0.0, None, "A", 0)
    later = Intent(
        *("SKA-002-0", line, HOUR, Wish(HOUR, 1, warned=warned), "A", 1),
        forgot=frozenset({earlier.key} if forgot else ()),
    )
    assert Oracle._not_wanted(later, earlier) is not wanted


@pytest.mark.parametrize("stacking", [Stacking.ADD, Stacking.MAX])
def test_what_is_taken_back_leaves_the_date_as_it_was(stacking: Stacking) -> None:
    """The world itself must be right: at a reversal it once took days that nobody had bought."""
    line = three_lines(Random(1))[1]
    line.sim = replace(line.sim, carrier=replace(line.sim.carrier, stacking=stacking))
    line.expiry = before = line.today(START) + line.days - 5
    line.recharge(line.threshold * 3, START)
    alone = line.expiry
    assert alone == before + (line.days if stacking is Stacking.ADD else 5)
    line.recharge(1, START + HOUR)
    assert line.expiry == alone

    line.take_back(line.threshold * 3, START, START + 2 * HOUR)
    assert line.expiry == before
    line.recharge(line.threshold * 3, START + 3 * HOUR)
    line.recharge(line.threshold * 3, START + 4 * HOUR)
    line.take_back(line.threshold * 3, START + 3 * HOUR, START + 5 * HOUR)
    assert line.expiry == alone


def test_sees_an_engine_that_trusts_any_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "CLOCK_APART_MAX", timedelta(days=9999))
    for module in (guards, engine, inflight):
        monkeypatch.setattr(module, "clock_doubtful", lambda view, now: False)
    real = Truth.start_process

    def with_a_wrong_clock(self: Truth) -> None:
        self.set_clock(-86400.0)
        self.offset_since -= 3600
        real(self)

    monkeypatch.setattr(Truth, "start_process", with_a_wrong_clock)
    truth, _, _ = exhaustive.one_order("pure", ())
    assert truth.oracle.counts["spent_on_doubt"]
