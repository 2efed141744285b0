"""Amounts of rupiah as Digiflazz writes them: numbers, floats, or text."""

from decimal import Decimal
import math
import re

from ...keeper.errors import AmountInvalid
from ...keeper.money import Money
from ..parsing import Parsed, number

CURRENCY = "IDR"

# Three digits after a point may be thousands in Indonesia, so such a text is not read at all.
_TEXT = re.compile(r"-?\d{1,12}(\.\d{1,2})?", re.ASCII)


def rupiah(value: Parsed) -> Decimal | None:
    """Read an amount exactly; None for anything doubtful."""
    if isinstance(value, str) and _TEXT.fullmatch(value) is None:
        return None
    return number(value)


def whole_rupiah(value: Parsed) -> Money | None:
    """Read a price and round it up to whole rupiah; None for anything doubtful."""
    amount = rupiah(value)
    if amount is None:
        return None
    try:
        return Money.exactly(Decimal(math.ceil(amount)), CURRENCY)
    except AmountInvalid:
        return None
