"""What the simulated vendor refuses: wrong names, keys, addresses, payloads, terms."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
import hashlib
import json

from aiohttp import web

from .answers import Refusal
from .catalogue import PREFIXES, SoldProduct

USERNAME = "simkeeper-demo-user"
API_KEY = "00000000-demo-4000-8000-simkeeper000"
DEVELOPMENT_KEY = "dev-00000000-demo-4000-8000-simkeeper"
SEEN_ADDRESS = "203.0.113.7"
"""The caller's address as the vendor sees it."""

JAKARTA = timezone(timedelta(hours=7))

_BALANCE = {"cmd", "username", "sign"}
_LIST = _BALANCE | {"code", "category", "brand", "type"}
_ORDER = {"username", "buyer_sku_code", "customer_no", "ref_id", "sign"}
_ORDER_MORE = {"testing", "max_price", "cb_url", "allow_dot"}


async def body_of(request: web.Request) -> dict[str, object]:
    """Read the JSON object of a call."""
    if request.method != "POST" or request.content_type != "application/json":
        raise Refusal("40")
    try:
        body = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal("40")
    return body


def check_balance(body: Mapping[str, object]) -> None:
    """Refuse a balance request that is not as documented."""
    if set(body) != _BALANCE or body["cmd"] != "deposit":
        raise Refusal("40")


def check_list(body: Mapping[str, object]) -> None:
    """Refuse a price list request that is not as documented."""
    if not _BALANCE <= set(body) <= _LIST or body["cmd"] != "prepaid":
        raise Refusal("40")


def check_order(body: Mapping[str, object]) -> None:
    """Refuse a purchase request that is not as documented."""
    if not _ORDER <= set(body) <= _ORDER | _ORDER_MORE:
        raise Refusal("40")
    if not all(isinstance(body[key], str) and body[key] for key in _ORDER):
        raise Refusal("40")
    most = body.get("max_price", 1)
    if not isinstance(most, int) or isinstance(most, bool):
        raise Refusal("40")
    if not isinstance(body.get("testing", False), bool):
        raise Refusal("40")


def check_sign(body: Mapping[str, object], tail: str, key: str) -> None:
    """Refuse a stranger, a wrong signature, and the key of the other environment."""
    if body["username"] != USERNAME:
        raise Refusal("42")
    keys: tuple[str, ...] = (key, DEVELOPMENT_KEY)
    if tail not in ("depo", "pricelist"):
        keys = (DEVELOPMENT_KEY,) if body.get("testing") else (key,)
    if body["sign"] not in {signature(USERNAME, one, tail) for one in keys}:
        raise Refusal("41")


def signature(username: str, key: str, tail: str) -> str:
    """Sign as documented."""
    return hashlib.md5((username + key + tail).encode()).hexdigest()


def is_closed(product: SoldProduct, now: datetime) -> bool:
    """Whether a product is in its daily closed hours, counted in Jakarta."""
    start, end = (_minute(text) for text in product.closed)
    local = now.astimezone(JAKARTA)
    passed = (local.hour * 60 + local.minute - start) % (24 * 60)
    return passed < (end - start) % (24 * 60)


def number_fault(product: SoldProduct, number: str) -> str | None:
    """Return the code for a number that the product cannot be delivered to."""
    if not number.isdigit():
        return "54"
    prefixes = PREFIXES.get(product.brand.upper())
    if prefixes is None:
        return None
    if not 10 <= len(number) <= 13:
        return "57"
    return None if number.startswith(prefixes) else "52"


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
