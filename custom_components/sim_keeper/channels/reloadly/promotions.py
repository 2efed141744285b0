"""The promotions of Reloadly's operators: told while they run, never counted.

Which amounts one is for, and what it brings, is prose that no document gives a form.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import logging

from ...keeper.errors import KeeperError, Unavailable
from ...keeper.ports import Promotion
from ..parsing import Parsed, Table, integer, rows, table
from .account import Account
from .codes import raise_for_read
from .prose import prose

_LOGGER = logging.getLogger(__name__)

_KEPT_S = 4 * 3600
_RETRY_S = 15 * 60
# A person waits for the prices, and promotions are not worth more.
_WAIT_S = 8
_SHOWN_MAX = 3
_TITLE_MAX = 100
_TEXT_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A promotion with its time, by the vendor's clock."""

    operator: int
    starts: datetime
    ends: datetime
    promotion: Promotion


@dataclass(frozen=True, slots=True, kw_only=True)
class _Country:
    campaigns: tuple[Campaign, ...]
    vendor_time: datetime | None
    read_at: float
    keep_s: float


class Promotions:
    """The promotions of countries, asked for when somebody looks, at most every few hours."""

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        """Know nothing yet."""
        self._account = account
        self._clock = clock
        self._countries: dict[str, _Country] = {}

    async def running(self, code: str) -> Mapping[str, tuple[Promotion, ...]]:
        """Return what runs now, by operator; nothing where it cannot be read."""
        known = self._countries.get(code)
        if known is None or self._clock() >= known.read_at + known.keep_s:
            known = self._countries[code] = await self._read(code)
        if known.vendor_time is None:
            return {}
        now = known.vendor_time + timedelta(seconds=self._clock() - known.read_at)
        found: dict[str, tuple[Promotion, ...]] = {}
        for campaign in known.campaigns:
            earlier = found.get(str(campaign.operator), ())
            if campaign.starts <= now < campaign.ends and len(earlier) < _SHOWN_MAX:
                found[str(campaign.operator)] = (*earlier, campaign.promotion)
        return found

    async def _read(self, code: str) -> _Country:
        read_at = self._clock()
        try:
            async with asyncio.timeout(_WAIT_S):
                answer = await self._account.read(f"/promotions/country-codes/{code}")
            if not answer.ok:
                raise_for_read(answer)
            campaigns = campaigns_of(answer.body)
        except (KeeperError, TimeoutError) as err:
            # A login that may not read promotions may still buy.
            _LOGGER.debug("Promotions cannot be read: %s", err)
            return _Country(
                campaigns=(), vendor_time=None, read_at=read_at, keep_s=_RETRY_S
            )
        return _Country(
            campaigns=campaigns,
            vendor_time=answer.vendor_time,
            read_at=read_at,
            keep_s=_KEPT_S,
        )


def campaigns_of(body: Parsed) -> tuple[Campaign, ...]:
    """Read a list of promotions, or a page of them; those that end first come first.

    Passes over what cannot be read. Raises Unavailable for what is no list.
    """
    listed = body if isinstance(body, list) else table(body).get("content")
    if not isinstance(listed, list):
        raise Unavailable("unexpected answer")
    found = [one for row in rows(listed) if (one := _campaign(table(row))) is not None]
    return tuple(sorted(found, key=lambda one: (one.ends, one.starts, one.operator)))


def _campaign(row: Table) -> Campaign | None:
    """Read a promotion; None where its operator, time or words are missing."""
    operator = integer(row.get("operatorId"))
    starts, ends = _time(row.get("startDate")), _time(row.get("endDate"))
    titles = (prose(row.get(key), _TITLE_MAX) for key in ("title", "title2"))
    text = prose(row.get("description"), _TEXT_MAX)
    title = next((one for one in titles if one), prose(text, _TITLE_MAX))
    if operator is None or starts is None or ends is None or title is None:
        return None
    return Campaign(
        operator=operator,
        starts=starts,
        ends=ends,
        promotion=Promotion(
            title=title,
            until=(ends - timedelta(seconds=1)).date(),
            amounts=_amounts(row),
            text=text,
        ),
    )


def _amounts(row: Table) -> str | None:
    """Return what a promotion is for in the vendor's words, those of the operator first."""
    texts = (
        prose(row.get(key), _TITLE_MAX)
        for key in ("localDenominations", "denominations")
    )
    return next((text for text in texts if text), None)


def _time(value: Parsed) -> datetime | None:
    """Read a time of ISO 8601, in UTC where it names no zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError, OverflowError:
        return None
