"""Money that vendors tell: never more than what is there, never less than what it cost."""

from decimal import ROUND_FLOOR, Decimal, localcontext

from ..keeper.errors import AmountInvalid
from ..keeper.money import Money, exponent
from .parsing import Parsed, exact_text, number


def floored(value: Decimal, currency: str) -> Money:
    """Round down to minor units. Raises AmountInvalid."""
    with localcontext(prec=60):
        step = Decimal(1).scaleb(-exponent(currency))
        return Money.exactly(value.quantize(step, rounding=ROUND_FLOOR), currency)


def floor_money(value: Decimal, currency: str) -> Money | None:
    """Round what was delivered, or is owned, down to minor units; None if it makes no sense."""
    try:
        return floored(value, currency)
    except AmountInvalid, ArithmeticError:
        return None


def cost_in(value: Parsed, currency: str) -> tuple[Money | None, str | None]:
    """Return a cost, rounded up, and the vendor's own text of it; None where it tells none."""
    cost = number(value)
    if cost is None or cost < 0:
        return None, None
    try:
        return Money.rounded_up(cost, currency), exact_text(cost)
    except AmountInvalid:
        return None, None
