"""The price list, read as seldom as Digiflazz wants it: whole every five minutes, a row a second."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from ...keeper.errors import Unavailable
from ..parsing import Parsed, table
from .account import Account
from .catalogue import Row, row_of
from .codes import code_in, data_of, raise_for_read

# Limits by developer.digiflazz.com/api/buyer/daftar-harga, 2026-05. Beyond them: code 83.
LIST_EVERY_S = 300
_ROW_EVERY_S = 1.0
_KEEP_S = 4 * 3600
_ROWS_MAX = 20_000
_UNKNOWN_SKU = "43"


class PriceList:
    """The account's products: a kept list to choose from, and fresh rows to buy by."""

    def __init__(
        self,
        account: Account,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Read through an account; `clock` is monotonic, `sleep` lets that time pass."""
        self._account = account
        self._clock = clock
        self._sleep = sleep
        self._kept: tuple[Row, ...] = ()
        self._kept_at: float | None = None
        self._list_asked_at: float | None = None
        self._row_asked_at: float | None = None
        self._reading = asyncio.Lock()

    async def rows(self, *, at_most_s: float = _KEEP_S) -> tuple[Row, ...]:
        """Return the whole list, at most so old. Raises Unavailable, LoginFailed."""
        async with self._reading:
            now = self._clock()
            if self._kept_at is None or now - self._kept_at >= at_most_s:
                asked_at = self._list_asked_at
                if asked_at is not None and now - asked_at < LIST_EVERY_S:
                    raise Unavailable("the price list may be read every 5 minutes only")
                self._list_asked_at = now
                self._kept = await self._read()
                self._kept_at = now
            return self._kept

    async def row(self, sku: str) -> tuple[Row | None, datetime | None]:
        """Return a fresh row, if there is one, and the vendor's clock.

        Raises Unavailable, LoginFailed.
        """
        async with self._reading:
            if self._row_asked_at is not None:
                wait_s = self._row_asked_at + _ROW_EVERY_S - self._clock()
                if wait_s > 0:
                    await self._sleep(wait_s)
            self._row_asked_at = self._clock()
            answer = await self._account.price_list(sku)
        data = data_of(answer)
        if not isinstance(data, list) or not answer.ok:
            if code_in(table(data)) == _UNKNOWN_SKU and answer.status < 500:
                return None, answer.vendor_time
            raise_for_read(answer)
        fresh = next((row for row in _rows(data) if row.sku == sku), None)
        return fresh, answer.vendor_time

    async def _read(self) -> tuple[Row, ...]:
        answer = await self._account.price_list()
        data = data_of(answer)
        if not isinstance(data, list) or not answer.ok:
            raise_for_read(answer)
        return _rows(data)


def _rows(data: list[Parsed]) -> tuple[Row, ...]:
    return tuple(row for item in data[:_ROWS_MAX] if (row := row_of(item)) is not None)
