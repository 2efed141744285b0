"""Reading what is sold for a SIM while its rules are typed."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..entries import is_action
from ..home import HOME
from ..keeper.errors import KeeperError
from ..keeper.sim import Sim
from ..market import market_of
from ..price_list import PriceList
from .channel import NotReached, open_channel
from .terms import Terms

UNREAD = "prices_unread"
NOTHING_SOLD = "nothing_sold"


async def terms_for(
    hass: HomeAssistant, sim: Sim, account: ConfigEntry[Any] | None
) -> tuple[Terms, str | None]:
    """Return what rules are judged by, and why the price list is missing where it should be."""
    prices, trouble = None, None
    if account is not None:
        try:
            prices = await _read(hass, sim, account)
        except NotReached, KeeperError:
            trouble = UNREAD
        if prices is not None and not prices.products:
            # An action lists nothing where it takes any amount, or only uses the number.
            prices, trouble = None, None if is_action(account) else NOTHING_SOLD
    today = dt_util.utcnow().astimezone(sim.zone).date()
    return Terms(sim=sim, account=account, today=today, prices=prices), trouble


async def _read(hass: HomeAssistant, sim: Sim, account: ConfigEntry[Any]) -> PriceList:
    """Read through the account's own channel, or for a moment through another."""
    market, now = market_of(hass), dt_util.utcnow()
    home = hass.data.get(HOME)
    channel = None if home is None else home.channel(str(account.unique_id))
    if channel is not None:
        return await market.look(sim, channel, now)
    async with open_channel(account) as opened:
        return await market.look(sim, opened, now)
