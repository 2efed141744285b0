"""The promotions of the simulated Reloadly. Texts and times are INVENTED."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..wire import Shown
from .answers import Refusal, page_of
from .catalogue import BY_ID, CALLING_CODES


@dataclass(frozen=True, kw_only=True)
class SoldPromotion:
    """A promotion; its days count from whenever it is shown."""

    id: int
    operator: int
    title: str
    title2: str | None = None
    description: str | None = "<p>Ask your operator.</p>"
    starts_in: float | str | None = -1
    """Days, or whatever else the vendor writes instead."""
    ends_in: float | str | None = 7
    denominations: str | None = None
    local_denominations: str | None = None

    @property
    def country(self) -> str:
        """The country of its operator."""
        return BY_ID[self.operator].country

    def shown(self, now: datetime) -> dict[str, Shown]:
        """Show it as the API does."""
        return {
            "id": self.id,
            "promotionId": self.id,
            "operatorId": self.operator,
            "title": self.title,
            "title2": self.title2,
            "description": self.description,
            "startDate": _written(self.starts_in, now),
            "endDate": _written(self.ends_in, now),
            "denominations": self.denominations,
            "localDenominations": self.local_denominations,
        }


def _written(at: float | str | None, now: datetime) -> str | None:
    if isinstance(at, str) or at is None:
        return at
    return f"{now + timedelta(days=at):%Y-%m-%d %H:%M:%S}"


def promoted(
    promotions: Sequence[SoldPromotion],
    which: Sequence[str],
    query: Mapping[str, str],
    now: datetime,
) -> Shown:
    """Answer a call below `/promotions`: all by pages, of a country, of an operator, or one."""
    match which:
        case []:
            rows = [one.shown(now) for one in promotions]
            number = max(1, int(query.get("page", "1")))
            return page_of(rows, number, int(query.get("size", "200")))
        case ["country-codes", country]:
            if country not in CALLING_CODES:
                raise Refusal(409, "COUNTRY_NOT_SUPPORTED")
            return [one.shown(now) for one in promotions if one.country == country]
        case ["operators", number] if number.isdigit():
            if int(number) not in BY_ID:
                raise Refusal(404, "OPERATOR_NOT_FOUND")
            return [one.shown(now) for one in promotions if one.operator == int(number)]
        case [number] if number.isdigit():
            for one in promotions:
                if one.id == int(number):
                    return one.shown(now)
            raise Refusal(404, "RESOURCE_NOT_FOUND")
    raise Refusal(404, None, "Not Found")


PROMOTIONS = (
    SoldPromotion(
        id=1,
        operator=239,
        title="Double data for XL",
        description="<p>Twice the <b>data</b> &amp; more.<br/>Terms apply.</p>",
        denominations="USD 3.30 and more",
        local_denominations="IDR 50000 and more",
    ),
    SoldPromotion(id=2, operator=239, title="Gone", starts_in=-30, ends_in=-1),
    SoldPromotion(id=3, operator=239, title="Not yet", starts_in=3, ends_in=9),
    SoldPromotion(
        id=4, operator=239, title="Nobody knows when", starts_in="soon", ends_in=None
    ),
    SoldPromotion(id=5, operator=797, title="Free weekend"),
)
