"""Signed calls to a Reloadly account: the token, and one repetition when it went stale."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import re
from typing import NoReturn

import aiohttp

from ...keeper.errors import LoginFailed, NotSent, Unavailable
from ..http import Answer, Border
from ..pacing import Patience, left_s
from ..parsing import Writable, integer, table
from .codes import VERDICTS, Verdict, error_code, raise_for_read, token_refused

LIVE = "live"
SANDBOX = "sandbox"
ENVIRONMENTS = (LIVE, SANDBOX)

_API = {
    LIVE: "https://topups.reloadly.com",
    SANDBOX: "https://topups-sandbox.reloadly.com",
}
_AUTH = "https://auth.reloadly.com"
_ACCEPT = "application/com.reloadly.topups-v1+json"
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_TOKEN_ERRORS = frozenset(
    {"access_denied", "invalid_client", "unauthorized_client", "invalid_grant"}
)
_REFRESH_AHEAD_S = 300


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    value: str
    refresh_at: float


class Account:
    """The signed calls. A 401 costs one new token and one repetition, never more."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        login: Mapping[str, str],
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        """Take the credentials. Raises BaseUrlInvalid."""
        self._audience = _API[login.get("environment", LIVE)]
        self._client_id = login["client_id"].strip()
        self._client_secret = login["client_secret"].strip()
        # A relay or simulator takes both hosts' place.
        base_url = login.get("base_url")
        self._auth = Border(session, base_url or _AUTH, clock=clock)
        self._api = Border(session, base_url or self._audience, clock=clock)
        self._patience = patience
        self._clock = clock
        self._token: _Token | None = None
        self._refreshing = asyncio.Lock()

    async def read(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Read. Raises Unavailable, LoginFailed; other failing statuses are answers."""
        token = await self._fresh_token()
        answer = await self._read(path, params, token)
        if answer.status == 401:
            token = await self._fresh_token(instead_of=token)
            answer = await self._read(path, params, token)
        if answer.status == 401:
            raise_for_read(answer)
        return answer

    async def submit(
        self, path: str, body: Mapping[str, Writable], until: float
    ) -> Answer:
        """POST a purchase before `until` (loop time). Raises NotSent, OutcomeUnknown, LoginFailed."""
        token = await self._token_before(until)
        answer = await self._submit(path, body, token, until)
        if token_refused(answer):
            token = await self._token_before(until, instead_of=token)
            answer = await self._submit(path, body, token, until)
        if token_refused(answer):
            raise LoginFailed("HTTP 401")
        return answer

    async def _read(
        self, path: str, params: Mapping[str, str] | None, token: _Token
    ) -> Answer:
        return await self._api.read(
            path,
            headers=_headers(token),
            params=params,
            timeout_s=self._patience.read_s,
        )

    async def _submit(
        self, path: str, body: Mapping[str, Writable], token: _Token, until: float
    ) -> Answer:
        return await self._api.submit(
            path, headers=_headers(token), body=body, timeout_s=left_s(until)
        )

    async def _token_before(
        self, until: float, instead_of: _Token | None = None
    ) -> _Token:
        """Get a token while there is still time to send. Raises NotSent, LoginFailed."""
        try:
            async with asyncio.timeout_at(until - self._patience.least_send_s):
                return await self._fresh_token(instead_of)
        except TimeoutError:
            reason = "timeout"
        except Unavailable as err:
            reason = str(err)
        raise NotSent(f"token: {reason}")

    async def _fresh_token(self, instead_of: _Token | None = None) -> _Token:
        async with self._refreshing:
            token = self._token
            if (
                token is None
                or token is instead_of
                or self._clock() >= token.refresh_at
            ):
                self._token = None
                self._token = token = await self._new_token()
            return token

    async def _new_token(self) -> _Token:
        asked_at = self._clock()
        answer = await self._auth.read(
            "/oauth/token",
            method="POST",
            body={
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "grant_type": "client_credentials",
                "audience": self._audience,
            },
            timeout_s=self._patience.read_s,
        )
        if not answer.ok:
            _raise_for_token(answer)
        value = table(answer.body).get("access_token")
        life_s = integer(table(answer.body).get("expires_in"))
        if (
            not isinstance(value, str)
            or _TOKEN.fullmatch(value) is None
            or life_s is None
        ):
            raise Unavailable("unexpected answer")
        return _Token(value, asked_at + life_s - min(_REFRESH_AHEAD_S, life_s / 4))


def _headers(token: _Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}", "Accept": _ACCEPT}


def _raise_for_token(answer: Answer) -> NoReturn:
    """Tell wrong credentials from a service that is down or a proxy's error page."""
    if 400 <= answer.status < 500:
        if table(answer.body).get("error") in _TOKEN_ERRORS:
            raise LoginFailed(f"HTTP {answer.status}")
        if VERDICTS.get(error_code(answer) or "") is Verdict.AUTH:
            raise LoginFailed(f"HTTP {answer.status} {error_code(answer)}")
        if answer.status == 401 and answer.body is not None:
            raise LoginFailed("HTTP 401")
    raise Unavailable(f"HTTP {answer.status}")
