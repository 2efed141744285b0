"""An action account in a real home: scripts that respond, break off, hang, or are missing."""

import asyncio
from datetime import timedelta
import logging
from pathlib import Path
import re
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import (
    Context,
    CoreState,
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.script import DATA_NEW_SCRIPT_RUNS_NOT_ALLOWED, DATA_SCRIPTS
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.diagnostics import async_get_config_entry_diagnostics
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    NotSent,
    OrderRefused,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.ledger.book import TOLD
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Kind, Order, State
from custom_components.sim_keeper.keeper.permissions import Caller
from custom_components.sim_keeper.keeper.statements import Typed, typed_readings
from custom_components.sim_keeper.messages import compose
from custom_components.sim_keeper.sequence import SequenceRunner

from .config_flow.builders import AXIS, EPOCH, GIFFGAFF
from .home_fixtures import House

ACTION_ID = "action:one"
KEY = f"SK{EPOCH}-001-0"
ADMIN = Caller(user_id="a" * 32, is_admin=True)
PASSWORD = "hunter2-of-the-gateway"
TOP_UP = {
    "action": "gateway.top_up",
    "data": {
        "to": "tel:{{ number }}",
        "amount": "{{ amount }} {{ currency }}",
        "reference": "{{ order_key }}",
        "who": "{{ sim_name }}",
        "password": PASSWORD,
    },
    "response_variable": "answer",
}
RESPOND = {"stop": "done", "response_variable": "answer"}
DECLARED = {
    "work": "recharge",
    "proof": "response",
    "price": "0.75",
    "maximum": "2",
    "value_key": "status",
    "success": "ok",
    "failure": "refused",
    "reference_key": "id",
    "wait_hours": 24,
    "timeout_s": 30,
}


class Gateway:
    """An integration with one action, which remembers what it was called with."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.calls: list[dict[str, Any]] = []
        self.response: ServiceResponse = {"status": "ok", "id": "TX-81"}
        self.error: Exception | None = None
        self.hang: asyncio.Event | None = None
        self.appear()

    def appear(self) -> None:
        """Offer the action."""
        self.hass.services.async_register(
            "gateway",
            "top_up",
            self._top_up,
            supports_response=SupportsResponse.OPTIONAL,
        )

    def vanish(self) -> None:
        """Take the action away."""
        self.hass.services.async_remove("gateway", "top_up")

    async def _top_up(self, call: ServiceCall) -> ServiceResponse:
        self.calls.append(dict(call.data))
        if self.hang is not None:
            await self.hang.wait()
        if self.error is not None:
            raise self.error
        return self.response


@pytest.fixture
def gateway(hass: HomeAssistant) -> Gateway:
    """Return the gateway."""
    return Gateway(hass)


def action(
    hass: HomeAssistant, *sequence: dict[str, Any], **declared: Any
) -> MockConfigEntry:
    """Connect an action; None takes a declaration away."""
    terms = {**DECLARED, **declared, "sequence": list(sequence or (TOP_UP, RESPOND))}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Gateway",
        data={
            "kind": "account",
            "provider": "action",
            "wallet_currency": "USD",
            "declared": {key: one for key, one in terms.items() if one is not None},
        },
        unique_id=ACTION_ID,
    )
    entry.add_to_hass(hass)
    return entry


async def begin(house: House, *, trusted: bool = True) -> MockConfigEntry:
    """Start with a SIM that recharges through the action, and let its balance fall."""
    entry = house.buying_sim(account=ACTION_ID, operator=None, mode="auto")
    options = {**entry.options, "channel_trusted": trusted}
    house.hass.config_entries.async_update_entry(entry, options=options)
    await house.start()
    await house.low_balance()
    return entry


async def only(house: House) -> Order:
    """Return the one order there is."""
    (order,) = await house.orders()
    return order


async def test_a_script_recharges_and_its_response_proves_it(
    house: House, gateway: Gateway
) -> None:
    action(house.hass)
    sim = await begin(house)
    order = await only(house)
    assert (order.state, order.kind) == (State.CONFIRMED, Kind.RECHARGE)
    assert order.reference == "TX-81"
    assert order.cost == Money(75, "USD")
    assert gateway.calls == [
        {
            "to": f"tel:{AXIS}",
            "amount": "25000 IDR",
            "reference": KEY,
            "who": sim.title,
            "password": PASSWORD,
        }
    ]


async def test_a_script_entity_with_a_response(house: House, gateway: Gateway) -> None:
    script = {
        "recharge": {
            "fields": {"line": {}},
            "sequence": [{**TOP_UP, "data": {"to": "{{ line }}"}}, RESPOND],
        }
    }
    assert await async_setup_component(house.hass, "script", {"script": script})
    call = {
        "action": "script.recharge",
        "data": {"line": "{{ order_key }}"},
        "response_variable": "answer",
    }
    action(house.hass, call, RESPOND)
    await begin(house)
    assert (await only(house)).state is State.CONFIRMED
    assert gateway.calls == [{"to": KEY}]


async def test_it_asks_until_the_user_trusts_it(house: House, gateway: Gateway) -> None:
    action(house.hass)
    await begin(house, trusted=False)
    order = await only(house)
    assert (order.state, order.why["reason"]) == (State.ASKED, "channel_not_automatic")
    assert gateway.calls == []


async def test_a_yes_runs_it(house: House, gateway: Gateway, admin: Context) -> None:
    action(house.hass)
    await begin(house, trusted=False)
    order = await only(house)
    await house.call("approve", admin, order_id=order.id)
    assert (await only(house)).state is State.CONFIRMED
    assert len(gateway.calls) == 1


async def test_a_declared_failure_is_a_definite_no(
    house: House, gateway: Gateway
) -> None:
    gateway.response = {"status": "refused"}
    action(house.hass)
    await begin(house)
    order = await only(house)
    assert (order.state, order.reason) == (State.REJECTED, "action_says_failed")
    await house.wake()
    assert len(gateway.calls) == 1


@pytest.mark.parametrize(
    "error", [HomeAssistantError(f"cannot dial {AXIS}"), ValueError(AXIS)]
)
async def test_a_script_that_raises_goes_to_a_person_and_keeps_the_number(
    house: House, gateway: Gateway, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("custom_components.sim_keeper").setLevel(logging.DEBUG)
    gateway.error = error
    action(house.hass)
    await begin(house)
    order = await only(house)
    assert (order.state, order.reason) == (State.UNKNOWN, type(error).__name__)
    ours = [one.getMessage() for one in caplog.records if "sim_keeper" in one.name]
    assert ours
    assert not any(AXIS[1:] in text or PASSWORD in text for text in ours)


@pytest.mark.parametrize(
    "last",
    [
        {"stop": "gave up", "error": True},
        {"condition": "template", "value_template": "{{ false }}"},
        {
            "wait_template": "{{ false }}",
            "timeout": {"milliseconds": 1},
            "continue_on_timeout": False,
        },
    ],
    ids=["stop", "condition", "wait"],
)
async def test_a_sequence_that_gives_up_is_no_success(
    house: House, gateway: Gateway, last: dict[str, Any]
) -> None:
    """Home Assistant ends all of these without an error."""
    action(house.hass, TOP_UP, last, proof="ended")
    await begin(house)
    order = await only(house)
    assert (order.state, order.reason) == (State.UNKNOWN, "sequence aborted")
    assert len(gateway.calls) == 1


async def test_the_end_proves_it_where_that_was_declared(
    house: House, gateway: Gateway
) -> None:
    gateway.response = None
    step = {key: one for key, one in TOP_UP.items() if key != "response_variable"}
    action(house.hass, step, proof="ended")
    await begin(house)
    assert (await only(house)).state is State.CONFIRMED


async def test_a_response_that_is_no_table_proves_nothing(
    house: House, gateway: Gateway
) -> None:
    stop = {"stop": "done", "response_variable": "words"}
    action(house.hass, {"variables": {"words": "ok"}}, stop)
    await begin(house)
    assert (await only(house)).reason == "proof_missing"


async def test_an_action_that_is_missing_is_not_run_and_comes_back(
    house: House, gateway: Gateway
) -> None:
    action(house.hass)
    gateway.vanish()
    await begin(house)
    assert await house.orders() == []
    gateway.appear()
    house.home.engine.soon(EPOCH)
    await house.wake()
    assert (await only(house)).state is State.CONFIRMED


def runner(house: House, *sequence: Any) -> SequenceRunner:
    return SequenceRunner(house.hass, "Gateway", sequence)


@pytest.mark.parametrize(
    ("sequence", "fault"),
    [
        ([{"action": "gateway.gone"}], Unavailable),
        ([{"delay": 0}, {"action": "gateway.gone"}], Unavailable),
        ([{"action": "nonsense"}], Rejected),
        ([{"fly": "away"}], Rejected),
        ([{"stop": "{{", "x": 1}], Rejected),
        (
            [{"device_id": "gone", "domain": "light", "type": "turn_on"}],
            Rejected,
        ),
    ],
)
async def test_what_cannot_begin_is_not_sent(
    house: House, sequence: list[dict[str, Any]], fault: type[KeeperError]
) -> None:
    with pytest.raises(fault):
        await runner(house, *sequence).check()
    with pytest.raises(NotSent):
        await runner(house, *sequence).run({"number": AXIS})


async def test_only_what_is_sure_to_be_called_must_be_there(
    house: House, gateway: Gateway
) -> None:
    calls = [
        {"action": "{{ 'gateway.top_up' }}"},
        {"if": [{"condition": "template", "value_template": "{{ false }}"}]}
        | {"then": [{"action": "gateway.gone"}]},
        {"action": "gateway.gone", "enabled": False},
    ]
    assert await runner(house, *calls).run({"number": AXIS}) == {}
    assert len(gateway.calls) == 1


async def test_a_missing_action_inside_of_a_choice_may_have_done_something(
    house: House, gateway: Gateway
) -> None:
    choice = {
        "if": [{"condition": "template", "value_template": "{{ true }}"}],
        "then": [{"action": "gateway.gone"}],
    }
    action(house.hass, TOP_UP, choice)
    await begin(house)
    assert (await only(house)).reason == "ServiceNotFound"


async def test_a_number_stays_a_text_where_a_template_adds_to_it(
    house: House, gateway: Gateway
) -> None:
    """Alone in a template, Home Assistant makes a number of it and loses the plus."""
    data = {"alone": "{{ number }}", "link": "tel:{{ number }}"}
    await runner(house, {"action": "gateway.top_up", "data": data}).run(
        {"number": AXIS}
    )
    assert gateway.calls == [{"alone": int(AXIS[1:]), "link": f"tel:{AXIS}"}]


async def test_a_number_that_no_sim_has_any_more_has_no_name(
    house: House, gateway: Gateway
) -> None:
    call = {"action": "gateway.top_up", "data": {"who": "{{ sim_name }}"}}
    await runner(house, call).run({"number": AXIS})
    assert gateway.calls == [{"who": None}]


async def test_nothing_begins_while_home_assistant_stops(
    house: House, gateway: Gateway
) -> None:
    house.hass.data[DATA_NEW_SCRIPT_RUNS_NOT_ALLOWED] = None
    with pytest.raises(NotSent):
        await runner(house, TOP_UP).run({"number": AXIS})
    del house.hass.data[DATA_NEW_SCRIPT_RUNS_NOT_ALLOWED]
    house.hass.set_state(CoreState.stopping)
    with pytest.raises(NotSent):
        await runner(house, TOP_UP).run({"number": AXIS})
    house.hass.set_state(CoreState.running)
    assert gateway.calls == []


async def test_runs_leave_nothing_behind(house: House, gateway: Gateway) -> None:
    for _ in range(3):
        await runner(house, TOP_UP, RESPOND).run(
            {"number": AXIS, "amount": "1", "currency": "IDR", "order_key": KEY}
        )
    assert house.hass.data[DATA_SCRIPTS] == {}


# -- Time, restarts and reloads -------------------------------------------------------------


async def test_a_delay_longer_than_the_timeout_is_stopped_there(
    house: House, gateway: Gateway
) -> None:
    action(house.hass, {"delay": 3600}, TOP_UP, RESPOND, timeout_s=1)
    await begin(house)
    order = await until(house, State.UNKNOWN)
    assert order.reason == "timeout"
    assert gateway.calls == []
    assert house.hass.data[DATA_SCRIPTS] == {}


async def test_an_action_that_hangs_is_given_to_a_person(
    house: House, gateway: Gateway
) -> None:
    gateway.hang = asyncio.Event()
    action(house.hass, timeout_s=1)
    await begin(house)
    assert (await until(house, State.UNKNOWN)).reason == "timeout"
    assert len(gateway.calls) == 1


async def running(house: House) -> MockConfigEntry:
    """Start with an order whose action is at its first step and goes on for an hour."""
    entry = house.buying_sim(account=ACTION_ID, operator=None, mode="auto")
    options = {**entry.options, "channel_trusted": True}
    house.hass.config_entries.async_update_entry(entry, options=options)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.hass.async_block_till_done()
    readings = typed_readings(
        Typed(balance=Money.parse("1000", "IDR")), dt_util.utcnow()
    )
    await house.home.engine.desk.write(
        Ledger.add_readings, EPOCH, readings, "user:test", dt_util.utcnow()
    )
    await house.home.engine.evaluate(EPOCH)
    return entry


async def until(house: House, *states: State) -> Order:
    """Wait until the order has come so far."""
    async with asyncio.timeout(5):
        while True:
            found = await house.orders(*states)
            if found:
                return found[0]
            await asyncio.sleep(0.01)


async def called(gateway: Gateway) -> None:
    """Wait until the action was called."""
    async with asyncio.timeout(5):
        while not gateway.calls:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("proof", ["ended", "response"])
async def test_home_assistant_stopping_in_a_delay_is_no_success(
    house: House, gateway: Gateway, proof: str
) -> None:
    """The delay is cut short, and the sequence seems to end as it should."""
    action(house.hass, TOP_UP, {"delay": 3600}, proof=proof)
    house.household()
    await running(house)
    await called(gateway)
    house.hass.set_state(CoreState.stopping)
    house.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await house.hass.async_block_till_done()
    again = Ledger.open(
        Path(house.hass.config.path("sim_keeper.db")),
        expected=True,
        fresh_uuid="x" * 32,
        now=dt_util.utcnow(),
    )
    try:
        (order,) = again.in_state(*State)
        assert (order.state, order.reason) == (State.UNKNOWN, "stopping")
    finally:
        again.close()


async def test_an_account_reloaded_while_it_runs_loses_no_order(
    house: House, gateway: Gateway
) -> None:
    gateway.hang = asyncio.Event()
    entry = action(house.hass)
    house.household()
    await running(house)
    await called(gateway)
    await house.hass.config_entries.async_reload(entry.entry_id)
    gateway.hang.set()
    order = await until(house, State.CONFIRMED)
    assert order.reference == "TX-81"
    assert len(gateway.calls) == 1


async def test_an_account_removed_while_it_runs_loses_no_order(
    house: House, gateway: Gateway
) -> None:
    gateway.hang = asyncio.Event()
    entry = action(house.hass)
    house.household()
    await running(house)
    await called(gateway)
    await house.hass.config_entries.async_remove(entry.entry_id)
    gateway.hang.set()
    await until(house, State.CONFIRMED)
    assert len(gateway.calls) == 1
    assert house.home.channel(ACTION_ID) is None


async def test_a_changed_sequence_counts_from_the_next_order_on(
    house: House, gateway: Gateway
) -> None:
    entry = action(house.hass)
    sim = await begin(house, trusted=False)
    declared = {**entry.data["declared"], "price": "1.50"}
    house.hass.config_entries.async_update_entry(
        entry, data={**entry.data, "declared": declared}
    )
    await house.settle()
    channel = house.home.channel(ACTION_ID)
    assert channel is not None
    order = await only(house)
    with pytest.raises(OrderRefused) as caught:
        await house.home.doors.approve(order.id, ADMIN)
    assert caught.value.reason == "price_changed"
    assert gateway.calls == []
    assert sim.options["channel_trusted"] is False


async def test_a_changed_limit_needs_no_new_channel(
    house: House, gateway: Gateway
) -> None:
    entry = action(house.hass)
    await begin(house, trusted=False)
    before = house.home.channel(ACTION_ID)
    house.hass.config_entries.async_update_entry(
        entry, options={"monthly_cap": "5.00", "cap_currency": "USD"}
    )
    await house.settle()
    assert house.home.channel(ACTION_ID) is before
    caps = house.home.engine.household.account_caps
    assert caps == {ACTION_ID: Money(500, "USD")}


# -- Using the number -----------------------------------------------------------------------


async def begin_silent(
    house: House, *sequence: dict[str, Any], **declared: Any
) -> None:
    """Start with a SIM that has to be used soon."""
    text = {"action": "gateway.top_up", "data": {"reference": "{{ order_key }}"}}
    use = {"work": "use", "proof": "ended", "price": "0.10", "maximum": "0.10"}
    action(house.hass, *(sequence or (text,)), **{**use, **declared})
    used = dt_util.utcnow() - timedelta(days=175)
    house.sim(
        number=GIFFGAFF,
        country="GB",
        carrier="giffgaff_gb",
        currency="GBP",
        time_zone="Europe/London",
        account=ACTION_ID,
        mode="ask",
        amount=None,
        monthly_cap="5.00",
        cap_currency="USD",
        first_readings={
            "at": dt_util.utcnow().isoformat(),
            "last_activity": used.date().isoformat(),
        },
    )
    house.household()
    await house.start()
    await house.wake()


async def test_a_silent_number_is_texted_from(house: House, gateway: Gateway) -> None:
    await begin_silent(house)
    order = await only(house)
    assert (order.state, order.kind) == (State.ASKED, Kind.ACTIVITY)
    issues = ir.async_get(house.hass)
    issue = issues.async_get_issue(DOMAIN, f"question_{order.id}")
    assert issue is not None
    assert issue.translation_key == "question_use"
    assert await to_do(house) == (
        "Approve: use AXIS (XLSMART) +62 ••• 678",
        ["Price: 0.10 USD, at most 0.11 USD.", "Ticking this runs the action now."],
    )
    home = house.home
    await home.doors.approve(order.id, ADMIN)
    await house.settle()
    assert gateway.calls == [{"reference": KEY}]
    order = await only(house)
    assert (order.state, order.cost) == (State.CONFIRMED, Money(10, "USD"))
    used = (await home.engine.desk.read(Ledger.readings, EPOCH)).last_activity
    assert used is not None
    assert used.day == dt_util.utcnow().astimezone(home.engine.sims[EPOCH].zone).date()


async def to_do(house: House) -> tuple[str, list[str]]:
    """Return the one thing to do, and those of its sentences that are about the action."""
    (item,) = await house.to_do()
    lines = [
        line.partition(". Only")[0].removesuffix(".") + "."
        for line in item["description"].split("\n")
        if line.startswith(("Price", "Ticking", "Nothing proves"))
    ]
    return item["summary"], lines


async def told(house: House) -> dict[str, str]:
    """Return the first sentence of what people are told, by the type of the event."""
    found: dict[str, str] = {}
    for event in await house.home.engine.desk.read(Ledger.events_since, 0):
        if event.order_id is not None and event.type in TOLD:
            message = await compose(house.hass, house.home, event)
            if message is not None:
                found[event.type.value] = message.text.split("\n")[0]
    return found


async def test_people_are_told_of_a_use_and_not_of_a_recharge(
    house: House, gateway: Gateway
) -> None:
    await begin_silent(house)
    assert await told(house) == {
        "asked": "Use the number now, for 0.10 USD (at most 0.11 USD)?"
    }
    order = await only(house)
    await house.home.doors.approve(order.id, ADMIN)
    assert await told(house) == {
        "confirmed": "The number was used, for 0.10 USD.",
    }


async def test_people_hear_of_a_use_that_nothing_proves(
    house: House, gateway: Gateway
) -> None:
    gateway.error = ValueError(AXIS)
    await begin_silent(house)
    home = house.home
    order = await home.doors.approve((await only(house)).id, ADMIN)
    assert (await told(house))["unknown"].startswith("It is not clear yet whether the")
    await home.engine.followup.hand_over(order, "cannot_be_looked_up")
    assert (await told(house))["needs_person"] == (
        "Was the number used? The action for 0.10 USD may have worked, and nothing"
        " proves it."
    )
    await house.settle()
    issue = ir.async_get(house.hass).async_get_issue(DOMAIN, f"outcome_{order.id}")
    assert issue is not None
    assert issue.translation_key == "outcome_use"
    summary, lines = await to_do(house)
    assert summary.startswith("Was it used? ")
    assert lines[-1].startswith("Nothing proves whether the action worked")
    await home.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    assert (await told(house))["rejected"].startswith(
        "Written down: the number was not"
    )


async def test_people_hear_what_was_booked_for_a_use_that_they_vouch_for(
    house: House, gateway: Gateway
) -> None:
    gateway.response = {"status": "no"}
    await begin_silent(house, proof="response", failure="no")
    home = house.home
    # Without a `stop` nothing is responded, so nothing is proven.
    order = await home.doors.approve((await only(house)).id, ADMIN)
    assert order.reason == "proof_missing"
    await home.doors.resolve(order.id, arrived=True, note=None, caller=ADMIN)
    # Nobody told the price, so the most that it may have cost is booked.
    assert "so 0.11 USD was booked" in (await told(house))["confirmed"]


async def test_people_hear_of_a_use_that_was_refused(
    house: House, gateway: Gateway
) -> None:
    gateway.response = {"status": "no"}
    answer = {**TOP_UP, "data": {}}
    await begin_silent(house, answer, RESPOND, proof="response", failure="no")
    order = await house.home.doors.approve((await only(house)).id, ADMIN)
    assert order.state is State.REJECTED
    said = (await told(house))["rejected"]
    assert (
        said == "Using the number was refused: action_says_failed. No money was spent."
    )


# -- What it shows --------------------------------------------------------------------------


async def test_diagnostics_show_no_sequence_and_no_number(
    house: House, gateway: Gateway
) -> None:
    entry = action(house.hass)
    sim = await begin(house)
    for one in (entry, sim):
        text = str(await async_get_config_entry_diagnostics(house.hass, one))
        assert PASSWORD not in text
        assert AXIS[1:] not in text
    shown = await async_get_config_entry_diagnostics(house.hass, entry)
    assert shown["action"]["proof"] == "response"
    assert shown["provider"] == "action"
    assert shown["connected"]


async def test_events_and_states_keep_the_number(
    house: House, gateway: Gateway
) -> None:
    seen: list[str] = []
    for type_ in ("state_changed", f"{DOMAIN}_event"):
        house.hass.bus.async_listen(type_, lambda event: seen.append(str(event.data)))
    action(house.hass)
    await begin(house)
    text = "".join([*seen, *map(str, house.hass.states.async_all())])
    assert seen
    assert AXIS[1:] not in text
    assert PASSWORD not in text


async def test_an_action_has_no_entities(house: House, gateway: Gateway) -> None:
    entry = action(house.hass)
    await begin(house)
    registry = er.async_get(house.hass)
    assert er.async_entries_for_config_entry(registry, entry.entry_id) == []
    assert await house.hass.config_entries.async_unload(entry.entry_id)


# -- The examples of the documentation ------------------------------------------------------


def example(title: str, number: int = 0) -> Any:
    """Return a block of YAML below a heading."""
    text = Path("docs/providers/action.md").read_text("utf-8")
    _, _, below = text.partition(f"## Example: {title}")
    blocks = re.findall(r"```yaml\n(.*?)```", below.partition("\n## ")[0], re.DOTALL)
    return parse_yaml(blocks[number].replace("!secret carrier_token", "Bearer x"))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("Recharge SUCCESSFUL", State.CONFIRMED),
        ("Insufficient funds", State.REJECTED),
        ("Please wait", State.UNKNOWN),
    ],
)
async def test_the_example_of_a_ussd_code(
    house: House, answer: str, state: State
) -> None:
    hass, codes = house.hass, []

    async def send_ussd(call: ServiceCall) -> None:
        codes.append(call.data["code"])
        hass.loop.call_later(
            0.1, hass.states.async_set, "sensor.modem_ussd_answer", answer
        )

    hass.services.async_register("esphome", "modem_send_ussd", send_ussd)
    hass.states.async_set("sensor.modem_ussd_answer", "")
    action(hass, *example("a USSD code"), failure="no")
    await begin(house)
    order = await until(house, state)
    assert codes == ["*121*25000#"]
    assert order.state is state


@pytest.mark.parametrize(
    ("status", "content", "state"),
    [
        (200, {"state": "done", "id": "T-1", "price": 0.7}, State.CONFIRMED),
        (402, {"state": "declined"}, State.REJECTED),
        (500, {"state": "error"}, State.UNKNOWN),
        (200, None, State.UNKNOWN),
    ],
)
async def test_the_example_of_a_carriers_interface(
    house: House,
    socket_enabled: None,
    status: int,
    content: dict[str, Any] | None,
    state: State,
) -> None:
    asked: list[tuple[Any, str | None]] = []

    async def top_up(request: web.Request) -> web.Response:
        asked.append((await request.json(), request.headers.get("idempotency-key")))
        if content is None:
            return web.Response(status=status, text="<html>")
        return web.json_response(content, status=status)

    app = web.Application()
    app.router.add_post("/topups", top_up)
    async with TestServer(app) as server:
        config = example("a carrier's own interface")
        config["rest_command"]["carrier_top_up"]["url"] = str(
            server.make_url("/topups")
        )
        assert await async_setup_component(house.hass, "rest_command", config)
        action(
            house.hass,
            *example("a carrier's own interface", 1),
            value_key="content.state",
            success="done",
            failure="declined",
            reference_key="content.id",
            cost_key="content.price",
        )
        await begin(house)
        order = await until(house, state)
    line = {"line": AXIS, "amount": "25000", "currency": "IDR"}
    assert asked == [(line, KEY)]
    if state is State.CONFIRMED:
        assert (order.reference, order.cost) == ("T-1", Money(70, "USD"))


async def test_a_reminder_says_that_a_recharge_is_left_to_people(
    house: House, gateway: Gateway
) -> None:
    text = {"action": "gateway.top_up", "data": {}}
    action(house.hass, text, work="use", proof="ended", price="0", maximum="0")
    in_a_week = (dt_util.utcnow() + timedelta(days=7)).date().isoformat()
    typed = {"at": dt_util.utcnow().isoformat(), "expiry": in_a_week}
    entry = house.sim(
        account=ACTION_ID, mode="ask", days_before=3, first_readings=typed
    )
    await house.start()
    await house.wake()
    events = await house.home.engine.desk.read(Ledger.events_since, 0)
    (reminder,) = [one for one in events if one.type == "reminder"]
    message = await compose(house.hass, house.home, reminder)
    assert message is not None
    assert "Please recharge it" in message.text
    assert entry.title in message.title
