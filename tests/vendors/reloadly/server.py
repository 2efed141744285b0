"""The simulated Reloadly: an HTTP server with the vendor's protocol."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from ..faults import IN_TRANSIT, Fault
from ..program import utc_now
from ..server import Simulator
from ..wire import Shown, reply
from .answers import Refusal, page_of, refusal, transaction
from .catalogue import BY_ID, CALLING_CODES, detect, of_country
from .checks import body_of, check_form, order_of, plausible
from .promotions import PROMOTIONS, promoted
from .tokens import Tokens
from .world import FAILED, REFUNDED, Order, Plan, Sale, World

PURCHASES = ("/topups", "/topups-async")
KINDS = IN_TRANSIT | {
    "duplicate_refused",
    "empty_wallet",
    "token_expired",
    "wrong_number_in_answer",
    "fail_later",
    "refund_later",
    "reverse_later",
    "takes",
    "report_lag",
    "search_ignored",
    "price_rise",
    "operator_inactive",
    "operator_reassigned",
    "amount_gone",
}
_REPORT_ZONE = timedelta(hours=-4)
_SLOW_FAILURE_S = 52


class ReloadlySimulator(Simulator):
    """A Reloadly of our own."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        state: Path | None = None,
        port: int = 0,
    ) -> None:
        """Prepare; `state` is a file that remembers between runs."""
        super().__init__(KINDS, now=now, port=port)
        self.world: World = World(now, state)
        self.tokens = Tokens(now)
        self.report_shows_processing = True
        self.promotions = list(PROMOTIONS)

    def is_purchase(self, request: web.Request) -> bool:
        """Whether a call may buy something."""
        return request.method == "POST" and request.path in PURCHASES

    def refuse(self, fault: Fault, request: web.Request) -> web.Response:
        """Refuse a call with the status and code of a fault."""
        return refusal(Refusal(fault.status, fault.code), request.path, self.now())

    def ended(self, sold: Sequence[Sale]) -> None:
        """Note that the call which ran these sales has ended."""
        for sale in sold:
            self.world.take(sale.order.identifier)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call as Reloadly does."""
        self.world.dearer = self.faults.standing("price_rise") is not None
        try:
            if request.path == "/oauth/token":
                return await self._token(request)
            self._check_token(request)
            check_form(request)
            return await self._route(request)
        except Refusal as error:
            return refusal(error, request.path, self.now())

    async def _token(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            raise Refusal(405, "METHOD_NOT_SUPPORTED")
        if request.content_type != "application/json":
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE")
        return reply(self.tokens.issue(await body_of(request)))

    def _check_token(self, request: web.Request) -> None:
        purchase = self.is_purchase(request)
        if self.faults.take(request.path, "token_expired", purchase=purchase):
            self.tokens.revoke_all()
            raise Refusal(401, "TOKEN_EXPIRED")
        self.tokens.check(request.headers.get("Authorization"))

    async def _route(self, request: web.Request) -> web.Response:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["accounts", "balance"]:
                return reply(self._balance())
            case "GET", ["operators", "countries", country]:
                listed = of_country(_listed(country), request.query)
                return reply([operator.shown() for operator in listed])
            case "GET", [
                "operators",
                "auto-detect",
                "phone",
                phone,
                "countries",
                country,
            ]:
                return reply(_detected(phone, _listed(country)))
            case "POST", ["operators", "fx-rate"]:
                return reply(_fx(await body_of(request)))
            case "GET", ["operators", number] if number.isdigit():
                return reply(self._operator(int(number), request.path))
            case "GET", ["promotions", *which]:
                told = promoted(self.promotions, which, dict(request.query), self.now())
                return reply(told)
            case "POST", ["topups"]:
                return await self._buy_now(request)
            case "POST", ["topups-async"]:
                sale = self._buy(order_of(await body_of(request)), request.path)
                return reply({"transactionId": sale.id})
            case "GET", ["topups", number, "status"] if number.isdigit():
                return reply(self._status(int(number), request.path))
            case "GET", ["topups", "reports", "transactions"]:
                return reply(self._report(request))
            case "GET", ["topups", "reports", "transactions", number] if (
                number.isdigit()
            ):
                return reply(self._shown(self._sale(int(number)), request.path))
        raise Refusal(404, None, "Not Found")

    def _balance(self) -> dict[str, Shown]:
        return {
            "balance": self.world.balance,
            "frozenBalance": None,
            "currencyCode": "USD",
            "currencyName": "US Dollar",
            "updatedAt": "2026-01-02 03:04:05",
            "lowBalanceThreshold": 5,
            "maxLowBalanceThreshold": 100,
        }

    def _operator(self, number: int, path: str) -> dict[str, Shown]:
        if number not in BY_ID:
            raise Refusal(404, "OPERATOR_NOT_FOUND")
        shown = self.world.priced(BY_ID[number]).shown()
        if self.faults.take(path, "operator_inactive"):
            shown["status"] = "INACTIVE"
        if self.faults.take(path, "operator_reassigned"):
            shown["name"] = f"Somebody Else {number}"
        if self.faults.take(path, "amount_gone"):
            shown |= {"fixedAmounts": [], "localFixedAmounts": []}
        return shown

    def _buy(self, order: Order, path: str, *, takes_s: float = 9) -> Sale:
        if self.faults.take(path, "duplicate_refused", purchase=True):
            raise Refusal(400, "CUSTOM_IDENTIFIER_ALREADY_USED")
        if order.identifier in self.world.taken:
            raise Refusal(400, "CUSTOM_IDENTIFIER_ALREADY_USED")
        if self.faults.take(path, "empty_wallet", purchase=True):
            raise Refusal(400, "INSUFFICIENT_BALANCE")
        if self.world.quoted(order) > self.world.balance:
            raise Refusal(400, "INSUFFICIENT_BALANCE")
        return self.world.sell(order, self._plan(order, path, takes_s))

    def _plan(self, order: Order, path: str, takes_s: float) -> Plan:
        plan = Plan(takes_s=takes_s)
        if BY_ID[order.operator].fails_slowly:
            plan.end, plan.takes_s = FAILED, _SLOW_FAILURE_S
            plan.code = "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT"
        if fault := self.faults.take(path, "fail_later", "refund_later", purchase=True):
            plan.end = FAILED if fault.kind == "fail_later" else REFUNDED
            plan.code = fault.code
            plan.takes_s = fault.seconds or plan.takes_s
        if fault := self.faults.take(path, "reverse_later", purchase=True):
            plan.reversed_after_s = fault.seconds
        if fault := self.faults.take(path, "takes", purchase=True):
            plan.takes_s = fault.seconds
        if fault := self.faults.take(path, "report_lag", purchase=True):
            plan.report_lag_s = fault.seconds
        return plan

    async def _buy_now(self, request: web.Request) -> web.Response:
        order = order_of(await body_of(request))
        if BY_ID[order.operator].fails_slowly:
            await self.wait(_SLOW_FAILURE_S)
            raise Refusal(400, "TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT")
        sale = self._buy(order, request.path, takes_s=0)
        return reply(self._shown(sale, request.path))

    def _sale(self, number: int) -> Sale:
        for sale in self.world.sales:
            if sale.id == number:
                return sale
        raise Refusal(404, "TRANSACTION_NOT_FOUND")

    def _shown(self, sale: Sale, path: str) -> dict[str, Shown]:
        shown = transaction(sale, self.now(), self.skew, self.world.balance)
        if self.faults.take(path, "wrong_number_in_answer"):
            shown["recipientPhone"] = "4400000000000"
        return shown

    def _status(self, number: int, path: str) -> dict[str, Shown]:
        sale = self._sale(number)
        state = sale.state(self.now())
        failed = state in (FAILED, REFUNDED)
        return {
            "code": sale.code if failed else None,
            "message": "the operator did not deliver" if failed else None,
            "status": state,
            "transaction": None if state == REFUNDED else self._shown(sale, path),
        }

    def _report(self, request: web.Request) -> dict[str, Shown]:
        query = dict(request.query)
        if self.faults.take(request.path, "search_ignored"):
            query.pop("customIdentifier", None)
        rows = [
            self._shown(sale, request.path)
            for sale in sorted(self.world.sales, key=lambda sale: sale.at)
            if self._is_reported(sale) and _asked_for(sale, query)
        ]
        number = max(1, int(query.get("page", "1")))
        return page_of(rows, number, min(500, int(query.get("size", "200"))))

    def _is_reported(self, sale: Sale) -> bool:
        now = self.now()
        settled = sale.state(now) != "PROCESSING"
        return now >= sale.shown_at and (settled or self.report_shows_processing)


def _asked_for(sale: Sale, query: dict[str, str]) -> bool:
    """Whether a sale fits the report's filters, with the vendor's odd case and zone."""
    identifier = query.get("customIdentifier")
    if (
        identifier is not None
        and (sale.order.identifier or "").lower() != identifier.lower()
    ):
        return False
    wall = (sale.at + _REPORT_ZONE).replace(tzinfo=None)
    if "startDate" in query and wall < datetime.fromisoformat(query["startDate"]):
        return False
    if "endDate" in query and wall > datetime.fromisoformat(query["endDate"]):
        return False
    operator = BY_ID[sale.order.operator]
    return (
        query.get("countryCode", operator.country) == operator.country
        and query.get("operatorId", str(operator.id)) == str(operator.id)
        and query.get("operatorName", operator.name) == operator.name
    )


def _listed(country: str) -> str:
    if country not in CALLING_CODES:
        raise Refusal(409, "COUNTRY_NOT_SUPPORTED")
    return country


def _detected(phone: str, country: str) -> dict[str, Shown]:
    digits = phone.removeprefix("+")
    if not plausible(digits, country):
        raise Refusal(400, "INVALID_PHONE_NUMBER")
    operator = detect(digits, country)
    if operator is None:
        raise Refusal(404, "COULD_NOT_AUTO_DETECT_OPERATOR")
    return operator.shown()


def _fx(body: dict[str, object]) -> dict[str, Shown]:
    if set(body) != {"operatorId", "amount"}:
        raise Refusal(400, "INVALID_INPUT_PROVIDED")
    operator = BY_ID.get(body["operatorId"])  # type: ignore[call-overload]
    if operator is None:
        raise Refusal(404, "OPERATOR_NOT_FOUND")
    amount = Decimal(str(body["amount"])) * Decimal(operator.rate)
    return {
        "id": operator.id,
        "name": operator.name,
        "fxRate": amount,
        "currencyCode": operator.currency,
    }
