"""The HTTP border of all providers: what leaves, what comes back, and what that proves."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import ipaddress
import logging
import re
import ssl
import time
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from ..keeper.errors import NotSent, OutcomeUnknown, Unavailable
from .parsing import NotJson, Parsed, Writable, decode, encode

_LOGGER = logging.getLogger(__name__)

READ_TIMEOUT_S = 30.0
_BODY_MAX = 2 * 1024 * 1024
_CHUNK = 64 * 1024
_QUIET_S_MAX = 3600
_URL_MAX = 300
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*"
)
_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


class BaseUrlInvalid(ValueError):
    """A base URL that must not be used.

    `reason` is `url_not_https`, `url_private` or `url_invalid`.
    """

    def __init__(self, reason: str) -> None:
        """Keep the reason, never the text: it may hold a password."""
        super().__init__(reason)
        self.reason = reason


def check_base_url(text: str) -> str:
    """Return the normalised origin (with an optional path prefix) of a vendor or relay.

    Raises BaseUrlInvalid. Plain http is for literal loopback addresses only: a name such as
    localhost may resolve to anything.
    """
    url = _parsed(text.strip())
    if url is None or url.scheme not in ("http", "https") or not url.raw_host:
        raise BaseUrlInvalid("url_invalid")
    loopback = _is_loopback(url.raw_host)
    if url.scheme == "http" and loopback is not True:
        raise BaseUrlInvalid("url_not_https")
    prefix = url.raw_path.rstrip("/")
    if loopback is False and not ipaddress.ip_address(url.raw_host).is_global:
        # A neighbour on the home's network is no vendor; nothing of ours shall talk to it.
        raise BaseUrlInvalid("url_private")
    if loopback is None and _HOST.fullmatch(url.raw_host) is None:
        raise BaseUrlInvalid("url_invalid")
    if _PREFIX.fullmatch(prefix) is None:
        raise BaseUrlInvalid("url_invalid")
    return f"{url.origin()}{prefix}"


def is_loopback(base_url: str | None) -> bool:
    """Tell whether a base URL leads to this very machine: a simulator, never a vendor."""
    url = None if base_url is None else _parsed(base_url)
    return url is not None and _is_loopback(url.raw_host or "") is True


def _parsed(text: str) -> URL | None:
    strange = any(part in text for part in (" ", "\\", "@", "?", "#", "%", "/."))
    if strange or not text.isprintable() or len(text) > _URL_MAX:
        return None
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        return None
    return url if port else None


def _is_loopback(host: str) -> bool | None:
    """Tell whether an address literal is loopback; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (
        address in _LOOPBACK
        if address.version == 4
        else address == ipaddress.IPv6Address(1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a vendor answered. `body` is None where it was not JSON (failed reads only)."""

    status: int
    body: Parsed
    vendor_time: datetime | None
    retry_after_s: int | None

    @property
    def ok(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300


@dataclass(slots=True)
class _Trip:
    """How far one request came, as the session's trace saw it."""

    traced: bool = False
    sent: bool = False
    refused: bool = False

    @property
    def provably_not_sent(self) -> bool:
        """Whether no byte of the request can have reached the vendor."""
        return not self.sent and (self.traced or self.refused)


def open_session(
    ssl_context: ssl.SSLContext | bool = True,
    *,
    resolver: AbstractResolver | None = None,
) -> aiohttp.ClientSession:
    """Make the session for providers: a new connection for each call, no cookies, traced."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_note_start)
    trace.on_request_headers_sent.append(_note_sent)
    connector = aiohttp.TCPConnector(
        ssl=ssl_context,
        force_close=True,
        limit=16,
        limit_per_host=8,
        resolver=resolver or aiohttp.ThreadedResolver(),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=180),
        trace_configs=[trace],
    )


async def _note_start(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: object
) -> None:
    if isinstance(trip := context.trace_request_ctx, _Trip):
        trip.traced = True


async def _note_sent(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: object
) -> None:
    if isinstance(trip := context.trace_request_ctx, _Trip):
        trip.sent = True


class Border:
    """Calls to one origin. Exceptions and log lines carry no secret, number or body.

    Causes are cut off on purpose: aiohttp's name the full URL, json's hold the whole text.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember the origin. Raises BaseUrlInvalid."""
        self._session = session
        self._base = check_base_url(base_url)
        self._clock = clock
        self._quiet_until: float | None = None

    async def read(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Writable] | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> Answer:
        """Make a call that buys nothing. Raises Unavailable; failing statuses are answers."""
        self._check_usable(Unavailable)
        request = self._request(method, path, headers, params, body)
        outcome = await self._exchange(request, _Trip(), timeout_s)
        if isinstance(outcome, str):
            raise Unavailable(outcome)
        if outcome.ok and outcome.body is None:
            raise Unavailable("not JSON")
        return outcome

    async def submit(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Writable],
        timeout_s: float,
    ) -> Answer:
        """POST something that may cost money, once. Raises NotSent, OutcomeUnknown."""
        self._check_usable(NotSent)
        request = self._request("POST", path, headers, None, body)
        trip = _Trip()
        outcome = await self._exchange(request, trip, timeout_s)
        if isinstance(outcome, str):
            raise (
                NotSent(outcome) if trip.provably_not_sent else OutcomeUnknown(outcome)
            )
        if outcome.body is None:
            raise OutcomeUnknown(f"HTTP {outcome.status}, not JSON")
        return outcome

    def _check_usable(self, error: type[NotSent | Unavailable]) -> None:
        if self._session.closed:
            raise error("session closed")
        if self._quiet_until is not None and self._clock() < self._quiet_until:
            raise error("asked to wait")

    def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        body: Mapping[str, Writable] | None,
    ) -> _Request:
        sent = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **(headers or {}),
        }
        if body is None:
            return _Request(method, self._base + path, sent, params, None)
        sent["Content-Type"] = "application/json"
        return _Request(method, self._base + path, sent, params, encode(body).encode())

    async def _exchange(
        self, request: _Request, trip: _Trip, timeout_s: float
    ) -> Answer | str:
        """Return the answer, or a safe word for why there is none."""
        fault: str | None
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._session.request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    params=request.params,
                    data=request.data,
                    allow_redirects=False,
                    auto_decompress=False,
                    trace_request_ctx=trip,
                ) as response,
            ):
                raw = await _bounded(response)
                answer = self._answer(response, raw)
        except TimeoutError:
            fault = "timeout"
        except aiohttp.ClientConnectorError as err:
            trip.refused = True
            fault = (
                "no secure connection"
                if isinstance(err, ssl.SSLError)
                else "no connection"
            )
        except aiohttp.ClientError, OSError:
            fault = "connection lost"
        except Exception as err:  # noqa: BLE001 - whatever happened, money may be on its way
            fault = type(err).__name__
        else:
            fault = _unusable(response.status, raw)
        _LOGGER.debug("%s: %s", self._base, fault or f"HTTP {response.status}")
        return fault or answer

    def _answer(self, response: aiohttp.ClientResponse, raw: bytes | None) -> Answer:
        vendor_time = _http_date(response.headers.get("Date"))
        wait_s = _retry_after(response.headers.get("Retry-After"), vendor_time)
        if response.status == 429 and wait_s is not None:
            self._quiet_until = self._clock() + min(wait_s, _QUIET_S_MAX)
        try:
            body = decode(raw or b"")
        except NotJson:
            body = None
        return Answer(
            status=response.status,
            body=body,
            vendor_time=vendor_time,
            retry_after_s=wait_s,
        )


@dataclass(frozen=True, slots=True, repr=False)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str] | None
    data: bytes | None


def _unusable(status: int, raw: bytes | None) -> str | None:
    if raw is None:
        return "answer too large"
    return f"HTTP {status}" if 300 <= status < 400 else None


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """Read the body in chunks; None when it is too large."""
    parts = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        parts += chunk
        if len(parts) > _BODY_MAX:
            response.close()
            return None
    return bytes(parts)


def _http_date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        parsed = parsedate_to_datetime(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError, TypeError, OverflowError:
        return None


def _retry_after(text: str | None, vendor_time: datetime | None) -> int | None:
    """Return the seconds of a Retry-After header, which may also be a date."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    until = _http_date(text)
    if until is None or vendor_time is None:
        return None
    return max(0, int((until - vendor_time).total_seconds()))
