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

from .reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator
from .reloadly.answers import ACCEPT

ORDER = {
    "operatorId": 243,
    "amount": 50000,
    "useLocalAmount": True,
    "customIdentifier": "SK-1",
    "recipientPhone": {"countryCode": "ID", "number": "6283155501234"},
}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets; the harness still lets them reach loopback only."""


class Client:
    """A client that does exactly what it is told."""

    def __init__(
        self, vendor: ReloadlySimulator, session: aiohttp.ClientSession
    ) -> None:
        self.vendor = vendor
        self.session = session
        self.headers = {"Accept": ACCEPT}
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    async def login(self) -> None:
        body = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "grant_type": "client_credentials",
            "audience": "https://topups.reloadly.com",
        }
        url = f"{self.vendor.url}/oauth/token"
        async with self.session.post(url, json=body) as response:
            token = (await response.json())["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"

    async def get(self, path: str) -> tuple[int, Any]:
        return await self._call("GET", path, None)

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        return await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: object) -> tuple[int, Any]:
        async with self.session.request(
            method, self.vendor.url + path, json=body, headers=self.headers
        ) as response:
            assert response.headers["Connection"] == "close"
            return response.status, await response.json()


@pytest.fixture
async def client() -> AsyncGenerator[Client]:
    async with aiohttp.ClientSession() as session:
        vendor = ReloadlySimulator(now=lambda: made.now)
        made = Client(vendor, session)
        async with vendor:
            await made.login()
            yield made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "50000"}, "INVALID_INPUT_PROVIDED"),
        ({"surprise": 1}, "INVALID_INPUT_PROVIDED"),
        ({"customIdentifier": "x" * 151}, "INVALID_INPUT_PROVIDED"),
        ({"recipientPhone": "6283155501234"}, "INVALID_INPUT_PROVIDED"),
        ({"useLocalAmount": "yes"}, "INVALID_INPUT_PROVIDED"),
        ({"amount": 4999}, "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"),
        ({"amount": 66, "useLocalAmount": False}, "INVALID_AMOUNT_FOR_OPERATOR"),
        ({"amount": 5000.000001}, "INVALID_AMOUNT"),
        ({"operatorId": 1}, "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE"),
        ({"operatorId": 239}, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"),
        ({"operatorId": 9001}, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"),
        (
            {"recipientPhone": {"countryCode": "FR", "number": "33655501234"}},
            "COUNTRY_NOT_SUPPORTED",
        ),
        (
            {"recipientPhone": {"countryCode": "ID", "number": "083155501234"}},
            "INVALID_RECIPIENT_PHONE",
        ),
    ],
)
async def test_it_refuses_what_the_vendor_refuses(
    client: Client, change: dict[str, object], code: str
) -> None:
    _, answer = await client.post("/topups-async", {**ORDER, **change})
    assert answer["errorCode"] == code
    assert client.vendor.bought == 0
    # A refused request does not use the identifier up.
    status, _ = await client.post("/topups-async", ORDER)
    assert status == 200


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Accept", "application/json", 406),
        ("Authorization", "Bearer wrong", 401),
        ("Authorization", "", 401),
        ("Content-Type", "text/plain", 415),
    ],
)
async def test_it_refuses_wrong_headers(
    client: Client, header: str, value: str, status: int
) -> None:
    client.headers[header] = value
    assert (await client.post("/topups-async", ORDER))[0] == status


async def test_it_refuses_unknown_parameters_and_paths(client: Client) -> None:
    assert (await client.get("/accounts/balance?x=1"))[0] == 400
    assert (await client.get("/topups/transactions"))[0] == 404


async def test_a_finished_identifier_is_refused_and_one_in_flight_is_not(
    client: Client,
) -> None:
    client.vendor.fault("hang_after", seconds=0.05, times=5)
    answers = await asyncio.gather(
        *(client.post("/topups-async", ORDER) for _ in range(5))
    )
    assert {status for status, _ in answers} == {200}
    assert client.vendor.bought == 5
    status, answer = await client.post("/topups-async", ORDER)
    assert (status, answer["errorCode"]) == (400, "CUSTOM_IDENTIFIER_ALREADY_USED")


async def test_the_wallet_pays_and_is_refunded(client: Client) -> None:
    _, before = await client.get("/accounts/balance")
    client.vendor.fault("refund_later")
    _, taken = await client.post("/topups-async", ORDER)
    _, during = await client.get("/accounts/balance")
    assert during["balance"] < before["balance"]
    client.now += timedelta(seconds=10)
    _, after = await client.get("/accounts/balance")
    assert after["balance"] == before["balance"]
    _, status = await client.get(f"/topups/{taken['transactionId']}/status")
    assert (status["status"], status["transaction"]) == ("REFUNDED", None)


async def test_the_synchronous_call_answers_with_the_end(client: Client) -> None:
    _, answer = await client.post("/topups", ORDER)
    assert answer["status"] == "SUCCESSFUL"
    assert client.vendor.world.credit_of("+6283155501234") == 50000


async def test_the_report_pages_from_one_and_reads_dates_four_hours_late(
    client: Client,
) -> None:
    for number in range(3):
        await client.post(
            "/topups-async", {**ORDER, "customIdentifier": f"SK-{number}"}
        )
    report = "/topups/reports/transactions"
    pages = [
        (await client.get(f"{report}?page={page}&size=2"))[1] for page in (0, 1, 2, 3)
    ]
    assert [len(page["content"]) for page in pages] == [2, 2, 1, 0]
    assert pages[0]["totalElements"] == 3
    found = (await client.get(f"{report}?customIdentifier=sk-1"))[1]["content"]
    assert [row["customIdentifier"] for row in found] == ["SK-1"]
    early = await client.get(f"{report}?startDate=2026-11-20 08:00:00")
    late = await client.get(f"{report}?startDate=2026-11-20 08:00:01")
    assert (len(early[1]["content"]), len(late[1]["content"])) == (3, 0)
    client.vendor.report_shows_processing = False
    assert (await client.get(report))[1]["content"] == []


async def test_operators_of_a_country_and_a_rate(client: Client) -> None:
    _, operators = await client.get("/operators/countries/ID?includeData=true")
    assert {operator["id"] for operator in operators} >= {231, 239, 243}
    _, rate = await client.post("/operators/fx-rate", {"operatorId": 243, "amount": 2})
    assert (rate["fxRate"], rate["currencyCode"]) == (31000, "IDR")


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("", set()),
        ("includeData=false", {231, 797, 9013}),
        ("includeBundles=false&includeCombo=false", {700, 9011}),
        ("includePin=false", {9012}),
        ("includeRange=false", {239, 243}),
        ("includeFixed=false", {231, 700, 797, 9011, 9012, 9013}),
    ],
)
async def test_the_list_of_a_country_leaves_out_what_a_call_says(
    client: Client, query: str, missing: set[int]
) -> None:
    path = "/operators/countries/ID"
    _, everything = await client.get(path)
    _, rest = await client.get(f"{path}?{query}")
    ids = {operator["id"] for operator in everything}
    assert ids - {operator["id"] for operator in rest} == missing
    assert (await client.get(f"{path}?includeData=yes"))[0] == 400
    assert (await client.get(f"{path}?includeAll=true"))[0] == 400


async def test_bundles_and_pins_are_sold_and_are_no_credit(client: Client) -> None:
    data = {**ORDER, "operatorId": 231, "amount": 12000}
    _, answer = await client.post("/topups", data)
    assert (answer["status"], answer["deliveredAmount"]) == ("SUCCESSFUL", 12000)
    assert answer["pinDetail"] is None
    pin: dict[str, object] = {"operatorId": 9012, "amount": 3.3}
    pin |= {"customIdentifier": "SK-2", "useLocalAmount": False}
    _, answer = await client.post("/topups", {**ORDER, **pin})
    assert answer["pinDetail"]["code"]
    assert client.vendor.world.credit_of("6283155501234") == 0
    assert client.vendor.bought == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 12001}, "INVALID_LOCAL_AMOUNT_FOR_OPERATOR"),
        (
            {"amount": 0.79, "useLocalAmount": False},
            "INVALID_AMOUNT_FOR_OPERATOR",
        ),
        (
            {"operatorId": 700, "amount": 2},
            "LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR",
        ),
        ({"operatorId": 9013}, "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE"),
        ({"operatorId": 797}, "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"),
    ],
)
async def test_it_refuses_bundles_that_are_not_sold_to_the_number(
    client: Client, change: dict[str, object], code: str
) -> None:
    data = {**ORDER, "operatorId": 231, "amount": 12000, **change}
    _, answer = await client.post("/topups-async", data)
    assert answer["errorCode"] == code
    assert client.vendor.bought == 0


async def test_promotions_are_listed_by_page_country_operator_and_id(
    client: Client,
) -> None:
    _, page = await client.get("/promotions?page=1&size=2")
    assert ([one["promotionId"] for one in page["content"]], page["totalPages"]) == (
        [1, 2],
        3,
    )
    _, of_country = await client.get("/promotions/country-codes/ID")
    assert {one["operatorId"] for one in of_country} == {239, 797}
    assert (await client.get("/promotions/country-codes/MY"))[1] == []
    _, of_operator = await client.get("/promotions/operators/797")
    assert [one["title"] for one in of_operator] == ["Free weekend"]
    _, one = await client.get("/promotions/1")
    assert one["startDate"] == "2026-11-19 12:00:00"
    for path in ("country-codes/FR", "operators/1", "99", "x", "country-codes"):
        assert (await client.get(f"/promotions/{path}"))[0] in (404, 409)


@pytest.mark.parametrize(
    ("fault", "key", "value"),
    [
        ("operator_inactive", "status", "INACTIVE"),
        ("operator_reassigned", "name", "Somebody Else 231"),
        ("amount_gone", "fixedAmounts", []),
    ],
)
async def test_an_operator_changes_between_two_looks(
    client: Client, fault: str, key: str, value: object
) -> None:
    client.vendor.fault(fault, on="/operators/231")
    _, changed = await client.get("/operators/231")
    assert changed[key] == value
    _, after = await client.get("/operators/231")
    assert after[key] != value


async def test_it_is_commanded_from_another_process(client: Client) -> None:
    url = f"{client.vendor.url}/_control"
    fault = {"kind": "empty_wallet", "times": 1}
    async with client.session.post(f"{url}/fault", json=fault) as response:
        assert response.status == 200
    async with client.session.post(f"{url}/fault", json={"kind": "typo"}) as response:
        assert response.status == 400
    _, answer = await client.post("/topups-async", ORDER)
    assert answer["errorCode"] == "INSUFFICIENT_BALANCE"
    await client.post("/topups-async", ORDER)
    async with client.session.get(f"{url}/truth") as response:
        truth = await response.json()
    (purchase,) = truth["purchases"]
    assert (purchase["number"], purchase["identifier"]) == ("6283155501234", "SK-1")
    assert truth["hits"]["empty_wallet"] == 1
    async with client.session.post(f"{url}/reset", json={}) as response:
        assert response.status == 200
    assert client.vendor.bought == 0


async def test_it_remembers_between_runs(tmp_path: Path) -> None:
    state = tmp_path / "vendor.json"
    async with aiohttp.ClientSession() as session:
        async with ReloadlySimulator(state=state) as vendor:
            client = Client(vendor, session)
            await client.login()
            await client.post("/topups-async", ORDER)
            told = vendor.world.truth()
        async with ReloadlySimulator(state=state) as vendor:
            assert vendor.world.truth() == told
            client = Client(vendor, session)
            await client.login()
            _, answer = await client.post("/topups-async", ORDER)
            assert answer["errorCode"] == "CUSTOM_IDENTIFIER_ALREADY_USED"


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.vendors.reloadly", "--state", str(tmp_path / "vendor.json")),
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
