"""Digiflazz's answers to a purchase: whether they are ours, and what they prove.

The same call buys and tells what was bought, so one answer means different things to a first send
and to a re-check: a "no" to a re-check says nothing about the first send.
"""

from enum import StrEnum

from ...keeper.errors import (
    KeyAlreadyUsed,
    LoginFailed,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from ...keeper.money import Money
from ...keeper.ports import Confirmed, Foreign, Found, Pending, Purchase, Submitted
from ..amounts import cost_in
from ..http import Answer
from ..indonesia import local_number
from ..parsing import Parsed, Table, Writable, integer, table, words
from .codes import (
    BOOKED_FAILURES,
    MEANINGS,
    Meaning,
    Verdict,
    code_in,
    data_of,
    label,
    named,
    raise_for_read,
    trustworthy,
)
from .rupiah import CURRENCY, rupiah

_RECEIPT_MAX = 64


class Claim(StrEnum):
    """What an answer says, where its code and its status word agree on it."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"
    """Booked, and failed."""
    REFUSED = "refused"
    """Not booked."""
    UNKNOWN = "unknown"


_STATUS = {"sukses": Claim.DONE, "pending": Claim.PENDING, "gagal": Claim.FAILED}
_SAYS_NOTHING_OF_THE_FIRST = frozenset({Verdict.UNFOUND, Verdict.TOO_FAST})


def order_of(purchase: Purchase) -> dict[str, Writable]:
    """Build the order from the frozen body; the same one each time. Raises Rejected."""
    sku, most = purchase.body.get("buyer_sku_code"), purchase.body.get("max_price")
    number = local_number(purchase.line.number)
    if (
        not isinstance(sku, str)
        or not isinstance(most, int)
        or isinstance(most, bool)
        or most <= 0
        or number is None
    ):
        raise Rejected("order_unreadable", RefusalClass.NEVER)
    return {"buyer_sku_code": sku, "customer_no": number, "max_price": most}


def first_answer(answer: Answer, purchase: Purchase) -> Submitted:
    """Read the answer to a first send.

    Raises Rejected, LoginFailed, KeyAlreadyUsed, OutcomeUnknown.
    """
    data = table(data_of(answer))
    code, meaning = _meaning(data)
    claim = _claim(answer, data, meaning)
    if claim is Claim.UNKNOWN or meaning is None or not _is_ours(data, purchase, claim):
        raise OutcomeUnknown(label(answer))
    match claim:
        case Claim.DONE:
            return _confirmed(data, purchase)
        case Claim.PENDING:
            return Pending(reference=purchase.key)
        case Claim.FAILED if meaning.verdict is Verdict.TIMED_OUT:
            raise OutcomeUnknown(named(code))
        case Claim.FAILED:
            raise Rejected(named(code), meaning.refusal, consumed=True)
    match meaning.verdict:
        case Verdict.USED:
            raise KeyAlreadyUsed(named(code))
        case Verdict.LOGIN:
            raise LoginFailed(named(code))
        case _:
            raise Rejected(named(code), meaning.refusal)


def later_answer(answer: Answer, purchase: Purchase) -> Found:
    """Read the answer to a re-check. Raises Rejected, Unavailable, LoginFailed."""
    data = table(data_of(answer))
    code, meaning = _meaning(data)
    claim = _claim(answer, data, meaning)
    if claim is Claim.REFUSED:
        raise_for_read(answer)
    if claim is Claim.UNKNOWN or meaning is None:
        raise Unavailable(label(answer))
    if not _is_ours(data, purchase, claim):
        if claim is Claim.FAILED or data.get("ref_id") != purchase.key:
            raise Unavailable("the answer belongs to another order")
        return Foreign(reference=purchase.key, cost=_cost(data)[0], value=None, at=None)
    if claim is Claim.DONE:
        return _confirmed(data, purchase)
    if claim is Claim.PENDING:
        return Pending(reference=purchase.key)
    if meaning.verdict in _SAYS_NOTHING_OF_THE_FIRST:
        raise Unavailable(label(answer))
    raise Rejected(named(code), meaning.refusal, consumed=True)


def _meaning(data: Table) -> tuple[str, Meaning | None]:
    code = code_in(data) or ""
    return code, MEANINGS.get(code)


def _claim(answer: Answer, data: Table, meaning: Meaning | None) -> Claim:
    """Weigh HTTP status, status word and code; where they disagree, the most cautious wins."""
    if meaning is None or not trustworthy(answer):
        return Claim.UNKNOWN
    by_code = _claim_of(meaning.verdict)
    word = data.get("status")
    by_word = _STATUS.get(word.casefold()) if isinstance(word, str) else None
    if by_code is Claim.REFUSED and (by_word is Claim.FAILED or "status" not in data):
        return Claim.REFUSED
    if by_code is Claim.UNKNOWN or by_word is None:
        return Claim.UNKNOWN
    if by_code is by_word:
        # Failures are known to come with 4xx; a purchase that ran is not.
        return by_code if answer.ok or by_code is Claim.FAILED else Claim.UNKNOWN
    return (
        Claim.PENDING
        if answer.ok and _half_pending(by_code, by_word)
        else Claim.UNKNOWN
    )


def _claim_of(verdict: Verdict) -> Claim:
    match verdict:
        case Verdict.DONE:
            return Claim.DONE
        case Verdict.PENDING:
            return Claim.PENDING
        case Verdict.ELSEWHERE:
            return Claim.UNKNOWN
        case _:
            return Claim.FAILED if verdict in BOOKED_FAILURES else Claim.REFUSED


def _half_pending(one: Claim, other: Claim) -> bool:
    """Whether one side says pending and the other one something of a booked purchase."""
    return Claim.PENDING in (one, other) and Claim.REFUSED not in (one, other)


def _is_ours(data: Table, purchase: Purchase, claim: Claim) -> bool:
    """Whether ref_id, number and product are ours; a refusal may leave them out."""
    ours: dict[str, Parsed] = {
        "ref_id": purchase.key,
        "customer_no": local_number(purchase.line.number),
        "buyer_sku_code": _text(purchase.body.get("buyer_sku_code")),
    }
    if claim is Claim.REFUSED:
        return all(data.get(key) in (None, "", value) for key, value in ours.items())
    return all(data.get(key) == value for key, value in ours.items())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _confirmed(data: Table, purchase: Purchase) -> Confirmed:
    cost, exact = _cost(data)
    return Confirmed(
        reference=purchase.key,
        cost=cost,
        cost_exact=exact,
        # The answer has no word for what arrived.
        delivered=None,
        receipt=_receipt(data.get("sn")),
    )


def _cost(data: Table) -> tuple[Money | None, str | None]:
    return cost_in(rupiah(data.get("price")), CURRENCY)


def _receipt(value: Parsed) -> str | None:
    """Return the operator's serial number, text by the vendor's table."""
    return words(str(value) if integer(value) else value, _RECEIPT_MAX)
