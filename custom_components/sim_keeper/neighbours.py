"""The other SIMs that spend from the same budgets, for a look ahead at one of them."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant

from .home import HOME
from .keeper.burnwatch import BurnWatch
from .keeper.forecast import Outlook
from .keeper.ledger import Spending
from .keeper.sim import Mode, Sim
from .market import market_of
from .prospect import outlook_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What others will take out of shared budgets."""

    outlooks: tuple[Outlook, ...] = ()
    spent: tuple[Spending, ...] = ()
    """What stands in their budgets already."""


async def neighbours(hass: HomeAssistant, sim: Sim) -> Neighbours:
    """Return the SIMs that share a budget with one. Raises LedgerBroken.

    It looks at every SIM that buys: for a person who asks, not for each change of each SIM.
    """
    home = hass.data[HOME]
    engine, household = home.engine, home.engine.household
    if not (household.monthly_caps or household.account_caps):
        return Neighbours()
    outlooks: list[Outlook] = []
    spent: list[Spending] = []
    for other in list(engine.sims.values()):
        buys = other.account is not None and other.rules.mode in (Mode.ASK, Mode.AUTO)
        if other.epoch == sim.epoch or not buys:
            continue
        at, spendings = await engine.situation(other)
        used = await BurnWatch(engine.desk).review(other, home.now())
        prices = market_of(hass).known(other)
        outlooks.append(outlook_of(at, prices, used.burn))
        spent += spendings
    return Neighbours(outlooks=tuple(outlooks), spent=tuple(spent))
