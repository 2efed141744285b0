"""A world for the engine: a clock that is moved by hand, and a vendor that keeps the truth."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.carrier_data import (
    load_carriers,
    other_carrier,
    with_overrides,
)
from custom_components.sim_keeper.keeper.doors import Doors, Typed, typed_readings
from custom_components.sim_keeper.keeper.engine import Engine
from custom_components.sim_keeper.keeper.errors import (
    KeyAlreadyUsed,
    LedgerFault,
    LoginFailed,
    NotSent,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import Event, Ledger
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Order
from custom_components.sim_keeper.keeper.permissions import Caller
from custom_components.sim_keeper.keeper.ports import (
    Absent,
    Automatic,
    Capabilities,
    Channel,
    Confirmed,
    Found,
    Line,
    Lookup,
    Operator,
    Pending,
    Product,
    Purchase,
    Quote,
    Submitted,
    Wanted,
)
from custom_components.sim_keeper.keeper.sim import Mode, Rules, Sim

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADMIN = Caller(user_id="a" * 32, is_admin=True)
ACCOUNT = "model:1"


class Fault(StrEnum):
    """How the vendor misbehaves at the next purchase."""

    NOT_SENT = "not_sent"
    LOSE_REQUEST = "lose_request"
    LOSE_ANSWER = "lose_answer"
    REFUSE_LATER = "refuse_later"
    REFUSE_NEVER = "refuse_never"
    FAIL_AFTER = "fail_after"
    PENDING = "pending"
    LOGIN = "login"
    BREAK = "break"


@dataclass
class Bought:
    """One purchase that really happened."""

    key: str
    number: str
    value: Money
    cost: Money
    at: datetime
    final: bool = True
    undone: bool = False


@dataclass
class ModelVendor:
    """A vendor with a pure lookup, which refuses a key that it has seen."""

    now: Callable[[], datetime]
    faults: list[Fault] = field(default_factory=list)
    bought: list[Bought] = field(default_factory=list)
    submits: list[str] = field(default_factory=list)
    looks: int = 0
    down: bool = False
    rate: int = 1
    """Wallet cents for one minor unit of the line's currency."""
    automatic: Automatic = Automatic.YES
    clock_skew: timedelta = timedelta()
    lookup: Lookup = Lookup.PURE
    before_answer: Callable[[], Awaitable[None]] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Like Reloadly."""
        return Capabilities(
            lookup=self.lookup,
            look_after_s=(180, 480, 1080),
            look_horizon_s=36 * 3600,
            poll_s=(5, 10, 20, 40, 60, 300, 600),
            send_timeout_s=60,
            resend_within_s=7200,
            consumes_on_refusal=False,
            price_guard=False,
            key_window_s=None,
            automatic=self.automatic,
            tells_wallet=True,
            confirms_operator=False,
        )

    async def operator(self, line: Line) -> Operator | None:
        """Find nothing."""
        return None

    async def products(self, line: Line) -> tuple[Product, ...]:
        """Sell any amount."""
        return ()

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price an amount."""
        self._reachable()
        assert wanted.amount is not None
        return Quote(
            product="any",
            value=wanted.amount,
            price=Money(wanted.amount.minor * self.rate, "USD"),
            body={"amount": str(wanted.amount.value)},
            vendor_time=self.now() + self.clock_skew,
        )

    async def submit(self, purchase: Purchase) -> Submitted:
        """Buy, or misbehave."""
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.NOT_SENT or self.down:
            raise NotSent("connection refused")
        self.submits.append(purchase.key)
        if fault is Fault.LOSE_REQUEST:
            raise OutcomeUnknown("timeout")
        if fault is Fault.LOGIN:
            raise LoginFailed("HTTP 401")
        if fault is Fault.REFUSE_LATER:
            raise Rejected("OPERATOR_DOWN", RefusalClass.LATER)
        if fault is Fault.REFUSE_NEVER:
            raise Rejected("NUMBER_DEAD", RefusalClass.NEVER)
        if any(one.key == purchase.key for one in self.bought):
            raise KeyAlreadyUsed("CUSTOM_IDENTIFIER_ALREADY_USED")
        value = Money.parse(str(purchase.body["amount"]), purchase.line.currency)
        one = Bought(
            key=purchase.key,
            number=purchase.line.number,
            value=value,
            cost=Money(value.minor * self.rate, "USD"),
            at=self.now(),
            final=fault not in (Fault.PENDING, Fault.FAIL_AFTER),
        )
        self.bought.append(one)
        if self.before_answer is not None:
            await self.before_answer()
        if fault is Fault.FAIL_AFTER:
            one.undone = True
            return Pending(reference=purchase.key)
        if fault is Fault.LOSE_ANSWER:
            raise OutcomeUnknown("timeout")
        if fault is Fault.BREAK:
            raise RuntimeError("the channel has a bug")
        return self._answer(one) if one.final else Pending(reference=purchase.key)

    async def lookup_(self, purchase: Purchase) -> Found:
        """Tell what became of a purchase."""
        self._reachable()
        self.looks += 1
        for one in self.bought:
            if one.key == purchase.key:
                if one.undone:
                    raise Rejected("FAILED", RefusalClass.LATER, consumed=True)
                return self._answer(one) if one.final else Pending(reference=one.key)
        return Absent()

    async def wallet(self) -> Money:
        """Be rich."""
        return Money(100_000, "USD")

    @property
    def delivered(self) -> list[Bought]:
        """What the lines really got."""
        return [one for one in self.bought if not one.undone]

    def _answer(self, one: Bought) -> Confirmed:
        return Confirmed(
            reference=one.key,
            cost=one.cost,
            cost_exact=str(one.cost.value),
            delivered=one.value,
            at=one.at,
        )

    def _reachable(self) -> None:
        if self.down:
            raise Unavailable("HTTP 503")


class VendorChannel:
    """A model vendor as a channel; its attribute `lookup` is a setting, so this one adds the verb."""

    def __init__(self, vendor: ModelVendor) -> None:
        """Pass everything on."""
        self._vendor = vendor
        self.operator = vendor.operator
        self.products = vendor.products
        self.quote = vendor.quote
        self.submit = vendor.submit
        self.lookup = vendor.lookup_
        self.wallet = vendor.wallet

    @property
    def capabilities(self) -> Capabilities:
        """What the vendor promises."""
        return self._vendor.capabilities


class ModelWorld:
    """Implements `keeper.world.World` over a clock that only moves when told to."""

    def __init__(self) -> None:
        """Begin on a Monday in March."""
        self.moment = START
        self.vendor = ModelVendor(self.now)
        self.channels: dict[str, Channel] = {ACCOUNT: VendorChannel(self.vendor)}
        self.events: list[Event] = []
        self.logins_failed: list[str] = []
        self.faults: list[LedgerFault] = []
        self.wake_moment: datetime | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.ledger = Ledger.in_memory()
        self.engine = self._new_engine()
        self.doors = Doors(self.engine)

    def _new_engine(self) -> Engine:
        return Engine(self, HouseholdRules(zone=ZoneInfo("UTC")))

    async def begin(self, *sims: Sim, typed: Typed | None = None) -> None:
        """Open the ledger, register SIMs and start."""
        await self.engine.open(lambda: self.ledger)
        first = typed_readings(typed, self.now()) if typed else ()
        for sim in sims:
            await self.engine.register(sim, first)
        await self.engine.start()
        await self.rest()

    async def restart(self, *sims: Sim) -> None:
        """Lose everything but the ledger and the world, as a killed process does."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.engine = self._new_engine()
        self.doors = Doors(self.engine)
        await self.begin(*sims)

    async def rest(self) -> None:
        """Let all work that is under way come to rest."""
        for _ in range(200):
            await asyncio.sleep(0)
            if self.wake_moment is not None and self.wake_moment <= self.moment:
                self.wake_moment = None
                await self.engine.wake()
            elif not self.tasks:
                break

    async def pass_time(self, delta: timedelta) -> None:
        """Move the clock, waking the engine whenever it asked for it."""
        end = self.moment + delta
        await self.rest()
        while self.wake_moment is not None and self.wake_moment <= end:
            self.moment = max(self.moment, self.wake_moment)
            self.wake_moment = None
            await self.engine.wake()
            await self.rest()
        self.moment = end
        await self.rest()

    async def orders(self, sim: Sim) -> list[Order]:
        """Return the SIM's orders, oldest first."""
        return self.ledger.orders(sim.epoch)

    def types(self) -> list[str]:
        """Return the types of all events heard."""
        return [event.type.value for event in self.events]

    # -- World ----------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self.moment

    def channel(self, account: str) -> Channel | None:
        """Return a channel."""
        return self.channels.get(account)

    async def run[T](self, call: Callable[[], T]) -> T:
        """Run a call at once."""
        return call()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run work in the background."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def wake_at(self, moment: datetime) -> None:
        """Remember when to wake the engine."""
        self.wake_moment = moment

    def changed(self, epoch: str) -> None:
        """Hear of a status."""

    def happened(self, event: Event) -> None:
        """Hear of an event."""
        self.events.append(event)

    def login_failed(self, account: str) -> None:
        """Hear of a login."""
        self.logins_failed.append(account)

    def frozen(self, fault: LedgerFault) -> None:
        """Hear of a freeze."""
        self.faults.append(fault)


def a_sim(
    epoch: str = "AAAAAAAAAA",
    *,
    mode: Mode = Mode.AUTO,
    account: str | None = ACCOUNT,
    carrier: str | None = "valuegb_hk",
    currency: str = "HKD",
    threshold: str | None = None,
    days_before: int | None = 5,
    amount: str | None = "50",
    cap: str | None = "200",
    zone: str = "Asia/Hong_Kong",
) -> Sim:
    """Return a SIM: by default one whose 50 HKD buy a year, recharged automatically."""
    profile = load_carriers()[carrier] if carrier else other_carrier("HK", currency)
    return Sim(
        epoch=epoch,
        number=f"+8525{sum(map(ord, epoch)):07d}",
        country="HK",
        currency=currency,
        zone=ZoneInfo(zone),
        carrier=profile,
        account=account,
        operator=None,
        rules=Rules(
            mode=mode,
            low_balance=None if threshold is None else Money.parse(threshold, currency),
            days_before=days_before,
            amount=None if amount is None else Money.parse(amount, currency),
            monthly_cap=None
            if cap is None
            else Money.parse(cap, "USD" if account else currency),
        ),
    )


def expiring_in(days: int) -> Typed:
    """Return a typed expiry so many days after the start."""
    return Typed(expiry=START.date() + timedelta(days=days))


__all__ = [
    "ACCOUNT",
    "ADMIN",
    "START",
    "Bought",
    "Fault",
    "ModelVendor",
    "ModelWorld",
    "a_sim",
    "date",
    "expiring_in",
    "with_overrides",
]
