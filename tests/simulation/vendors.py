"""Vendors that live in the world: their work goes on when our process dies."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    KeyAlreadyUsed,
    LoginFailed,
    NotSent,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Absent,
    Automatic,
    Capabilities,
    Confirmed,
    Foreign,
    Found,
    Line as PortLine,
    Lookup,
    Pending,
    Purchase,
    Quote,
    Submitted,
    Wanted,
)

from .lines import HOUR, Line

if TYPE_CHECKING:
    from .world import Truth

SEND_TIMEOUT_S = 60.0
CONFIRM_MARGIN_S = 600
RATES = {"HKD": 13, "GBP": 130, "EUR": 110, "USD": 100}
"""Wallet cents for a hundred minor units."""
LOOKUPS = {"blind": Lookup.NONE, "paying": Lookup.PAYING}
"""How a kind can be asked; the others purely."""


@dataclass
class Transaction:
    """One purchase as the vendor has it."""

    key: str
    line: Line
    asked: int
    value: int
    cost: int
    ceiling: int
    born_at: float
    done_at: float
    committed_at: float
    """From then on the vendor knows the key as used."""
    visible_at: float
    number: int
    state: str = "working"
    """working, delivered, failed, reversed."""
    ended_at: float = 0.0

    @property
    def kept(self) -> bool:
        """The vendor delivered and keeps the money."""
        return self.state == "delivered"


class Vendor:
    """A way to buy airtime, with a wallet in USD."""

    def __init__(self, truth: Truth, kind: str) -> None:
        """Open for business.

        `pure`, `guard` (pure, with a price guard), `paying` (a re-send is the only way to ask; it
        has a price guard, too) or `blind`.
        """
        self.truth = truth
        self.kind = kind
        self.automatic = Automatic.YES
        self.transactions: list[Transaction] = []
        self.wallet = 10**7
        self.down = False
        self.login_ok = True
        self.skew = 0.0
        self.submits = 0
        self.script: list[str] = []
        """Faults of the next purchases, for runs that leave nothing to chance."""

    @property
    def capabilities(self) -> Capabilities:
        """What it promises."""
        return Capabilities(
            lookup=LOOKUPS.get(self.kind, Lookup.PURE),
            look_after_s=(60, 300, 900) if self.kind == "paying" else (180, 480, 1080),
            look_horizon_s=36 * 3600,
            poll_s=(5, 10, 20, 40, 60, 300, 600, 900, 1800, 3600),
            send_timeout_s=int(SEND_TIMEOUT_S),
            resend_within_s=7200 if self.kind in ("pure", "guard") else 0,
            consumes_on_refusal=False,
            price_guard=self.guards,
            key_window_s=None,
            automatic=self.automatic,
            tells_wallet=True,
            confirms_operator=False,
        )

    @property
    def guards(self) -> bool:
        """Tell whether nothing is bought above the quoted price."""
        return self.kind in ("guard", "paying")

    # -- Reading --------------------------------------------------------------------------

    def price(self, line: Line, minor: int) -> int:
        """Return what an amount costs, in cents of the wallet."""
        return -(-minor * RATES[line.sim.currency] // 100)

    def reachable(self) -> None:
        """Raise what a read meets."""
        if self.down or self.truth.faults.strike("read_fails"):
            raise Unavailable("HTTP 503")
        if not self.login_ok:
            raise LoginFailed("HTTP 401")

    def quote(self, asked: PortLine, wanted: Wanted) -> Quote:
        """Price an order."""
        self.reachable()
        if wanted.amount is None:
            raise Rejected("NO_AMOUNT", RefusalClass.FIX_FIRST)
        line = self.truth.line(asked.number)
        price = self.price(line, wanted.amount.minor)
        now = self.truth.loop.time() + self.skew
        return Quote(
            product="any",
            value=wanted.amount,
            price=Money(price, "USD"),
            body={"minor": wanted.amount.minor, "quoted": price},
            vendor_time=datetime.fromtimestamp(now, UTC),
        )

    def lookup(self, purchase: Purchase) -> Found:
        """Tell what became of a key."""
        self.reachable()
        now = self.truth.loop.time()
        found = [
            one
            for one in self.transactions
            if one.key == purchase.key and one.visible_at <= now
        ]
        answers: list[Found] = []
        refusal: Rejected | None = None
        for one in found:
            at = datetime.fromtimestamp(one.born_at + self.skew, UTC)
            cost = Money(one.cost, "USD")
            value = Money(one.value, one.line.sim.currency)
            ours = (
                one.line.sim.number == purchase.line.number
                and one.asked == purchase.body.get("minor")
                and at >= purchase.created_at - timedelta(seconds=CONFIRM_MARGIN_S)
            )
            if one.state == "failed":
                refusal = Rejected("FAILED", RefusalClass.LATER, consumed=True)
            elif one.state == "reversed":
                refusal = Rejected("REFUNDED", RefusalClass.LATER, consumed=True)
            elif not ours:
                self.truth.faults.count("foreign_found")
                answers.append(
                    Foreign(reference=str(one.number), cost=cost, value=value, at=at)
                )
            elif one.state == "working":
                answers.append(Pending(reference=str(one.number)))
            else:
                answers.insert(0, self._confirmed(one))
        if answers:
            return answers[0]
        if refusal is not None:
            raise refusal
        return Absent()

    # -- Buying ---------------------------------------------------------------------------

    def submit(self, purchase: Purchase) -> asyncio.Future[Submitted]:
        """Take a request; the future is what the caller's connection would show."""
        loop = self.truth.loop
        answer: asyncio.Future[Submitted] = loop.create_future()
        self.submits += 1
        rng = self.truth.rng
        if self._strike("not_sent") or (self.down and rng.random() < 0.7):
            self._fail(answer, NotSent("connection refused"), 0.1)
            return answer
        self._fail(answer, OutcomeUnknown("timeout"), SEND_TIMEOUT_S)
        if self.down:
            self._fail(answer, OutcomeUnknown("HTTP 503"), 0.5)
        elif not self._strike("lost_request"):
            loop.call_later(0.05 + rng.random(), self._arrive, purchase, answer)
        return answer

    def _arrive(self, purchase: Purchase, answer: asyncio.Future[Submitted]) -> None:
        truth, now = self.truth, self.truth.loop.time()
        line = truth.line(purchase.line.number)
        if not self.login_ok:
            self._fail(answer, LoginFailed("HTTP 401"), 0.1)
            return
        same = [one for one in self.transactions if one.key == purchase.key]
        known = [one for one in same if one.committed_at <= now]
        if known and self.kind == "paying":
            self._repeat(known[0], answer)
            return
        if known and self.kind != "blind":
            truth.faults.count("key_already_used")
            self._fail(answer, KeyAlreadyUsed("ALREADY_USED"), 0.1)
            return
        if self._strike("error_not_bought"):
            self._fail(answer, OutcomeUnknown("HTTP 500"), 0.2)
            return
        refused = self._refusal(purchase, line)
        if isinstance(refused, Rejected):
            if refused.code != "INSUFFICIENT_FUNDS":
                line.refusals.append((now, refused.refusal.value))
            self._fail(answer, refused, 0.2)
            return
        if same:
            truth.faults.count("ran_twice")
        self._take(purchase, line, refused, answer)

    def _repeat(self, one: Transaction, answer: asyncio.Future[Submitted]) -> None:
        """Answer a request that was sent before with what became of it."""
        if one.state in ("failed", "reversed"):
            refusal = Rejected(one.state.upper(), RefusalClass.LATER, consumed=True)
            self._fail(answer, refusal, 0.2)
        elif one.state == "working":
            self._tell(answer, Pending(reference=str(one.number)), 0.2)
        else:
            self._tell(answer, self._confirmed(one), 0.2)

    def _refusal(self, purchase: Purchase, line: Line) -> Rejected | int:
        """Return a refusal, or what the purchase costs."""
        for fault, refusal in (
            ("refused_later", RefusalClass.LATER),
            ("refused_never", RefusalClass.NEVER),
            ("refused_fix_first", RefusalClass.FIX_FIRST),
        ):
            if self._strike(fault):
                return Rejected(fault.upper(), refusal)
        quoted = _whole(purchase.body["quoted"])
        cost = quoted
        if self._strike("price_rise"):
            cost = quoted * 104 // 100
        elif self._strike("price_beyond"):
            cost = quoted * 6 // 5
        if self.guards and cost > quoted:
            return Rejected("PRICE_ROSE", RefusalClass.LATER)
        if cost > self.wallet:
            self.truth.faults.count("wallet_refused")
            line.refusals.append((self.truth.loop.time(), "fix_first"))
            return Rejected("INSUFFICIENT_FUNDS", RefusalClass.FIX_FIRST)
        return cost

    def _take(
        self,
        purchase: Purchase,
        line: Line,
        cost: int,
        answer: asyncio.Future[Submitted],
    ) -> None:
        truth, rng, now = self.truth, self.truth.rng, self.truth.loop.time()
        asked = _whole(purchase.body["minor"])
        quoted = _whole(purchase.body["quoted"])
        ceiling = quoted if self.guards else -(-quoted * 105 // 100)
        one = Transaction(
            key=purchase.key,
            line=line,
            asked=asked,
            value=asked * 3 // 5 if self._strike("partial_amount") else asked,
            cost=cost,
            ceiling=ceiling,
            born_at=now,
            done_at=now + 0.2 + 20 * rng.random() ** 3,
            committed_at=now + 2 * rng.random(),
            visible_at=now + (rng.random() * 2400 if self._strike("report_lag") else 1),
            number=len(self.transactions) + 1,
        )
        self.transactions.append(one)
        self.wallet -= cost
        pending = True
        succeeds: bool | None = True
        if self._strike("pending_success"):
            one.done_at = now + HOUR * 26 * rng.random() ** 4
        elif self._strike("pending_failure"):
            one.done_at, succeeds = now + HOUR * 26 * rng.random() ** 4, False
        elif self._strike("pending_for_ever"):
            succeeds = None
        else:
            pending = False
        if self._strike("late_answer"):
            one.done_at = max(one.done_at, now + SEND_TIMEOUT_S + 600 * rng.random())
        truth.note(f"vendor took {one.key} for {line.sim.epoch} cost {cost}")
        if self._strike("lost_answer"):
            # What is answered from here on reaches nobody.
            answer = truth.loop.create_future()
        if succeeds is not None:
            truth.loop.call_at(one.done_at, self._end, one, succeeds, answer)
        if self._strike("error_bought"):
            self._fail(answer, OutcomeUnknown("HTTP 502"), 0.3)
        elif pending:
            self._tell(answer, Pending(reference=str(one.number)), 0.4)

    def _end(
        self, one: Transaction, succeeds: bool, answer: asyncio.Future[Submitted]
    ) -> None:
        truth, now = self.truth, self.truth.loop.time()
        one.ended_at = now
        if not succeeds:
            one.state = "failed"
            self.wallet += one.cost
            one.line.refusals.append((now, "later"))
            truth.note(f"vendor failed {one.key}")
            return
        one.state = "delivered"
        one.line.recharge(one.value, now)
        truth.note(f"vendor delivered {one.key}")
        truth.oracle.delivered(one)
        if self._strike("reversed"):
            truth.loop.call_later(HOUR * (1 + 29 * truth.rng.random()), self._undo, one)
        self._tell(answer, self._confirmed(one), 0.1)

    def _undo(self, one: Transaction) -> None:
        delivered_at = one.ended_at
        one.state, one.ended_at = "reversed", self.truth.loop.time()
        self.wallet += one.cost
        one.line.take_back(one.value, delivered_at, one.ended_at)
        if self.kind not in ("pure", "guard") and not one.line.buys:
            # Nobody can learn of it: neither the vendor nor a source tells.
            one.line.misled_until = one.ended_at + 60 * 24 * HOUR
        self.truth.note(f"vendor took back {one.key}")

    def _confirmed(self, one: Transaction) -> Confirmed:
        return Confirmed(
            reference=str(one.number),
            cost=Money(one.cost, "USD"),
            cost_exact=str(one.cost / 100),
            delivered=Money(one.value, one.line.sim.currency),
            # Who can be asked only by sending again does not say when it was, either.
            at=None
            if self.kind == "paying"
            else datetime.fromtimestamp(one.done_at + self.skew, UTC),
        )

    def _strike(self, name: str) -> bool:
        if self.script and self.script[0] == name:
            self.script.pop(0)
            return True
        return self.truth.faults.strike(name)

    def _tell(
        self, answer: asyncio.Future[Submitted], what: Submitted, after: float
    ) -> None:
        self.truth.loop.call_later(after, _settle, answer, what)

    def _fail(
        self, answer: asyncio.Future[Submitted], error: KeeperError, after: float
    ) -> None:
        self.truth.loop.call_later(after, _settle, answer, error)


def _settle(answer: asyncio.Future[Submitted], what: Submitted | KeeperError) -> None:
    if answer.done():
        return
    if isinstance(what, KeeperError):
        answer.set_exception(what)
    else:
        answer.set_result(what)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a whole number was expected")
    return value
