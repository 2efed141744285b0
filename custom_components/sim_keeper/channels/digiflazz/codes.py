"""Digiflazz's response codes and what each one proves about the money.

Source: developer.digiflazz.com/api/buyer/response-code, in a copy of 2026-05-15. "Booked" means
that the vendor lists the code as having formed a transaction: its ref_id is used up then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import ipaddress
import re
from typing import NoReturn

from ...keeper.errors import AddressRefused, LoginFailed, RefusalClass, Unavailable
from ..http import Answer
from ..parsing import Parsed, Table, table


class Verdict(StrEnum):
    """What a code says."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"
    """Booked and failed; the money is back."""
    TIMED_OUT = "timed_out"
    """As FAILED, but the vendor did not hear it from the operator: to be asked once more."""
    UNFOUND = "unfound"
    """Booked and failed as a first answer; says nothing when it answers a re-check."""
    TOO_FAST = "too_fast"
    """As UNFOUND: on a re-check it speaks of the re-check."""
    REFUSED = "refused"
    """Not booked."""
    LOGIN = "login"
    """Not booked; the keys or the account are not accepted."""
    ADDRESS = "address"
    """Not booked; the caller's IP address is not on the account's list."""
    USED = "used"
    """The vendor knows the ref_id, or the purchase, from before."""
    ELSEWHERE = "elsewhere"
    """Documented for another call; proves nothing about a purchase."""


BOOKED_FAILURES = frozenset(
    {Verdict.FAILED, Verdict.TIMED_OUT, Verdict.UNFOUND, Verdict.TOO_FAST}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A code's verdict, what it asks for where it is a "no", and our words for it."""

    verdict: Verdict
    refusal: RefusalClass
    words: str


def _group(
    verdict: Verdict, refusal: RefusalClass, words: Mapping[str, str]
) -> dict[str, Meaning]:
    return {
        code: Meaning(verdict=verdict, refusal=refusal, words=text)
        for code, text in words.items()
    }


_NEVER, _FIX, _LATER = RefusalClass.NEVER, RefusalClass.FIX_FIRST, RefusalClass.LATER

MEANINGS: Mapping[str, Meaning] = {
    **_group(Verdict.DONE, _LATER, {"00": "done"}),
    **_group(Verdict.PENDING, _LATER, {"03": "in progress", "99": "router trouble"}),
    **_group(
        Verdict.TIMED_OUT, _LATER, {"01": "timeout", "70": "timeout at the operator"}
    ),
    **_group(Verdict.UNFOUND, _LATER, {"50": "transaction not found"}),
    **_group(
        Verdict.TOO_FAST,
        _LATER,
        {"85": "too many transactions", "86": "too many inquiries"},
    ),
    **_group(
        Verdict.FAILED,
        _NEVER,
        {
            "51": "number blocked",
            "52": "number of another operator",
            "54": "wrong number",
            "57": "wrong count of digits",
            "59": "number of another region",
        },
    ),
    **_group(
        Verdict.FAILED,
        _FIX,
        {
            "60": "bill not available",
            "72": "an old package must be cancelled first",
            "73": "limit of the meter",
            "84": "amount not valid",
        },
    ),
    **_group(
        Verdict.FAILED,
        _LATER,
        {
            "02": "failed",
            "53": "product of the seller not available",
            "55": "product disturbed",
            "58": "daily cut-off",
            "71": "product unstable",
            "74": "refunded",
        },
    ),
    **_group(
        Verdict.LOGIN,
        _FIX,
        {
            "41": "wrong signature",
            "42": "wrong user name",
            "82": "account not verified",
            "88": "not allowed for this account",
        },
    ),
    **_group(Verdict.ADDRESS, _FIX, {"45": "IP address not on the list"}),
    **_group(
        Verdict.REFUSED,
        _FIX,
        {
            "40": "request not understood",
            "43": "product not found or switched off",
            "44": "deposit too small",
            "47": "already bought by somebody else",
            "61": "no deposit yet",
            "67": "seller not verified",
            "69": "price above the agreed one",
            "80": "blocked by the seller",
            "81": "seller blocked by you",
            "87": "not in thousands",
        },
    ),
    **_group(
        Verdict.REFUSED,
        _LATER,
        {
            "56": "deposit of the seller too small",
            "62": "seller disturbed",
            "63": "already bought today",
            "65": "already bought often enough today",
            "66": "seller closed for maintenance",
            "68": "out of stock",
        },
    ),
    **_group(
        Verdict.USED,
        _FIX,
        {"46": "happened before", "49": "ref_id known with other data"},
    ),
    **_group(
        Verdict.ELSEWHERE,
        _LATER,
        {"64": "deposit ticket failed", "83": "price list read too often"},
    ),
}
"""Every documented code."""

_CODE = re.compile(r"\d{2}", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]{3,45}")


def code_in(data: Table) -> str | None:
    """Return the code of an answer, if it looks like one, so that it is safe to show."""
    code = data.get("rc")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def named(code: str) -> str:
    """Return a code with our words for it: `44 deposit too small`."""
    meaning = MEANINGS.get(code)
    return f"{code} {meaning.words}" if meaning else code


def data_of(answer: Answer) -> Parsed:
    """Return what stands in the envelope."""
    return table(answer.body).get("data")


def label(answer: Answer) -> str:
    """Return a safe word for an answer that is of no use."""
    code = code_in(table(data_of(answer)))
    return f"HTTP {answer.status} {named(code)}" if code else f"HTTP {answer.status}"


def raise_for_read(answer: Answer) -> NoReturn:
    """Raise what a failed read means: AddressRefused, LoginFailed, else Unavailable."""
    data = table(data_of(answer))
    code = code_in(data)
    meaning = MEANINGS.get(code or "")
    if meaning is not None and trustworthy(answer):
        if meaning.verdict is Verdict.LOGIN:
            raise LoginFailed(label(answer))
        if meaning.verdict is Verdict.ADDRESS:
            raise AddressRefused(_address_in(data.get("message")))
    raise Unavailable("unexpected answer" if answer.ok and not code else label(answer))


def trustworthy(answer: Answer) -> bool:
    """Whether a code beside this HTTP status is the vendor's own, and about this request."""
    return answer.status < 500 and answer.status != 408


def _address_in(message: Parsed) -> str | None:
    """Return the address that the vendor saw, which only its message has."""
    for part in _ADDRESS.findall(message if isinstance(message, str) else ""):
        try:
            return str(ipaddress.ip_address(part.strip(".:")))
        except ValueError:
            continue
    return None
