"""Every documented error code, and those that are not."""

from dataclasses import replace

import pytest

from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.channels.reloadly.codes import VERDICTS
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    KeyAlreadyUsed,
    LoginFailed,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from tests.vendors.reloadly import ReloadlySimulator

from ..conftest import Clock
from .conftest import Code, order

AUTH: list[Code] = [
    ("INVALID_CREDENTIALS", 401),
    ("AUTHENTICATION_FAILURE", 401),
    ("INVALID_AUDIENCE", 400),
    ("NOT_AUTHORIZED", 403),
    ("INACTIVE_ACCOUNT", 403),
    ("ACCOUNT_NOT_FOUND", 404),
]
NEVER: list[Code] = [
    ("RECIPIENT_PHONE_INACTIVE", 400),
    ("PHONE_BANNED_BY_OPERATOR", 422),
]
FIX: list[Code] = [
    ("INVALID_INPUT_PROVIDED", 400),
    ("INVALID_REQUEST", 400),
    ("UNPROCCESSABLE_ENTITY", 422),
    ("INVALID_RECIPIENT_PHONE", 400),
    ("INVALID_PHONE_NUMBER", 400),
    ("INVALID_SENDER_PHONE", 400),
    ("OPERATOR_AND_RECIPIENT_PHONE_MISMATCH", 400),
    ("COULD_NOT_AUTO_DETECT_OPERATOR", 404),
    ("COUNTRY_NOT_SUPPORTED", 409),
    ("OPERATOR_NOT_FOUND", 404),
    ("INVALID_AMOUNT", 400),
    ("INVALID_AMOUNT_FOR_OPERATOR", 400),
    ("INVALID_LOCAL_AMOUNT_FOR_OPERATOR", 400),
    ("INVALID_AMOUNT_FOR_RECIPIENT_PHONE", 400),
    ("LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR", 400),
    ("RECIPIENT_REACHED_MAX_TOPUP_NUMBER", 400),
    ("TRANSACTION_REJECTED_BY_OPERATOR", 400),
    ("TRANSACTION_REFUSED_BY_OPERATOR", 400),
    ("INSUFFICIENT_BALANCE", 400),
    ("METHOD_NOT_SUPPORTED", 405),
    ("MEDIA_TYPE_NOT_ACCEPTABLE", 406),
    ("UNSUPPORTED_MEDIA_TYPE", 415),
]
LATER: list[Code] = [
    ("MAX_DAILY_TRANSACTION_COUNT_REACHED", 400),
    ("MAX_DAILY_TRANSACTION_AMOUNT_REACHED", 400),
    ("PHONE_RECENTLY_RECHARGED", 400),
    ("RECIPIENT_HAS_PENDING_TRANSACTION", 409),
    ("OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", 503),
    ("OPERATOR_NOT_IN_SERVICE", 400),
    ("OPERATOR_NOT_IN_SERVICE", 503),
    ("RATE_LIMIT_REACHED", 429),
    ("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT", 400),
]
UNKNOWN: list[Code] = [
    ("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT", 500),
    ("TOPUP_TRANSACTION_FAILED", 400),
    ("TRANSACTION_FAILED_ON_OPERATOR", 400),
    ("REQUEST_PROCESSING_FAILED", 422),
    ("PROVIDER_INTERNAL_ERROR", 500),
    ("REQUEST_FAILED_ON_PROVIDER", 502),
    ("UNMAPPED_PROVIDER_ERROR_CODE", 400),
    ("CONNECTION_TO_OPERATOR_TEMPORARILY_DOWN", 400),
    ("CONNECTION_TO_OPERATOR_FAILED", 503),
    ("SERVICE_TO_OPERATOR_TEMPORARILY_UNAVAILABLE", 503),
    ("INTERNAL_SERVER_ERROR", 500),
    ("SERVICE_UNAVAILABLE", 503),
    # Documented, but about something else than a purchase.
    ("FX_RATE_NOT_AVAILABLE", 500),
    ("TRANSACTION_NOT_FOUND", 404),
    ("RESOURCE_NOT_FOUND", 404),
    # Documented, with a status at which they prove nothing.
    ("INSUFFICIENT_BALANCE", 500),
    ("INVALID_AMOUNT", 408),
    ("INVALID_AMOUNT", 503),
    ("NOT_AUTHORIZED", 500),
    ("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT", 409),
    # Not documented.
    ("SOMETHING_NEW", 400),
    ("not a code", 400),
]
STALE: list[Code] = [
    ("INVALID_TOKEN", 401),
    ("MISSING_TOKEN", 401),
    ("TOKEN_EXPIRED", 401),
]
USED: list[Code] = [("CUSTOM_IDENTIFIER_ALREADY_USED", 400)]


def test_every_documented_code_is_tried_here() -> None:
    tried = AUTH + NEVER + FIX + LATER + UNKNOWN + STALE + USED
    assert {code for code, _ in tried} - {"SOMETHING_NEW", "not a code"} == set(
        VERDICTS
    )


async def _refused(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> KeeperError:
    purchase = await order(channel, clock)
    vendor.fault("refuse", code=code[0], status=code[1])
    with pytest.raises(KeeperError) as caught:
        await channel.submit(purchase)
    assert vendor.bought == 0
    return caught.value


@pytest.mark.parametrize("code", AUTH)
async def test_a_code_about_the_login(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    assert type(await _refused(channel, vendor, clock, code)) is LoginFailed


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        *((code, RefusalClass.NEVER) for code in NEVER),
        *((code, RefusalClass.FIX_FIRST) for code in FIX),
        *((code, RefusalClass.LATER) for code in LATER),
    ],
)
async def test_a_code_that_says_not_charged(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    code: Code,
    refusal: RefusalClass,
) -> None:
    error = await _refused(channel, vendor, clock, code)
    assert isinstance(error, Rejected)
    assert (error.code, error.refusal, error.consumed) == (code[0], refusal, False)


@pytest.mark.parametrize("code", UNKNOWN)
async def test_a_code_that_proves_nothing(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    assert type(await _refused(channel, vendor, clock, code)) is OutcomeUnknown


@pytest.mark.parametrize("code", USED)
async def test_a_code_that_says_it_was_used(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    assert type(await _refused(channel, vendor, clock, code)) is KeyAlreadyUsed


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 500, 503])
async def test_an_error_without_a_code_is_unknown(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, status: int
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("answer", status=status, text='{"message": "?", "errorCode": null}')
    with pytest.raises(OutcomeUnknown, match=f"HTTP {status}"):
        await channel.submit(purchase)


@pytest.mark.parametrize("code", [*AUTH, *NEVER, *FIX, *LATER, *UNKNOWN, *USED])
async def test_no_code_at_a_lookup_ends_an_order(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    purchase = await order(channel, clock)
    taken = await channel.submit(purchase)
    vendor.fault("refuse", on="/topups", times=None, code=code[0], status=code[1])
    for reference in (None, taken.reference):
        with pytest.raises((Unavailable, LoginFailed)):
            await channel.lookup(replace(purchase, reference=reference))
