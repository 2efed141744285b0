"""The ports of the heart: what it asks of the world, as protocols and values.

Adapters (`channels`, `sources`, the glue) implement these; the heart never imports an adapter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from .money import Money

type Json = str | int | bool | list[Json] | dict[str, Json] | None


class Lookup(StrEnum):
    """How a channel can be asked what became of an order."""

    PURE = "pure"
    """By our key, without any risk of buying."""
    PAYING = "paying"
    """Only by sending the same request again."""
    NONE = "none"


class Automatic(StrEnum):
    """When a channel may be used without a person's yes to each order."""

    YES = "yes"
    AFTER_ONE_SUPERVISED = "after_one_supervised"
    OPT_IN = "opt_in"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel promises. The engine obeys this and never asks which provider it is."""

    lookup: Lookup
    look_after_s: tuple[int, ...]
    """When to look after a lost answer, in seconds after the last send. The last one is final."""
    look_horizon_s: int
    """Until when a purchase may still appear at the vendor, in seconds after the send."""
    poll_s: tuple[int, ...]
    """When to ask for the end of a pending order, seconds after the send; then the last gap again."""
    send_timeout_s: int
    resend_within_s: int
    """For how long one re-send with the same key is allowed after finding nothing; 0 = never."""
    consumes_on_refusal: bool
    """A refusal uses the key up."""
    price_guard: bool
    """The vendor enforces a maximum price that we send."""
    key_window_s: int | None
    """How long the vendor remembers a key; None = for ever."""
    automatic: Automatic
    tells_wallet: bool
    confirms_operator: bool
    """The user must confirm the operator that the provider found for the number."""
    uses_number: bool = False
    """It texts or calls from the number instead of recharging it."""
    shown_by_reading: bool = False
    """Its user takes a reading that moves for the proof that it did its work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line to be recharged, as a channel needs to know it."""

    number: str
    country: str
    currency: str
    operator: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The operator that a provider found for a number."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What a provider says of a promotion that runs: plain text, to be told and never counted."""

    title: str
    until: date
    """The last day on which it runs, in UTC."""
    amounts: str | None = None
    """What it is for, in the provider's words."""
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that can be bought for a line.

    A product with `value_max` takes any value between `value` and `value_max`.
    """

    id: str
    name: str
    value: Money | None
    """The credit that it delivers; None for one that delivers something else, such as data."""
    value_max: Money | None = None
    price: Money | None = None
    """What leaves the wallet, as far as it can be told beforehand (for a range: its minimum)."""
    days: int | None = None
    """Validity that the number gains, in days; None where that is not stated."""
    lasts_days: int | None = None
    """For how many days what it delivers can be used: the number does not live longer by them."""
    promotions: tuple[Promotion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to buy: a product, or an amount of credit in the line's currency.

    Neither, where the channel uses the number instead of recharging it.
    """

    amount: Money | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A fresh offer: what would be delivered, what it costs, and the request that buys it."""

    product: str
    value: Money | None
    """The credit; None for a product that delivers something else, such as data."""
    price: Money
    body: Mapping[str, Json]
    """The request without key and number; frozen in the ledger at the first send."""
    days: int | None = None
    vendor_time: datetime | None = None
    """The vendor's own clock at the time of the offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One attempt to buy, as it stands in the ledger before anything is sent."""

    key: str
    line: Line
    body: Mapping[str, Json]
    created_at: datetime
    reference: str | None = None
    """The vendor's id of the transaction, once known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The vendor has taken the order; its end is not known yet."""

    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The vendor has delivered. `cost_exact` is the vendor's own text of the price."""

    reference: str
    cost: Money | None
    cost_exact: str | None
    delivered: Money | None
    at: datetime | None = None
    """When, by the vendor's clock."""
    receipt: str | None = None
    """The operator's own number of the transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The vendor shows nothing under this key (yet)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Something else was bought under our key: another number, product or amount, or long ago."""

    reference: str
    cost: Money | None
    value: Money | None
    at: datetime | None


type Submitted = Confirmed | Pending
type Found = Confirmed | Pending | Absent | Foreign


class Channel(Protocol):
    """A way to buy. Outcomes are values; errors say the next step."""

    @property
    def capabilities(self) -> Capabilities:
        """What this channel promises."""

    async def operator(self, line: Line) -> Operator | None:
        """Find the operator of a number. Raises Unavailable, LoginFailed."""

    async def products(self, line: Line) -> tuple[Product, ...]:
        """List what can be bought. Raises Rejected, Unavailable, LoginFailed."""

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price an order without buying. Raises Rejected, Unavailable, LoginFailed."""

    async def submit(self, purchase: Purchase) -> Submitted:
        """Buy. Raises NotSent, Rejected, OutcomeUnknown, LoginFailed (not bought)."""

    async def lookup(self, purchase: Purchase) -> Found:
        """Ask what became of a purchase. Raises Rejected, Unavailable, LoginFailed."""

    async def wallet(self) -> Money:
        """Read the wallet. Raises Unavailable, LoginFailed."""


@runtime_checkable
class TellsPromotions(Protocol):
    """A channel whose provider tells of promotions. They are asked for when a person looks."""

    async def promoted(
        self, line: Line, products: Sequence[Product]
    ) -> tuple[Product, ...]:
        """Return products with the promotions that run for them; never fails, but adds none."""
