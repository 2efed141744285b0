"""Who may call the simulated IAK, and with which fields."""

from collections.abc import Mapping
import hashlib
import json

from aiohttp import web

USERNAME = "08170000000"
API_KEY = "iak-key-demo"

_FIELDS: Mapping[str, tuple[set[str], set[str]]] = {
    "check-balance": ({"username", "sign"}, set()),
    "pricelist": ({"username", "sign"}, {"status"}),
    "check-operator": ({"username", "customer_id", "sign"}, set()),
    "top-up": (
        {"username", "ref_id", "customer_id", "product_code", "sign"},
        {"commands"},
    ),
    "check-status": ({"username", "ref_id", "sign"}, set()),
}
"""The fields of each call: those that it must have, and those that it may."""

_TAILS = {"check-balance": "bl", "pricelist": "pl", "check-operator": "op"}


class Refusal(Exception):
    """A call or an order that is refused with a response code."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class Account:
    """The one customer of this vendor."""

    def __init__(self) -> None:
        """Know the demo's login."""
        self.username, self.api_key = USERNAME, API_KEY

    async def body_of(self, request: web.Request, call: str) -> dict[str, str]:
        """Read a call's fields. Raises Refusal for a malformed or wrongly signed one."""
        if request.method != "POST" or call not in _FIELDS:
            raise Refusal("117")
        try:
            body = json.loads(await request.text())
        except ValueError:
            body = None
        must, may = _FIELDS[call]
        if (
            request.content_type != "application/json"
            or not isinstance(body, dict)
            or not must <= set(body) <= must | may
            or not all(isinstance(value, str) for value in body.values())
            or body.get("status", "all") not in ("all", "active", "non active")
        ):
            raise Refusal("107")
        tail = _TAILS.get(call) or body["ref_id"]
        if body["username"] != self.username or body["sign"] != self.sign(tail):
            raise Refusal("204")
        return body

    def sign(self, tail: str) -> str:
        """Return the only signature that is right for a call."""
        text = self.username + self.api_key + tail
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
