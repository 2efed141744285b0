"""Reloadly's error codes and what each one proves about the money."""

from enum import StrEnum
import re
from typing import NoReturn

from ...keeper.errors import (
    KeyAlreadyUsed,
    LoginFailed,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from ..http import Answer
from ..parsing import Parsed, table


class Verdict(StrEnum):
    """The next step that an error code asks for."""

    AUTH = "auth"
    """New credentials are needed; nothing was bought."""
    NEVER = "never"
    """Nothing was bought; the number is dead."""
    FIX = "fix"
    """Nothing was bought; a person must change something."""
    LATER = "later"
    """Nothing was bought; the same may work later."""
    READ = "read"
    """Says something about a read only; proves nothing about a purchase."""
    LOOKUP = "lookup"
    """It may have been bought."""


# Documented by the vendor, classed in docs by what was measured; see docs for the sources.
_TABLE: dict[Verdict, str] = {
    Verdict.AUTH: """
        INVALID_TOKEN MISSING_TOKEN TOKEN_EXPIRED INVALID_CREDENTIALS AUTHENTICATION_FAILURE
        INVALID_AUDIENCE NOT_AUTHORIZED INACTIVE_ACCOUNT ACCOUNT_NOT_FOUND""",
    Verdict.NEVER: "RECIPIENT_PHONE_INACTIVE PHONE_BANNED_BY_OPERATOR",
    Verdict.FIX: """
        INVALID_INPUT_PROVIDED INVALID_REQUEST UNPROCCESSABLE_ENTITY
        INVALID_RECIPIENT_PHONE INVALID_PHONE_NUMBER INVALID_SENDER_PHONE
        OPERATOR_AND_RECIPIENT_PHONE_MISMATCH COULD_NOT_AUTO_DETECT_OPERATOR
        COUNTRY_NOT_SUPPORTED OPERATOR_NOT_FOUND
        INVALID_AMOUNT INVALID_AMOUNT_FOR_OPERATOR INVALID_LOCAL_AMOUNT_FOR_OPERATOR
        INVALID_AMOUNT_FOR_RECIPIENT_PHONE LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR
        RECIPIENT_REACHED_MAX_TOPUP_NUMBER
        TRANSACTION_REJECTED_BY_OPERATOR TRANSACTION_REFUSED_BY_OPERATOR
        INSUFFICIENT_BALANCE
        METHOD_NOT_SUPPORTED MEDIA_TYPE_NOT_ACCEPTABLE UNSUPPORTED_MEDIA_TYPE""",
    Verdict.LATER: """
        MAX_DAILY_TRANSACTION_COUNT_REACHED MAX_DAILY_TRANSACTION_AMOUNT_REACHED
        PHONE_RECENTLY_RECHARGED RECIPIENT_HAS_PENDING_TRANSACTION
        OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE OPERATOR_NOT_IN_SERVICE
        RATE_LIMIT_REACHED TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT""",
    Verdict.READ: "TRANSACTION_NOT_FOUND RESOURCE_NOT_FOUND FX_RATE_NOT_AVAILABLE",
    Verdict.LOOKUP: """
        CUSTOM_IDENTIFIER_ALREADY_USED
        TOPUP_TRANSACTION_FAILED TRANSACTION_FAILED_ON_OPERATOR REQUEST_PROCESSING_FAILED
        PROVIDER_INTERNAL_ERROR REQUEST_FAILED_ON_PROVIDER UNMAPPED_PROVIDER_ERROR_CODE
        CONNECTION_TO_OPERATOR_TEMPORARILY_DOWN CONNECTION_TO_OPERATOR_FAILED
        SERVICE_TO_OPERATOR_TEMPORARILY_UNAVAILABLE INTERNAL_SERVER_ERROR SERVICE_UNAVAILABLE""",
}
VERDICTS = {
    code: verdict for verdict, codes in _TABLE.items() for code in codes.split()
}

ALREADY_USED = "CUSTOM_IDENTIFIER_ALREADY_USED"
STALE_TOKEN = frozenset({"INVALID_TOKEN", "MISSING_TOKEN", "TOKEN_EXPIRED"})

# The only 503 that is raised before anything is tried.
_REFUSED_WITH_503 = frozenset(
    {"OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", "OPERATOR_NOT_IN_SERVICE"}
)
# Left no record with 400, may have been charged with 500; other statuses were never seen.
_REFUSED_WITH_400_ONLY = "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT"

_REFUSALS = {
    Verdict.NEVER: RefusalClass.NEVER,
    Verdict.FIX: RefusalClass.FIX_FIRST,
    Verdict.LATER: RefusalClass.LATER,
}
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,79}")


def code_in(value: Parsed) -> str | None:
    """Return an error code if the text looks like one, so that it is safe to show."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def error_code(answer: Answer) -> str | None:
    """Return the vendor's error code of an answer."""
    return code_in(table(answer.body).get("errorCode"))


def token_refused(answer: Answer) -> bool:
    """Whether this is Reloadly's own 401 about the token, raised before any work."""
    return answer.status == 401 and error_code(answer) in STALE_TOKEN


def raise_for_submit(answer: Answer) -> NoReturn:
    """Raise what a failed purchase call means. What is not documented stays unknown."""
    code = error_code(answer)
    if code == ALREADY_USED:
        raise KeyAlreadyUsed(code)
    if code is not None and _refused(answer.status, code):
        verdict = VERDICTS.get(code, Verdict.LOOKUP)
        if verdict is Verdict.AUTH:
            raise LoginFailed(code)
        if refusal := _REFUSALS.get(verdict):
            raise Rejected(code, refusal)
    raise OutcomeUnknown(_label(answer, code))


def raise_for_read(answer: Answer) -> NoReturn:
    """Raise what a failed read means, where it says nothing about an order."""
    code = error_code(answer)
    if _login_failed(answer.status, code):
        raise LoginFailed(_label(answer, code))
    raise Unavailable(_label(answer, code))


def raise_for_offer(answer: Answer) -> NoReturn:
    """Raise what a failed look at the catalogue means for buying from it."""
    code = error_code(answer)
    if code is not None and _refused(answer.status, code):
        verdict = VERDICTS.get(code, Verdict.LOOKUP)
        if verdict in (Verdict.NEVER, Verdict.FIX):
            raise Rejected(code, _REFUSALS[verdict])
    raise_for_read(answer)


def _refused(status: int, code: str) -> bool:
    """Whether a status with this code is a refusal before any booking."""
    if code == _REFUSED_WITH_400_ONLY:
        return status == 400
    if status == 503:
        return code in _REFUSED_WITH_503
    return 400 <= status < 500 and status != 408


def _login_failed(status: int, code: str | None) -> bool:
    if status == 401:
        return True
    return (
        400 <= status < 500 and code is not None and VERDICTS.get(code) is Verdict.AUTH
    )


def _label(answer: Answer, code: str | None) -> str:
    return f"HTTP {answer.status} {code}" if code else f"HTTP {answer.status}"
