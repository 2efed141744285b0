"""What can be bought for a line, and on what terms."""

from datetime import datetime

from ...keeper.errors import RefusalClass, Rejected, Unavailable
from ...keeper.money import Money
from ...keeper.ports import Line, Product, Quote, Wanted
from ..indonesia import local_number
from .brands import brand_of
from .catalogue import CREDIT, KINDS, Row
from .rupiah import CURRENCY

_CANDIDATES_MAX = 3


def check_line(line: Line, wanted: Wanted | None = None) -> str:
    """Return the line's brand. Raises Rejected for a line that nothing is sold for here."""
    currencies = {line.currency}
    if wanted is not None and wanted.amount is not None:
        currencies.add(wanted.amount.currency)
    if currencies != {CURRENCY}:
        raise Rejected("currency_differs", RefusalClass.FIX_FIRST)
    # The form of foreign numbers is not published; one wrong digit recharges a stranger.
    if local_number(line.number) is None:
        raise Rejected("number_not_supported", RefusalClass.FIX_FIRST)
    brand = line.operator or brand_of(line.number)
    if brand is None:
        raise Rejected("operator_unknown", RefusalClass.FIX_FIRST)
    return brand


def products_of(rows: tuple[Row, ...], brand: str) -> tuple[Product, ...]:
    """List a brand's products: credit, then validity, then data, each cheapest first."""
    sold = [row for row in rows if row.buyable and _is_of(row, brand)]
    return tuple(
        Product(
            id=row.sku, name=row.name, value=row.value, price=row.price, days=row.days
        )
        for row in sorted(
            sold, key=lambda row: (KINDS.index(row.kind), row.price.minor, row.sku)
        )
    )


def candidates(rows: tuple[Row, ...], brand: str, amount: Money) -> tuple[Row, ...]:
    """Return the few cheapest rows that deliver exactly this credit."""
    fitting = [
        row
        for row in rows
        if row.buyable and row.value == amount and _is_of(row, brand)
    ]
    fitting.sort(key=lambda row: (row.price.minor, row.sku))
    return tuple(fitting[:_CANDIDATES_MAX])


def quote_of(
    row: Row | None, brand: str, wanted: Wanted, vendor_time: datetime | None
) -> Quote:
    """Turn a fresh row into an offer. Raises Rejected for what is not sold, or not now."""
    if row is None or not row.on_sale or not _is_of(row, brand):
        raise not_offered()
    if wanted.amount is not None and row.value not in (None, wanted.amount):
        raise not_offered()
    if row.value is None and row.kind == CREDIT:
        # Its name does not tell what it delivers.
        raise not_offered()
    if not row.in_stock:
        raise Rejected("68 out of stock", RefusalClass.LATER)
    if row.closed is not None:
        if vendor_time is None:
            raise Unavailable("the vendor tells no time")
        if row.closed_at(vendor_time):
            raise Rejected("58 daily cut-off", RefusalClass.LATER)
    return Quote(
        product=row.sku,
        value=row.value,
        price=row.price,
        body={"buyer_sku_code": row.sku, "max_price": int(row.price.value)},
        days=row.days,
        vendor_time=vendor_time,
    )


def not_offered() -> Rejected:
    """Return the refusal of what is not on the list."""
    return Rejected("amount_not_offered", RefusalClass.FIX_FIRST)


def _is_of(row: Row, brand: str) -> bool:
    return row.brand.casefold() == brand.casefold()
