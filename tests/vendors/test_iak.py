"""The simulator itself: it must be as strict and as odd as the vendor."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import signal
import sys
from typing import Any

import aiohttp
import pytest

from .iak import API_KEY, USERNAME, IakSimulator, Restriction

ORDER = {
    "ref_id": "SK-1",
    "customer_id": "083155501234",
    "product_code": "haxis10000",
}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets; the harness still lets them reach loopback only."""


class Client:
    """A client that does exactly what it is told."""

    def __init__(self, vendor: IakSimulator, session: aiohttp.ClientSession) -> None:
        self.vendor = vendor
        self.session = session
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    async def call(
        self, path: str, tail: str, **fields: object
    ) -> tuple[int, dict[str, Any]]:
        sign = hashlib.md5((USERNAME + API_KEY + tail).encode()).hexdigest()
        return await self.post(path, {"username": USERNAME, "sign": sign, **fields})

    async def buy(self, **changes: str) -> tuple[int, dict[str, Any]]:
        order = {**ORDER, **changes}
        return await self.call("top-up", order["ref_id"], **order)

    async def status(self, ref: str = "SK-1") -> dict[str, Any]:
        return (await self.call("check-status", ref, ref_id=ref))[1]

    async def post(
        self, path: str, body: Mapping[str, object]
    ) -> tuple[int, dict[str, Any]]:
        url = f"{self.vendor.url}/api/{path}"
        async with self.session.post(url, json=body) as response:
            assert response.headers["Connection"] == "close"
            return response.status, (await response.json())["data"]


@pytest.fixture
async def client() -> AsyncGenerator[Client]:
    async with aiohttp.ClientSession() as session:
        vendor = IakSimulator(now=lambda: made.now)
        made = Client(vendor, session)
        async with vendor:
            yield made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"product_code": "haxis1"}, "20"),
        ({"product_code": "haxis30000"}, "106"),
        ({"product_code": "xld10000"}, "16"),
        ({"customer_id": "083355501234"}, "16"),
        ({"customer_id": "6283155501234"}, "14"),
        ({"customer_id": "+6283155501234"}, "203"),
        ({"customer_id": "0831x"}, "14"),
        ({"customer_id": "08315550123456"}, "203"),
        ({"surprise": "1"}, "107"),
    ],
)
async def test_it_refuses_what_the_vendor_refuses(
    client: Client, change: dict[str, str], code: str
) -> None:
    _, answer = await client.buy(**change)
    assert answer["rc"] == code
    assert client.vendor.bought == 0
    # A refused order is not known afterwards.
    assert (await client.status())["rc"] == "06"


async def test_it_refuses_wrong_calls(client: Client) -> None:
    assert (await client.post("check-balance", {"username": USERNAME}))[1][
        "rc"
    ] == "107"
    wrong = {"username": USERNAME, "sign": "0" * 32}
    assert await client.post("check-balance", wrong) == (
        400,
        {"rc": "204", "message": "REFUSED", "status": 2},
    )
    assert (await client.call("check-balance", "pl"))[1]["rc"] == "204"
    assert (await client.call("check-balance/x", "bl"))[1]["rc"] == "117"
    assert (await client.call("transfer", "bl"))[1]["rc"] == "117"
    assert (await client.call("pricelist/a/b/c", "pl"))[1]["rc"] == "117"
    assert (await client.call("pricelist", "pl", status="some"))[1]["rc"] == "107"
    async with client.session.get(f"{client.vendor.url}/api/check-balance") as response:
        assert (response.status, (await response.json())["data"]["rc"]) == (400, "117")
    async with client.session.post(
        f"{client.vendor.url}/api/check-balance", data="{"
    ) as response:
        assert (await response.json())["data"]["rc"] == "107"


async def test_an_order_is_always_taken_first_and_ends_later(client: Client) -> None:
    _, taken = await client.buy()
    assert taken == {
        **ORDER,
        "status": 0,
        "price": 10800,
        "message": "PROCESS",
        "balance": 4_989_200,
        "tr_id": taken["tr_id"],
        "rc": "39",
    }
    client.now += timedelta(seconds=9)
    ended = await client.status()
    assert (ended["status"], ended["rc"], ended["tr_id"]) == (1, "00", taken["tr_id"])
    assert ended["sn"]


async def test_a_known_key_is_told_and_never_bought_again(client: Client) -> None:
    _, taken = await client.buy()
    assert (await client.buy())[1] == taken
    # Not even for something else.
    assert (await client.buy(product_code="haxis5000"))[1] == taken
    client.now += timedelta(days=300)
    assert (await client.buy())[1]["rc"] == "00"
    assert client.vendor.bought == 1


async def test_two_calls_that_overlap_are_both_run(client: Client) -> None:
    """Nothing says that the vendor sorts them out: here it does not."""
    client.vendor.restriction = Restriction.NOTHING
    client.vendor.fault("hang_after", seconds=0.05, times=3)
    await asyncio.gather(*(client.buy() for _ in range(3)))
    assert client.vendor.bought == 3
    assert (await client.buy())[1]["tr_id"] == (await client.status())["tr_id"]
    assert client.vendor.bought == 3


async def test_a_failure_gives_the_deposit_back(client: Client) -> None:
    _, before = await client.call("check-balance", "bl")
    client.vendor.fault("fail_later", code="13")
    await client.buy()
    _, during = await client.call("check-balance", "bl")
    assert during["balance"] == before["balance"] - 10800
    client.now += timedelta(seconds=10)
    ended = await client.status()
    assert (ended["status"], ended["rc"], ended["balance"]) == (
        2,
        "13",
        before["balance"],
    )
    assert "sn" not in ended
    # It is known for ever; another key may try again on the same day.
    assert (await client.buy())[1]["rc"] == "13"
    assert (await client.buy(ref_id="SK-2"))[1]["rc"] == "39"


async def test_the_accounts_switch_limits_a_number_by_the_day_of_jakarta(
    client: Client,
) -> None:
    await client.buy()
    assert (await client.buy(ref_id="SK-2"))[1]["rc"] == "202"
    five = {"ref_id": "SK-3", "product_code": "haxis5000"}
    client.vendor.restriction = Restriction.ANYTHING
    assert (await client.buy(**five))[1]["rc"] == "207"
    client.vendor.restriction = Restriction.DENOMINATION
    assert (await client.buy(**five))[1]["rc"] == "39"
    # 19:00 in Jakarta; midnight comes after five hours, when it is 17:00 UTC.
    client.now += timedelta(hours=4, minutes=59)
    assert (await client.buy(ref_id="SK-2"))[1]["rc"] == "202"
    client.now += timedelta(minutes=1)
    assert (await client.buy(ref_id="SK-2"))[1]["rc"] == "39"


async def test_a_blacklisted_number_and_an_empty_deposit(client: Client) -> None:
    client.vendor.blacklist.add("083155501234")
    assert (await client.buy())[1]["rc"] == "206"
    client.vendor.blacklist.clear()
    client.vendor.world.funds = 10799
    assert (await client.buy())[1]["rc"] == "17"
    client.vendor.world.funds = 10800
    assert (await client.buy())[1]["balance"] == 0


async def test_the_price_list_has_two_shapes_and_can_be_narrowed(
    client: Client,
) -> None:
    _, wrapped = await client.call("pricelist", "pl", status="all")
    assert wrapped["rc"] == "00"
    codes = {row["product_code"] for row in wrapped["pricelist"]}
    assert codes >= {"haxis30000", "altel10", "xldata1", "htelkomsel5000"}
    _, axis = await client.call("pricelist/pulsa/axis", "pl", status="active")
    assert "haxis30000" not in {row["product_code"] for row in axis["pricelist"]}
    _, off = await client.call("pricelist/pulsa/axis", "pl", status="non active")
    assert [row["status"] for row in off["pricelist"]] == ["non active"]
    client.vendor.bare_list = True
    _, bare = await client.call("pricelist/data/axis_paket_internet", "pl")
    assert [row["product_code"] for row in bare] == ["axisdata1", "axisdata5"]  # type: ignore[index]


async def test_credit_for_another_country_needs_no_prefix(client: Client) -> None:
    answer = await client.buy(product_code="altel10", customer_id="60125550123")
    assert answer[1]["rc"] == "39"


async def test_the_operator_of_a_number(client: Client) -> None:
    for number, operator in (("083155501234", "AXIS"), ("081755501234", "XL")):
        _, found = await client.call("check-operator", "op", customer_id=number)
        assert (found["operator"], found["rc"]) == (operator, "00")
    _, unknown = await client.call("check-operator", "op", customer_id="0999")
    assert unknown["rc"] == "14"


async def test_any_code_can_be_made_to_happen(client: Client) -> None:
    for code, status in (("121", 200), ("201", 200), ("118", 400), ("999", 503)):
        client.vendor.fault("refuse", code=code, status=status)
        assert (await client.buy())[0] == status
    assert client.vendor.bought == 0


async def test_it_is_commanded_from_another_process(client: Client) -> None:
    url = f"{client.vendor.url}/_control"
    fault = {"kind": "empty_wallet", "times": 1}
    async with client.session.post(f"{url}/fault", json=fault) as response:
        assert response.status == 200
    for wrong in ("typo", "token_expired"):
        async with client.session.post(
            f"{url}/fault", json={"kind": wrong}
        ) as response:
            assert response.status == 400
    assert (await client.buy())[1]["rc"] == "17"
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
        async with IakSimulator(state=state) as vendor:
            vendor.fault("reverse_later", seconds=3600)
            await Client(vendor, session).buy()
            told = vendor.world.truth()
        async with IakSimulator(state=state) as vendor:
            assert vendor.world.truth() == told
            _, answer = await Client(vendor, session).buy()
            assert answer["rc"] == "39"
            assert vendor.bought == 1


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.vendors.iak", "--state", str(tmp_path / "vendor.json")),
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
