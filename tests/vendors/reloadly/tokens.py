"""The simulated token service."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import secrets

from .answers import Refusal

CLIENT_ID = "sim-keeper-demo-client"
CLIENT_SECRET = "sim-keeper-demo-secret"
AUDIENCES = {
    "live": "https://topups.reloadly.com",
    "sandbox": "https://topups-sandbox.reloadly.com",
}
_FIELDS = {"client_id", "client_secret", "grant_type", "audience"}


class Tokens:
    """Who may call, and until when."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Know one client of both environments; narrow `environments` to refuse one."""
        self.now = now
        self.life_s = 86400
        self.issued = 0
        self.client_id, self.client_secret = CLIENT_ID, CLIENT_SECRET
        self.environments = {"live", "sandbox"}
        self._until: dict[str, datetime] = {}

    def issue(self, body: Mapping[str, object]) -> dict[str, str | int]:
        """Answer a token request."""
        if set(body) != _FIELDS or body["grant_type"] != "client_credentials":
            raise Refusal(400, "INVALID_REQUEST", "fields")
        environment = next(
            (k for k, v in AUDIENCES.items() if v == body["audience"]), None
        )
        if environment is None:
            raise Refusal(400, "INVALID_AUDIENCE")
        known = (self.client_id, self.client_secret)
        given = (body["client_id"], body["client_secret"])
        if given != known or environment not in self.environments:
            raise Refusal(401, "INVALID_CREDENTIALS")
        token = secrets.token_urlsafe(24)
        self._until[token] = self.now() + timedelta(seconds=self.life_s)
        self.issued += 1
        return {
            "access_token": token,
            "scope": "send-topups read-operators read-promotions read-topups-history"
            " read-prepaid-balance",
            "expires_in": self.life_s,
            "token_type": "Bearer",
        }

    def check(self, authorization: str | None) -> None:
        """Refuse a call without a valid token."""
        if not authorization:
            raise Refusal(401, "MISSING_TOKEN")
        until = self._until.get(authorization.removeprefix("Bearer "))
        if until is None:
            raise Refusal(401, "INVALID_TOKEN")
        if self.now() >= until:
            raise Refusal(401, "TOKEN_EXPIRED")

    def revoke_all(self) -> None:
        """Forget every token."""
        self._until.clear()
