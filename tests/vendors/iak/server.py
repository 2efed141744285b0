"""The simulated IAK: an HTTP server with the vendor's protocol."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
import re

from aiohttp import web

from ..faults import IN_TRANSIT, Fault
from ..program import utc_now
from ..server import Simulator
from ..wire import Shown, reply
from .account import Account, Refusal
from .catalogue import BY_CODE, listed, operator_of
from .world import FAILED, PROCESSING, SUCCESS, Order, Plan, Sale, World

KINDS = IN_TRANSIT | {
    "empty_wallet",
    "wrong_number_in_answer",
    "fail_later",
    "reverse_later",
    "takes",
    "report_lag",
    "price_rise",
}
_TOP_UP = "/api/top-up"
_MOBILE = re.compile(r"08[0-9]{8,11}", re.ASCII)
_ANY_NUMBER = re.compile(r"[0-9]{7,13}", re.ASCII)
_MESSAGES = {PROCESSING: "PROCESS", SUCCESS: "SUCCESS", FAILED: "FAILED"}
# Calls that were not let in or not understood are answered with the other status.
_BAD_REQUESTS = frozenset({"102", "107", "117", "118", "204", "205"})


class Restriction(StrEnum):
    """The account's own switch: what a number may get again on the same day."""

    DENOMINATION = "denomination"
    """Not the same denomination. The vendor's default."""
    ANYTHING = "anything"
    """Nothing at all ("high restriction")."""
    NOTHING = "nothing"
    """Everything ("multiple transactions for same number")."""


class IakSimulator(Simulator):
    """An IAK of our own."""

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
        self.account = Account()
        self.restriction = Restriction.DENOMINATION
        self.blacklist: set[str] = set()
        self.bare_list = False
        """Whether the price list is a bare list, as in the vendor's printed sample."""

    def is_purchase(self, request: web.Request) -> bool:
        """Whether a call may buy something."""
        return request.method == "POST" and request.path == _TOP_UP

    def refuse(self, fault: Fault, request: web.Request) -> web.Response:
        """Refuse a call with the status and code of a fault."""
        return reply({"data": _refused(fault.code)}, fault.status)

    def ended(self, sold: Sequence[Sale]) -> None:
        """Note that the call which ran these sales has ended."""
        for sale in sold:
            self.world.end_call(sale.order.ref)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call as IAK does."""
        self.world.dearer = self.faults.standing("price_rise") is not None
        try:
            return reply({"data": await self._data(request)})
        except Refusal as error:
            status = 400 if error.code in _BAD_REQUESTS else 200
            return reply({"data": _refused(error.code)}, status)

    async def _data(self, request: web.Request) -> Shown:
        root, call, *rest = (*request.path.strip("/").split("/"), "")[:5]
        if root != "api":
            raise Refusal("117")
        body = await self.account.body_of(request, call)
        match call, [part for part in rest if part]:
            case "check-balance", []:
                return {"balance": self.world.balance, **_done()}
            case "pricelist", [*filters] if len(filters) <= 2:
                return self._price_list(filters, body.get("status", "all"))
            case "check-operator", []:
                return _operator(body["customer_id"])
            case "check-status", []:
                return self._status(body["ref_id"], request.path)
            case "top-up", []:
                return self._top_up(body, request.path)
        raise Refusal("117")

    def _price_list(self, filters: list[str], status: str) -> Shown:
        kind, list_name = (*filters, None, None)[:2]
        rows: list[Shown] = [
            {**product.shown(self.world.price(product.code))}
            for product in listed(kind, list_name, status)
        ]
        return rows if self.bare_list else {"pricelist": rows, **_done()}

    def _status(self, ref: str, path: str) -> Shown:
        sale = self.world.shown(ref)
        if sale is None:
            raise Refusal("06")
        return self._shown(sale, path)

    def _top_up(self, body: dict[str, str], path: str) -> Shown:
        known = self.world.known(body["ref_id"])
        if known is not None:
            return self._shown(known, path)
        order = Order(
            ref=body["ref_id"],
            number=body["customer_id"],
            product=body["product_code"],
        )
        self._check(order, path)
        return self._shown(self.world.sell(order, self._plan(path)), path)

    def _check(self, order: Order, path: str) -> None:
        """Refuse what cannot be bought."""
        product = BY_CODE.get(order.product)
        if product is None:
            raise Refusal("20")
        if not product.active:
            raise Refusal("106")
        self._check_number(order.number, product.operator)
        today = self.world.today(order.number)
        if self.restriction is Restriction.ANYTHING and today:
            raise Refusal("207")
        same = any(sale.order.product == order.product for sale in today)
        if self.restriction is Restriction.DENOMINATION and same:
            raise Refusal("202")
        empty = self.faults.take(path, "empty_wallet", purchase=True)
        if empty or self.world.price(order.product) > self.world.balance:
            raise Refusal("17")

    def _check_number(self, number: str, operator: str | None) -> None:
        if len(number) > 13:
            raise Refusal("203")
        form = _ANY_NUMBER if operator is None else _MOBILE
        if form.fullmatch(number) is None:
            raise Refusal("14")
        if number in self.blacklist:
            raise Refusal("206")
        if operator is not None and operator_of(number) != operator:
            raise Refusal("16")

    def _plan(self, path: str) -> Plan:
        plan = Plan()
        if fault := self.faults.take(path, "fail_later", purchase=True):
            plan.end, plan.code = FAILED, fault.code or "07"
            plan.takes_s = fault.seconds or plan.takes_s
        if fault := self.faults.take(path, "reverse_later", purchase=True):
            plan.reversed_after_s = fault.seconds
        if fault := self.faults.take(path, "takes", purchase=True):
            plan.takes_s = fault.seconds
        if fault := self.faults.take(path, "report_lag", purchase=True):
            plan.report_lag_s = fault.seconds
        return plan

    def _shown(self, sale: Sale, path: str) -> dict[str, Shown]:
        status = sale.status(self.now())
        codes = {PROCESSING: "39", SUCCESS: "00", FAILED: sale.code}
        shown: dict[str, Shown] = {
            "ref_id": sale.order.ref,
            "status": status,
            "product_code": sale.order.product,
            "customer_id": sale.order.number,
            "price": sale.cost,
            "message": _MESSAGES[status],
            "balance": self.world.balance,
            "tr_id": sale.id,
            "rc": codes[status],
        }
        if status == SUCCESS:
            shown["sn"] = f"R{sale.id}.0{sale.at:%y%m%d%H%M%S}"
        if self.faults.take(path, "wrong_number_in_answer"):
            shown["customer_id"] = "089900000000"
        return shown


def _operator(number: str) -> Shown:
    operator = operator_of(number) if _MOBILE.fullmatch(number) else None
    if operator is None:
        raise Refusal("14")
    return {"operator": operator, **_done()}


def _done() -> dict[str, Shown]:
    return {"message": "SUCCESS", "rc": "00"}


def _refused(code: str | None) -> dict[str, Shown]:
    return {"rc": code, "message": "REFUSED", "status": FAILED}
