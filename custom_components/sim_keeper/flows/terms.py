"""What the rules of a SIM are judged by while they are typed."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_WALLET_CURRENCY
from ..entries import is_loopback_account
from ..keeper.carriers import CarrierProfile
from ..keeper.contradictions import Contradiction, contradictions
from ..keeper.sim import Rules, Sim
from ..price_list import PriceList
from .form import plain

# A lost answer takes up to two days to be settled; the number must still be alive then.
AUTO_DAYS_MIN = 3


def auto_allowed(account: ConfigEntry[Any]) -> bool:
    """Whether recharges through this account may be automatic. For now: simulators only."""
    return is_loopback_account(account)


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
        if self.account is None:
            return self.currency
        return str(self.account.data[CONF_WALLET_CURRENCY])

    def sim_with(self, rules: Rules) -> Sim:
        """Return the SIM as these rules would make it."""
        return replace(self.sim, rules=rules)

    def contradictions(self, rules: Rules) -> tuple[Contradiction, ...]:
        """Return what is wrong with rules for this SIM."""
        options = () if self.prices is None else self.prices.options()
        return contradictions(self.sim_with(rules), self.today, options)


def rules_placeholders(terms: Terms) -> dict[str, str]:
    """Return the currencies and the carrier that the texts name."""
    return {
        "carrier": plain(terms.carrier.name),
        "currency": terms.currency,
        "cap_currency": terms.cap_currency,
        "min_topup": str(terms.carrier.min_topup or "–"),
        "auto_days": str(AUTO_DAYS_MIN),
        "nearest": "–",
    }
