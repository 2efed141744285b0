"""IAK's response codes and what each one proves about the money.

Source: api.iak.id, prepaid response codes, read in part in 2026; the vendor's list of 2023-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from ...keeper.errors import AddressRefused, LoginFailed, RefusalClass, Unavailable
from ..http import Answer
from ..parsing import Parsed, Table, table


class Verdict(StrEnum):
    """What a code says."""

    DONE = "done"
    PENDING = "pending"
    ABSENT = "absent"
    """The vendor has no order under this key. Says nothing about one that is on its way."""
    LOGIN = "login"
    """The call was not let in; nothing was bought."""
    ADDRESS = "address"
    """The caller's IP address is not on the account's list; nothing was bought."""
    CALL = "call"
    """The call was not understood; nothing was bought, and no order is spoken of."""
    FAILED = "failed"
    """The order was refused or failed; the deposit is as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A code's verdict, what it asks for where an order was refused, and our words for it."""

    verdict: Verdict
    refusal: RefusalClass | None
    words: str


def _group(
    verdict: Verdict, refusal: RefusalClass | None, words: Mapping[str, str]
) -> dict[str, Meaning]:
    return {
        code: Meaning(verdict=verdict, refusal=refusal, words=text)
        for code, text in words.items()
    }


MEANINGS: Mapping[str, Meaning] = {
    **_group(Verdict.DONE, None, {"00": "done"}),
    **_group(Verdict.PENDING, None, {"39": "processing", "201": "not mapped yet"}),
    **_group(Verdict.ABSENT, None, {"06": "no such order"}),
    **_group(
        Verdict.LOGIN,
        None,
        {
            "204": "wrong signature",
            "118": "account suspended",
        },
    ),
    **_group(Verdict.ADDRESS, RefusalClass.FIX_FIRST, {"102": "address not allowed"}),
    **_group(
        Verdict.CALL,
        RefusalClass.FIX_FIRST,
        {"107": "malformed", "117": "wrong path", "205": "wrong command"},
    ),
    **_group(
        Verdict.FAILED,
        RefusalClass.NEVER,
        {
            "13": "number blocked",
            "14": "not a valid number",
            "203": "number too long",
        },
    ),
    **_group(
        Verdict.FAILED,
        RefusalClass.FIX_FIRST,
        {
            "12": "the number holds too much credit",
            "16": "number of another operator",
            "17": "deposit too small",
            "18": "number not available",
            "19": "number in use",
            "20": "no such product",
            # Tried again daily, it would be refused for weeks and nobody would know.
            "121": "monthly limit of the number",
            "131": "game product",
            "141": "game product",
            "142": "game product",
            "143": "game product",
            "206": "number on your own blacklist",
        },
    ),
    **_group(
        Verdict.FAILED,
        RefusalClass.LATER,
        {
            "05": "undefined error",
            "07": "failed",
            "10": "daily limit of the number",
            "106": "product switched off",
            "110": "maintenance",
            "202": "bought for this number today",
            "207": "something bought for this number today",
        },
    ),
}
"""Every documented code."""

# Seen in the vendor's old test data only: without a status of its own it is no proof.
NEEDS_STATUS = "05"

_DECIDED = (200, 400)


def decided(answer: Answer) -> bool:
    """Whether the vendor took a decision: any other status is to be taken for "processing"."""
    return answer.status in _DECIDED


def data_of(answer: Answer) -> Table:
    """Return the answer's own object, or an empty one."""
    return table(table(answer.body).get("data"))


def code_in(value: Parsed) -> str | None:
    """Return a response code if the text looks like one, so that it is safe to show."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        return None
    return value if 2 <= len(value) <= 3 else None


def meaning_of(data: Table) -> Meaning | None:
    """Return what the code of an answer means; None for one that is missing or not documented."""
    return MEANINGS.get(code_in(data.get("rc")) or "")


def verdict_of(answer: Answer) -> Verdict | None:
    """Return what the vendor decided; None where it took no decision that is documented."""
    meaning = meaning_of(data_of(answer)) if decided(answer) else None
    return None if meaning is None else meaning.verdict


def label(answer: Answer) -> str:
    """Describe an answer in words that are safe to show and to log."""
    code = code_in(data_of(answer).get("rc"))
    return f"HTTP {answer.status} rc {code}" if code else f"HTTP {answer.status}"


def named(data: Table) -> str:
    """Return the code and our words for it, such as `17 deposit too small`."""
    meaning = meaning_of(data)
    return f"{code_in(data.get('rc'))} {meaning.words if meaning else ''}".strip()


def raise_for_read(answer: Answer) -> NoReturn:
    """Raise what a failed read means: LoginFailed, AddressRefused, else Unavailable."""
    verdict = verdict_of(answer)
    if verdict is Verdict.LOGIN:
        raise LoginFailed(label(answer))
    if verdict is Verdict.ADDRESS:
        raise AddressRefused(None)
    raise Unavailable(label(answer))
