"""What a look ahead at a SIM begins with, gathered from the ledger."""

from homeassistant.core import HomeAssistant

from .home import HOME, Home
from .keeper.burnwatch import BurnWatch
from .keeper.forecast import Outlook
from .keeper.ledger import Spending
from .keeper.sim import Mode, Sim
from .market import market_of
from .prospect import Standing, outlook_of


async def standing_alone(home: Home, sim: Sim) -> Standing:
    """Return how a SIM stands, as if no other spent from its budgets. Raises LedgerBroken."""
    at, spent = await home.engine.situation(sim)
    used = await BurnWatch(home.engine.desk).review(sim, home.now())
    return Standing(
        at=at, household=home.engine.household, spent=tuple(spent), burn=used.burn
    )


async def standing(hass: HomeAssistant, sim: Sim) -> Standing:
    """Return how a SIM stands among those that share a budget with it. Raises LedgerBroken.

    It looks at every SIM that buys: for a person who asks, not for each change of each SIM.
    """
    home = hass.data[HOME]
    own = await standing_alone(home, sim)
    if not (own.household.monthly_caps or own.household.account_caps):
        return own
    others: list[Outlook] = []
    spent: list[Spending] = [*own.spent]
    for other in list(home.engine.sims.values()):
        buys = other.account is not None and other.rules.mode in (Mode.ASK, Mode.AUTO)
        if other.epoch == sim.epoch or not buys:
            continue
        found = await standing_alone(home, other)
        prices = market_of(hass).known(other)
        others.append(outlook_of(found.at, prices, found.burn))
        spent += found.spent
    return Standing(
        at=own.at,
        household=own.household,
        spent=tuple(spent),
        burn=own.burn,
        others=tuple(others),
    )
