"""What an order buys, as people know it."""

from homeassistant.core import HomeAssistant, callback

from .flows.form import shown_money
from .home import HOME
from .keeper.orders import Order
from .keeper.ports import Wanted
from .market import market_of
from .texts import harmless


@callback
def goods(hass: HomeAssistant, order: Order) -> str:
    """Return the credit that an order brings, or the name of the product that has none.

    A product that is not on the list that was last read is known by its id. Where an action says
    itself what it buys, nothing is known but the most that it may cost.
    """
    if order.value is not None:
        return shown_money(order.value)
    if order.product is None:
        return shown_money(order.ceiling)
    sim = hass.data[HOME].engine.sims.get(order.sim)
    prices = None if sim is None else market_of(hass).known(sim)
    known = None if prices is None else prices.choice(Wanted(product=order.product))
    return harmless((known and known.name) or "") or order.product
