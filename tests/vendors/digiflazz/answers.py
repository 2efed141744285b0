"""The JSON that the simulated vendor writes."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from aiohttp import web

from ..wire import Shown, reply
from .world import FAILED, SUCCESS, Sale

BOOKED = frozenset(
    [
        "00",
        "01",
        "02",
        "03",
        "50",
        "51",
        "52",
        "53",
        "54",
        "55",
        "57",
        "58",
        "59",
        "60",
        "70",
        "71",
        "72",
        "73",
        "74",
        "84",
        "85",
        "86",
        "99",
    ]
)
"""The codes that form a transaction; after those of failures the ref_id is burnt."""
NOT_BOOKED = frozenset(
    [
        "40",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "47",
        "49",
        "56",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "67",
        "68",
        "69",
        "80",
        "81",
        "82",
        "83",
        "87",
        "88",
    ]
)
_WORDS = {SUCCESS: "Sukses", FAILED: "Gagal"}


class Refusal(Exception):
    """An answer that formed no transaction."""

    def __init__(self, code: str, message: str = "ditolak", status: int = 400) -> None:
        """Keep what the answer shall say."""
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def short_refusal(error: Refusal) -> web.Response:
    """Answer an error as the reading calls do: `data` is an object then."""
    data = {"rc": error.code, "message": error.message}
    return reply({"data": data}, error.status)


def refusal(error: Refusal, body: Mapping[str, object], funds: Decimal) -> web.Response:
    """Answer a purchase that was refused before any booking."""
    data = {
        **{
            key: body[key] if isinstance(body.get(key), str) else ""
            for key in ("ref_id", "customer_no", "buyer_sku_code")
        },
        "message": error.message,
        "status": "Gagal",
        "rc": error.code,
        "sn": "",
        "buyer_last_saldo": funds,
        "price": 0,
    }
    return reply({"data": data}, error.status)


def transaction(sale: Sale, now: datetime, funds: Decimal) -> dict[str, Shown]:
    """Show a transaction as the API does."""
    state = sale.state(now)
    return {
        "ref_id": sale.order.ref_id,
        "customer_no": sale.order.number,
        "buyer_sku_code": sale.order.sku,
        "message": f"Transaksi {_WORDS.get(state, 'Pending')}",
        "status": _WORDS.get(state, "Pending"),
        "rc": sale.code(now),
        "sn": f"R{sale.id}.{sale.order.number[-4:]}" if state == SUCCESS else "",
        "buyer_last_saldo": funds,
        "price": sale.price,
        "tele": "@contoh",
        "wa": "081200000000",
    }
