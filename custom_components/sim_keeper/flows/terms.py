"""What the rules of a SIM are judged by while they are typed."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_WALLET_CURRENCY
from ..entries import uses_number
from ..keeper.carriers import CarrierProfile
from ..keeper.contradictions import Contradiction, contradictions
from ..keeper.options import options_for
from ..keeper.sim import Rules, Sim
from ..price_list import PriceList

# A lost answer takes up to two days to be settled; the number must still be alive then.
AUTO_DAYS_MIN = 3


def cap_currency(account: ConfigEntry[Any] | None, currency: str) -> str:
    """Return the currency that pays for credit: the account's wallet, or the credit's own."""
    return currency if account is None else str(account.data[CONF_WALLET_CURRENCY])


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the rules of a SIM are judged by."""

    sim: Sim
    """Its rules do not matter here."""
    account: ConfigEntry[Any] | None
    today: date
    """The SIM's day."""
    prices: PriceList | None = None
    """What its account sells; None where there is none, or it could not be read."""

    @property
    def carrier(self) -> CarrierProfile:
        """The carrier's rule."""
        return self.sim.carrier

    @property
    def currency(self) -> str:
        """The currency of the SIM's credit."""
        return self.sim.currency

    @property
    def cap_currency(self) -> str:
        """The currency that pays."""
        return cap_currency(self.account, self.currency)

    def sim_with(self, rules: Rules) -> Sim:
        """Return the SIM as these rules would make it."""
        return replace(self.sim, rules=rules)

    def contradictions(self, rules: Rules) -> tuple[Contradiction, ...]:
        """Return what is wrong with rules for this SIM."""
        sim, prices = self.sim_with(rules), self.prices
        options = () if prices is None else options_for(sim, prices.products)
        found = contradictions(sim, self.today, options)
        if self.account is None or not uses_number(self.account):
            return found
        return tuple(one for one in found if one is not Contradiction.NOTHING_TO_BUY)
