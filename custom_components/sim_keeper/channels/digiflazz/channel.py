"""The Digiflazz channel: prepaid Indonesian lines, paid from a deposit in rupiah.

Asking what became of a purchase is sending it once more, so a lookup here is as careful as a
purchase: never within a minute of the last send, never when the vendor may have forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math
import time

import aiohttp

from ...keeper.errors import (
    KeyAlreadyUsed,
    LoginFailed,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from ...keeper.money import Money
from ...keeper.ports import (
    Automatic,
    Capabilities,
    Found,
    Line,
    Lookup,
    Operator,
    Product,
    Purchase,
    Quote,
    Submitted,
    Wanted,
)
from ..amounts import floor_money
from ..http import Answer, is_loopback
from ..pacing import Patience, Turns
from ..parsing import Writable, table
from .account import Account
from .brands import brand_of
from .codes import data_of, raise_for_read
from .offers import candidates, check_line, not_offered, products_of, quote_of
from .pricelist import LIST_EVERY_S, PriceList
from .rupiah import CURRENCY, rupiah
from .transactions import first_answer, later_answer, order_of

_KEY_WINDOW = timedelta(days=80)
"""The vendor forgets after 90 days and buys again; nobody shall come near that."""
_CLOCK_SLACK = timedelta(minutes=10)
# Two sends of one ref_id within a minute may both be executed (topup page, 2026-05).
_APART_S = 60.0
# A look that comes so little too early waits for the minute.
_EARLY_S = 5.0
_REMEMBER_S = 2 * 86400

_PATIENCE = Patience()
# Between the note in the ledger and the beginning of the call: a commit, and a busy loop.
_SLACK_S = 5.0
_AGAIN_S = math.ceil(_PATIENCE.read_s + _PATIENCE.send_s + _APART_S + _SLACK_S)
"""How long after the ledger's note of a send the same key may be sent again, in seconds.

What a channel knows of its own sends ends with it, when its account is loaded anew: the schedule
alone has to keep two of them apart then. The first may leave late: a look reads the balance before
it, and waiting for the turn and connecting may take all the time of a send.
"""

_CAPABILITIES = Capabilities(
    lookup=Lookup.PAYING,
    look_after_s=(_AGAIN_S, 300, 900),
    look_horizon_s=36 * 3600,
    # Each of these is a send as well.
    poll_s=(_AGAIN_S, 2 * _AGAIN_S, 600, 900, 1800, 3600),
    send_timeout_s=60,
    resend_within_s=0,
    consumes_on_refusal=False,
    price_guard=True,
    key_window_s=int(_KEY_WINDOW.total_seconds()),
    automatic=Automatic.AFTER_ONE_SUPERVISED,
    tells_wallet=True,
    confirms_operator=True,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DigiflazzChannel:
    """A Digiflazz account as a way to buy."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        login: Mapping[str, str],
        *,
        patience: Patience = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take a session of `open_session` and the login. Raises BaseUrlInvalid."""
        self._account = Account(session, login, patience, clock)
        self._prices = PriceList(self._account, clock, sleep)
        self._clock, self._now, self._sleep = clock, now, sleep
        # A simulator's money needs no supervision. Development has no host of its own: which
        # money it is, the key decides.
        self._capabilities = (
            replace(_CAPABILITIES, automatic=Automatic.YES)
            if is_loopback(login.get("base_url"))
            else _CAPABILITIES
        )
        self._turns = Turns(patience)
        self._sent_at: dict[str, float] = {}
        """When each key may last have left this channel, by the monotonic clock."""

    @property
    def capabilities(self) -> Capabilities:
        """What this channel promises."""
        return self._capabilities

    async def operator(self, line: Line) -> Operator | None:
        """Find the brand by the number's prefix; the vendor is not asked."""
        brand = brand_of(line.number)
        return None if brand is None else Operator(id=brand, name=brand)

    async def products(self, line: Line) -> tuple[Product, ...]:
        """List what is sold for the brand. Raises Rejected, Unavailable, LoginFailed."""
        brand = check_line(line)
        return products_of(await self._prices.rows(), brand)

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price an order by a fresh row. Raises Rejected, Unavailable, LoginFailed."""
        brand = check_line(line, wanted)
        refusal = not_offered()
        for sku in await self._skus(brand, wanted):
            row, vendor_time = await self._prices.row(sku)
            try:
                return quote_of(row, brand, wanted, vendor_time)
            except Rejected as err:
                refusal = err
        raise refusal

    async def submit(self, purchase: Purchase) -> Submitted:
        """Buy. Raises NotSent, Rejected, OutcomeUnknown, LoginFailed (not bought)."""
        order = order_of(purchase)
        if purchase.key in self._sent_at:
            raise KeyAlreadyUsed("sent before")
        self._note_sent(purchase.key)
        try:
            async with self._turns.next() as until:
                answer = await self._send(purchase.key, order, until)
            return first_answer(answer, purchase)
        except NotSent, LoginFailed:
            del self._sent_at[purchase.key]
            raise
        except Rejected as err:
            if not err.consumed:
                del self._sent_at[purchase.key]
            raise

    async def lookup(self, purchase: Purchase) -> Found:
        """Ask what became of a purchase, by sending it again.

        Raises Rejected, Unavailable, LoginFailed.
        """
        order = _known_order(purchase)
        self._check_age(purchase, self._now())
        # A read first: it shows the vendor's clock, and a refused login or address, for free.
        answer = await self._read_balance()
        if answer.vendor_time is None:
            raise Unavailable("the vendor tells no time")
        self._check_age(purchase, answer.vendor_time)
        try:
            async with self._turns.next() as until:
                await self._keep_apart(purchase.key)
                answer = await self._send(purchase.key, order, until)
        except (NotSent, OutcomeUnknown) as err:
            reason = str(err)
        else:
            return later_answer(answer, purchase)
        raise Unavailable(reason)

    async def wallet(self) -> Money:
        """Read the deposit, rounded down. Raises Unavailable, LoginFailed."""
        answer = await self._read_balance()
        deposit = rupiah(table(data_of(answer)).get("deposit"))
        money = None if deposit is None else floor_money(deposit, CURRENCY)
        if money is None:
            raise Unavailable("unexpected answer")
        return money

    async def _send(
        self, key: str, order: Mapping[str, Writable], until: float
    ) -> Answer:
        self._note_sent(key)
        try:
            return await self._account.transact(key, order, until)
        finally:
            # Connecting takes its time: the request may have left as late as this.
            self._note_sent(key)

    async def _read_balance(self) -> Answer:
        answer = await self._account.balance()
        if not answer.ok or "deposit" not in table(data_of(answer)):
            raise_for_read(answer)
        return answer

    async def _skus(self, brand: str, wanted: Wanted) -> tuple[str, ...]:
        """Return the products to try, best first."""
        if wanted.product is not None:
            return (wanted.product,)
        if wanted.amount is None:
            return ()
        found = candidates(await self._prices.rows(), brand, wanted.amount)
        if not found:
            # It may have been added in the vendor's panel since the list was read.
            rows = await self._prices.rows(at_most_s=LIST_EVERY_S)
            found = candidates(rows, brand, wanted.amount)
        return tuple(row.sku for row in found)

    async def _keep_apart(self, key: str) -> None:
        """Let a minute pass between two sends of one key. Raises Unavailable if it is long."""
        sent_at = self._sent_at.get(key)
        if sent_at is None:
            return
        wait_s = sent_at + _APART_S - self._clock()
        if wait_s > _EARLY_S:
            raise Unavailable("sent less than a minute ago")
        if wait_s > 0:
            await self._sleep(wait_s)

    def _check_age(self, purchase: Purchase, now: datetime) -> None:
        """Refuse to ask about what the vendor may have forgotten: it would buy it anew."""
        age = now - purchase.created_at
        if age > _KEY_WINDOW:
            raise Unavailable("too long ago to be asked about")
        if age < -_CLOCK_SLACK:
            raise Unavailable("the clock is doubtful")

    def _note_sent(self, key: str) -> None:
        now = self._clock()
        self._sent_at = {
            one: at for one, at in self._sent_at.items() if now - at < _REMEMBER_S
        }
        self._sent_at[key] = now


def _known_order(purchase: Purchase) -> Mapping[str, Writable]:
    """Build the order of a purchase that was sent; one that cannot be built proves nothing."""
    try:
        return order_of(purchase)
    except Rejected:
        pass
    raise Unavailable("order unreadable")
