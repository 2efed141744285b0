"""A vendor that keeps the truth of what was really bought, and misbehaves when told to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from custom_components.sim_keeper.keeper.errors import (
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


class Fault(StrEnum):
    """How the vendor misbehaves at the next purchase."""

    NOT_SENT = "not_sent"
    LOSE_REQUEST = "lose_request"
    LOSE_ANSWER = "lose_answer"
    REFUSE_LATER = "refuse_later"
    REFUSE_NEVER = "refuse_never"
    FAIL_AFTER = "fail_after"
    PENDING = "pending"
    DEARER = "dearer"
    HANG = "hang"
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
    quotes: int = 0
    down: bool = False
    rate: int = 1
    """Wallet cents for one minor unit of the line's currency."""
    wallet_currency: str = "USD"
    tells_when: bool = True
    """It says when it has delivered."""
    lag: timedelta = timedelta()
    """How long a purchase takes to appear in lookups."""
    foreign: set[str] = field(default_factory=set)
    """Keys under which something else is found."""
    quote_error: Exception | None = None
    lookup_error: Exception | None = None
    shelf: tuple[Product, ...] = ()
    schedule: tuple[int, ...] = (180, 480, 1080)
    automatic: Automatic = Automatic.YES
    clock_skew: timedelta = timedelta()
    lookup: Lookup = Lookup.PURE
    before_price: Callable[[], Awaitable[None]] | None = None
    before_submit: Callable[[Purchase], None] | None = None
    before_answer: Callable[[], Awaitable[None]] | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets a request go on that hangs."""

    @property
    def capabilities(self) -> Capabilities:
        """Like Reloadly."""
        return Capabilities(
            lookup=self.lookup,
            look_after_s=self.schedule,
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
        """Sell any amount, and what stands on the shelf."""
        return self.shelf

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price an amount."""
        self.quotes += 1
        if self.before_price is not None:
            await self.before_price()
        if self.quote_error is not None:
            raise self.quote_error
        self._reachable()
        assert wanted.amount is not None
        return Quote(
            product="any",
            value=wanted.amount,
            price=Money(wanted.amount.minor * self.rate, self.wallet_currency),
            body={"amount": str(wanted.amount.value)},
            vendor_time=self.now() + self.clock_skew,
        )

    async def submit(self, purchase: Purchase) -> Submitted:
        """Buy, or misbehave."""
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.NOT_SENT or self.down:
            raise NotSent("connection refused")
        if self.before_submit is not None:
            self.before_submit(purchase)
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
            cost=Money(
                value.minor * self.rate * (2 if fault is Fault.DEARER else 1),
                self.wallet_currency,
            ),
            at=self.now(),
            final=fault not in (Fault.PENDING, Fault.FAIL_AFTER),
        )
        self.bought.append(one)
        if self.before_answer is not None:
            await self.before_answer()
        if fault is Fault.HANG:
            await self.released.wait()
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
        if self.lookup_error is not None:
            raise self.lookup_error
        if self.lookup is Lookup.PAYING:
            return await self._asked_by_sending(purchase)
        self._reachable()
        self.looks += 1
        if purchase.key in self.foreign:
            return Foreign(reference="else", cost=None, value=None, at=None)
        for one in self.bought:
            if one.key == purchase.key and one.at + self.lag <= self.now():
                if one.undone:
                    raise Rejected("FAILED", RefusalClass.LATER, consumed=True)
                return self._answer(one) if one.final else Pending(reference=one.key)
        return Absent()

    async def _asked_by_sending(self, purchase: Purchase) -> Found:
        """Take the same request once more: it buys what never arrived."""
        if purchase.key in self.foreign:
            return Foreign(reference="else", cost=None, value=None, at=None)
        known = [one for one in self.bought if one.key == purchase.key]
        if known:
            self.submits.append(purchase.key)
            self._reachable()
            if known[0].undone:
                raise Rejected("FAILED", RefusalClass.LATER, consumed=True)
            pending = Pending(reference=purchase.key)
            return self._answer(known[0]) if known[0].final else pending
        try:
            return await self.submit(purchase)
        except (NotSent, OutcomeUnknown, Rejected) as err:
            raise Unavailable(str(err)) from err

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
            at=one.at if self.tells_when else None,
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
