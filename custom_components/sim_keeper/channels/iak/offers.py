"""What IAK sells for an Indonesian line, and what it costs.

Source of types and operators: api.iak.id, prepaid product types, 2023-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
import re

from ...keeper.errors import AmountInvalid, RefusalClass, Rejected, Unavailable
from ...keeper.money import Money
from ...keeper.ports import Product, Quote, Wanted
from ..parsing import Parsed, integer, number, rows, table, words

CURRENCY = "IDR"
CREDIT = "pulsa"
DATA = "data"

_DATA_LISTS: Mapping[str, str] = {
    "axis": "axis_paket_internet",
    "indosat": "indosat_paket_internet",
    "smart": "smartfren_paket_internet",
    "telkomsel": "telkomsel_paket_internet",
    "three": "tri_paket_internet",
    "xl": "xl_paket_internet",
}
"""The operators, as the price list names their credit, and the names of their data lists."""

# The answer to a number's operator is a name to show; these differ from the price list's.
_ALSO_CALLED = {"smartfren": "smart", "tri": "three", "3": "three"}

# "10.000" could be ten or ten thousand: such a product is not taken for credit.
_RUPIAH = re.compile(r"\d{4,8}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_DAYS_MAX = 3650

DEARER_FOR_DAYS_PERCENT = 25
"""How much dearer than the cheapest a product of the same credit may be for its days, in percent.

A mere transfer of credit keeps no number alive, and may be sold for less than credit with days: the
bound, our own, leaves room for that. What is dearer still is another kind of product, and days that
nobody has asked for are not worth any price; a person can choose it by its name.
"""


def operator_named(name: Parsed) -> str | None:
    """Return the price list's word for an operator; None for one that it does not have."""
    slug = _slug(name)
    slug = _ALSO_CALLED.get(slug, slug)
    return slug if slug in _DATA_LISTS else None


def data_list(operator: str) -> str:
    """Return the name of an operator's list of data products."""
    return _DATA_LISTS[operator]


def code_of(value: object) -> str | None:
    """Return a product code; None for what cannot be one."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One product on sale."""

    code: str
    name: str
    value: Money | None
    price: Money
    days: int | None

    def product(self) -> Product:
        """Return it as the heart knows products."""
        return Product(
            id=self.code,
            name=self.name,
            value=self.value,
            price=self.price,
            days=self.days,
        )


def offers_of(listed: Parsed, kind: str, list_name: str) -> tuple[Offer, ...]:
    """Read a price list, cheapest first. Raises Unavailable for what is none.

    The documents print the rows under `data`, the vendor's own client reads `data.pricelist`.
    """
    if not isinstance(listed, list):
        listed = table(listed).get("pricelist")
    if not isinstance(listed, list):
        raise Unavailable("unexpected answer")
    found = (_offer(row, kind, list_name) for row in rows(listed))
    offers = [offer for offer in found if offer is not None]
    return tuple(sorted(offers, key=lambda offer: (offer.price.minor, offer.code)))


def quote_of(
    offers: tuple[Offer, ...], wanted: Wanted, vendor_time: datetime | None
) -> Quote:
    """Price what is wanted. Raises Rejected for what is not offered."""
    fitting = [offer for offer in offers if _fits(offer, wanted)]
    if not fitting:
        raise Rejected("amount_not_offered", RefusalClass.FIX_FIRST)
    best = _best(fitting)
    return Quote(
        product=best.code,
        value=best.value,
        price=best.price,
        body={"product_code": best.code},
        days=best.days,
        vendor_time=vendor_time,
    )


def _best(fitting: Sequence[Offer]) -> Offer:
    """Return the one with the most days of those that cost little more than the cheapest."""
    cheapest = min(offer.price.minor for offer in fitting)
    return min(
        (
            offer
            for offer in fitting
            if offer.price.minor * 100 <= cheapest * (100 + DEARER_FOR_DAYS_PERCENT)
        ),
        key=lambda offer: (-(offer.days or 0), offer.price.minor),
    )


def _fits(offer: Offer, wanted: Wanted) -> bool:
    if wanted.product is None:
        return wanted.amount is not None and offer.value == wanted.amount
    return offer.code == wanted.product and wanted.amount in (None, offer.value)


def _offer(row: Parsed, kind: str, list_name: str) -> Offer | None:
    """Read one row; None if it is not on sale, of another list, or cannot be read."""
    data = table(row)
    code, price = code_of(data.get("product_code")), number(data.get("product_price"))
    belongs = (
        data.get("status") == "active"
        and data.get("product_type") == kind
        and _slug(data.get("product_description")) == list_name
    )
    if not belongs or code is None or price is None or price <= 0:
        return None
    nominal = words(data.get("product_nominal")) or ""
    name = words(f"{words(data.get('product_description'))} {nominal}") or code
    try:
        value = _credit(nominal) if kind == CREDIT else None
        return Offer(
            code=code,
            name=name,
            value=value,
            price=Money.rounded_up(price, CURRENCY),
            # The days of a data package are its own: the number does not live longer by them.
            days=None if value is None else _days(data.get("active_period")),
        )
    except AmountInvalid:
        return None


def _credit(nominal: str) -> Money | None:
    return Money.parse(nominal, CURRENCY) if _RUPIAH.fullmatch(nominal) else None


def _days(value: Parsed) -> int | None:
    """Return the days of validity; the vendor writes "0" where it does not state them."""
    days = integer(value)
    return days if days is not None and days <= _DAYS_MAX else None


def _slug(name: Parsed) -> str:
    return "_".join((words(name) or "").casefold().split())
