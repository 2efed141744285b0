"""What an amount costs at Reloadly: the vendor's own arithmetic, in one of its two modes."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from ...keeper.errors import AmountInvalid, Unavailable
from ...keeper.money import Money, exponent
from ..parsing import Parsed, Table, number, rows, table

_COST_STEP = Decimal("0.00001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The rate, discount and fees of an operator, for the mode of amounts that we use.

    Local amounts are in the line's currency, sender amounts in the wallet's.
    """

    local: bool
    wallet_currency: str
    line_currency: str
    rate: Decimal
    """The line's currency for one unit of the wallet's."""
    discount: Decimal
    """Percent."""
    fee_percent: Decimal
    fee_flat: Decimal

    @property
    def currency(self) -> str:
        """The currency of the amounts that we send."""
        return self.line_currency if self.local else self.wallet_currency

    def price(self, amount: Decimal) -> Money:
        """Estimate what leaves the wallet, rounded up. Raises AmountInvalid."""
        with localcontext(prec=50):
            sender = amount / self.rate if self.local else amount
            flat = self.fee_flat / self.rate if self.local else self.fee_flat
            # The discount is not granted where a percentage is charged (measured, 2026-10).
            discount = Decimal(0) if self.fee_percent else self.discount
            factor = 1 + (self.fee_percent - discount) / 100
            cost = (sender * factor + flat).quantize(_COST_STEP, rounding=ROUND_HALF_UP)
        return Money.rounded_up(max(cost, Decimal(0)), self.wallet_currency)


def rates_of(data: Table, *, local: bool) -> Rates:
    """Read an operator's rates. Raises Unavailable for what makes no sense."""
    wallet_currency = data.get("senderCurrencyCode")
    line_currency = data.get("destinationCurrencyCode")
    rate = number(table(data.get("fx")).get("rate"))
    if not isinstance(wallet_currency, str) or not isinstance(line_currency, str):
        raise Unavailable("unexpected answer")
    if rate is None or rate <= 0 or not _is_known(wallet_currency):
        raise Unavailable("unexpected answer")
    side = "local" if local else "international"
    fees = table(data.get("fees"))
    return Rates(
        local=local,
        wallet_currency=wallet_currency,
        line_currency=line_currency,
        rate=rate,
        discount=_part(data.get(f"{side}Discount")),
        fee_percent=_part(fees.get(f"{side}Percentage")),
        fee_flat=_part(fees.get(side)),
    )


def amounts_in(value: Parsed) -> list[Decimal]:
    """Return a list of amounts, or nothing if one of them cannot be read."""
    listed = rows(value)
    known = [amount for item in listed if (amount := number(item)) is not None]
    return known if len(known) == len(listed) else []


def by_amount(data: Table) -> dict[Decimal, Parsed]:
    """Key a map by number: the vendor writes the keys as text of varying scale."""
    return {
        key: value for text, value in data.items() if (key := number(text)) is not None
    }


def _is_known(currency: str) -> bool:
    try:
        exponent(currency)
    except AmountInvalid:
        return False
    return True


def _part(value: Parsed) -> Decimal:
    """Return a percentage or fee; a missing one is zero, a negative one makes no sense."""
    found = Decimal(0) if value is None else number(value)
    if found is None or found < 0:
        raise Unavailable("unexpected answer")
    return found
