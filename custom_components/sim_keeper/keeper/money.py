"""Money: integer minor units of one ISO 4217 currency, never a float."""

from dataclasses import dataclass
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_CEILING,
    Decimal,
    DecimalException,
    localcontext,
)
from functools import cache
import re

from iso4217 import Currency

from .errors import AmountFault, AmountInvalid, CurrencyMismatch

# No single amount of a prepaid line comes near this; beyond it something is misread.
MAX_MINOR = 10**13
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?", re.ASCII)


@cache
def exponent(currency: str) -> int:
    """Return how many decimals the currency has (JPY 0, EUR 2, KWD 3).

    Raises AmountInvalid for a code that ISO 4217 does not list as money in use.
    """
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise AmountInvalid(AmountFault.UNKNOWN_CURRENCY)
    return int(digits)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency. May be negative (a debt)."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read a plain decimal number exactly: `12`, `12.5`, `-0.25`.

        Raises AmountInvalid for thousands separators, exponents, NaN, more decimals than the
        currency has, and amounts beyond any sense.
        """
        if _PLAIN_NUMBER.fullmatch(text.strip()) is None:
            raise AmountInvalid(AmountFault.NOT_A_NUMBER)
        return cls.exactly(Decimal(text.strip()), currency)

    @classmethod
    def exactly(cls, value: Decimal, currency: str) -> Money:
        """Convert a decimal that must fit the currency without rounding."""
        scaled = _scaled(value, currency)
        if scaled != scaled.to_integral_value():
            raise AmountInvalid(AmountFault.TOO_PRECISE)
        return cls(int(scaled), currency)

    @classmethod
    def rounded_up(cls, value: Decimal, currency: str) -> Money:
        """Convert a cost, rounding up to the next minor unit."""
        scaled = _scaled(value, currency)
        return cls(int(scaled.to_integral_value(rounding=ROUND_CEILING)), currency)

    @property
    def value(self) -> Decimal:
        """The amount in whole units, for display and for the wire."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def with_margin(self, percent: int) -> Money:
        """Return the amount plus a margin in percent, rounded up."""
        return Money(-(-self.minor * (100 + percent) // 100), self.currency)

    def __add__(self, other: Money) -> Money:
        """Add money of the same currency."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract money of the same currency."""
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare money of the same currency."""
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Compare money of the same currency."""
        return self.minor <= self._same(other)

    def __str__(self) -> str:
        """Return for example `12.50 EUR`."""
        return f"{self.value:f} {self.currency}"

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor


def positive(money: Money) -> Money:
    """Return the money unchanged, or raise AmountInvalid for zero and less."""
    if money.minor <= 0:
        raise AmountInvalid(AmountFault.NOT_POSITIVE)
    return money


def _scaled(value: Decimal, currency: str) -> Decimal:
    digits = exponent(currency)
    try:
        if not value.is_finite():
            raise AmountInvalid(AmountFault.NOT_A_NUMBER)
        # The default context would round a long number, or one with a mad exponent, before it
        # can be refused.
        with localcontext(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN):
            scaled = value.scaleb(digits)
            if abs(scaled) > MAX_MINOR:
                raise AmountInvalid(AmountFault.TOO_LARGE)
            return scaled
    except DecimalException as err:
        raise AmountInvalid(AmountFault.NOT_A_NUMBER) from err
