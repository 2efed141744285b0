"""What the simulated IAK sells. All prices here are INVENTED; days as in a list of 2019."""

from dataclasses import dataclass

from ..wire import Shown

PREFIXES = {
    "AXIS": ("0831", "0832", "0837", "0838"),
    "Telkomsel": (
        *("0811", "0812", "0813", "0821", "0822", "0823"),
        *("0851", "0852", "0853"),
    ),
    "XL": ("0817", "0818", "0819", "0859", "0877", "0878"),
}
"""The operators by the beginning of a number, as the vendor knows them: 0833 is missing."""


@dataclass(frozen=True, kw_only=True)
class SoldProduct:
    """A product of the catalogue."""

    code: str
    brand: str
    """The operator's name, in the words of this list."""
    nominal: str
    price: int
    days: str = "0"
    kind: str = "pulsa"
    category: str = "pulsa"
    operator: str | None = None
    """Whose numbers it is for; None for another country's."""
    active: bool = True

    @property
    def list_name(self) -> str:
        """How the list that it is on is called."""
        return self.brand.lower().replace(" ", "_")

    def shown(self, price: int) -> dict[str, Shown]:
        """Show the product as the API does."""
        return {
            "product_code": self.code,
            "product_description": self.brand,
            "product_nominal": self.nominal,
            "product_details": "-",
            "product_price": price,
            "product_type": self.kind,
            "active_period": self.days,
            "status": "active" if self.active else "non active",
            "icon_url": "-",
            "product_category": self.category,
        }


def _credit(
    brand: str, prefix: str, ladder: dict[int, str], margin: int
) -> tuple[SoldProduct, ...]:
    return tuple(
        SoldProduct(
            code=f"{prefix}{amount}",
            brand=brand,
            nominal=str(amount),
            price=amount + margin,
            days=days,
            operator=brand,
        )
        for amount, days in ladder.items()
    )


_LADDER = {
    5000: "7",
    10000: "15",
    15000: "0",
    25000: "30",
    50000: "60",
    100000: "90",
    200000: "120",
}

PRODUCTS = (
    *_credit("AXIS", "haxis", _LADDER, 800),
    *_credit("XL", "xld", _LADDER, 900),
    *_credit("Telkomsel", "htelkomsel", {5000: "7", 10000: "15", 50000: "45"}, 1100),
    SoldProduct(
        code="haxis30000",
        brand="AXIS",
        nominal="30000",
        price=30500,
        days="30",
        operator="AXIS",
        active=False,
    ),
    SoldProduct(
        code="axisdata1",
        brand="Axis Paket Internet",
        nominal="Bronet 1GB 30 hari",
        price=14200,
        days="30",
        kind="data",
        category="data",
        operator="AXIS",
    ),
    SoldProduct(
        code="axisdata5",
        brand="Axis Paket Internet",
        nominal="Bronet 5GB 60 hari",
        price=43100,
        days="60",
        kind="data",
        category="data",
        operator="AXIS",
    ),
    SoldProduct(
        code="xldata1",
        brand="XL Paket Internet",
        nominal="Xtra Combo 5GB",
        price=59000,
        days="30",
        kind="data",
        category="data",
        operator="XL",
    ),
    SoldProduct(
        code="altel10",
        brand="Malaysia Topup",
        nominal="10",
        price=39750,
        kind="malaysia",
        category="international",
    ),
    SoldProduct(
        code="singtel10",
        brand="Singtel",
        nominal="10",
        price=125000,
        kind="singapore",
        category="international",
    ),
)
BY_CODE = {product.code: product for product in PRODUCTS}


def listed(kind: str | None, list_name: str | None, status: str) -> list[SoldProduct]:
    """Return the products of a list."""
    return [
        product
        for product in PRODUCTS
        if kind in (None, product.kind)
        and list_name in (None, product.list_name)
        and status in ("all", "active" if product.active else "non active")
    ]


def operator_of(number: str) -> str | None:
    """Return the operator by the number's prefix."""
    for operator, prefixes in PREFIXES.items():
        if number.startswith(prefixes):
            return operator
    return None
