"""The simulated Reloadly: an HTTP server with the vendor's protocol."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Self

from aiohttp import web

from . import control, mischief
from .answers import Refusal, page_of, refusal, reply, transaction
from .catalogue import BY_ID, CALLING_CODES, Shown, detect, of_country
from .checks import body_of, check_form, order_of, plausible
from .faults import Fault, Faults
from .tokens import Tokens
from .world import FAILED, REFUNDED, Order, Plan, Sale, World

PURCHASES = ("/topups", "/topups-async")
_REPORT_ZONE = timedelta(hours=-4)
_SLOW_FAILURE_S = 52


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ReloadlySimulator:
    """A Reloadly of our own. `async with ReloadlySimulator() as vendor: vendor.url`."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = _utc_now,
        state: Path | None = None,
        port: int = 0,
    ) -> None:
        """Prepare; `now` is the world's clock, `state` a file that remembers between runs."""
        self.now = now
        self.world = World(now, state)
        self.faults = Faults()
        self.tokens = Tokens(now)
        self.calls: list[str] = []
        """Method and path of every call that arrived."""
        self.report_shows_processing = True
        self.url = ""
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start to listen on loopback."""
        app = web.Application()
        control.add_routes(app, self)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; calls that hang are let go."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def fault(self, kind: str, **options: object) -> Fault:
        """Arm a fault for the next calls."""
        fault = Fault(kind=kind, **options)  # type: ignore[arg-type]
        self.faults.arm(fault)
        return fault

    def behave(self) -> None:
        """Stop every misbehaviour."""
        self.faults.clear()

    async def wait(self, seconds: float) -> None:
        """Let real time pass, unless the server is closing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    @property
    def bought(self) -> int:
        """How many purchases cost money."""
        return len(self.world.bought)

    @property
    def skew(self) -> timedelta:
        """How wrong the vendor's clock is."""
        fault = self.faults.standing("clock_skew")
        return timedelta(seconds=fault.seconds if fault else 0)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        purchase = request.method == "POST" and request.path in PURCHASES
        self.calls.append(f"{request.method} {request.path}")
        await request.read()
        response = await self._with_mischief(request, purchase=purchase)
        if not response.prepared:
            response.headers["Date"] = format_datetime(
                self.now() + self.skew, usegmt=True
            )
            response.force_close()
        return response

    async def _with_mischief(
        self, request: web.Request, *, purchase: bool
    ) -> web.StreamResponse:
        if slow := self.faults.take(request.path, "slow", purchase=purchase):
            await self.wait(slow.seconds)
        if self.faults.take(request.path, "lose_request", purchase=purchase):
            return mischief.reset(request)
        bad = self.faults.take(request.path, *mischief.BAD_ANSWERS, purchase=purchase)
        if bad is not None and not bad.buys:
            return await mischief.bad_answer(bad, request, self.now())
        sold_before = len(self.world.sales)
        response = await self._answer(request)
        try:
            if hang := self.faults.take(request.path, "hang_after", purchase=purchase):
                await self.wait(hang.seconds)
        finally:
            # Only now the call has finished: a second one could have run beside it.
            for sale in self.world.sales[sold_before:]:
                self.world.take(sale.order.identifier)
        if bad is not None:
            return await mischief.bad_answer(bad, request, self.now())
        if self.faults.take(request.path, "lose_answer", purchase=purchase):
            return mischief.cut(request)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
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
        purchase = request.method == "POST" and request.path in PURCHASES
        if self.faults.take(request.path, "token_expired", purchase=purchase):
            self.tokens.revoke_all()
            raise Refusal(401, "TOKEN_EXPIRED")
        self.tokens.check(request.headers.get("Authorization"))

    async def _route(self, request: web.Request) -> web.Response:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["accounts", "balance"]:
                return reply(self._balance())
            case "GET", ["operators", "countries", country]:
                return reply(
                    [operator.shown() for operator in of_country(_listed(country))]
                )
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
                return reply(_operator(int(number)))
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
        query = request.query
        rows = [
            self._shown(sale, request.path)
            for sale in sorted(self.world.sales, key=lambda sale: sale.at)
            if self._is_reported(sale) and _asked_for(sale, dict(query))
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


def _operator(number: int) -> dict[str, Shown]:
    if number not in BY_ID:
        raise Refusal(404, "OPERATOR_NOT_FOUND")
    return BY_ID[number].shown()


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
