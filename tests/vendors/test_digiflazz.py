"""The simulator itself: it must be as strict and as odd as the vendor."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
import signal
import sys
from typing import Any

import aiohttp
import pytest

from .digiflazz import API_KEY, DEVELOPMENT_KEY, USERNAME, DigiflazzSimulator, signature
from .digiflazz.answers import BOOKED, NOT_BOOKED

ORDER: dict[str, object] = {
    "buyer_sku_code": "ax10",
    "customer_no": "083155501234",
    "ref_id": "SK-1",
    "max_price": 10850,
}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets; the harness still lets them reach loopback only."""


class Client:
    """A client that does exactly what it is told."""

    def __init__(
        self, vendor: DigiflazzSimulator, session: aiohttp.ClientSession
    ) -> None:
        self.vendor = vendor
        self.session = session
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        url = f"{self.vendor.url}/v1{path}"
        async with self.session.post(url, json=body) as response:
            assert response.headers["Connection"] == "close"
            return response.status, (await response.json())["data"]

    async def buy(self, **changes: object) -> tuple[int, Any]:
        order = {**ORDER, **changes}
        sign = signature(USERNAME, API_KEY, str(order["ref_id"]))
        return await self.post(
            "/transaction", {"username": USERNAME, "sign": sign, **order}
        )

    async def read(self, path: str, tail: str, **fields: object) -> tuple[int, Any]:
        sign = signature(USERNAME, API_KEY, tail)
        return await self.post(path, {"username": USERNAME, "sign": sign, **fields})

    async def prices(self, **fields: object) -> tuple[int, Any]:
        return await self.read("/price-list", "pricelist", cmd="prepaid", **fields)


@pytest.fixture
async def client() -> AsyncGenerator[Client]:
    async with aiohttp.ClientSession() as session:
        vendor = DigiflazzSimulator(now=lambda: made.now)
        made = Client(vendor, session)
        async with vendor:
            yield made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"surprise": 1}, "40"),
        ({"max_price": "10850"}, "40"),
        ({"max_price": 10850.0}, "40"),
        ({"customer_no": 83155501234}, "40"),
        ({"ref_id": ""}, "40"),
        ({"sign": "0" * 32}, "41"),
        ({"sign": signature(USERNAME, API_KEY, "SK-2")}, "41"),
        ({"sign": signature(USERNAME, DEVELOPMENT_KEY, "SK-1")}, "41"),
        ({"testing": True}, "41"),
        ({"username": "somebody"}, "42"),
        ({"buyer_sku_code": "nothing"}, "43"),
        ({"buyer_sku_code": "xld25", "customer_no": "081755501234"}, "43"),
        ({"max_price": 10849}, "69"),
        ({"buyer_sku_code": "ax50", "max_price": 60000}, "68"),
        ({"buyer_sku_code": "tselma15", "customer_no": "081255501234"}, "66"),
    ],
    ids=str,
)
async def test_it_refuses_what_the_vendor_refuses(
    client: Client, change: dict[str, object], code: str
) -> None:
    status, answer = await client.buy(**change)
    assert (status, answer["rc"], answer["status"]) == (400, code, "Gagal")
    assert client.vendor.world.sales == []
    # A refused request does not burn the ref_id.
    assert (await client.buy())[0] == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customer_no": "081255501234"}, "52"),
        ({"customer_no": "6283155501234"}, "52"),
        ({"customer_no": "0831555"}, "57"),
        ({"customer_no": "+6283155501234"}, "54"),
        ({"buyer_sku_code": "ax10b"}, "53"),
    ],
    ids=str,
)
async def test_a_booked_failure_burns_the_ref_id(
    client: Client, change: dict[str, object], code: str
) -> None:
    for _ in range(2):
        _, answer = await client.buy(**change)
        assert (answer["rc"], answer["status"]) == (code, "Gagal")
        client.now += timedelta(minutes=5)
    assert len(client.vendor.world.sales) == 1
    assert client.vendor.bought == 0
    # With other data it is known already.
    assert (await client.buy(customer_no="083155509999"))[1]["rc"] == "49"


async def test_the_same_call_again_tells_what_became_of_the_order(
    client: Client,
) -> None:
    assert (await client.buy())[1]["status"] == "Pending"
    client.now += timedelta(minutes=1)
    status, answer = await client.buy()
    assert (status, answer["status"], answer["rc"]) == (200, "Sukses", "00")
    assert answer["sn"]
    assert (answer["price"], answer["buyer_last_saldo"]) == (10850, 989150)
    # Even one that would be refused now.
    client.vendor.fault("price_rise")
    client.now += timedelta(minutes=1)
    assert (await client.buy())[1]["rc"] == "00"
    assert client.vendor.bought == 1
    assert client.vendor.world.credit_of("083155501234") == 10000


async def test_a_repeat_within_a_minute_runs_twice(client: Client) -> None:
    await client.buy()
    client.now += timedelta(seconds=59)
    await client.buy()
    assert client.vendor.bought == 2
    client.vendor.races = False
    client.now += timedelta(seconds=30)
    await client.buy()
    assert client.vendor.bought == 2


async def test_a_repeat_within_a_minute_of_a_repeat_runs_twice(client: Client) -> None:
    await client.buy()
    client.now += timedelta(minutes=1)
    await client.buy()
    assert client.vendor.bought == 1
    client.now += timedelta(seconds=59)
    await client.buy()
    assert client.vendor.bought == 2


async def test_after_ninety_days_the_same_call_buys_again(client: Client) -> None:
    await client.buy()
    client.vendor.world.age(days=89)
    await client.buy()
    assert client.vendor.bought == 1
    client.vendor.world.age(days=1)
    assert (await client.buy())[1]["status"] == "Pending"
    assert client.vendor.bought == 2


async def test_one_product_a_day_and_only_while_stock_lasts(client: Client) -> None:
    order = {"buyer_sku_code": "ax25", "max_price": 30000}
    assert (await client.buy(**order))[0] == 200
    assert (await client.buy(**order, ref_id="SK-2"))[1]["rc"] == "63"
    # 17:00 UTC is midnight in Jakarta.
    client.now += timedelta(hours=5)
    assert (await client.buy(**order, ref_id="SK-2"))[0] == 200
    elsewhere = {**order, "customer_no": "083155509999"}
    assert (await client.buy(**elsewhere, ref_id="SK-3"))[0] == 200
    client.now += timedelta(days=1)
    assert (await client.buy(**order, ref_id="SK-4"))[1]["rc"] == "68"


@pytest.mark.parametrize(
    ("utc", "code"),
    [("16:44", "03"), ("16:45", "58"), ("17:14", "58"), ("17:15", "03")],
)
async def test_closed_hours(client: Client, utc: str, code: str) -> None:
    client.now = datetime.fromisoformat(f"2026-11-20T{utc}+00:00")
    assert (await client.buy(buyer_sku_code="ax5"))[1]["rc"] == code


async def test_the_deposit_pays_and_is_refunded(client: Client) -> None:
    async def deposit() -> Any:
        return (await client.read("/cek-saldo", "depo", cmd="deposit"))[1]["deposit"]

    assert await deposit() == 1000000
    client.vendor.fault("refund_later", seconds=60)
    await client.buy()
    assert await deposit() == 989150
    client.now += timedelta(seconds=60)
    assert (await client.buy())[1]["rc"] == "74"
    assert await deposit() == 1000000
    client.vendor.world.funds -= 990000
    assert (await client.buy(ref_id="SK-2"))[1]["rc"] == "44"


async def test_the_price_list_may_be_read_now_and_then(client: Client) -> None:
    status, rows = await client.prices()
    assert (status, isinstance(rows, list)) == (200, True)
    status, refused = await client.prices(brand="AXIS")
    assert (status, refused["rc"]) == (400, "83")
    client.now += timedelta(minutes=5)
    assert {row["brand"] for row in (await client.prices(brand="axis"))[1]} == {
        "AXIS",
        "Axis",
    }
    assert [row["price"] for row in (await client.prices(code="ax10b"))[1]] == ["10795"]
    assert (await client.prices(code="ax10"))[1]["rc"] == "83"
    client.now += timedelta(seconds=1)
    assert (await client.prices(code="nothing"))[1] == []
    client.now += timedelta(minutes=5)
    assert (await client.prices(colour="red"))[1]["rc"] == "40"


async def test_only_listed_addresses_are_answered(client: Client) -> None:
    client.vendor.whitelisted = False
    for call in (
        client.buy(),
        client.prices(),
        client.read("/cek-saldo", "depo", cmd="deposit"),
    ):
        status, answer = await call
        assert (status, answer["rc"]) == (400, "45")
        assert "203.0.113.7" in answer["message"]


async def test_other_methods_and_paths_are_refused(client: Client) -> None:
    async with client.session.get(f"{client.vendor.url}/v1/cek-saldo") as response:
        assert (await response.json())["data"]["rc"] == "40"
    assert (await client.post("/deposit", {}))[0] == 404
    assert (await client.post("/cek-saldo", []))[0] == 400


@pytest.mark.parametrize("code", sorted(BOOKED | NOT_BOOKED))
async def test_every_documented_code_can_be_had(client: Client, code: str) -> None:
    client.vendor.fault("code", code=code, status=400)
    assert (await client.buy())[1]["rc"] == code
    burnt = code in BOOKED
    assert len(client.vendor.world.sales) == (1 if burnt else 0)
    assert (await client.buy())[1]["rc"] == (code if burnt else "03")


async def test_development_pretends_by_number(client: Client) -> None:
    async def pretend(number: str) -> Any:
        ref_id = f"SK-{number[-1]}"
        order = {"customer_no": number, "buyer_sku_code": "xld10", "ref_id": ref_id}
        sign = signature(USERNAME, DEVELOPMENT_KEY, ref_id)
        return (await client.buy(**order, testing=True, sign=sign))[1]["status"]

    numbers = [f"08780000123{digit}" for digit in (0, 2, 3, 4)]
    first = [await pretend(number) for number in numbers]
    assert first == ["Sukses", "Gagal", "Pending", "Pending"]
    client.now += timedelta(minutes=2)
    assert [await pretend(number) for number in numbers] == [
        "Sukses",
        "Gagal",
        "Sukses",
        "Gagal",
    ]
    assert client.vendor.bought == 0


async def test_it_is_commanded_from_another_process(client: Client) -> None:
    url = f"{client.vendor.url}/_control"
    fault = {"kind": "empty_wallet", "times": 1}
    async with client.session.post(f"{url}/fault", json=fault) as response:
        assert response.status == 200
    async with client.session.post(f"{url}/fault", json={"kind": "typo"}) as response:
        assert response.status == 400
    assert (await client.buy())[1]["rc"] == "44"
    await client.buy()
    async with client.session.get(f"{url}/truth") as response:
        truth = await response.json()
    (purchase,) = truth["purchases"]
    assert (purchase["number"], purchase["identifier"]) == ("083155501234", "SK-1")
    assert truth["hits"]["empty_wallet"] == 1
    async with client.session.post(f"{url}/reset", json={}) as response:
        assert response.status == 200
    assert client.vendor.bought == 0


async def test_it_remembers_between_runs(tmp_path: Path) -> None:
    state = tmp_path / "vendor.json"
    async with aiohttp.ClientSession() as session:
        async with DigiflazzSimulator(state=state) as vendor:
            vendor.takes_s = 0
            vendor.fault("reverse_later", seconds=3600)
            await Client(vendor, session).buy()
            told = vendor.world.truth()
        async with DigiflazzSimulator(state=state) as vendor:
            assert vendor.world.truth() == told
            vendor.races = False
            assert (await Client(vendor, session).buy())[1]["rc"] == "00"
            assert vendor.bought == 1


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.vendors.digiflazz", "--state", str(tmp_path / "vendor.json")),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/_control/truth") as response,
    ):
        assert (await response.json())["purchases"] == []
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0
