"""Connecting an action or script that recharges or uses a number, and changing it."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.channels.action import Terms
from custom_components.sim_keeper.const import DOMAIN

from .builders import Flows, household_entry, sim_entry

CALL = {"action": "gateway.top_up", "data": {"to": "{{ number }}"}}
DIFFERENT = {"action": "gateway.text", "data": {"to": "{{ number }}"}}
DECLARED = {
    "work": "recharge",
    "sequence": [CALL],
    "price": "7.50",
    "maximum": "10.00",
    "amounts": ["5", "10.5"],
    "proof": "response",
    "value_key": "status",
    "success": "ok",
    "failure": "no",
    "reference_key": "id",
    "cost_key": "cost",
    "wait_hours": 12,
    "timeout_s": 60,
}


@pytest.fixture(autouse=True)
def gateway(hass: HomeAssistant) -> None:
    """Offer the actions that are called."""

    async def do_nothing(_call: ServiceCall) -> None:
        """Do nothing: in these tests nothing runs."""

    for name in ("top_up", "text"):
        hass.services.async_register("gateway", name, do_nothing)


@pytest.fixture
def account(hass: HomeAssistant) -> MockConfigEntry:
    """Return an action that is connected."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Gateway",
        data={
            "kind": "account",
            "provider": "action",
            "wallet_currency": "EUR",
            "declared": DECLARED,
        },
        unique_id="action:one",
    )
    entry.add_to_hass(hass)
    return entry


async def begin(flows: Flows) -> None:
    """Open the first form."""
    await flows.start()
    await flows.choose("account")
    assert "action" in flows.result["menu_options"]
    await flows.choose("action")
    assert flows.at == "action"


async def test_connects_a_recharge(flows: Flows) -> None:
    await begin(flows)
    assert flows.filled == {"work": "recharge"}
    await flows.submit(name=" Gateway ", sequence=[CALL])
    assert flows.at == "action_recharge"
    assert flows.filled == {"currency": flows.hass.config.currency}
    await flows.submit(
        currency="eur", price="7.5", maximum="10", amounts=["5", " 10.50 "]
    )
    assert flows.at == "action_proof"
    assert flows.filled == {"proof": "response", "wait_hours": 24, "timeout_s": 120}
    await flows.submit(
        value_key="status",
        success=" ok ",
        failure="no",
        reference_key="id",
        cost_key="cost",
        wait_hours=12.0,
        timeout_s=60.0,
    )
    assert flows.result["type"] == "create_entry"
    entry = flows.result["result"]
    assert entry.title == "Gateway"
    assert str(entry.unique_id).startswith("action:")
    assert dict(entry.data) == {
        "kind": "account",
        "provider": "action",
        "wallet_currency": "EUR",
        "declared": DECLARED,
    }
    assert Terms.stored(entry.data["declared"], "EUR").price is not None


async def test_connects_a_use(flows: Flows) -> None:
    await begin(flows)
    await flows.submit(name="Text", work="use", sequence=[DIFFERENT])
    assert flows.at == "action_use"
    await flows.submit(currency="GBP", price="0")
    await flows.submit(proof="ended")
    entry = flows.result["result"]
    assert dict(entry.data["declared"]) == {
        "work": "use",
        "sequence": [DIFFERENT],
        "price": "0.00",
        "maximum": "0.00",
        "proof": "ended",
        "wait_hours": 24,
        "timeout_s": 120,
    }


async def test_two_of_them_are_two_accounts(flows: Flows) -> None:
    for _ in range(2):
        await begin(flows)
        await flows.submit(name="Text", work="use", sequence=[CALL])
        await flows.submit(currency="GBP", price="1")
        await flows.submit(proof="reading")
        assert flows.result["type"] == "create_entry"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"name": " "}, {"name": "required"}),
        ({"sequence": []}, {"sequence": "required"}),
        ({"sequence": [{"fly": "away"}]}, {"sequence": "sequence_invalid"}),
        ({"sequence": [{"action": "nonsense"}]}, {"sequence": "sequence_invalid"}),
    ],
)
async def test_what_can_never_run_is_refused(
    flows: Flows, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    await begin(flows)
    await flows.submit(**{"name": "Gateway", "sequence": [CALL], **typed})
    assert flows.at == "action"
    assert flows.errors == errors


async def test_an_action_that_does_not_exist_is_only_a_warning(flows: Flows) -> None:
    await begin(flows)
    gone = {"action": "gateway.gone"}
    await flows.submit(name="Gateway", sequence=[CALL, gone])
    assert flows.errors == {"sequence": "action_missing"}
    placeholders = flows.result["description_placeholders"]
    assert placeholders == {"missing": "gateway.gone"}
    await flows.submit(accept=True)
    assert flows.at == "action_recharge"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"currency": "XXX"}, {"currency": "currency_unknown"}),
        ({"currency": " "}, {"currency": "required"}),
        ({"maximum": " "}, {"maximum": "required"}),
        ({"maximum": "much"}, {"maximum": "amount_not_a_number"}),
        ({"maximum": "7"}, {"maximum": "maximum_below_price"}),
        ({"price": "0"}, {"price": "amount_not_positive"}),
        ({"amounts": ["5", "0"]}, {"amounts": "amounts_invalid"}),
        ({"amounts": ["5,5"]}, {"amounts": "amounts_invalid"}),
    ],
)
async def test_costs_that_make_no_sense_are_refused(
    flows: Flows, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    await begin(flows)
    await flows.submit(name="Gateway", sequence=[CALL])
    await flows.submit(**{"currency": "EUR", "price": "7.5", "maximum": "10", **typed})
    assert flows.at == "action_recharge"
    assert flows.errors == errors


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"currency": "XXX"}, {"currency": "currency_unknown"}),
        ({"price": " "}, {"price": "required"}),
        ({"price": "-1"}, {"price": "amount_not_positive"}),
        ({"price": "cheap"}, {"price": "amount_not_a_number"}),
    ],
)
async def test_a_price_of_a_use_that_makes_no_sense_is_refused(
    flows: Flows, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    await begin(flows)
    await flows.submit(name="Text", work="use", sequence=[CALL])
    await flows.submit(**{"currency": "EUR", "price": "0.10", **typed})
    assert flows.at == "action_use"
    assert flows.errors == errors


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"value_key": "status"}, {"success": "required"}),
        ({"success": "ok"}, {"value_key": "required"}),
        (
            {"value_key": "status", "success": "ok", "failure": "OK"},
            {"failure": "same_as_success"},
        ),
        (
            {"value_key": "status", "success": "ok", "timeout_s": 10.5},
            {"timeout_s": "not_whole"},
        ),
    ],
)
async def test_a_proof_that_proves_nothing_is_refused(
    flows: Flows, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    await begin(flows)
    await flows.submit(name="Text", work="use", sequence=[CALL])
    await flows.submit(currency="EUR", price="0.10")
    await flows.submit(**typed)
    assert flows.at == "action_proof"
    assert flows.errors == errors


async def test_changes_everything_but_what_it_does(
    flows: Flows, account: MockConfigEntry
) -> None:
    await flows.reconfigure(account)
    assert flows.at == "change_action"
    assert flows.filled == {"name": "Gateway", "sequence": [CALL]}
    await flows.submit(name="Modem", sequence=[DIFFERENT])
    assert flows.at == "action_recharge"
    assert flows.filled == {
        "currency": "EUR",
        "price": "7.50",
        "maximum": "10",
        "amounts": ["5", "10.5"],
    }
    await flows.submit(currency="USD", price=None, amounts=None)
    assert flows.filled == {
        key: value
        for key, value in DECLARED.items()
        if key not in ("work", "sequence", "price", "maximum", "amounts")
    }
    await flows.submit(proof="ended", value_key=None, success=None, failure=None)
    assert flows.result["reason"] == "reconfigure_successful"
    assert account.title == "Modem"
    assert dict(account.data) == {
        "kind": "account",
        "provider": "action",
        "wallet_currency": "USD",
        "declared": {
            "work": "recharge",
            "sequence": [DIFFERENT],
            "maximum": "10.00",
            "proof": "ended",
            "reference_key": "id",
            "cost_key": "cost",
            "wait_hours": 12,
            "timeout_s": 60,
        },
    }


async def test_changes_a_use(flows: Flows, account: MockConfigEntry) -> None:
    declared = {**DECLARED, "work": "use", "price": "0.10", "maximum": "0.10"}
    flows.hass.config_entries.async_update_entry(
        account, data={**account.data, "declared": declared}
    )
    await flows.reconfigure(account)
    await flows.submit()
    assert flows.at == "action_use"
    assert flows.filled == {"currency": "EUR", "price": "0.10"}
    await flows.submit(price="0.20")
    await flows.submit()
    assert account.data["declared"]["maximum"] == "0.20"


async def test_its_options_are_a_limit_and_nothing_about_a_wallet(
    flows: Flows, account: MockConfigEntry
) -> None:
    await flows.options(account)
    assert flows.at == "action_options"
    assert flows.fields == {"monthly_cap"}
    await flows.submit(monthly_cap="much")
    assert flows.errors == {"monthly_cap": "amount_not_a_number"}
    await flows.submit(monthly_cap="20")
    assert dict(account.options) == {"monthly_cap": "20.00", "cap_currency": "EUR"}
    await flows.options(account)
    assert flows.filled == {"monthly_cap": "20"}


async def test_a_sim_is_given_to_it_without_asking_for_an_operator(
    flows: Flows, account: MockConfigEntry
) -> None:
    sim = sim_entry(flows.hass)
    await flows.reconfigure(sim)
    await flows.choose("change_channel")
    assert flows.at == "channel"
    await flows.submit(account="action:one")
    assert flows.at == "rules"


async def test_trust_is_asked_for_only_where_an_action_runs(
    flows: Flows, account: MockConfigEntry
) -> None:
    household_entry(flows.hass)
    by_hand = sim_entry(flows.hass)
    await flows.options(by_hand)
    assert "channel_trusted" not in _limits(flows)
    served = sim_entry(
        flows.hass, number="+6283187654321", account="action:one", cap_currency="EUR"
    )
    await flows.options(served)
    assert "channel_trusted" in _limits(flows)


def _limits(flows: Flows) -> set[str]:
    for marker, field in flows.schema.schema.items():
        if str(marker) == "limits":
            return {str(inner) for inner in field.schema.schema}
    return set()


@pytest.mark.parametrize("trusted", [True, False])
async def test_trust_is_kept_as_it_was_given(
    flows: Flows, account: MockConfigEntry, *, trusted: bool
) -> None:
    served = sim_entry(flows.hass, account="action:one", cap_currency="EUR", mode="ask")
    await flows.options(served)
    limits = {**flows.filled["limits"], "channel_trusted": trusted}
    await flows.submit(limits=limits)
    await flows.choose("save")
    assert served.options.get("channel_trusted", False) is trusted
    await flows.options(served)
    assert flows.filled["limits"].get("channel_trusted", False) is trusted


@pytest.mark.parametrize("other", ["action:two", "action:one"])
async def test_trust_is_given_to_one_action_and_not_to_the_next(
    flows: Flows, account: MockConfigEntry, other: str
) -> None:
    second = MockConfigEntry(
        domain=DOMAIN, title="Modem", data=account.data, unique_id="action:two"
    )
    second.add_to_hass(flows.hass)
    served = sim_entry(flows.hass, account="action:one", cap_currency="EUR", mode="ask")
    options = {**served.options, "channel_trusted": True}
    flows.hass.config_entries.async_update_entry(served, options=options)
    await flows.reconfigure(served)
    await flows.choose("change_channel")
    await flows.submit(account=other)
    if flows.result["type"] == "form":
        await flows.submit(product=None)
    if flows.result["type"] == "menu":
        await flows.choose("save")
    assert flows.result["reason"] == "reconfigure_successful"
    assert served.data["account"] == other
    assert served.options.get("channel_trusted", False) is (other == "action:one")


async def test_a_use_needs_no_amount(flows: Flows, account: MockConfigEntry) -> None:
    declared = {**DECLARED, "work": "use", "price": "0.10", "maximum": "0.10"}
    flows.hass.config_entries.async_update_entry(
        account, data={**account.data, "declared": declared}
    )
    served = sim_entry(
        flows.hass,
        account="action:one",
        cap_currency="EUR",
        mode="ask",
        amount=None,
    )
    await flows.options(served)
    await flows.submit()
    assert flows.result["type"] == "menu", flows.errors
