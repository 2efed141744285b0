"""Funding: how long a wallet lasts, and when a person hears that money or its source runs out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from .money import Money

DRY_WITHIN = timedelta(days=14)
"""How far ahead a wallet must suffice: a bank transfer may take more than a week."""
PAYMENT_STAGES = (30, 7, 1, 0)
"""On how many days before a payment method expires a person hears of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTerms:
    """What people said about the money of an account."""

    account: str
    """Its unique id."""
    low: Money | None = None
    """Below this the wallet is low, whatever will be bought."""
    payment_expires: date | None = None
    """The last day of the card, or whatever the provider is paid by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One recharge to come that a wallet will pay. `cost` None: nobody knows its price yet."""

    day: date
    cost: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """How a wallet stands against what it will have to pay."""

    wallet: Money
    threshold: Money | None
    needed: Money
    """The known prices of everything that is due within `DRY_WITHIN`."""
    dry_on: date | None
    """The first day whose recharges the wallet cannot pay any more, however far ahead."""
    low: bool | None
    """None: without a threshold, and without a price, nobody can tell."""

    @property
    def below_threshold(self) -> bool:
        """Whether the wallet is below what people said."""
        return _below(self.wallet, self.threshold)


def funding(
    wallet: Money, charges: Sequence[Charge], today: date, low: Money | None = None
) -> Funding:
    """Tell how long a wallet lasts.

    Only prices in the wallet's currency count: nothing is converted. A threshold in another
    currency is none.
    """
    threshold = low if low is not None and low.currency == wallet.currency else None
    known = [
        (charge.day, charge.cost)
        for charge in charges
        if charge.cost is not None and charge.cost.currency == wallet.currency
    ]
    soon = today + DRY_WITHIN
    due = [cost for day, cost in known if day <= soon]
    unpriced = sum(charge.day <= soon for charge in charges) > len(due)
    dry_on = _dry_on(wallet, known)
    is_low: bool | None = _below(wallet, threshold) or (
        dry_on is not None and dry_on <= soon
    )
    if not is_low and unpriced and threshold is None:
        is_low = None
    return Funding(
        wallet=wallet,
        threshold=threshold,
        needed=sum(due, Money(0, wallet.currency)),
        dry_on=dry_on,
        low=is_low,
    )


def payment_stage(expires: date, today: date) -> int | None:
    """Return the stage that was reached before a payment method expires, 0 also afterwards."""
    left = (expires - today).days
    return min((stage for stage in PAYMENT_STAGES if left <= stage), default=None)


def _dry_on(wallet: Money, charges: Sequence[tuple[date, Money]]) -> date | None:
    left = wallet
    for day, cost in sorted(charges, key=lambda charge: charge[0]):
        left -= cost
        if left.minor < 0:
            return day
    return None


def _below(wallet: Money, threshold: Money | None) -> bool:
    return threshold is not None and wallet < threshold
