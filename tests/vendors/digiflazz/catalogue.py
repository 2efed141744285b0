"""What the simulated Digiflazz sells. All prices, codes and hours here are INVENTED."""

from dataclasses import dataclass
from decimal import Decimal

from ..wire import Shown

PREFIXES = {
    "AXIS": ("0831", "0832", "0833", "0838"),
    "TELKOMSEL": ("0811", "0812", "0813", "0821", "0822", "0823", "0852", "0853"),
    "XL": ("0817", "0818", "0819", "0859", "0877", "0878"),
}


@dataclass(frozen=True, kw_only=True)
class SoldProduct:
    """A row of the account's price list."""

    sku: str
    name: str
    category: str
    brand: str
    price: str
    credit: int = 0
    """What really arrives, in rupiah."""
    days: int = 0
    """The validity that it really adds."""
    type: str = "Umum"
    price_as_text: bool = False
    buyer_status: bool = True
    seller_status: bool = True
    stock: int | None = None
    """None: unlimited."""
    multi: bool = True
    closed: tuple[str, str] = ("0:0", "0:0")
    """As the vendor writes it, now and then without leading zeros."""
    maintenance: bool = False
    """The seller has closed for now, whatever the list says."""

    def shown(self, price: Decimal) -> dict[str, Shown]:
        """Show the row as the API does."""
        return {
            "product_name": self.name,
            "category": self.category,
            "brand": self.brand,
            "type": self.type,
            "seller_name": "Toko Contoh",
            "price": str(price) if self.price_as_text else price,
            "buyer_sku_code": self.sku,
            "buyer_product_status": self.buyer_status,
            "seller_product_status": self.seller_status,
            "unlimited_stock": self.stock is None,
            "stock": self.stock or 0,
            "multi": self.multi,
            "start_cut_off": self.closed[0],
            "end_cut_off": self.closed[1],
            "desc": "-",
        }


PRODUCTS = (
    SoldProduct(
        sku="ax5",
        name="Axis 5.000",
        category="Pulsa",
        brand="AXIS",
        price="5875",
        credit=5000,
        days=7,
        closed=("23:45", "0:15"),
    ),
    SoldProduct(
        sku="ax10",
        name="Axis 10.000",
        category="Pulsa",
        brand="AXIS",
        price="10850",
        credit=10000,
        days=15,
    ),
    SoldProduct(
        sku="ax10b",
        name="AXIS 10.000",
        category="Pulsa",
        brand="Axis",
        price="10795",
        price_as_text=True,
        credit=10000,
        days=15,
        seller_status=False,
    ),
    SoldProduct(
        sku="ax10t",
        name="Axis Pulsa Transfer 10.000",
        category="Pulsa",
        brand="AXIS",
        type="Pulsa Transfer",
        price="10300",
        credit=10000,
    ),
    SoldProduct(
        sku="ax25",
        name="Axis 25.000",
        category="Pulsa",
        brand="AXIS",
        price="25100.0",
        credit=25000,
        days=30,
        multi=False,
        stock=3,
        closed=("23:0", "23:0"),
    ),
    SoldProduct(
        sku="ax50",
        name="Axis 50.000",
        category="Pulsa",
        brand="AXIS",
        price="49900",
        price_as_text=True,
        credit=50000,
        days=60,
        stock=0,
    ),
    SoldProduct(
        sku="axma30",
        name="Axis Tambah Masa Aktif 30 Hari",
        category="Masa Aktif",
        brand="AXIS",
        price="7150",
        days=30,
    ),
    SoldProduct(
        sku="axd1",
        name="Axis Bronet 1 GB 15 hari",
        category="Data",
        brand="AXIS",
        price="12400.50",
        days=15,
    ),
    SoldProduct(
        sku="tsel20",
        name="Telkomsel 20.000",
        category="Pulsa",
        brand="TELKOMSEL",
        price="20150",
        credit=20000,
        days=30,
    ),
    SoldProduct(
        sku="tselma15",
        name="Telkomsel Masa Aktif 15 Hari",
        category="Masa Aktif",
        brand="TELKOMSEL",
        price="6900",
        days=15,
        maintenance=True,
    ),
    SoldProduct(
        sku="xld10",
        name="Xl 10.000",
        category="Pulsa",
        brand="XL",
        price="10650",
        credit=10000,
        days=15,
    ),
    SoldProduct(
        sku="xld25",
        name="Xl 25.000",
        category="Pulsa",
        brand="XL",
        price="24950",
        credit=25000,
        days=30,
        buyer_status=False,
    ),
    SoldProduct(
        sku="my10",
        name="Hotlink RM 10",
        category="Malaysia TOPUP",
        brand="HOTLINK",
        price="38500",
    ),
    SoldProduct(
        sku="cn30",
        name="China Mobile 30 CNY",
        category="China TOPUP",
        brand="CHINA MOBILE",
        price="69900",
    ),
)

BY_SKU = {product.sku: product for product in PRODUCTS}

SANDBOX_SKU = "xld10"
SANDBOX = {
    "087800001230": (True, 0.0),
    "087800001232": (False, 0.0),
    "087800001233": (True, 9.0),
    "087800001234": (False, 9.0),
}
"""The magic numbers of development: whether it ends well, and after how many seconds."""
