"""Every documented response code, and those that are not."""

import pytest

from custom_components.sim_keeper.channels.iak import IakChannel
from custom_components.sim_keeper.channels.iak.codes import MEANINGS
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    LoginFailed,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ports import Absent, Confirmed, Found, Pending
from tests.vendors.iak import IakSimulator

from ..conftest import Clock
from .conftest import AXIS, KEY, Answers, order

LOGIN = ["118", "204"]
CALL = ["102", "107", "117", "205"]
NEVER = ["13", "14", "203"]
FIX = ["12", "16", "17", "18", "19", "20", "121", "131", "141", "142", "143", "206"]
LATER = ["05", "07", "10", "106", "110", "202", "207"]
PENDING = ["39", "201"]
NOT_DOCUMENTED = ["01", "99", "999", "7", "0017", "done", "1٧", ""]

SHOWN: dict[str, object] = {
    "ref_id": KEY,
    "product_code": "haxis10000",
    "customer_id": "083155501234",
    "price": 10800,
    "balance": 1,
    "message": "",
    "tr_id": 77,
}
"""An order as the vendor shows it, without its end."""


def test_every_documented_code_is_tried_here() -> None:
    tried = LOGIN + CALL + NEVER + FIX + LATER + PENDING + ["00", "06"]
    assert sorted(tried) == sorted(MEANINGS)


async def _refused(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, code: str, status: int
) -> KeeperError:
    purchase = await order(channel, clock)
    vendor.fault("refuse", code=code, status=status)
    with pytest.raises(KeeperError) as caught:
        await channel.submit(purchase)
    assert vendor.bought == 0
    return caught.value


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        *((code, RefusalClass.NEVER) for code in NEVER),
        *((code, RefusalClass.FIX_FIRST) for code in FIX + CALL),
        *((code, RefusalClass.LATER) for code in LATER),
    ],
)
async def test_a_code_that_says_not_charged(
    channel: IakChannel,
    vendor: IakSimulator,
    clock: Clock,
    code: str,
    refusal: RefusalClass,
    status: int,
) -> None:
    caught = await _refused(channel, vendor, clock, code, status)
    assert type(caught) is Rejected
    assert caught.refusal is refusal
    assert caught.code == f"{code} {MEANINGS[code].words}"
    # Nothing shows that the vendor keeps an order under this key.
    assert not caught.consumed


@pytest.mark.parametrize("code", LOGIN)
async def test_a_code_about_the_login(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, code: str
) -> None:
    assert type(await _refused(channel, vendor, clock, code, 400)) is LoginFailed


@pytest.mark.parametrize("code", ["06", "00", *NOT_DOCUMENTED])
async def test_a_code_that_proves_nothing_about_a_purchase(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, code: str
) -> None:
    for status in (200, 400):
        assert type(await _refused(channel, vendor, clock, code, status)) is (
            OutcomeUnknown
        )


@pytest.mark.parametrize("code", [*LOGIN, *CALL, *NEVER, *FIX, *LATER])
@pytest.mark.parametrize("status", [0, 1, "0", "1"])
async def test_a_refusal_that_contradicts_its_status_is_unknown(
    channel: IakChannel, clock: Clock, answers: Answers, code: str, status: object
) -> None:
    purchase = await order(channel, clock)
    answers(rc=code, status=status)
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    answers(**SHOWN, rc=code, status=status)
    assert await channel.lookup(purchase) == Pending(reference="77")


async def test_an_order_that_is_shown_without_a_status_has_no_end(
    channel: IakChannel, clock: Clock, answers: Answers
) -> None:
    purchase = await order(channel, clock)
    for code in ("00", "07", "13", "39"):
        answers(**SHOWN, rc=code)
        assert await channel.lookup(purchase) == Pending(reference="77")


@pytest.mark.parametrize("http", [401, 404, 500, 503])
async def test_an_end_at_another_http_status_is_none(
    channel: IakChannel, clock: Clock, answers: Answers, http: int
) -> None:
    purchase = await order(channel, clock)
    for code, status in (("00", 1), ("07", 2), ("39", 0)):
        answers(http, **SHOWN, rc=code, status=status)
        with pytest.raises(Unavailable):
            await channel.lookup(purchase)


async def test_the_undefined_error_needs_a_status(
    channel: IakChannel, clock: Clock, answers: Answers
) -> None:
    purchase = await order(channel, clock)
    answers(rc="05")
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    answers(rc="05", status=2)
    with pytest.raises(Rejected):
        await channel.submit(purchase)


@pytest.mark.parametrize("code", PENDING)
async def test_a_code_that_says_processing(
    channel: IakChannel, clock: Clock, answers: Answers, code: str
) -> None:
    purchase = await order(channel, clock)
    answers(**SHOWN, rc=code, status=0)
    assert await channel.submit(purchase) == Pending(reference="77")
    answers(**SHOWN, rc=code, status=0)
    assert await channel.lookup(purchase) == Pending(reference="77")


@pytest.mark.parametrize("code", PENDING)
@pytest.mark.parametrize("status", [1, 2])
async def test_processing_that_contradicts_its_status_is_unknown(
    channel: IakChannel, clock: Clock, answers: Answers, code: str, status: int
) -> None:
    purchase = await order(channel, clock)
    answers(**SHOWN, rc=code, status=status)
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    answers(**SHOWN, rc=code, status=status)
    assert await channel.lookup(purchase) == Pending(reference="77")


@pytest.mark.parametrize("code", [*NEVER, *FIX, *LATER])
async def test_an_order_that_failed_is_told_and_uses_up_its_key(
    channel: IakChannel, clock: Clock, answers: Answers, code: str
) -> None:
    purchase = await order(channel, clock)
    for call in (channel.lookup, channel.submit):
        answers(**SHOWN, rc=code, status=2)
        with pytest.raises(Rejected) as caught:
            await call(purchase)
        assert caught.value.consumed
        assert caught.value.refusal is MEANINGS[code].refusal


@pytest.mark.parametrize("code", [*CALL, *NEVER, *FIX, *LATER, *PENDING, "00"])
async def test_a_refused_look_says_nothing_of_the_order(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, code: str
) -> None:
    """Maintenance at the time of the look is no failure of what was bought before."""
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    for status in (200, 400):
        vendor.fault("refuse", on="/api/check-status", code=code, status=status)
        with pytest.raises(Unavailable):
            await channel.lookup(purchase)
    assert isinstance(await channel.lookup(purchase), Pending)


async def test_no_such_order_is_absent_at_either_status(
    channel: IakChannel, vendor: IakSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    for status in (200, 400):
        vendor.fault("refuse", on="any", code="06", status=status)
        assert await channel.lookup(purchase) == Absent()


@pytest.mark.parametrize("code", NOT_DOCUMENTED)
@pytest.mark.parametrize("status", [0, 1, 2])
async def test_an_order_with_an_unknown_code_has_no_end(
    channel: IakChannel, clock: Clock, answers: Answers, code: str, status: int
) -> None:
    purchase = await order(channel, clock)
    answers(**SHOWN, rc=code, status=status)
    assert await channel.lookup(purchase) == Pending(reference="77")


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        (1, True),
        ("1", True),
        (0, False),
        (2, False),
        (None, False),
        ("", False),
        (True, False),
        ([1], False),
        (3, False),
    ],
)
async def test_a_delivery_needs_code_and_status(
    channel: IakChannel, clock: Clock, answers: Answers, status: object, ends: bool
) -> None:
    purchase = await order(channel, clock)
    answers(**SHOWN, rc="00", status=status, sn="123")
    found: Found = await channel.lookup(purchase)
    assert isinstance(found, Confirmed if ends else Pending)


async def test_a_read_that_is_refused_is_unavailable(
    channel: IakChannel, vendor: IakSimulator
) -> None:
    for code in [*CALL, *PENDING, "06", "110", "99"]:
        vendor.fault("refuse", on="any", code=code)
        with pytest.raises(Unavailable):
            await channel.wallet()
        vendor.fault("refuse", on="/api/pricelist", code=code)
        with pytest.raises(Unavailable):
            await channel.products(AXIS)
