"""Every documented response code, as a first answer and on a re-check, and those that are not."""

import json

import pytest

from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.channels.digiflazz.codes import MEANINGS
from custom_components.sim_keeper.keeper.errors import (
    AddressRefused,
    KeeperError,
    KeyAlreadyUsed,
    LoginFailed,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ports import Confirmed, Pending, Purchase
from tests.vendors.digiflazz import DigiflazzSimulator
from tests.vendors.digiflazz.answers import BOOKED, NOT_BOOKED

from ..conftest import Clock
from .conftest import KEY, order

DONE = ["00"]
PENDING = ["03", "99"]
TIMED_OUT = ["01", "70"]
FAILED = {
    RefusalClass.NEVER: ["51", "52", "54", "57", "59"],
    RefusalClass.FIX_FIRST: ["60", "72", "73", "84"],
    RefusalClass.LATER: ["02", "53", "55", "58", "71", "74"],
}
# Of a first send they are failures; on a re-check they speak of the re-check.
AMBIGUOUS = ["50", "85", "86"]
LOGIN = ["41", "42", "82", "88"]
ADDRESS = ["45"]
REFUSED = {
    RefusalClass.FIX_FIRST: [
        "40",
        "43",
        "44",
        "47",
        "61",
        "67",
        "69",
        "80",
        "81",
        "87",
    ],
    RefusalClass.LATER: ["56", "62", "63", "65", "66", "68"],
}
USED = ["46", "49"]
ELSEWHERE = ["64", "83"]

ALL_FAILED = sorted(code for codes in FAILED.values() for code in codes)
ALL_REFUSED = sorted(code for codes in REFUSED.values() for code in codes)


def test_every_documented_code_is_tried_here() -> None:
    tried = [
        *(DONE + PENDING + TIMED_OUT + ALL_FAILED + AMBIGUOUS + LOGIN + ADDRESS),
        *(ALL_REFUSED + USED + ELSEWHERE),
    ]
    assert sorted(tried) == sorted(MEANINGS) == sorted(BOOKED | NOT_BOOKED)


def _answer(
    purchase: Purchase, code: str, status: str | None, **changes: object
) -> str:
    data = {
        "ref_id": purchase.key,
        "customer_no": "083155501234",
        "buyer_sku_code": "ax10",
        "message": "-",
        "status": status,
        "rc": code,
        "sn": "R1",
        "buyer_last_saldo": 1,
        "price": 10850,
        **changes,
    }
    return json.dumps({"data": {k: v for k, v in data.items() if v is not None}})


async def _first(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> KeeperError:
    purchase = await order(channel, clock)
    vendor.fault("code", code=code, status=400)
    with pytest.raises(KeeperError) as caught:
        await channel.submit(purchase)
    assert vendor.bought == 0
    return caught.value


async def _again(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> KeeperError:
    """Re-check an order that runs at the vendor, and whose answer was lost."""
    purchase = await order(channel, clock)
    vendor.fault("lose_answer")
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    clock.advance(seconds=61)
    vendor.fault("code", code=code, status=400)
    with pytest.raises(KeeperError) as caught:
        await channel.lookup(purchase)
    assert vendor.bought == 1
    return caught.value


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        *((code, refusal) for refusal, codes in FAILED.items() for code in codes),
        *((code, RefusalClass.LATER) for code in AMBIGUOUS),
    ],
)
async def test_a_booked_failure_uses_the_key_up(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    code: str,
    refusal: RefusalClass,
) -> None:
    error = await _first(channel, vendor, clock, code)
    assert isinstance(error, Rejected)
    assert error.code == f"{code} {MEANINGS[code].words}"
    assert (error.refusal, error.consumed) == (refusal, True)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [(code, refusal) for refusal, codes in REFUSED.items() for code in codes]
    + [("45", RefusalClass.FIX_FIRST)],
)
async def test_a_refusal_leaves_the_key_free(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    code: str,
    refusal: RefusalClass,
) -> None:
    error = await _first(channel, vendor, clock, code)
    assert isinstance(error, Rejected)
    assert (error.refusal, error.consumed) == (refusal, False)
    # The same key may go out again, and buys once.
    assert isinstance(await channel.submit(await order(channel, clock)), Pending)
    assert vendor.bought == 1


@pytest.mark.parametrize("code", LOGIN)
async def test_a_code_about_the_login(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> None:
    assert type(await _first(channel, vendor, clock, code)) is LoginFailed
    assert isinstance(await channel.submit(await order(channel, clock)), Pending)


@pytest.mark.parametrize("code", USED)
async def test_a_code_that_says_it_was_used(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> None:
    assert type(await _first(channel, vendor, clock, code)) is KeyAlreadyUsed


@pytest.mark.parametrize(
    "code", [*TIMED_OUT, *ELSEWHERE, *PENDING, *DONE, "98", "7", "x"]
)
async def test_a_code_that_proves_nothing(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> None:
    """A timeout too: the end may come after it. 00, 03 and 99 contradict the word here."""
    assert type(await _first(channel, vendor, clock, code)) is OutcomeUnknown


@pytest.mark.parametrize("code", sorted(set(MEANINGS) - {"00", "03", "99"}))
@pytest.mark.parametrize("status", [408, 500, 503])
async def test_no_code_beside_such_a_status_is_believed(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    code: str,
    status: int,
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("code", code=code, status=status)
    with pytest.raises(OutcomeUnknown) as caught:
        await channel.submit(purchase)
    assert type(caught.value) is OutcomeUnknown
    clock.advance(seconds=61)
    vendor.fault("code", code=code, status=status)
    with pytest.raises(Unavailable):
        await channel.lookup(purchase)


@pytest.mark.parametrize("code", [*ALL_FAILED, *TIMED_OUT])
async def test_a_booked_failure_on_a_re_check_ends_the_order(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> None:
    error = await _again(channel, vendor, clock, code)
    assert isinstance(error, Rejected)
    assert error.consumed


@pytest.mark.parametrize(
    "code", [*ALL_REFUSED, *USED, *ELSEWHERE, *AMBIGUOUS, "98", "x"]
)
async def test_a_refused_re_check_says_nothing_of_the_first_send(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> None:
    assert type(await _again(channel, vendor, clock, code)) is Unavailable


@pytest.mark.parametrize("code", LOGIN)
async def test_a_login_refused_at_a_re_check(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> None:
    assert type(await _again(channel, vendor, clock, code)) is LoginFailed


async def test_an_address_refused_at_a_re_check(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    assert type(await _again(channel, vendor, clock, "45")) is AddressRefused


@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
@pytest.mark.parametrize(
    ("code", "status", "http", "outcome"),
    [
        ("00", "Sukses", 200, Confirmed),
        ("00", "SUKSES", 201, Confirmed),
        ("03", "Pending", 200, Pending),
        ("99", "pending", 200, Pending),
        # Pending outweighs an end, either way.
        ("00", "Pending", 200, Pending),
        ("03", "Sukses", 200, Pending),
        ("02", "Pending", 200, Pending),
        ("03", "Gagal", 200, Pending),
        # Of two ends that contradict each other neither counts.
        ("00", "Gagal", 200, None),
        ("02", "Sukses", 200, None),
        ("44", "Sukses", 200, None),
        ("44", "Pending", 200, None),
        ("49", "Sukses", 200, None),
        # Half an answer, or a word that is not documented.
        ("00", None, 200, None),
        ("02", None, 400, None),
        ("03", "Berhasil", 200, None),
        (None, "Sukses", 200, None),
        (None, "Gagal", 400, None),
        (None, "Pending", 200, None),
        ("98", "Gagal", 200, None),
        ("0", "Sukses", 200, None),
        # A purchase that ran is not told with a failing status.
        ("00", "Sukses", 400, None),
        ("03", "Pending", 422, None),
        ("00", "Sukses", 500, None),
    ],
)
async def test_code_word_and_status_are_weighed(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    code: str | None,
    status: str | None,
    http: int,
    outcome: type[Confirmed | Pending] | None,
    again: bool,
) -> None:
    purchase = await order(channel, clock)
    text = _answer(purchase, "", status, rc=code)
    vendor.fault("answer", status=http, text=text)
    ask = channel.lookup if again else channel.submit
    if outcome is not None:
        answer = await ask(purchase)
        assert isinstance(answer, outcome)
        assert answer.reference == KEY
    else:
        with pytest.raises(Unavailable if again else OutcomeUnknown):
            await ask(purchase)


@pytest.mark.parametrize("rc", [2, 0, None, True, ["02"], "02 ", "٠٢"])
async def test_a_code_that_is_no_code(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, rc: object
) -> None:
    purchase = await order(channel, clock)
    body = json.loads(_answer(purchase, "02", "Gagal"))
    body["data"]["rc"] = rc
    vendor.fault("answer", status=400, text=json.dumps(body))
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)


@pytest.mark.parametrize("code", ALL_REFUSED)
async def test_a_short_refusal_is_understood(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, code: str
) -> None:
    """Error answers may hold a code and a message, and nothing else."""
    purchase = await order(channel, clock)
    vendor.fault("refuse", code=code, status=400)
    with pytest.raises(Rejected, match=rf"^{code} "):
        await channel.submit(purchase)
