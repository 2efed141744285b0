"""The judge: it looks at the world, and at the ledger only to compare it with the world."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from typing import TYPE_CHECKING, Any

from custom_components.sim_keeper.keeper.ledger import Event
from custom_components.sim_keeper.keeper.ports import Purchase

from .lines import DAY, HOUR, Line, Wish

if TYPE_CHECKING:
    from .process import Process
    from .vendors import Transaction
    from .world import Truth

COLUMNS = (
    "double_purchases",
    "unjustified_purchases",
    "sims_lost_needlessly",
    "wrong_outcome",
    "budget_overshoot",
    "sent_without_record",
    "spent_after_no",
    "spent_on_doubt",
    "orders_without_end",
    "notifications_missing",
    "engine_errors",
)
WISH_LASTS = 25 * HOUR
_FORGETTING_COUNTS = 4 * DAY
"""What was sent so long ago is delivered by now, or never."""
CLOCK_APART_S = 605.0
"""Ten minutes, and the seconds that a request takes."""


@dataclass
class Intent:
    """One order as the vendor's door sees it: a key, and the order that stands behind it."""

    key: str
    line: Line
    at: float
    wish: Wish | None
    epoch: str
    """The life of the line; a SIM that is added again has a budget of its own."""
    restores: int
    """How many restores there were before."""
    forgot: frozenset[str] = frozenset()
    """The keys of earlier purchases that a restore had taken out of the ledger by then."""
    denied: bool = False
    """A person said, wrongly, that it did not arrive."""
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def automatic(self) -> bool:
        """No person wanted this very purchase."""
        return self.wish is None or self.wish.automation


class Oracle:
    """Counts what must never happen."""

    def __init__(self, truth: Truth) -> None:
        """Judge a world."""
        self.truth = truth
        self.counts: Counter[str] = Counter()
        self.why: list[str] = []
        self.intents: dict[tuple[str, int, int], Intent] = {}
        self.by_key: dict[str, Intent] = {}
        self.delivered_log: list[tuple[float, Intent, Transaction]] = []
        self.told: set[tuple[int, int, str]] = set()
        """(restores, order, type) of what people heard."""
        self.heard_seqs: set[int] = set()
        self.orders = 0

    def blame(self, column: str, why: str) -> None:
        """Note a broken promise."""
        self.counts[column] += 1
        self.truth.note(f"!! {column}: {why}")
        if len(self.why) < 5:
            at = datetime.fromtimestamp(self.truth.loop.time(), UTC)
            self.why.append(f"{at:%m-%d %H:%M:%S} {column}: {why}")
            if len(self.why) == 1:
                self.first_log = self.truth.log

    first_log: list[str] = []

    def trouble(self, error: BaseException) -> None:
        """Hear of an error that nobody expected."""
        self.blame("engine_errors", repr(error))

    # -- At the vendor's door -------------------------------------------------------------

    def sent(self, process: Process, purchase: Purchase) -> None:
        """Look at a request as it leaves."""
        truth, now = self.truth, self.truth.loop.time()
        line = truth.line(purchase.line.number)
        row = truth.disk.conn.execute(
            "SELECT o.id, o.state, a.sends FROM attempt a JOIN orders o"
            " ON o.id = a.order_id WHERE a.key = ?",
            (purchase.key,),
        ).fetchone()
        truth.note(f"submit {purchase.key} {line.sim.epoch} {row}")
        if row is not None and row[1] == "pending":
            # The vendor has it; asking by sending cannot buy it again.
            return
        if row is None or row[1] != "sending":
            self.blame("sent_without_record", f"{purchase.key}: {row}")
        order_id = 0 if row is None else row[0]
        place = (purchase.key, order_id, truth.restores)
        intent = self.intents.get(place)
        if intent is None:
            self.orders += 1
            wish = self._wish(line, order_id, now)
            intent = Intent(
                *(purchase.key, line, now, wish, line.sim.epoch, truth.restores),
                forgot=self._forgotten_keys(line, now),
            )
            self.intents[place] = intent
            if intent.automatic:
                self._doubts(process, line, now)
                # What was typed while the clock was ahead looks younger for ever.
                ahead = truth.clock_was_ahead
                if wish is None and not ahead and self._stale(line, now):
                    self.blame("spent_on_doubt", f"{line.sim.epoch}: old balance")
                if wish is None and not self._called_for(line, now):
                    self.blame(
                        "unjustified_purchases",
                        f"{line.sim.epoch} has {line.balance}, {line.expiry - line.today(now)} days",
                    )
        self.by_key[purchase.key] = intent
        self._noes(line, intent)
        for hear in truth.on_sent:
            hear()

    def _forgotten_keys(self, line: Line, now: float) -> frozenset[str]:
        """Return the keys under which something was sent of late that the ledger does not know."""
        return frozenset(
            one.key
            for one in self.intents.values()
            if one.line is line
            and one.restores < self.truth.restores
            and now - one.at < _FORGETTING_COUNTS
            and not self.truth.disk.knows(one.key)
        )

    def _wish(self, line: Line, order_id: int, now: float) -> Wish | None:
        """Return what a person said that this order answers; a yes to this very question first.

        What an automation wanted justifies less than what a person did, so it comes last.
        """
        open_ = [
            wish for wish in line.wishes if not wish.used and now - wish.at < WISH_LASTS
        ]
        open_.sort(key=lambda wish: wish.automation)
        for wanted in (order_id, None):
            for wish in open_:
                if wish.order_id == wanted:
                    wish.used = True
                    return wish
        return None

    def _noes(self, line: Line, intent: Intent) -> None:
        if self.truth.stopped:
            self.blame("spent_after_no", f"{line.sim.epoch}: stopped")
        if line.removed:
            self.blame("spent_after_no", f"{line.sim.epoch}: removed")
        if line.lowered and intent.wish is None:
            self.blame("spent_after_no", f"{line.sim.epoch}: not automatic any more")

    def _doubts(self, process: Process, line: Line, now: float) -> None:
        truth = self.truth
        settled = now - truth.offset_since > 300
        apart = abs(truth.offset - truth.vendor.skew)
        if settled and apart > CLOCK_APART_S and not truth.vendor.skew:
            self.blame("spent_on_doubt", f"clock {truth.offset:+.0f} s off")
        newest = truth.disk.newest_event()[1]
        # A clock that is right again may be trusted on a person's word.
        wrong = abs(truth.offset) > 310
        if settled and wrong and now + truth.offset < newest - 310:
            self.blame("spent_on_doubt", "clock before the newest event")
        restored = truth.restored_at
        if restored is not None and line.supervised_at < restored:
            self.blame("spent_on_doubt", f"{line.sim.epoch}: restored")
        if process.engine.desk.fault is not None:
            self.blame("spent_on_doubt", "the ledger is frozen")

    @staticmethod
    def _stale(line: Line, now: float) -> bool:
        """Tell whether nobody has said for two days what the balance is, and it alone counts."""
        by_balance = line.sim.rules.days_before is None
        return by_balance and now - line.balance_told_at > 49 * HOUR

    def _called_for(self, line: Line, now: float) -> bool:
        return (
            line.justifies(now) or line.forgotten_at is not None
        ) or now < line.misled_until

    def delivered(self, one: Transaction) -> None:
        """Look at a delivery at the moment it happens."""
        now = self.truth.loop.time()
        intent = self.by_key[one.key]
        intent.transactions.append(one)
        line = one.line
        line.known_recharge_at = now
        line.refusals.clear()
        if intent.wish is not None and not intent.wish.automation:
            line.supervised_at = now
        for at, other, before in self.delivered_log:
            if (
                before.line is not line
                or not before.kept
                or now - at >= DAY - CLOCK_APART_S
            ):
                continue
            if now < line.misled_until:
                continue
            # Which of them a person wished is told by the sends: what was sent first may arrive
            # last.
            earlier, later = sorted((other, intent), key=lambda one: one.at)
            if intent is other or self._not_wanted(later, earlier):
                self.blame("double_purchases", f"{before.key} and {one.key}")
        self.delivered_log.append((now, intent, one))
        self._budget(intent, one)

    @staticmethod
    def _not_wanted(later: Intent, earlier: Intent) -> bool:
        """Tell whether the later of two deliveries within a day was nobody's explicit wish."""
        if not (later.automatic or earlier.automatic):
            return False
        if later.wish is None or later.wish.automation:
            return True
        if later.wish.order_id is None:
            return not later.wish.another
        # Whoever answers a question knows of the earlier one. Where a restore has wiped it out
        # nobody can know, so that the question has to say so.
        return earlier.key in later.forgot and not later.wish.warned

    # -- Money ----------------------------------------------------------------------------

    def _budget(self, intent: Intent, one: Transaction) -> None:
        truth = self.truth
        rules = one.line.sim.rules
        caps: list[tuple[int, str, Line | None]] = [
            (cap.minor, str(truth.household.zone), None) for cap in truth.shared_caps
        ]
        if rules.monthly_cap is not None:
            caps.append((rules.monthly_cap.minor, one.line.sim.zone.key, one.line))
        for limit, _, line in caps:
            zone = truth.household.zone if line is None else line.sim.zone
            month = _month(intent.at, zone)
            # An approval takes its part of a month up to a day before it is sent.
            if month != _month(intent.at - 25 * HOUR, zone):
                continue
            total = sum(
                min(other.cost, other.ceiling)
                for _, what, other in self.delivered_log
                if other.kept
                and (line is None or what.epoch == intent.epoch)
                and _month(what.at, zone) == month == _month(what.at - 25 * HOUR, zone)
                and not self.forgotten(what.at)
                and not what.denied
            )
            if total > limit:
                self.blame("budget_overshoot", f"{total} of {limit} in {month}")

    def forgotten(self, at: float) -> bool:
        """Tell whether a restore took away what was known of a moment."""
        restored = self.truth.restored_at
        return restored is not None and at < restored

    # -- Telling --------------------------------------------------------------------------

    def heard(self, event: Event) -> None:
        """Note what people heard."""
        self.heard_seqs.add(event.seq)
        if event.order_id is not None:
            self.told.add((self.truth.restores, event.order_id, event.type.value))

    def restored(self, newest_seq: int) -> None:
        """Forget what was heard of events that are gone."""
        self.heard_seqs = {seq for seq in self.heard_seqs if seq <= newest_seq}
        before = self.truth.restores - 1
        kept = {row for row in self.told if row[0] == before}
        self.told |= {(before + 1, order, kind) for _, order, kind in kept}


def _month(at: float, zone: Any) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).strftime("%Y-%m")


def details(text: str) -> dict[str, Any]:
    """Return the data of an event."""
    found: dict[str, Any] = json.loads(text)
    return found
