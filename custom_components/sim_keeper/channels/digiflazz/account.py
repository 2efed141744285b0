"""Signed calls to a Digiflazz account.

Protocol: developer.digiflazz.com/api/buyer, read 2026-05. Every call is a POST; the answer stands
under `data`, failures as well, whatever the HTTP status.
"""

import asyncio
from collections.abc import Callable, Mapping
import hashlib

import aiohttp

from ..http import Answer, Border
from ..pacing import Patience
from ..parsing import Writable

PRODUCTION = "production"
DEVELOPMENT = "development"
ENVIRONMENTS = (PRODUCTION, DEVELOPMENT)

# One host for both environments; which one it is depends on the key.
_ORIGIN = "https://api.digiflazz.com"
_ROOT = "/v1"


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
        self._testing = login.get("environment") == DEVELOPMENT
        self._border = Border(session, login.get("base_url") or _ORIGIN, clock=clock)
        self._patience = patience

    async def balance(self) -> Answer:
        """Read the deposit. Raises Unavailable; failing statuses are answers."""
        return await self._read("/cek-saldo", "depo", {"cmd": "deposit"})

    async def price_list(self, sku: str | None = None) -> Answer:
        """Read the prepaid list, or one row of it. Raises Unavailable; see `balance`."""
        fields = {"cmd": "prepaid"} if sku is None else {"cmd": "prepaid", "code": sku}
        return await self._read("/price-list", "pricelist", fields)

    async def transact(
        self, ref_id: str, order: Mapping[str, Writable], until: float
    ) -> Answer:
        """Buy, or ask about what was bought under this ref_id: the vendor has one call for both.

        `until` is the loop time by which it must end. Raises NotSent, OutcomeUnknown.
        """
        left_s = until - asyncio.get_running_loop().time()
        body: dict[str, Writable] = {**order, "ref_id": ref_id, **self._signed(ref_id)}
        if self._testing:
            body["testing"] = True
        return await self._border.submit(
            f"{_ROOT}/transaction", body=body, timeout_s=left_s
        )

    async def _read(self, path: str, tail: str, fields: Mapping[str, str]) -> Answer:
        return await self._border.read(
            f"{_ROOT}{path}",
            method="POST",
            body={**fields, **self._signed(tail)},
            timeout_s=self._patience.read_s,
        )

    def _signed(self, tail: str) -> dict[str, str]:
        """Sign as the vendor demands; the hash covers neither amount nor number."""
        text = f"{self._username}{self._api_key}{tail}"
        sign = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return {"username": self._username, "sign": sign}
