"""The channel `action`: a sequence of Home Assistant recharges a line, or texts or calls from it.

Nobody can be asked what became of a run. What counts as its success is what the user declared.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from ...keeper.errors import (
    AmountInvalid,
    KeyAlreadyUsed,
    NotSent,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from ...keeper.money import Money
from ...keeper.ports import (
    Automatic,
    Capabilities,
    Confirmed,
    Found,
    Json,
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
from ..amounts import cost_in
from ..pacing import Patience, Turns
from ..parsing import plain
from .response import cost_of, found, same, text_of
from .terms import Proof, Terms, Work

_USE = "use"
_LOOK_HORIZON_S = 24 * 3600
_PATIENCE = Patience(send_s=10.0, least_send_s=0.0)
"""How long a run waits for the one before; how long it may take stands in its terms."""


class Runner(Protocol):
    """Runs the sequence."""

    async def check(self) -> None:
        """Raise Rejected for a sequence that is wrong, Unavailable while something is missing."""

    async def run(self, variables: Mapping[str, str | None]) -> Mapping[str, Any]:
        """Run it to its end and return what it responds.

        Raises NotSent where nothing of it has begun, and anything else where some of it may have
        been done. Cancelled, it stops at the step that it is at.
        """


class ActionChannel:
    """A sequence as a way to recharge, or to use, a line."""

    def __init__(
        self, terms: Terms, runner: Runner, patience: Patience = _PATIENCE
    ) -> None:
        """Run a sequence under the user's terms."""
        self._terms = terms
        self._runner = runner
        self._turns = Turns(patience)
        self._begun: dict[str, datetime] = {}
        """For each key the birth of the order that it was run for last."""

    @property
    def capabilities(self) -> Capabilities:
        """What this channel promises: nothing that anybody could be asked about."""
        shown = self._terms.proof is Proof.READING
        wait = (self._terms.wait_hours * 3600,) if shown else ()
        return Capabilities(
            lookup=Lookup.NONE,
            look_after_s=wait,
            look_horizon_s=_LOOK_HORIZON_S,
            poll_s=wait,
            send_timeout_s=self._terms.timeout_s,
            resend_within_s=0,
            consumes_on_refusal=True,
            price_guard=False,
            key_window_s=None,
            automatic=Automatic.OPT_IN,
            tells_wallet=False,
            confirms_operator=False,
            uses_number=self._terms.work is Work.USE,
            shown_by_reading=shown,
        )

    async def operator(self, line: Line) -> Operator | None:
        """Know no operators."""
        return None

    async def products(self, line: Line) -> tuple[Product, ...]:
        """List what can be recharged, with what it costs."""
        if self._terms.work is Work.USE:
            return ()
        listed = [
            Product(id=plain(value.value), name=str(value), value=value, price=price)
            for value in _values(self._terms.amounts, line.currency)
            if (price := self._price(value)) is not None
        ]
        same = self._terms.price is None and line.currency == self._terms.pays_in
        if same and not self._terms.amounts:
            least = Money(1, line.currency)
            listed.append(
                Product(
                    id=line.currency,
                    name=line.currency,
                    value=least,
                    value_max=self._terms.maximum,
                    price=least,
                )
            )
        return tuple(listed)

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price a run as stated, if it could begin now. Raises Rejected, Unavailable."""
        await self._runner.check()
        if self._terms.work is Work.USE:
            return self._quote_use(wanted)
        value = wanted.amount or _named(self._terms.amounts, wanted.product, line)
        if value is None:
            raise Rejected("no_amount", RefusalClass.FIX_FIRST)
        offered = _values(self._terms.amounts, line.currency)
        if self._terms.amounts and value not in offered:
            raise Rejected("amount_not_offered", RefusalClass.FIX_FIRST)
        price = self._price(value)
        if price is None:
            raise Rejected("price_not_stated", RefusalClass.FIX_FIRST)
        if self._terms.maximum < price:
            raise Rejected("over_stated_maximum", RefusalClass.FIX_FIRST)
        text = plain(value.value)
        body: dict[str, Json] = {
            "amount": text,
            "currency": value.currency,
            **_stated(price),
        }
        return Quote(product=text, value=value, price=price, body=body)

    async def submit(self, purchase: Purchase) -> Submitted:
        """Run the sequence, once for each order. Raises NotSent, Rejected, OutcomeUnknown."""
        cost, variables = _cost(purchase), _variables(purchase)
        if self._begun.get(purchase.key) == purchase.created_at:
            raise KeyAlreadyUsed("run before")
        self._begun[purchase.key] = purchase.created_at
        try:
            response = await self._run(variables)
        except NotSent:
            del self._begun[purchase.key]
            raise
        return self._outcome(purchase, cost, response)

    async def lookup(self, purchase: Purchase) -> Found:
        """Have nobody to ask. Raises Unavailable."""
        raise Unavailable("an action cannot be asked")

    async def wallet(self) -> Money:
        """Have no wallet. Raises Unavailable."""
        raise Unavailable("an action has no wallet")

    async def _run(self, variables: Mapping[str, str | None]) -> Mapping[str, Any]:
        """Run alone: what serves a gateway or modem seldom bears two at once.

        Whoever would wait for long is not run: what forbids it meanwhile must be heard.
        """
        async with self._turns.next():
            try:
                async with asyncio.timeout(self._terms.timeout_s):
                    return await self._runner.run(variables)
            except NotSent, OutcomeUnknown:
                raise
            except TimeoutError:
                reason = "timeout"
            except Exception as err:  # noqa: BLE001 - any step may raise anything
                # Its text may hold the number.
                reason = type(err).__name__
        raise OutcomeUnknown(reason)

    def _outcome(
        self, purchase: Purchase, cost: Money, response: Mapping[str, Any]
    ) -> Submitted:
        """Judge a run that came to its end."""
        terms = self._terms
        reference = _reference(found(response, terms.reference_key), purchase.line)
        if terms.proof is Proof.READING:
            return Pending(reference=reference)
        if terms.proof is Proof.RESPONSE:
            said = found(response, terms.value_key)
            if same(said, terms.failure):
                raise Rejected(
                    "action_says_failed", RefusalClass.FIX_FIRST, consumed=True
                )
            if not same(said, terms.success):
                raise OutcomeUnknown("proof_missing")
        told, exact = cost_in(cost_of(found(response, terms.cost_key)), cost.currency)
        return Confirmed(
            reference=reference or purchase.key,
            cost=cost if told is None else told,
            cost_exact=exact,
            delivered=None,
        )

    def _quote_use(self, wanted: Wanted) -> Quote:
        price = self._terms.price
        if wanted.amount is not None:
            raise Rejected("cannot_recharge", RefusalClass.NEVER)
        if price is None:
            raise Rejected("price_not_stated", RefusalClass.FIX_FIRST)
        return Quote(product=_USE, value=None, price=price, body=_stated(price))

    def _price(self, value: Money) -> Money | None:
        """Return what a recharge costs; None where that is not stated for its currency."""
        if self._terms.price is not None:
            return self._terms.price
        return value if value.currency == self._terms.pays_in else None


def _values(amounts: Sequence[str], currency: str) -> list[Money]:
    """Return the amounts that make sense in a currency, in the order in which they were typed."""
    values: list[Money] = []
    for text in amounts:
        try:
            values.append(Money.parse(text, currency))
        except AmountInvalid:
            continue
    return values


def _named(amounts: Sequence[str], product: str | None, line: Line) -> Money | None:
    """Return the amount that a product's id stands for."""
    values = _values(amounts, line.currency)
    return next((value for value in values if plain(value.value) == product), None)


def _stated(price: Money) -> dict[str, Json]:
    return {"cost": plain(price.value), "pays_in": price.currency}


def _cost(purchase: Purchase) -> Money:
    """Return what the order's run was stated to cost. Raises Rejected."""
    cost, currency = purchase.body.get("cost"), purchase.body.get("pays_in")
    try:
        return Money.parse(str(cost), str(currency))
    except AmountInvalid as err:
        raise Rejected("order_unreadable", RefusalClass.NEVER) from err


def _variables(purchase: Purchase) -> dict[str, str | None]:
    """Return what the sequence gets to know."""
    body = purchase.body
    amount, currency = body.get("amount"), body.get("currency")
    return {
        "number": purchase.line.number,
        "amount": None if amount is None else str(amount),
        "currency": None if currency is None else str(currency),
        "order_key": purchase.key,
    }


def _reference(value: object, line: Line) -> str | None:
    """Return the action's own name of what it did; never one that gives the number away."""
    reference = text_of(value)
    if reference is None or line.number.lstrip("+") in reference:
        return None
    return reference
