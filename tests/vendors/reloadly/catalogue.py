"""What the simulated Reloadly sells. All limits, rates and discounts here are INVENTED."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ..wire import Shown

CALLING_CODES = {
    "CN": "86",
    "ES": "34",
    "GB": "44",
    "HK": "852",
    "ID": "62",
    "IN": "91",
    "MY": "60",
    "NG": "234",
    "UA": "380",
}
"""The countries on the list."""


@dataclass(frozen=True, kw_only=True)
class SoldOperator:
    """An operator of the catalogue; amounts as in the vendor's object."""

    id: int
    name: str
    country: str
    currency: str
    rate: str
    """Destination units for one US dollar."""
    prefixes: tuple[str, ...] = ()
    """International form; only main airtime operators have any."""
    fixed: tuple[str, ...] = ()
    local_fixed: tuple[str, ...] = ()
    least: str | None = None
    most: str | None = None
    local_least: str | None = None
    local_most: str | None = None
    local: bool = False
    """Whether local amounts are supported."""
    discount: str = "0"
    fee: str = "0"
    fee_percent: str = "0"
    local_fee: str = "0"
    suggested: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    kind: str = "airtime"
    status: str = "ACTIVE"
    fails_slowly: bool = False

    @property
    def ranged(self) -> bool:
        """Whether it takes any amount within limits."""
        return not self.fixed and not self.local_fixed

    def shown(self) -> dict[str, Shown]:
        """Show the operator as the API does."""
        return {
            "id": self.id,
            "operatorId": self.id,
            "name": self.name,
            "bundle": self.kind == "bundle",
            "data": self.kind == "data",
            "comboProduct": self.kind == "combo",
            "pin": self.kind == "pin",
            "supportsLocalAmounts": self.local,
            "supportsGeographicalRechargePlans": False,
            "denominationType": "RANGE" if self.ranged else "FIXED",
            "senderCurrencyCode": "USD",
            "destinationCurrencyCode": self.currency,
            "commission": Decimal(self.discount),
            "internationalDiscount": Decimal(self.discount),
            "localDiscount": Decimal("0.0"),
            "mostPopularAmount": None,
            "mostPopularLocalAmount": None,
            "minAmount": _maybe(self.least),
            "maxAmount": _maybe(self.most),
            "localMinAmount": _maybe(self.local_least),
            "localMaxAmount": _maybe(self.local_most),
            "fixedAmounts": [Decimal(amount) for amount in self.fixed],
            "fixedAmountsDescriptions": {} if self.local else {**self.descriptions},
            "localFixedAmounts": [Decimal(amount) for amount in self.local_fixed],
            "localFixedAmountsDescriptions": {**self.descriptions}
            if self.local
            else [],
            "suggestedAmounts": [Decimal(amount) for amount in self.suggested],
            "suggestedAmountsMap": {
                key: Decimal(value) for key, value in self.suggested.items()
            },
            "fx": {"rate": Decimal(self.rate), "currencyCode": self.currency},
            "fees": {
                "international": Decimal(self.fee),
                "internationalPercentage": Decimal(self.fee_percent),
                "local": Decimal(self.local_fee),
                "localPercentage": Decimal(self.fee_percent),
            },
            "geographicalRechargePlans": [],
            "promotions": [],
            "logoUrls": [],
            "country": {"isoName": self.country, "name": self.country},
            "status": self.status,
        }


def _maybe(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


OPERATORS = (
    SoldOperator(
        id=243,
        name="Axis Indonesia",
        country="ID",
        currency="IDR",
        rate="15500.00000",
        prefixes=("62831", "62832", "62833", "62838"),
        least="0.33",
        most="65.00",
        local_least="5000",
        local_most="1000000",
        local=True,
        discount="10.0",
    ),
    SoldOperator(
        id=231,
        name="Axis Indonesia Data",
        country="ID",
        currency="IDR",
        rate="15500.00000",
        local_fixed=("12000", "25000"),
        fixed=("0.78", "1.62"),
        local=True,
        kind="data",
    ),
    SoldOperator(
        id=239,
        name="XL Indonesia",
        country="ID",
        currency="IDR",
        rate="15500.00000",
        prefixes=("62817", "62818", "62819", "62859", "62877", "62878"),
        least="0.33",
        most="65.00",
        local_least="5000",
        local_most="1000000",
        local=True,
        discount="9.0",
    ),
    SoldOperator(
        id=9001,
        name="giffgaff UK",
        country="GB",
        currency="GBP",
        rate="0.78431",
        prefixes=("4474", "4475"),
        least="6.50",
        most="65.00",
        discount="2.5",
        fee="0.10",
    ),
    SoldOperator(
        id=9002,
        name="Hotlink Malaysia",
        country="MY",
        currency="MYR",
        rate="4.33000",
        prefixes=("6012", "6014", "6017"),
        fixed=("1.16", "2.31", "6.93", "11.55"),
        local_fixed=("5", "10", "30", "50.00"),
        local=True,
        descriptions={
            "5.00": "RM 5, 5 days",
            "10": "RM 10, 10 days",
            "30.0": "RM 30, 30 days",
        },
        discount="6.0",
    ),
    SoldOperator(
        id=9003,
        name="Lyca Mobile Spain",
        country="ES",
        currency="EUR",
        rate="0.92000",
        prefixes=("34632", "34685"),
        fixed=("5.50", "11.00", "22.00"),
        suggested={"5.5": "5.00", "11.00": "10.00"},
        fee_percent="3.0",
        discount="4.0",
    ),
    SoldOperator(
        id=9004,
        name="Kyivstar Ukraine",
        country="UA",
        currency="UAH",
        rate="41.20000",
        prefixes=("38067", "38068", "38096", "38097", "38098"),
        least="1.25",
        most="70.00",
        local_least="50",
        local_most="2500",
        local=True,
        discount="5.0",
        local_fee="2.00",
    ),
    SoldOperator(
        id=9005,
        name="3 Hong Kong",
        country="HK",
        currency="HKD",
        rate="7.80000",
        prefixes=("8525", "8526", "8529"),
        fixed=("6.50", "13.00", "26.00"),
        local_fixed=("48", "98", "198"),
        discount="1.0",
    ),
    SoldOperator(
        id=9006,
        name="China Mobile",
        country="CN",
        currency="CNY",
        rate="7.10000",
        prefixes=("86135", "86138", "86139", "86158", "86188"),
        fixed=("4.30", "7.15", "14.30"),
        local_fixed=("30", "50", "100"),
        local=True,
        discount="0.5",
    ),
    SoldOperator(
        id=1213,
        name="Glo Nigeria Special Bundle",
        country="NG",
        currency="NGN",
        rate="1500.00000",
        least="0.10",
        most="30.00",
        local_least="100",
        local_most="40000",
        local=True,
        fails_slowly=True,
    ),
    SoldOperator(
        id=9007,
        name="Sleeping Mobile",
        country="GB",
        currency="GBP",
        rate="0.78431",
        prefixes=("4479",),
        least="5.00",
        most="50.00",
        status="INACTIVE",
    ),
)

BY_ID = {operator.id: operator for operator in OPERATORS}


def of_country(country: str) -> Iterator[SoldOperator]:
    """Return the operators of a country."""
    return (operator for operator in OPERATORS if operator.country == country)


def detect(digits: str, country: str) -> SoldOperator | None:
    """Find the main airtime operator by prefix, as the vendor does."""
    for operator in of_country(country):
        if digits.startswith(operator.prefixes or ("x",)):
            return operator
    return None
