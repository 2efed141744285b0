"""What is sold beside the airtime in a country: read about once a day, to choose from."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
import logging
import math

from ...keeper.errors import Rejected, Unavailable
from ...keeper.ports import Line, Quote, Wanted
from ..parsing import integer, rows, table
from .account import Account
from .brands import Brand, brand_of, owners
from .bundles import Bundle, bundles_of, operator_of, sells_airtime
from .codes import raise_for_offer
from .offers import not_offered, operator_in

_LOGGER = logging.getLogger(__name__)

# Asked for politely once a day: what is bought is looked up anew.
_KEPT_S = 24 * 3600
_RETRY_S = 15 * 60
_INCLUDED = {
    "includeBundles": "true",
    "includeData": "true",
    "includeCombo": "true",
    "includePin": "false",
    "includeRange": "true",
    "includeFixed": "true",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Country:
    """A country's operators of airtime by their brands, and the bundles of all brands."""

    airtime: Mapping[int, Brand]
    bundles: tuple[Bundle, ...]
    read_again_at: float

    def is_for(self, bundle: Bundle, line: Line) -> bool:
        """Tell whether a bundle is of the brand that was confirmed for a line."""
        operator = integer(line.operator)
        return (
            operator in owners(bundle.brand, self.airtime)
            and bundle.country == line.country
            and bundle.rates.line_currency == line.currency
        )


class Catalogue:
    """The bundles for lines whose operator is confirmed; for no others."""

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        """Know nothing yet."""
        self._account = account
        self._clock = clock
        self._countries: dict[str, _Country] = {}
        self._unread_until: dict[str, float] = {}
        self._reading = asyncio.Lock()

    async def bundles(self, line: Line) -> tuple[Bundle, ...]:
        """List what may be hours old: good to choose from, not to buy by. Raises LoginFailed.

        Airtime keeps numbers alive, bundles do not: a list that cannot be read is no list.
        """
        rests = self._clock() < self._unread_until.get(line.country, -math.inf)
        if line.operator is None or rests:
            return ()
        try:
            country = await self._country(line.country)
        except (Unavailable, Rejected) as err:
            _LOGGER.debug("Bundles cannot be listed: %s", err)
            self._unread_until[line.country] = self._clock() + _RETRY_S
            return ()
        return tuple(one for one in country.bundles if country.is_for(one, line))

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price a bundle by its own operator. Raises Rejected, Unavailable, LoginFailed."""
        operator = operator_of(wanted.product)
        # It brings no credit: whoever wants some as well means something else.
        if operator is None or line.operator is None or wanted.amount is not None:
            raise not_offered()
        country = await self._country(line.country)
        answer = await self._account.read(f"/operators/{operator}")
        if not answer.ok:
            raise_for_offer(answer)
        for bundle in bundles_of(answer.body):
            # An id may have been given to another brand since it was chosen.
            if bundle.id == wanted.product and country.is_for(bundle, line):
                return bundle.quote(answer.vendor_time)
        raise not_offered()

    async def _country(self, code: str) -> _Country:
        """Return a country, read anew once a day if it can be read.

        Raises Rejected, Unavailable, LoginFailed where it never was.
        """
        async with self._reading:
            known = self._countries.get(code)
            if known is not None and self._clock() < known.read_again_at:
                return known
            try:
                country = await self._read(code)
            except Unavailable:
                if known is None:
                    raise
                country = replace(known, read_again_at=self._clock() + _RETRY_S)
            self._countries[code] = country
            return country

    async def _read(self, code: str) -> _Country:
        answer = await self._account.read(f"/operators/countries/{code}", _INCLUDED)
        if not answer.ok:
            raise_for_offer(answer)
        if not isinstance(answer.body, list):
            raise Unavailable("unexpected answer")
        airtime: dict[int, Brand] = {}
        bundles: dict[str, Bundle] = {}
        for operator in map(table, rows(answer.body)):
            identity = operator_in(operator)
            if identity is not None and sells_airtime(operator):
                airtime[identity] = brand_of(operator)
            # One operator that makes no sense says nothing of the others.
            with suppress(Unavailable):
                bundles |= {bundle.id: bundle for bundle in bundles_of(operator)}
        return _Country(
            airtime=airtime,
            bundles=tuple(bundles.values()),
            read_again_at=self._clock() + _KEPT_S,
        )
