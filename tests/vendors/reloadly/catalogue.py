"""What the simulated Reloadly sells. All limits, rates and discounts here are INVENTED."""

from collections.abc import Iterator, Mapping

from .bundles import BUNDLES
from .sold import SoldOperator

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
        fixed=("5.50", "11.00", "22.00", "55.00"),
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
    *BUNDLES,
)

BY_ID = {operator.id: operator for operator in OPERATORS}


_FLAGS = {
    "includeBundles": "bundle",
    "includeData": "data",
    "includeCombo": "combo",
    "includePin": "pin",
}


def of_country(
    country: str, asked: Mapping[str, str] | None = None
) -> Iterator[SoldOperator]:
    """Return the operators of a country, without those that a call wants to be left out."""
    out = {flag for flag, value in (asked or {}).items() if value == "false"}
    kinds = {kind for flag, kind in _FLAGS.items() if flag in out}
    for operator in OPERATORS:
        shape = "includeRange" if operator.ranged else "includeFixed"
        listed = operator.kind not in kinds and shape not in out
        if operator.country == country and listed:
            yield operator


def detect(digits: str, country: str) -> SoldOperator | None:
    """Find the main airtime operator by prefix, as the vendor does."""
    for operator in of_country(country):
        airtime = operator.kind == "airtime"
        if airtime and digits.startswith(operator.prefixes or ("x",)):
            return operator
    return None
