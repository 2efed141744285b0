"""What providers sell for the SIMs: read through their channels, and remembered for a while."""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .keeper.errors import KeeperError
from .keeper.ports import Channel, Line, Product, TellsPromotions
from .keeper.settlement import line_of
from .keeper.sim import Sim
from .price_list import PriceList

FRESH = timedelta(minutes=15)
"""For how long somebody who looks at a list is shown the one that was read before."""
_GOOD = timedelta(hours=24)
"""For how long a list says what a recharge will cost."""
_RETRY = timedelta(hours=6)

type _Key = tuple[str | None, Line]


class Market:
    """The price lists of all SIMs, for the whole domain."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lists: dict[_Key, tuple[datetime, tuple[Product, ...]]] = {}
        self._tried: dict[_Key, datetime] = {}

    @callback
    def known(self, sim: Sim) -> PriceList | None:
        """Return the list as it was last read."""
        found = self._lists.get(_key(sim))
        return None if found is None else _price_list(sim, found[1])

    @callback
    def is_stale(self, sim: Sim, now: datetime) -> bool:
        """Tell whether a list is worth reading anew; one that could not be read waits a while."""
        found, tried = self._lists.get(_key(sim)), self._tried.get(_key(sim))
        if tried is not None and now - tried < _RETRY:
            return False
        return found is None or now - found[0] >= _GOOD

    async def read(self, sim: Sim, channel: Channel, now: datetime) -> PriceList:
        """Return the list, read a moment ago. Raises Rejected, Unavailable, LoginFailed."""
        key = _key(sim)
        found = self._lists.get(key)
        if found is None or not timedelta(0) <= now - found[0] < FRESH:
            try:
                found = now, await channel.products(line_of(sim))
            except KeeperError:
                self._tried[key] = now
                raise
            self._tried.pop(key, None)
            self._lists[key] = found
        return _price_list(sim, found[1])

    async def look(self, sim: Sim, channel: Channel, now: datetime) -> PriceList:
        """Return the list for a person to choose from, with the promotions that run.

        Nothing else asks for promotions. Raises Rejected, Unavailable, LoginFailed.
        """
        prices = await self.read(sim, channel, now)
        if not isinstance(channel, TellsPromotions):
            return prices
        products = await channel.promoted(line_of(sim), prices.products)
        return replace(prices, products=products)


MARKET: HassKey[Market] = HassKey(f"{DOMAIN}_market")


@callback
def market_of(hass: HomeAssistant) -> Market:
    """Return the market of this home."""
    return hass.data.setdefault(MARKET, Market())


def _key(sim: Sim) -> _Key:
    return sim.account, line_of(sim)


def _price_list(sim: Sim, products: tuple[Product, ...]) -> PriceList:
    return PriceList(carrier=sim.carrier, products=products)
