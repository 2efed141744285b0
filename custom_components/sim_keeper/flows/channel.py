"""Talking to a provider during a flow: whether the login works, and whose a number is."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.util.ssl import get_default_context

from ..channels import PROVIDERS, Provider
from ..channels.http import open_session
from ..const import CONF_LOGIN, CONF_PROVIDER
from ..entries import is_action
from ..keeper.errors import AddressRefused, KeeperError, LoginFailed
from ..keeper.money import Money
from ..keeper.ports import Channel, Line, Operator


class NotReached(Exception):
    """The provider gave no usable answer; `reason` is a key that a form can translate."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


async def read_wallet(provider: Provider, login: Mapping[str, str]) -> Money:
    """Log in and read the wallet. Raises NotReached."""
    async with _channel(provider, login) as channel:
        return await channel.wallet()


async def find_operator(account: ConfigEntry[Any], line: Line) -> Operator:
    """Ask the account's provider whose number it is. Raises NotReached."""
    provider = PROVIDERS[account.data[CONF_PROVIDER]]
    async with _channel(provider, account.data[CONF_LOGIN]) as channel:
        operator = await channel.operator(line)
    if operator is None:
        raise NotReached("operator_unknown")
    return operator


def open_channel(account: ConfigEntry[Any]) -> AbstractAsyncContextManager[Channel]:
    """Open an account's channel for a moment. Raises NotReached, also inside.

    That of an action is open as long as its entry is loaded, and cannot be opened otherwise.
    """
    if is_action(account):
        raise NotReached("provider_down")
    provider = PROVIDERS[account.data[CONF_PROVIDER]]
    return _channel(provider, account.data[CONF_LOGIN])


@asynccontextmanager
async def _channel(
    provider: Provider, login: Mapping[str, str]
) -> AsyncGenerator[Channel]:
    """Open the channel for a moment, and say in one word what went wrong."""
    try:
        async with open_session(get_default_context()) as session:
            yield provider.open(session, login)
    except LoginFailed as err:
        raise NotReached("login_failed") from err
    except AddressRefused as err:
        raise NotReached("address_refused") from err
    except KeeperError as err:
        raise NotReached("provider_down") from err
