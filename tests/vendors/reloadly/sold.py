"""An operator of the simulated Reloadly, and how the API shows it."""

from dataclasses import dataclass, field
from decimal import Decimal

from ..wire import Shown

COUNTRIES = {
    "CN": "China",
    "ES": "Spain",
    "GB": "United Kingdom",
    "HK": "Hong Kong",
    "ID": "Indonesia",
    "IN": "India",
    "MY": "Malaysia",
    "NG": "Nigeria",
    "UA": "Ukraine",
}


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
    contents: tuple[str, ...] = ()
    """What is in a bundle, aligned with the amounts."""
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
            "fixedAmountsDescriptions": self._described(self.fixed)
            or ({} if self.local else {**self.descriptions}),
            "localFixedAmounts": [Decimal(amount) for amount in self.local_fixed],
            "localFixedAmountsDescriptions": self._described(self.local_fixed)
            or ({**self.descriptions} if self.local else []),
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
            "country": {"isoName": self.country, "name": COUNTRIES[self.country]},
            "status": self.status,
        }

    def _described(self, amounts: tuple[str, ...]) -> dict[str, Shown]:
        """Key the contents by amount, with a scale of the vendor's own."""
        pairs = zip(amounts, self.contents, strict=False)
        return {f"{Decimal(amount):.2f}": content for amount, content in pairs}


def _maybe(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
