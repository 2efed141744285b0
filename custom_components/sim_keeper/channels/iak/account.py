"""Signed calls to an IAK account.

Protocol: api.iak.id, prepaid v2, and the vendor's reference documents of 2023-11. Every call is a
POST, every answer stands under `data`.
"""

from collections.abc import Callable, Mapping
import hashlib

import aiohttp

from ..http import Answer, Border
from ..pacing import Patience, left_s

PRODUCTION = "production"
DEVELOPMENT = "development"
ENVIRONMENTS = (PRODUCTION, DEVELOPMENT)

_ORIGIN = {
    PRODUCTION: "https://prepaid.iak.id",
    DEVELOPMENT: "https://prepaid.iak.dev",
}


def signature(username: str, api_key: str, tail: str) -> str:
    """Return the signature of a call: what the vendor asks for, and no more than that.

    `tail` is the order's key, or two letters that stand for the kind of call.
    """
    signed = f"{username}{api_key}{tail}".encode()
    return hashlib.md5(signed, usedforsecurity=False).hexdigest()


class Account:
    """The signed calls."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        login: Mapping[str, str],
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        """Take the credentials. Raises BaseUrlInvalid."""
        self._username = login["username"].strip()
        self._api_key = login["api_key"].strip()
        origin = _ORIGIN[login.get("environment", PRODUCTION)]
        self._border = Border(session, login.get("base_url") or origin, clock=clock)
        self._patience = patience

    async def balance(self) -> Answer:
        """Read the deposit. Raises Unavailable; refusals are answers."""
        return await self._read("/api/check-balance", "bl", {})

    async def operator(self, local: str) -> Answer:
        """Ask whose number it is. Raises Unavailable; refusals are answers."""
        return await self._read("/api/check-operator", "op", {"customer_id": local})

    async def price_list(self, kind: str, operator: str) -> Answer:
        """Read what is on sale. Raises Unavailable; refusals are answers."""
        path = f"/api/pricelist/{kind}/{operator}"
        return await self._read(path, "pl", {"status": "active"})

    async def status(self, key: str) -> Answer:
        """Ask what became of an order. Raises Unavailable; refusals are answers."""
        return await self._read("/api/check-status", key, {"ref_id": key})

    async def top_up(self, key: str, local: str, code: str, until: float) -> Answer:
        """Buy, before `until` (loop time). Raises NotSent, OutcomeUnknown."""
        order = {"ref_id": key, "customer_id": local, "product_code": code}
        return await self._border.submit(
            "/api/top-up",
            body=self._signed(key, order),
            timeout_s=left_s(until),
        )

    async def _read(self, path: str, tail: str, fields: Mapping[str, str]) -> Answer:
        return await self._border.read(
            path,
            method="POST",
            body=self._signed(tail, fields),
            timeout_s=self._patience.read_s,
        )

    def _signed(self, tail: str, fields: Mapping[str, str]) -> dict[str, str]:
        sign = signature(self._username, self._api_key, tail)
        return {"username": self._username, **fields, "sign": sign}
