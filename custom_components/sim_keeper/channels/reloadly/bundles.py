"""What Reloadly's operators of data, bundles and combinations sell: one fixed content an amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
import re

from ...keeper.errors import AmountInvalid, Unavailable
from ...keeper.money import Money
from ...keeper.ports import Product, Quote
from ..parsing import Parsed, Table, plain, table, words
from .brands import Brand, brand_of
from .durations import lasts_days
from .offers import NOT_AIRTIME, operator_in
from .prose import prose
from .rates import Rates, amounts_in, by_amount, rates_of

_PIN = "pin"
_NAME_MAX = 60
_CONTENT_MAX = 120
_ID = re.compile(r"([1-9]\d{0,8}):\d{1,15}(?:\.\d{1,15})?:[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One content on sale. It brings no credit, and the number does not live longer by it."""

    id: str
    """Operator, amount and its currency: `231:12000:IDR`."""
    operator: int
    brand: Brand
    country: str
    name: str
    amount: Decimal
    """What is sent, in the currency of the rates."""
    rates: Rates
    price: Money
    lasts_days: int | None

    def product(self) -> Product:
        """Return it as the heart knows products."""
        return Product(
            id=self.id,
            name=self.name,
            value=None,
            price=self.price,
            lasts_days=self.lasts_days,
        )

    def quote(self, vendor_time: datetime | None) -> Quote:
        """Return the offer of it, with the request that buys it."""
        return Quote(
            product=self.id,
            value=None,
            price=self.price,
            body={
                "operatorId": self.operator,
                "amount": plain(self.amount),
                "useLocalAmount": self.rates.local,
                "currency": self.rates.currency,
                # The vendor states a delivered amount for these as well; it is no credit.
                "bundle": True,
            },
            vendor_time=vendor_time,
        )


def operator_of(product: str | None) -> int | None:
    """Return the operator that a bundle's id names; None for anything else."""
    found = _ID.fullmatch(product or "")
    return None if found is None else int(found[1])


def sells_airtime(operator: Table) -> bool:
    """Tell whether an operator sells plain airtime, by its flags."""
    return not any(operator.get(flag) for flag in NOT_AIRTIME)


def bundles_of(body: Parsed) -> tuple[Bundle, ...]:
    """Read an operator, the cheapest bundle first; nothing where it sells none now.

    A PIN would have to be typed into the phone, and a free amount has no content that could be
    told: both are passed over, as is what has no description. Raises Unavailable for what makes
    no sense.
    """
    data = table(body)
    sold = (
        data.get("status") == "ACTIVE"
        and not data.get(_PIN)
        and not sells_airtime(data)
        and data.get("denominationType") == "FIXED"
    )
    if not sold:
        return ()
    operator, country = operator_in(data), table(data.get("country")).get("isoName")
    brand = brand_of(data)
    if operator is None or not isinstance(country, str) or not brand:
        raise Unavailable("unexpected answer")
    found = []
    for one in _listed(data):
        try:
            price = one.rates.price(one.amount)
        except AmountInvalid, ArithmeticError:
            continue
        name = f"{words(data.get('name'), _NAME_MAX)}: {one.content}"
        found.append(
            Bundle(
                id=f"{operator}:{plain(one.face)}:{one.face_currency}",
                operator=operator,
                brand=brand,
                country=country,
                name=name,
                amount=one.amount,
                rates=one.rates,
                price=price,
                lasts_days=lasts_days(one.content),
            )
        )
    return tuple(sorted(found, key=lambda bundle: (bundle.price.minor, bundle.id)))


@dataclass(frozen=True, slots=True)
class _Listed:
    """An amount of the list with its content."""

    amount: Decimal
    face: Decimal
    """What names it: the operator's own amount, because the wallet's moves with the rate."""
    face_currency: str
    content: str
    rates: Rates


def _listed(data: Table) -> list[_Listed]:
    """Return the amounts on the list that can be told apart and described.

    The wallet's amounts are sent where there are any: the content is the same, the price needs
    no conversion, and the larger discount is on them.
    """
    wallet, local = (
        amounts_in(data.get(key)) for key in ("fixedAmounts", "localFixedAmounts")
    )
    if not wallet and data.get("supportsLocalAmounts") is not True:
        return []
    rates = rates_of(data, local=not wallet)
    amounts = wallet or local
    aligned = len(local) == len(amounts)
    faces = local if aligned else amounts
    currency = rates.line_currency if aligned else rates.currency
    described = _described(data, "fixedAmountsDescriptions")
    described_local = _described(data, "localFixedAmountsDescriptions")
    found = []
    for amount, face in zip(amounts, faces, strict=True):
        content = described.get(amount) if wallet else None
        if content is None and aligned:
            content = described_local.get(face)
        alone = _is_alone(amount, amounts) and _is_alone(face, faces)
        if content is not None and alone and amount > 0 and face > 0:
            found.append(_Listed(amount, face, currency, content, rates))
    return found


def _is_alone(amount: Decimal, amounts: Sequence[Decimal]) -> bool:
    """Tell whether an amount stands for one content only."""
    return amounts.count(amount) == 1


def _described(data: Table, key: str) -> dict[Decimal, str]:
    found = by_amount(table(data.get(key)))
    texts = {amount: prose(text, _CONTENT_MAX) for amount, text in found.items()}
    return {amount: text for amount, text in texts.items() if text is not None}
