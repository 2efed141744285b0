"""The providers that SIM Keeper can buy from. Nothing here knows Home Assistant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
import uuid

import aiohttp

from ..keeper.ports import Channel
from . import digiflazz, iak, reloadly
from .http import is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginField:
    """One thing that a provider's login asks for."""

    name: str
    secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider, and how to open an account of it.

    A login is a mapping of the field names plus `environment` (one of `environments`) and an
    optional `base_url` of a relay or simulator.
    """

    id: str
    name: str
    sign_up_url: str
    funding_url: str
    """Where money is paid in, behind the provider's own login."""
    login_fields: tuple[LoginField, ...]
    environments: tuple[str, ...]
    open: Callable[[aiohttp.ClientSession, Mapping[str, str]], Channel]
    """Open the channel. The session is one of `http.open_session`. Raises BaseUrlInvalid."""

    def account_id(self, login: Mapping[str, str]) -> str:
        """Return the stable unique id of an account; it gives nothing of the login away.

        A simulator is another account than the provider itself under the same name: that an
        order was delivered there says nothing of where money is real.
        """
        environment = login.get("environment", self.environments[0])
        (name,) = (login[one.name] for one in self.login_fields if not one.secret)
        played = " simulator" if is_loopback(login.get("base_url")) else ""
        # Nothing that may change belongs in here, such as an address of the provider.
        spoken = f"{self.id}:{environment}{played} {name.strip()}"
        return f"{self.id}:{uuid.uuid5(uuid.NAMESPACE_URL, spoken)}"


_RELOADLY = Provider(
    id="reloadly",
    name="Reloadly",
    sign_up_url="https://www.reloadly.com",
    funding_url="https://app.reloadly.com",
    login_fields=(
        LoginField(name="client_id", secret=False),
        LoginField(name="client_secret", secret=True),
    ),
    environments=reloadly.ENVIRONMENTS,
    open=reloadly.ReloadlyChannel,
)

_IAK = Provider(
    id="iak",
    name="IAK",
    sign_up_url="https://iak.id",
    funding_url="https://iak.id",
    login_fields=(
        LoginField(name="username", secret=False),
        LoginField(name="api_key", secret=True),
    ),
    environments=iak.ENVIRONMENTS,
    open=iak.IakChannel,
)

_DIGIFLAZZ = Provider(
    id="digiflazz",
    name="Digiflazz",
    sign_up_url="https://digiflazz.com",
    funding_url="https://member.digiflazz.com/buyer-area",
    login_fields=(
        LoginField(name="username", secret=False),
        LoginField(name="api_key", secret=True),
    ),
    environments=digiflazz.ENVIRONMENTS,
    open=digiflazz.DigiflazzChannel,
)

PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {provider.id: provider for provider in (_RELOADLY, _IAK, _DIGIFLAZZ)}
)
"""Every provider by its id, in the order in which they are offered."""
