"""The Reloadly channel: airtime and bundles in most countries, paid from a wallet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
import logging
import time

import aiohttp

from ...keeper.errors import OutcomeUnknown, RefusalClass, Rejected, Unavailable
from ...keeper.money import Money
from ...keeper.ports import (
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
from ..amounts import floor_money
from ..http import Answer, is_loopback
from ..pacing import Patience, Turns
from ..parsing import Table, Writable, integer, number, rows, table, words
from .account import SANDBOX, Account
from .bundles import operator_of
from .catalogue import Catalogue
from .codes import (
    VERDICTS,
    Verdict,
    error_code,
    raise_for_offer,
    raise_for_read,
    raise_for_submit,
)
from .offers import Tariff, not_offered, operator_in, products_of, quote_of, tariff_of
from .promotions import Promotions
from .transactions import FINAL, contradicts, digits_of, found, is_ours, settled

_LOGGER = logging.getLogger(__name__)

_CAPABILITIES = Capabilities(
    lookup=Lookup.PURE,
    look_after_s=(180, 480, 1080),
    look_horizon_s=36 * 3600,
    poll_s=(5, 10, 20, 40, 60, 300, 600, 900, 1800, 3600),
    send_timeout_s=60,
    resend_within_s=7200,
    consumes_on_refusal=False,
    price_guard=False,
    key_window_s=None,
    automatic=Automatic.AFTER_ONE_SUPERVISED,
    tells_wallet=True,
    confirms_operator=True,
)
_PATIENCE = Patience()
_PAGES_MAX = 5
_PAGE_SIZE = 200


class ReloadlyChannel:
    """A Reloadly account as a way to buy."""

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
        self._catalogue = Catalogue(self._account, clock)
        self._promotions = Promotions(self._account, clock)
        # Play money needs no supervision. Behind an address of one's own the environment proves
        # nothing: a relay may lead to where money is real.
        base_url, environment = login.get("base_url"), login.get("environment")
        play = is_loopback(base_url) if base_url else environment == SANDBOX
        self._capabilities = (
            replace(_CAPABILITIES, automatic=Automatic.YES) if play else _CAPABILITIES
        )
        # Two posts with one identifier that overlap are both executed by the vendor.
        self._turns = Turns(patience)

    @property
    def capabilities(self) -> Capabilities:
        """What this channel promises."""
        return self._capabilities

    async def operator(self, line: Line) -> Operator | None:
        """Find the operator by the number's prefix. Raises Unavailable, LoginFailed."""
        try:
            data = await self._detect(line)
        except Rejected:
            return None
        operator = operator_in(data)
        if operator is None:
            raise Unavailable("unexpected answer")
        return Operator(id=str(operator), name=words(data.get("name")) or str(operator))

    async def products(self, line: Line) -> tuple[Product, ...]:
        """List airtime, then bundles. Raises Rejected, Unavailable, LoginFailed."""
        tariff, _ = await self._tariff(line)
        airtime = products_of(tariff) if tariff else ()
        bundles = await self._catalogue.bundles(line)
        return (*airtime, *(bundle.product() for bundle in bundles))

    async def promoted(
        self, line: Line, products: Sequence[Product]
    ) -> tuple[Product, ...]:
        """Return products with the promotions that run for their operators; adds none in doubt."""
        running = await self._promotions.running(line.country)
        return tuple(
            replace(product, promotions=running.get(product.id.partition(":")[0], ()))
            for product in products
        )

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price an order. Raises Rejected, Unavailable, LoginFailed."""
        if operator_of(wanted.product) is not None:
            return await self._catalogue.quote(line, wanted)
        tariff, vendor_time = await self._tariff(line)
        if tariff is None:
            raise not_offered()
        return quote_of(tariff, wanted, vendor_time)

    async def submit(self, purchase: Purchase) -> Submitted:
        """Buy. Raises NotSent, Rejected, OutcomeUnknown, LoginFailed (not bought)."""
        body = _order(purchase)
        async with self._turns.next() as until:
            answer = await self._account.submit("/topups-async", body, until)
        if not answer.ok:
            raise_for_submit(answer)
        return _taken(table(answer.body), purchase)

    async def lookup(self, purchase: Purchase) -> Found:
        """Ask what became of a purchase. Raises Rejected, Unavailable, LoginFailed."""
        reference = integer(purchase.reference)
        if reference is not None:
            outcome = await self._by_reference(reference, purchase)
            if outcome is not None:
                return outcome
        return await self._by_key(purchase)

    async def wallet(self) -> Money:
        """Read the wallet, rounded down. Raises Unavailable, LoginFailed."""
        answer = await self._account.read("/accounts/balance")
        if not answer.ok:
            raise_for_read(answer)
        data = table(answer.body)
        balance, currency = number(data.get("balance")), data.get("currencyCode")
        if balance is not None and isinstance(currency, str):
            money = floor_money(balance, currency)
            if money is not None:
                return money
        raise Unavailable("unexpected answer")

    async def _detect(self, line: Line) -> Table:
        path = f"/operators/auto-detect/phone/{digits_of(line.number)}/countries/{line.country}"
        answer = await self._account.read(path)
        if not answer.ok:
            raise_for_offer(answer)
        return table(answer.body)

    async def _tariff(self, line: Line) -> tuple[Tariff | None, datetime | None]:
        if line.operator is None:
            operator = operator_in(await self._detect(line))
        else:
            operator = integer(line.operator)
        if operator is None:
            raise Rejected("OPERATOR_NOT_FOUND", RefusalClass.FIX_FIRST)
        answer = await self._account.read(
            f"/operators/{operator}",
            {"suggestedAmounts": "true", "suggestedAmountsMap": "true"},
        )
        if not answer.ok:
            raise_for_offer(answer)
        tariff = tariff_of(answer.body, line.currency)
        if tariff is not None and tariff.operator != operator:
            raise Unavailable("unexpected answer")
        return tariff, answer.vendor_time

    async def _by_reference(self, reference: int, purchase: Purchase) -> Found | None:
        """Read the status; None where only the report can tell."""
        answer = await self._account.read(f"/topups/{reference}/status")
        if not answer.ok:
            _check_missing(answer)
            return None
        data = table(answer.body)
        transaction = table(data.get("transaction"))
        status = data.get("status")
        if not transaction:
            # Documented for REFUNDED. A success without its transaction: the report has the cost.
            known = await self._by_key(purchase) if status in FINAL else Absent()
            return (
                known
                if isinstance(known, Confirmed | Foreign)
                else settled(purchase, str(reference), status, data.get("code"), {})
            )
        if transaction.get("customIdentifier") != purchase.key:
            return None
        if not is_ours(transaction, purchase):
            return found(transaction, purchase)
        return settled(purchase, str(reference), status, data.get("code"), transaction)

    async def _by_key(self, purchase: Purchase) -> Found:
        """Search the report. Raises Unavailable where it may not have shown everything of ours."""
        outcomes: list[Found] = []
        refusals: list[Rejected] = []
        transactions, complete = await self._under_key(purchase.key)
        for transaction in transactions:
            try:
                outcomes.append(found(transaction, purchase))
            except Rejected as err:
                refusals.append(err)
        if len(outcomes) > 1:
            _LOGGER.error("Reloadly executed one identifier %s times", len(outcomes))
        # Where one identifier was executed twice, money gone outweighs money that came back.
        for kind in (Confirmed, Pending, Foreign):
            for outcome in outcomes:
                if isinstance(outcome, kind):
                    return outcome
        if not complete:
            # What was not shown may have been bought.
            raise Unavailable("the report is not complete")
        if refusals:
            raise refusals[0]
        return Absent()

    async def _under_key(self, key: str) -> tuple[list[Table], bool]:
        """Return the transactions under a key, and whether these are surely all of them.

        The vendor's search ignores case, our comparison does not.
        """
        ours: list[Table] = []
        searched = True
        for page in range(1, _PAGES_MAX + 1):
            transactions, last = await self._report(key, page)
            searched = searched and all(_answers(key, one) for one in transactions)
            ours += [one for one in transactions if one.get("customIdentifier") == key]
            if last:
                return ours, searched
        return ours, False

    async def _report(self, key: str, page: int) -> tuple[list[Table], bool]:
        """Read a page of the report; return it and whether it is the last one."""
        params = {"customIdentifier": key, "page": str(page), "size": str(_PAGE_SIZE)}
        answer = await self._account.read("/topups/reports/transactions", params)
        if not answer.ok:
            raise_for_read(answer)
        data = table(answer.body)
        listed = data.get("content")
        content = [table(row) for row in rows(listed)]
        if not isinstance(listed, list) or len(content) < len(listed):
            raise Unavailable("unexpected answer")
        return content, _is_last(data, page, len(content))


def _order(purchase: Purchase) -> dict[str, Writable]:
    """Build the request from the frozen body; only what Reloadly knows goes out."""
    body = purchase.body
    operator, amount, local = (
        body.get(name) for name in ("operatorId", "amount", "useLocalAmount")
    )
    exact = number(amount) if isinstance(amount, str) else None
    if (
        not isinstance(operator, int)
        or not isinstance(local, bool)
        or not exact
        or exact < 0
    ):
        raise Rejected("order_unreadable", RefusalClass.NEVER)
    return {
        "operatorId": operator,
        "amount": exact,
        "useLocalAmount": local,
        "customIdentifier": purchase.key,
        "recipientPhone": {
            "countryCode": purchase.line.country,
            "number": digits_of(purchase.line.number),
        },
    }


def _taken(transaction: Table, purchase: Purchase) -> Submitted:
    """Read the answer to a purchase. Raises OutcomeUnknown, Rejected."""
    reference = integer(transaction.get("transactionId"))
    if reference is None:
        raise OutcomeUnknown("no reference in the answer")
    if contradicts(transaction, purchase):
        raise OutcomeUnknown("the answer belongs to another order")
    if transaction.get("status") in FINAL and is_ours(transaction, purchase):
        return settled(
            purchase, str(reference), transaction.get("status"), None, transaction
        )
    return Pending(reference=str(reference))


def _answers(key: str, transaction: Table) -> bool:
    """Whether a search for a key may bring this up; else the vendor has not searched for it.

    Documented is that it ignores case. Should it find parts of identifiers as well, one that holds
    the key is an answer too.
    """
    identifier = transaction.get("customIdentifier")
    return isinstance(identifier, str) and key.casefold() in identifier.casefold()


def _is_last(data: Table, page: int, count: int) -> bool:
    """Whether a page with so many rows is the last one, in doubt not."""
    pages, last = integer(data.get("totalPages")), data.get("last")
    if pages is not None:
        return page >= pages
    # Nothing at all may be told as no page.
    return count == 0 or (last if isinstance(last, bool) else count < _PAGE_SIZE)


def _check_missing(answer: Answer) -> None:
    """Pass over a transaction that is not shown; anything else is a failed read."""
    if (
        answer.status != 404
        or VERDICTS.get(error_code(answer) or "") is not Verdict.READ
    ):
        raise_for_read(answer)
