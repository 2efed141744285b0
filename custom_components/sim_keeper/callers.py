"""Who is asking: Home Assistant's context as a caller of the heart, its errors as translations."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)

from .const import DOMAIN
from .keeper.errors import (
    AmountInvalid,
    CurrencyMismatch,
    LedgerBroken,
    LoginFailed,
    NotAllowed,
    NotSent,
    OrderRefused,
    Rejected,
    Unavailable,
)
from .keeper.permissions import AUTOMATION, Caller


async def caller_of(hass: HomeAssistant, context: Context | None) -> Caller:
    """Return who stands behind a context. Without a person it is an automation."""
    if context is None or context.user_id is None:
        return AUTOMATION
    user = await hass.auth.async_get_user(context.user_id)
    if user is None:
        # A user who is gone has no rights; naming one must not make the call an automation's.
        return Caller(user_id=context.user_id, is_admin=False)
    if user.system_generated:
        # Add-ons call as "Supervisor" and the cloud's voice as a user of its own, both with the
        # rights of an administrator: nobody is behind them who could say yes.
        return AUTOMATION
    return Caller(user_id=user.id, is_admin=user.is_admin and user.is_active)


@contextmanager
def translated(context: Context | None = None) -> Iterator[None]:
    """Turn the errors of the heart into translated errors of Home Assistant."""
    try:
        yield
    except NotAllowed as err:
        raise Unauthorized(context=context, permission=err.door) from err
    except AmountInvalid as err:
        raise _invalid(err.reason.value) from err
    except CurrencyMismatch as err:
        raise _invalid("currency_mismatch") from err
    except OrderRefused as err:
        raise _invalid(err.reason, **err.numbers) from err
    except Rejected as err:
        raise _failed("rejected_by_provider", code=err.code) from err
    except LoginFailed as err:
        raise _failed("login_failed") from err
    except (Unavailable, NotSent) as err:
        raise _failed("provider_unavailable", error=str(err)) from err
    except LedgerBroken as err:
        raise _failed(f"ledger_{err.fault.value}") from err


def _invalid(key: str, **numbers: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=numbers
    )


def _failed(key: str, **numbers: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=numbers
    )
