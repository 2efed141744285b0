"""The simulated Digiflazz: an HTTP server with the vendor's protocol and its quirks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web

from ..faults import IN_TRANSIT, Fault
from ..program import utc_now
from ..server import Simulator
from ..wire import reply
from .answers import BOOKED, Refusal, refusal, short_refusal, transaction
from .catalogue import BY_SKU, PRODUCTS, SANDBOX, SANDBOX_SKU, SoldProduct
from .checks import (
    API_KEY,
    JAKARTA,
    SEEN_ADDRESS,
    body_of,
    check_balance,
    check_list,
    check_order,
    check_sign,
    is_closed,
    number_fault,
)
from .world import FAILED, SUCCESS, Order, Plan, Sale, World

TRANSACTION = "/v1/transaction"
KINDS = IN_TRANSIT | {
    "code",
    "duplicate_refused",
    "empty_wallet",
    "wrong_number_in_answer",
    "fail_later",
    "refund_later",
    "reverse_later",
    "takes",
    "price_rise",
}
_RACE = timedelta(minutes=1)
_LIST_EVERY = timedelta(minutes=5)
_ROW_EVERY = timedelta(seconds=1)


class DigiflazzSimulator(Simulator):
    """A Digiflazz of our own."""

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
        self.api_key = API_KEY
        """The key of production; the account's owner may draw a new one."""
        self.whitelisted = True
        """Whether the caller's address is on the account's list."""
        self.races = True
        """Whether a repeat within a minute is executed as well, as the vendor warns."""
        self.takes_s = 9.0
        """How long an order stays pending; 0 answers with the end."""
        self._list_read_at: datetime | None = None
        self._row_read_at: datetime | None = None

    def is_purchase(self, request: web.Request) -> bool:
        """Whether a call may buy something."""
        return request.method == "POST" and request.path == TRANSACTION

    def ended(self, sold: Sequence[Sale]) -> None:
        """Note nothing: what counts here is when a transaction was formed."""

    def refuse(self, fault: Fault, request: web.Request) -> web.Response:
        """Answer with a code and no more, whatever was asked."""
        return short_refusal(Refusal(fault.code or "", status=fault.status))

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call as Digiflazz does."""
        self.world.dearer = self.faults.standing("price_rise") is not None
        body: dict[str, object] = {}
        try:
            body = await body_of(request)
            return self._route(request.path, body)
        except Refusal as error:
            if self.is_purchase(request):
                return refusal(error, body, self.world.deposit)
            return short_refusal(error)

    def _route(self, path: str, body: dict[str, object]) -> web.Response:
        match path:
            case "/v1/cek-saldo":
                check_balance(body)
                self._admit(body, "depo")
                return reply({"data": {"deposit": self.world.deposit}})
            case "/v1/price-list":
                check_list(body)
                self._admit(body, "pricelist")
                return reply({"data": self._price_list(body)})
            case "/v1/transaction":
                check_order(body)
                self._admit(body, str(body["ref_id"]))
                return self._transact(body, path)
        raise Refusal("40", "tidak ada", 404)

    def _admit(self, body: Mapping[str, object], tail: str) -> None:
        check_sign(body, tail, self.api_key)
        if not self.whitelisted:
            raise Refusal("45", f"IP Anda tidak kami kenali: {SEEN_ADDRESS}")

    def _price_list(self, body: Mapping[str, object]) -> list[dict[str, object]]:
        now = self.now()
        if code := body.get("code"):
            if self._row_read_at is not None and now - self._row_read_at < _ROW_EVERY:
                raise Refusal("83", "batas pengecekan pricelist")
            self._row_read_at = now
            found = [product for product in PRODUCTS if product.sku == code]
        else:
            if (
                self._list_read_at is not None
                and now - self._list_read_at < _LIST_EVERY
            ):
                raise Refusal("83", "batas pengecekan pricelist")
            self._list_read_at = now
            found = [product for product in PRODUCTS if _asked_for(product, body)]
        return [{**product.shown(self.world.price_of(product))} for product in found]

    def _transact(self, body: Mapping[str, object], path: str) -> web.Response:
        order = _order(body)
        if self.faults.take(path, "duplicate_refused", purchase=True):
            raise Refusal("49")
        if fault := self.faults.take(path, "code", purchase=True):
            return self._say(fault, order, body)
        sale = self.world.known(order.ref_id)
        if sale is not None and sale.order != order:
            raise Refusal("49")
        if sale is None:
            sale = self._buy(order, body, path)
        elif self._races(sale):
            sale = self.world.sell(order, Plan(takes_s=self.takes_s), play=sale.play)
        self.world.called_at[order.ref_id] = self.now()
        shown = transaction(sale, self.now(), self.world.deposit)
        if self.faults.take(path, "wrong_number_in_answer", purchase=True):
            shown["customer_no"] = "083100000000"
        failed = shown["status"] == "Gagal"
        return reply({"data": shown}, 400 if failed else 200)

    def _say(
        self, fault: Fault, order: Order, body: Mapping[str, object]
    ) -> web.Response:
        """Answer with any code; a booked one that is no success burns the ref_id."""
        code = fault.code or ""
        if code in BOOKED and self.world.known(order.ref_id) is None:
            self.world.sell(order, Plan(takes_s=0, end=FAILED, code=code))
        return refusal(Refusal(code, status=fault.status), body, self.world.deposit)

    def _races(self, sale: Sale) -> bool:
        now = self.now()
        called_at = self.world.called_at.get(sale.order.ref_id, sale.at)
        return self.races and now - called_at < _RACE and sale.state(now) != FAILED

    def _buy(self, order: Order, body: Mapping[str, object], path: str) -> Sale:
        product = BY_SKU.get(order.sku)
        if product is None or not product.buyer_status:
            raise Refusal("43")
        if body.get("testing"):
            return self._play(order)
        self._check_terms(product, order, body)
        if fault := self.faults.take(path, "empty_wallet", purchase=True):
            raise Refusal("44", status=fault.status if fault.status < 500 else 400)
        if self.world.price_of(product) > self.world.deposit:
            raise Refusal("44")
        return self.world.sell(order, self._plan(product, order, path))

    def _check_terms(
        self, product: SoldProduct, order: Order, body: Mapping[str, object]
    ) -> None:
        """Refuse what forms no transaction."""
        most = body.get("max_price")
        if isinstance(most, int) and self.world.price_of(product) > most:
            raise Refusal("69")
        if product.maintenance:
            raise Refusal("66")
        if product.stock is not None and self._left(product) <= 0:
            raise Refusal("68")
        if not product.multi and self._bought_today(order):
            raise Refusal("63")

    def _plan(self, product: SoldProduct, order: Order, path: str) -> Plan:
        code = number_fault(product, order.number)
        if is_closed(product, self.now()):
            code = "58"
        if not product.seller_status:
            code = "53"
        if code is not None:
            return Plan(takes_s=0, end=FAILED, code=code)
        take = self.faults.take
        if fault := take(path, "fail_later", "refund_later", purchase=True):
            usual = "02" if fault.kind == "fail_later" else "74"
            takes_s = fault.seconds or self.takes_s
            return Plan(takes_s=takes_s, end=FAILED, code=fault.code or usual)
        if fault := take(path, "reverse_later", purchase=True):
            return Plan(takes_s=self.takes_s, reversed_after_s=fault.seconds)
        if fault := take(path, "takes", purchase=True):
            return Plan(takes_s=fault.seconds)
        return Plan(takes_s=self.takes_s)

    def _play(self, order: Order) -> Sale:
        """Pretend, as development does."""
        well, takes_s = SANDBOX.get(order.number, (False, 0.0))
        end = SUCCESS if well and order.sku == SANDBOX_SKU else FAILED
        return self.world.sell(order, Plan(takes_s=takes_s, end=end), play=True)

    def _left(self, product: SoldProduct) -> int:
        sold = [sale for sale in self.world.bought if sale.order.sku == product.sku]
        return (product.stock or 0) - len(sold)

    def _bought_today(self, order: Order) -> bool:
        today = self.now().astimezone(JAKARTA).date()
        return any(
            sale.order.sku == order.sku
            and sale.order.number == order.number
            and sale.at.astimezone(JAKARTA).date() == today
            for sale in self.world.bought
        )


def _order(body: Mapping[str, object]) -> Order:
    return Order(
        ref_id=str(body.get("ref_id")),
        sku=str(body.get("buyer_sku_code")),
        number=str(body.get("customer_no")),
    )


def _asked_for(product: SoldProduct, body: Mapping[str, object]) -> bool:
    """Whether a row fits the filters, whose case does not matter."""
    wanted = {
        "category": product.category,
        "brand": product.brand,
        "type": product.type,
    }
    return all(
        str(body.get(key, value)).casefold() == value.casefold()
        for key, value in wanted.items()
    )
