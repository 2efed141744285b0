"""What the simulated vendor refuses: unknown fields, wrong headers, wrong amounts."""

from collections.abc import Mapping
from decimal import Decimal
import json

from aiohttp import web

from .answers import ACCEPT, Refusal
from .catalogue import BY_ID, CALLING_CODES
from .sold import SoldOperator
from .world import Order

_TOPUP_FIELDS = {
    "operatorId",
    "amount",
    "useLocalAmount",
    "customIdentifier",
    "recipientPhone",
    "senderPhone",
}
_INCLUDES = {
    "includeBundles",
    "includeData",
    "includePin",
    "includeCombo",
    "includeRange",
    "includeFixed",
    "suggestedAmounts",
    "suggestedAmountsMap",
}
QUERIES: Mapping[str, set[str]] = {
    "/operators/countries/": _INCLUDES,
    "/operators/auto-detect/": {"suggestedAmounts", "suggestedAmountsMap"},
    "/operators/": {"suggestedAmounts", "suggestedAmountsMap"},
    "/promotions/": set(),
    "/promotions": {"page", "size"},
    "/topups/reports/transactions": {
        "customIdentifier",
        "startDate",
        "endDate",
        "countryCode",
        "operatorId",
        "operatorName",
        "page",
        "size",
    },
}


def check_form(request: web.Request) -> None:
    """Refuse a call whose headers or query are not as documented."""
    if request.headers.get("Accept") != ACCEPT:
        raise Refusal(406, "MEDIA_TYPE_NOT_ACCEPTABLE")
    if request.method == "POST" and request.content_type != "application/json":
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE")
    allowed = next(
        (keys for path, keys in QUERIES.items() if request.path.startswith(path)), set()
    )
    if not set(request.query) <= allowed:
        raise Refusal(400, "INVALID_REQUEST", "unknown parameter")
    flags = {request.query[key] for key in _INCLUDES & set(request.query)}
    if not flags <= {"true", "false"}:
        raise Refusal(400, "INVALID_REQUEST", "not true or false")


async def body_of(request: web.Request) -> dict[str, object]:
    """Read the JSON object of a call."""
    try:
        body = json.loads(await request.text(), parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "INVALID_REQUEST", "not a JSON object")
    return body


def order_of(body: dict[str, object]) -> Order:
    """Check a purchase request and return it."""
    _check_fields(body)
    operator = BY_ID.get(body["operatorId"])  # type: ignore[call-overload]
    if operator is None or operator.status != "ACTIVE":
        raise Refusal(503, "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE")
    country, number = _recipient(body["recipientPhone"])
    if country != operator.country:
        raise Refusal(400, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH")
    if operator.prefixes and not number.startswith(operator.prefixes):
        raise Refusal(400, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH")
    identifier = body.get("customIdentifier")
    if identifier is not None and (
        not isinstance(identifier, str) or len(identifier) > 150
    ):
        raise Refusal(400, "INVALID_INPUT_PROVIDED", "customIdentifier")
    amount = Decimal(str(body["amount"]))
    local = body.get("useLocalAmount") is True
    _check_amount(operator, amount, local=local)
    return Order(
        operator=operator.id,
        amount=amount,
        local=local,
        identifier=identifier,
        country=country,
        number=number,
    )


def _check_fields(body: dict[str, object]) -> None:
    required = {"operatorId", "amount", "recipientPhone"}
    if not required <= set(body) <= _TOPUP_FIELDS:
        raise Refusal(400, "INVALID_INPUT_PROVIDED", "fields")
    if not isinstance(body["operatorId"], int) or isinstance(body["operatorId"], bool):
        raise Refusal(400, "INVALID_INPUT_PROVIDED", "operatorId")
    if not isinstance(body["amount"], int | Decimal) or isinstance(
        body["amount"], bool
    ):
        raise Refusal(400, "INVALID_INPUT_PROVIDED", "amount is not a number")
    if not isinstance(body.get("useLocalAmount", False), bool):
        raise Refusal(400, "INVALID_INPUT_PROVIDED", "useLocalAmount")


def _recipient(phone: object) -> tuple[str, str]:
    if not isinstance(phone, dict) or set(phone) != {"countryCode", "number"}:
        raise Refusal(400, "INVALID_INPUT_PROVIDED", "recipientPhone")
    country, number = str(phone["countryCode"]), str(phone["number"]).removeprefix("+")
    if country not in CALLING_CODES:
        raise Refusal(409, "COUNTRY_NOT_SUPPORTED")
    if not plausible(number, country):
        raise Refusal(400, "INVALID_RECIPIENT_PHONE")
    return country, number


def plausible(digits: str, country: str) -> bool:
    """Whether the digits can be a number of the country, in international form."""
    return (
        digits.isdigit()
        and 8 <= len(digits) <= 15
        and digits.startswith(CALLING_CODES[country])
    )


def _check_amount(operator: SoldOperator, amount: Decimal, *, local: bool) -> None:
    if local and not operator.local:
        raise Refusal(400, "LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR")
    wrong = (
        "INVALID_LOCAL_AMOUNT_FOR_OPERATOR" if local else "INVALID_AMOUNT_FOR_OPERATOR"
    )
    if amount != amount.quantize(Decimal("0.00001")):
        raise Refusal(400, "INVALID_AMOUNT")
    if not operator.ranged:
        listed = operator.local_fixed if local else operator.fixed
        if amount not in {Decimal(text) for text in listed}:
            raise Refusal(400, wrong)
        return
    least, most = (
        (operator.local_least, operator.local_most)
        if local
        else (operator.least, operator.most)
    )
    if not Decimal(least or "0") <= amount <= Decimal(most or "0"):
        raise Refusal(400, wrong)
