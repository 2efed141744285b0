"""The IAK channel: credit for Indonesian prepaid lines, paid from a deposit in rupiah."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
import time

import aiohttp

from ...keeper.errors import OutcomeUnknown, RefusalClass, Rejected, Unavailable
from ...keeper.money import Money
from ...keeper.ports import (
    Absent,
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
from ..http import is_loopback
from ..indonesia import local_number
from ..pacing import Patience, Turns
from ..parsing import number, table, words
from .account import DEVELOPMENT, Account
from .codes import Verdict, data_of, decided, label, raise_for_read, verdict_of
from .offers import (
    CREDIT,
    CURRENCY,
    DATA,
    Offer,
    code_of,
    data_list,
    offers_of,
    operator_named,
    quote_of,
)
from .transactions import found_in, taken_in

_CAPABILITIES = Capabilities(
    lookup=Lookup.PURE,
    # "No such order" counts when it was said twice, two minutes apart or more. A restart can
    # move a look close to the next one; of three looks the first and the last never are.
    look_after_s=(120, 300, 480),
    # Reports of the end were seen up to a day late.
    look_horizon_s=36 * 3600,
    poll_s=(5, 10, 20, 40, 60, 300, 600, 900, 1800, 3600),
    send_timeout_s=60,
    # For how long a key is remembered is not published: soon after the first send it surely is.
    resend_within_s=900,
    # Whether a refused order leaves its key behind is not published either. The look before
    # each first send tells; were refusals counted, a restored ledger would count otherwise.
    consumes_on_refusal=False,
    price_guard=False,
    key_window_s=None,
    automatic=Automatic.AFTER_ONE_SUPERVISED,
    tells_wallet=True,
    confirms_operator=True,
)
_PATIENCE = Patience()
_COUNTRY = "ID"
# The vendor publishes no limit of its price list; hours are what it is sold for.
_LIST_KEPT_S = 4 * 3600


class IakChannel:
    """An IAK account as a way to buy."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        login: Mapping[str, str],
        *,
        patience: Patience = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a session of `open_session` and the login. Raises BaseUrlInvalid."""
        self._account = Account(session, login, patience, clock)
        self._turns = Turns(patience)
        self._clock = clock
        self._lists: dict[str, tuple[float, tuple[Offer, ...]]] = {}
        # Play money needs no supervision. Behind an address of one's own the environment proves
        # nothing: a relay may lead to where money is real.
        base_url, environment = login.get("base_url"), login.get("environment")
        play = is_loopback(base_url) if base_url else environment == DEVELOPMENT
        self._capabilities = (
            replace(_CAPABILITIES, automatic=Automatic.YES) if play else _CAPABILITIES
        )

    @property
    def capabilities(self) -> Capabilities:
        """What this channel promises."""
        return self._capabilities

    async def operator(self, line: Line) -> Operator | None:
        """Find the operator by the number's prefix. Raises Unavailable, LoginFailed."""
        local = local_number(line.number)
        if line.country != _COUNTRY or local is None:
            return None
        answer = await self._account.operator(local)
        if verdict_of(answer) is Verdict.FAILED:
            return None
        if verdict_of(answer) is not Verdict.DONE:
            raise_for_read(answer)
        name = words(data_of(answer).get("operator"))
        if name is None:
            raise Unavailable("unexpected answer")
        operator = operator_named(name)
        return None if operator is None else Operator(id=operator, name=name)

    async def products(self, line: Line) -> tuple[Product, ...]:
        """List credit, then data. Raises Rejected, Unavailable, LoginFailed."""
        operator = await self._operator_of(line)
        credit = await self._kept_list(CREDIT, operator)
        data = await self._kept_list(DATA, data_list(operator))
        return tuple(offer.product() for offer in (*credit, *data))

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price an order by a fresh list. Raises Rejected, Unavailable, LoginFailed."""
        if wanted.amount is not None and wanted.amount.currency != CURRENCY:
            raise Rejected("currency_differs", RefusalClass.FIX_FIRST)
        operator = await self._operator_of(line)
        offers, vendor_time = await self._list(CREDIT, operator)
        listed = any(offer.code == wanted.product for offer in offers)
        if wanted.product is not None and not listed:
            offers, vendor_time = await self._list(DATA, data_list(operator))
        return quote_of(offers, wanted, vendor_time)

    async def submit(self, purchase: Purchase) -> Submitted:
        """Buy. Raises NotSent, Rejected, OutcomeUnknown, LoginFailed (not bought)."""
        code = code_of(purchase.body.get("product_code"))
        local = local_number(purchase.line.number)
        if code is None or local is None:
            raise Rejected("order_unreadable", RefusalClass.NEVER)
        async with self._turns.next() as until:
            answer = await self._account.top_up(purchase.key, local, code, until)
        if not decided(answer):
            raise OutcomeUnknown(label(answer))
        return taken_in(answer, purchase)

    async def lookup(self, purchase: Purchase) -> Found:
        """Ask what became of a purchase. Raises Rejected, Unavailable, LoginFailed."""
        answer = await self._account.status(purchase.key)
        if not decided(answer):
            raise_for_read(answer)
        found = found_in(answer, purchase)
        if found is None:
            if verdict_of(answer) is not Verdict.ABSENT:
                raise_for_read(answer)
            found = Absent()
        return found

    async def wallet(self) -> Money:
        """Read the deposit, rounded down. Raises Unavailable, LoginFailed."""
        answer = await self._account.balance()
        if verdict_of(answer) is not Verdict.DONE:
            raise_for_read(answer)
        balance = number(data_of(answer).get("balance"))
        money = None if balance is None else floor_money(balance, CURRENCY)
        if money is None:
            raise Unavailable("unexpected answer")
        return money

    async def _operator_of(self, line: Line) -> str:
        """Return the operator that was confirmed for a line, or ask for it. Raises Rejected."""
        if line.country != _COUNTRY:
            raise Rejected("country_not_sold", RefusalClass.FIX_FIRST)
        if line.currency != CURRENCY:
            raise Rejected("currency_differs", RefusalClass.FIX_FIRST)
        if line.operator is None:
            found = await self.operator(line)
            operator = None if found is None else found.id
        else:
            operator = operator_named(line.operator)
        if operator is None:
            raise Rejected("operator_not_sold", RefusalClass.FIX_FIRST)
        return operator

    async def _kept_list(self, kind: str, name: str) -> tuple[Offer, ...]:
        """Return a list that may be hours old: good to choose from, not to buy by."""
        kept = self._lists.get(name)
        if kept is not None and self._clock() - kept[0] < _LIST_KEPT_S:
            return kept[1]
        return (await self._list(kind, name))[0]

    async def _list(
        self, kind: str, name: str
    ) -> tuple[tuple[Offer, ...], datetime | None]:
        """Read a list; return it and the vendor's clock. Raises Unavailable, LoginFailed."""
        answer = await self._account.price_list(kind, name)
        # A bare list has no code of its own.
        if not answer.ok or verdict_of(answer) not in (None, Verdict.DONE):
            raise_for_read(answer)
        offers = offers_of(table(answer.body).get("data"), kind, name)
        self._lists[name] = (self._clock(), offers)
        return offers, answer.vendor_time
