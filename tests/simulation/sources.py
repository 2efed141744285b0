"""What reads the lines: a portal that lags, is silent for days, and now and then shows nonsense."""

from typing import TYPE_CHECKING

from custom_components.sim_keeper.keeper.sim import UNIT_DAY, Field, Reading, Trust

from .lines import DAY, HOUR, Line

if TYPE_CHECKING:
    from .process import Process
    from .world import Truth

EVERY_S = (8 * HOUR, 18 * HOUR, 24 * HOUR, 30 * HOUR)
LAG_MAX_S = 48 * HOUR


class Source:
    """Reads one line, each at its own pace."""

    def __init__(self, truth: Truth, line: Line) -> None:
        """Begin at some hour of the first day."""
        self.truth = truth
        self.line = line
        self.silent_until = 0.0
        self._lag = 0.0
        self._glitched = False
        self._every = truth.rng.choice(EVERY_S)
        truth.loop.call_later(self._every * truth.rng.random(), self._read)

    def _read(self) -> None:
        truth, line = self.truth, self.line
        truth.loop.call_later(self._every, self._read)
        now = truth.loop.time()
        if truth.faults.strike("source_silent"):
            self.silent_until = now + DAY * (1 + 4 * truth.rng.random())
        if line.removed or now < self.silent_until:
            return
        truth.go(self._observe)

    async def _observe(self, process: Process) -> None:
        truth, line = self.truth, self.line
        now = truth.loop.time()
        if truth.faults.strike("reading_lag"):
            self._lag = LAG_MAX_S * truth.rng.random()
        elif truth.rng.random() < 0.3:
            self._lag = 0.0
        # A portal never shows an older state than it has shown before.
        seen_at = max(line.seen_until, now - self._lag)
        line.seen_until = seen_at
        balance, expiry = line.at(seen_at)
        nonsense = True
        if not self._glitched and truth.faults.strike("reading_zero"):
            balance = 0
        elif not self._glitched and truth.faults.strike("reading_hundredfold"):
            balance *= 100
        else:
            nonsense = False
        # What is lost on the way does not separate the nonsense before it from the next.
        self._glitched = self._glitched or nonsense
        if line.sim.rules.days_before is None:
            # Where the balance counts, the date never lags: it says nothing of the balance.
            expiry = line.expiry
        found = [
            (Field.BALANCE, balance, line.sim.currency),
            (Field.EXPIRY, expiry, UNIT_DAY),
        ]
        line.balance_told_at = now
        at = process.now()
        await process.engine.observe(
            line.sim.epoch,
            [
                Reading(
                    field=field,
                    value=value,
                    unit=unit,
                    observed_at=at,
                    got_at=at,
                    source="portal",
                    trust=Trust.MEASURED,
                )
                for field, value, unit in found
            ],
        )
        if process.engine.desk.fault is not None:
            return  # A frozen ledger takes nothing.
        self._glitched = nonsense
        if line.forgotten_at is not None and seen_at >= line.forgotten_at:
            line.known_recharge_at = max(line.known_recharge_at, now - LAG_MAX_S)
            line.forgotten_at = None
