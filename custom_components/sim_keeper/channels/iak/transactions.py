"""IAK's orders: whether one is ours, and how it ended.

The vendor tells no time of an order: an old one under our key cannot be told from a new one by
its date, only by number and product.
"""

from dataclasses import dataclass

from ...keeper.errors import (
    LoginFailed,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from ...keeper.ports import Confirmed, Foreign, Found, Pending, Purchase, Submitted
from ..amounts import cost_in
from ..http import Answer
from ..indonesia import local_number
from ..parsing import Parsed, Table, integer, words
from .codes import (
    NEEDS_STATUS,
    Meaning,
    Verdict,
    code_in,
    data_of,
    label,
    meaning_of,
    named,
)
from .offers import CURRENCY

_PROCESSING, _SUCCESS, _FAILED = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an answer says of an order; None for what it does not say."""

    key: str | None
    number: str | None
    product: str | None
    status: int | None
    code: str | None
    meaning: Meaning | None
    data: Table

    @property
    def whole(self) -> bool:
        """Whether it is about an order that the vendor has.

        Number and product are not in our question: who repeats them has the order.
        """
        return None not in (self.key, self.number, self.product)

    @property
    def verdict(self) -> Verdict | None:
        """What the code says."""
        return None if self.meaning is None else self.meaning.verdict

    @property
    def contradicts_a_no(self) -> bool:
        """Whether the status says that the order is on its way, or delivered."""
        return self.status in (_PROCESSING, _SUCCESS)

    @property
    def delivered(self) -> bool:
        """Whether it was delivered: both the code and the status say so."""
        return self.verdict is Verdict.DONE and self.status == _SUCCESS

    @property
    def reference(self) -> str | None:
        """The vendor's own number of the transaction."""
        identity = integer(self.data.get("tr_id"))
        return None if identity is None else str(identity)

    def matches(self, purchase: Purchase) -> bool:
        """Whether nothing that it says belongs to another order."""
        ours = (
            purchase.key,
            local_number(purchase.line.number),
            purchase.body.get("product_code"),
        )
        theirs = (self.key, self.number, self.product)
        return all(
            one is None or one == own for one, own in zip(theirs, ours, strict=True)
        )


def seen_in(answer: Answer) -> Seen:
    """Read what an answer says of an order; the older names of its fields are known as well."""
    data = data_of(answer)
    number = _text(data.get("customer_id", data.get("hp")))
    return Seen(
        key=_text(data.get("ref_id")),
        # What is no Indonesian number is kept: it is somebody else's.
        number=local_number(number) or number,
        product=_text(data.get("product_code", data.get("code"))),
        status=_status(data.get("status")),
        code=code_in(data.get("rc")),
        meaning=meaning_of(data),
        data=data,
    )


def found_in(answer: Answer, purchase: Purchase) -> Found | None:
    """Say what the order under our key is; None if the answer shows none.

    Raises Rejected if it ended without money gone, Unavailable for an order of another key.
    """
    seen = seen_in(answer)
    if seen.key not in (None, purchase.key):
        raise Unavailable("the answer belongs to another order")
    if not seen.whole:
        return None
    if seen.verdict is Verdict.FAILED and seen.status == _FAILED:
        # Whatever it was for: nothing was bought under this key, and nothing can be any more.
        raise _rejected(seen)
    if not seen.matches(purchase):
        return Foreign(
            reference=seen.reference or purchase.key,
            cost=cost_in(seen.data.get("price"), CURRENCY)[0],
            value=None,
            at=None,
        )
    return _settled(seen, purchase)


def taken_in(answer: Answer, purchase: Purchase) -> Submitted:
    """Read the answer to a purchase. Raises Rejected, LoginFailed, OutcomeUnknown."""
    seen = seen_in(answer)
    if not seen.matches(purchase):
        raise OutcomeUnknown("the answer belongs to another order")
    if seen.delivered and seen.whole:
        return _settled(seen, purchase)
    if seen.verdict is Verdict.PENDING and seen.status in (None, _PROCESSING):
        return Pending(reference=seen.reference)
    if not seen.contradicts_a_no:
        _raise_for_no(seen, answer)
    raise OutcomeUnknown(label(answer))


def _raise_for_no(seen: Seen, answer: Answer) -> None:
    """Raise what a documented "no" to a purchase means; pass over anything else."""
    if seen.verdict is Verdict.LOGIN:
        raise LoginFailed(label(answer))
    if seen.verdict in (Verdict.ADDRESS, Verdict.CALL):
        raise _rejected(seen)
    proven = seen.status == _FAILED or seen.code != NEEDS_STATUS
    if seen.verdict is Verdict.FAILED and proven:
        raise _rejected(seen)


def _settled(seen: Seen, purchase: Purchase) -> Confirmed | Pending:
    if not seen.delivered:
        # A code that is not documented, or contradicts the status, is no end.
        return Pending(reference=seen.reference)
    cost, exact = cost_in(seen.data.get("price"), CURRENCY)
    return Confirmed(
        reference=seen.reference or purchase.key,
        cost=cost,
        cost_exact=exact,
        # The credit is fixed by the product; the vendor does not repeat it.
        delivered=None,
        receipt=words(seen.data.get("sn"), 64),
    )


def _rejected(seen: Seen) -> Rejected:
    """Return the refusal. A failed order is shown under its key for ever: that is used up."""
    booked = seen.whole and seen.reference is not None
    refusal = (seen.meaning and seen.meaning.refusal) or RefusalClass.FIX_FIRST
    return Rejected(named(seen.data), refusal, consumed=booked)


def _status(value: Parsed) -> int | None:
    """Return the status: a number in answers, text in older ones."""
    text = str(value) if isinstance(value, int | str) else ""
    known = (_PROCESSING, _SUCCESS, _FAILED)
    return next((status for status in known if str(status) == text), None)


def _text(value: Parsed) -> str | None:
    return value if isinstance(value, str) and value else None
