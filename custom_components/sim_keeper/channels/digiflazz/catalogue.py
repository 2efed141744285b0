"""What a row of Digiflazz's price list says. The product names are all there is about values."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
import re

from ...keeper.money import Money
from ..parsing import Parsed, Table, number, table, words
from .rupiah import CURRENCY, whole_rupiah

CREDIT = "pulsa"
VALIDITY = "masa aktif"
DATA = "data"
KINDS = (CREDIT, VALIDITY, DATA)
"""The categories that keep a line alive, in the order of the list that a person sees."""

# The other type of credit is a transfer from another line, which need not prolong anything.
_ORDINARY = "umum"
# The vendor does not say in which zone its closed hours are; its panel is run from Jakarta.
_ZONE = timezone(timedelta(hours=7))
_DAY_MIN = 24 * 60
_DAYS_MAX = 3650
_SKU_MAX = 100

_WALL_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::\d{1,2})?", re.ASCII)
_DAYS = re.compile(r"(\d{1,5})\s*hari\b", re.ASCII | re.IGNORECASE)
_NOMINAL = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:[.,]\d{3})+|\d{4,8})(?![.,]?\d)", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One product, as far as it can be read."""

    sku: str
    name: str
    brand: str
    kind: str
    """The category, case folded."""
    price: Money
    """Rounded up to whole rupiah: `max_price` takes no others."""
    on_sale: bool
    in_stock: bool
    closed: tuple[int, int] | None
    """The daily closed hours, in minutes of Jakarta's day; the end may lie on the next day."""
    value: Money | None
    days: int | None

    @property
    def buyable(self) -> bool:
        """Whether it is sold at all at the moment, closed hours aside."""
        return self.on_sale and self.in_stock

    def closed_at(self, moment: datetime) -> bool:
        """Whether a moment lies in the closed hours."""
        if self.closed is None:
            return False
        local = moment.astimezone(_ZONE)
        minute = local.hour * 60 + local.minute
        start, end = self.closed
        return start <= minute < end if start < end else minute >= start or minute < end


def row_of(value: Parsed) -> Row | None:
    """Read a row; None for one that is not about a line, or whose price cannot be told exactly."""
    data = table(value)
    sku, name, brand = (
        data.get("buyer_sku_code"),
        words(data.get("product_name")),
        words(data.get("brand")),
    )
    kind, price = _folded(data.get("category")), whole_rupiah(data.get("price"))
    if (
        not isinstance(sku, str)
        or not 0 < len(sku) <= _SKU_MAX
        or not sku.isprintable()
        or name is None
        or brand is None
        or kind not in KINDS
        or (kind == CREDIT and _folded(data.get("type")) not in (_ORDINARY, ""))
        or price is None
        or price.minor <= 0
    ):
        return None
    return Row(
        sku=sku,
        name=name,
        brand=brand,
        kind=kind,
        price=price,
        on_sale=data.get("buyer_product_status") is True
        and data.get("seller_product_status") is True,
        in_stock=_in_stock(data),
        closed=_closed(data),
        value=_nominal(name, price) if kind == CREDIT else None,
        # The days of a data package are its own; whether the line gains them is not told.
        days=None if kind == DATA else _days(name),
    )


def _folded(value: Parsed) -> str:
    return (words(value) or "").casefold()


def _in_stock(data: Table) -> bool:
    stock = number(data.get("stock"))
    return data.get("unlimited_stock") is True or (stock is not None and stock > 0)


def _closed(data: Table) -> tuple[int, int] | None:
    """Read the closed hours, written `23:45` or `0:5`; equal ends are no hours.

    Hours that cannot be read are left to the vendor, which refuses by itself then.
    """
    start, end = (_minute(data.get(key)) for key in ("start_cut_off", "end_cut_off"))
    return None if start is None or end is None or start == end else (start, end)


def _minute(value: Parsed) -> int | None:
    found = _WALL_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2])
    total = hour * 60 + minute
    return total % _DAY_MIN if minute < 60 and total <= _DAY_MIN else None


def _nominal(name: str, price: Money) -> Money | None:
    """Read the credit out of a name such as `Axis 10.000`, if it can be only that.

    Credit sells for about what it is worth; a number far from the price is something else.
    """
    found = {text.replace(".", "").replace(",", "") for text in _NOMINAL.findall(name)}
    if len(found) != 1:
        return None
    value = Money.parse(found.pop(), CURRENCY)
    return value if price.minor <= 3 * value.minor <= 6 * price.minor else None


def _days(name: str) -> int | None:
    """Read the days out of a name such as `Tambah Masa Aktif 30 Hari`, if it has one count only."""
    found = {int(text) for text in _DAYS.findall(name)}
    days = found.pop() if len(found) == 1 else 0
    return days if 0 < days <= _DAYS_MAX else None
