"""Repairs: they appear, can be answered by those who may, and go when nothing is left to do."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.phone import mask
from custom_components.sim_keeper.repairs import async_create_fix_flow

from .config_flow.builders import AXIS, EPOCH
from .home_fixtures import House


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return our active issues by id."""
    return {
        issue_id: issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


class Answering:
    """Answers a repair over HTTP, as the frontend does."""

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self.connect = connect
        self.client: Any = None
        self.result: dict[str, Any] = {}

    async def open(self, issue_id: str) -> dict[str, Any]:
        """Open the flow of an issue."""
        self.client = await self.connect()
        return await self._post(
            "/api/repairs/issues/fix", {"handler": DOMAIN, "issue_id": issue_id}
        )

    async def choose(self, option: str) -> dict[str, Any]:
        """Choose from the menu."""
        return await self.type(next_step_id=option)

    async def type(self, **values: Any) -> dict[str, Any]:
        """Send a form."""
        flow = self.result["flow_id"]
        return await self._post(f"/api/repairs/issues/fix/{flow}", values)

    async def _post(self, url: str, values: dict[str, Any]) -> dict[str, Any]:
        response = await self.client.post(url, json=values)
        assert response.status == HTTPStatus.OK, await response.text()
        self.result = await response.json()
        return self.result


@pytest.fixture
async def answering(
    house: House, hass_client: ClientSessionGenerator, hass_access_token: str
) -> Answering:
    """Return an administrator in front of the frontend, whose login is always fresh."""
    auth = house.hass.auth
    assert await async_setup_component(house.hass, "repairs", {})
    login = auth.async_validate_access_token(hass_access_token)
    assert login is not None
    return Answering(lambda: hass_client(auth.async_create_access_token(login)))


@pytest.fixture
async def sim(house: House, answering: Answering) -> MockConfigEntry:
    house.account()
    entry = house.buying_sim()
    await house.start()
    return entry


async def asked(house: House, sim: MockConfigEntry) -> str:
    """Have a question asked; return its issue id."""
    answer = await house.call("recharge", device_id=house.device(sim))
    return f"question_{answer['order_id']}"


async def lost(
    house: House, sim: MockConfigEntry, admin: Context, freezer: FrozenDateTimeFactory
) -> str:
    """Lose the answer to an order and all sight of it; return its issue id."""
    house.vendor.fault("lose_answer")
    answer = await house.call("recharge", admin, device_id=house.device(sim))
    assert answer["state"] == "unknown"
    house.vendor.fault("status", status=503, times=None, on="any")
    freezer.tick(25 * 3600)
    await house.wake()
    assert [order.state for order in await house.orders()] == [State.NEEDS_PERSON]
    return f"outcome_{answer['order_id']}"


# -- Questions ------------------------------------------------------------------------------


async def test_a_question_shows_what_it_costs(
    house: House, sim: MockConfigEntry, answering: Answering
) -> None:
    issue_id = await asked(house, sim)
    issue = issues(house.hass)[issue_id]
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.data == {"order_id": 1}
    shown = issue.translation_placeholders or {}
    assert shown["amount"] == "25000 IDR"
    order = await house.only_order()
    assert (shown["price"], shown["most"]) == (str(order.price), str(order.ceiling))
    # That it is asked is what the mode says: nothing to explain.
    assert shown["why"] == ""
    assert AXIS.removeprefix("+") not in str((issue.data, shown))
    menu = await answering.open(issue_id)
    assert menu["type"] == "menu"
    assert menu["menu_options"] == ["approve", "decline"]
    assert menu["description_placeholders"] == shown


async def test_approving_buys(
    house: House, sim: MockConfigEntry, answering: Answering
) -> None:
    issue_id = await asked(house, sim)
    await answering.open(issue_id)
    assert (await answering.choose("approve"))["type"] == "create_entry"
    await house.settle()
    assert house.vendor.bought == 1
    assert issue_id not in issues(house.hass)


async def test_declining_buys_nothing(
    house: House, sim: MockConfigEntry, answering: Answering
) -> None:
    issue_id = await asked(house, sim)
    await answering.open(issue_id)
    assert (await answering.choose("decline"))["type"] == "create_entry"
    await house.settle()
    assert house.vendor.bought == 0
    assert [order.state for order in await house.orders()] == [State.DECLINED]
    assert issues(house.hass) == {}


async def test_a_refusal_by_the_provider_is_told(
    house: House, sim: MockConfigEntry, answering: Answering
) -> None:
    issue_id = await asked(house, sim)
    house.vendor.fault("empty_wallet")
    await answering.open(issue_id)
    answer = await answering.choose("approve")
    assert (answer["type"], answer["reason"]) == ("abort", "rejected")
    assert answer["description_placeholders"] == {"code": "INSUFFICIENT_BALANCE"}


async def test_what_forbids_it_is_told_and_the_question_stays(
    house: House, sim: MockConfigEntry, answering: Answering
) -> None:
    issue_id = await asked(house, sim)
    house.vendor.fault("status", status=503, times=None, on="any")
    await answering.open(issue_id)
    answer = await answering.choose("approve")
    await house.settle()
    assert (answer["type"], answer["reason"]) == ("abort", "failed")
    assert "provider" in answer["description_placeholders"]["error"]
    assert issue_id in issues(house.hass)


async def test_a_question_answered_elsewhere_goes(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    issue_id = await asked(house, sim)
    assert issue_id in issues(house.hass)
    await house.call("cancel", admin, device_id=house.device(sim))
    assert issues(house.hass) == {}


async def test_a_question_that_nobody_answers_goes(
    house: House, sim: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await asked(house, sim)
    freezer.tick(25 * 3600)
    await house.wake()
    assert issues(house.hass) == {}


async def test_a_dismissal_hides_one_question_only(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    first = await asked(house, sim)
    ir.async_ignore_issue(house.hass, DOMAIN, first, ignore=True)
    await house.call("cancel", admin, device_id=house.device(sim))
    await house.go_ahead(sim)
    second = await asked(house, sim)
    assert second != first
    assert issues(house.hass)[second].dismissed_version is None


async def test_without_an_administrator_nothing_is_settled(
    house: House, sim: MockConfigEntry, answering: Answering
) -> None:
    issue_id = await asked(house, sim)
    # A flow that another integration drives has no request, and so no user.
    flow: Any = await async_create_fix_flow(house.hass, issue_id, {"order_id": 1})
    flow.hass, flow.context, flow.handler = house.hass, {"issue_id": issue_id}, DOMAIN
    for step in (flow.async_step_approve,):
        result = await step()
        assert (result["type"], result["reason"]) == ("abort", "not_allowed")
    assert house.vendor.bought == 0
    assert issue_id in issues(house.hass)


async def test_users_cannot_open_a_repair(
    house: House,
    sim: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    issue_id = await asked(house, sim)
    hass_admin_user.groups = []
    client = await hass_client()
    response = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    assert response.status == HTTPStatus.UNAUTHORIZED


# -- Outcomes that only a person can learn --------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "state", "note"),
    [
        ("arrived", State.CONFIRMED, "asked the shop"),
        ("not_arrived", State.REJECTED, ""),
    ],
)
async def test_settling_an_outcome(
    house: House,
    sim: MockConfigEntry,
    admin: Context,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
    answer: str,
    state: State,
    note: str,
) -> None:
    issue_id = await lost(house, sim, admin, freezer)
    issue = issues(house.hass)[issue_id]
    assert issue.severity is ir.IssueSeverity.ERROR
    await answering.open(issue_id)
    assert (await answering.choose(answer))["step_id"] == answer
    assert (await answering.type(note=note))["type"] == "create_entry"
    await house.settle()
    order = (await house.orders())[0]
    assert (order.state, order.note) == (state, note or None)
    assert issue_id not in issues(house.hass)


@pytest.mark.parametrize(
    ("answer", "state"),
    [("arrived", State.CONFIRMED), ("not_arrived", State.REJECTED)],
)
async def test_settling_an_outcome_of_a_sim_that_was_removed(
    house: House,
    sim: MockConfigEntry,
    admin: Context,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
    answer: str,
    state: State,
) -> None:
    issue_id = await lost(house, sim, admin, freezer)
    await house.hass.config_entries.async_remove(sim.entry_id)
    await house.settle()
    shown = issues(house.hass)[issue_id].translation_placeholders or {}
    assert shown["name"] == mask(AXIS)
    assert AXIS.removeprefix("+") not in str(shown)
    await answering.open(issue_id)
    await answering.choose(answer)
    assert (await answering.type())["type"] == "create_entry"
    await house.settle()
    assert [order.state for order in await house.orders()] == [state]
    assert issues(house.hass) == {}


async def test_an_outcome_learned_late_goes(
    house: House, sim: MockConfigEntry, admin: Context, freezer: FrozenDateTimeFactory
) -> None:
    issue_id = await lost(house, sim, admin, freezer)
    assert issue_id in issues(house.hass)
    house.vendor.behave()
    freezer.tick(7 * 3600)
    await house.wake()
    assert (await house.orders(State.CONFIRMED)) != []
    assert issue_id not in issues(house.hass)


# -- What is wrong with the home ------------------------------------------------------------


async def test_a_damaged_ledger_is_shown(house: House) -> None:
    Path(house.hass.config.path("sim_keeper.db")).write_text("no ledger at all")
    house.sim()
    await house.start()
    (issue,) = issues(house.hass).values()
    assert issue.issue_id == issue.translation_key == "ledger_frozen_damaged"
    assert issue.is_fixable


async def test_a_missing_ledger_is_shown(house: House) -> None:
    household = house.household()
    house.hass.config_entries.async_update_entry(
        household, data={"kind": "household", "ledger_exists": True}
    )
    await house.start()
    assert set(issues(house.hass)) == {"ledger_frozen_missing"}


async def test_a_sim_without_its_account(house: House) -> None:
    account = house.account()
    house.buying_sim()
    await house.start()
    assert issues(house.hass) == {}
    entries, issue_id = house.hass.config_entries, f"cannot_recharge_{EPOCH}"
    await entries.async_set_disabled_by(account.entry_id, ConfigEntryDisabler.USER)
    await house.settle()
    assert issues(house.hass)[issue_id].translation_key == "cannot_recharge_missing"
    await entries.async_set_disabled_by(account.entry_id, None)
    await house.settle()
    assert issues(house.hass) == {}
    house.vendor.fault("status", status=503, times=None, on="any")
    await entries.async_reload(account.entry_id)
    await house.settle()
    assert issues(house.hass)[issue_id].translation_key == "cannot_recharge_not_ready"


async def test_a_login_that_fails_is_home_assistants_own_repair(house: House) -> None:
    account = house.account()
    login = {**account.data["login"], "client_secret": "wrong"}
    house.hass.config_entries.async_update_entry(
        account, data={**account.data, "login": login}
    )
    house.buying_sim()
    await house.start()
    assert issues(house.hass) == {}


async def test_a_sim_that_only_reminds_needs_no_account(house: House) -> None:
    house.buying_sim(mode="remind")
    await house.start()
    assert issues(house.hass) == {}


async def test_a_restored_home_is_shown(house: House, admin: Context) -> None:
    house.account()
    house.buying_sim(mode="auto")
    await house.start()
    assert issues(house.hass) == {}
    await house.home.engine.desk.write(Ledger.note_restored, house.home.now())
    await house.settle()
    assert set(issues(house.hass)) == {"restored"}
