"""The household and its options."""

from collections.abc import Generator
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.core import HomeAssistant, ServiceCall
import pytest

from .builders import Flows, household_entry

EMPTY = {"notify": [], "language": "like_home_assistant", "send_test": False}


@pytest.fixture
def sent() -> Generator[AsyncMock]:
    """Watch test messages; all arrive."""
    with patch(
        "custom_components.sim_keeper.flows.household.send_test", return_value=[]
    ) as send_test:
        yield send_test


@pytest.fixture
def targets(hass: HomeAssistant) -> None:
    """Add a notify entity, a phone, and an action that is no target."""

    async def nothing(_call: ServiceCall) -> None: ...

    hass.states.async_set("notify.family", "unknown", {"friendly_name": "Family"})
    hass.services.async_register("notify", "mobile_app_my_phone", nothing)
    hass.services.async_register("notify", "send_message", nothing)


async def test_there_is_one_household(flows: Flows) -> None:
    made = await flows.start("system")
    again = await flows.start("system")

    assert made["type"] == "create_entry"
    assert made["title"] == "Household"
    assert made["result"].unique_id == "household"
    assert made["result"].data == {"kind": "household", "ledger_exists": False}
    assert again["reason"] == "already_configured"


async def test_a_household_that_is_remade_may_know_of_its_ledger(
    flows: Flows, hass: HomeAssistant
) -> None:
    made: Any = await hass.config_entries.flow.async_init(
        "sim_keeper", context={"source": "system"}, data={"ledger_exists": True}
    )

    assert made["result"].data["ledger_exists"] is True


async def test_it_is_not_reconfigured(flows: Flows, hass: HomeAssistant) -> None:
    await flows.reconfigure(household_entry(hass))

    assert flows.result["reason"] == "household_has_options"


@pytest.mark.usefixtures("targets")
async def test_stores_whom_to_tell(flows: Flows, hass: HomeAssistant) -> None:
    entry = household_entry(hass, notify=["notify.old"], quiet="kept", language="en")
    await flows.options(entry)
    assert flows.at == "household"
    assert flows.filled == EMPTY | {"notify": ["notify.old"], "language": "en"}
    assert flows.schema.schema["notify"].config["options"] == [
        {"value": "notify.family", "label": "Family"},
        {"value": "notify.old", "label": "notify.old"},
        {"value": "notify.mobile_app_my_phone", "label": "📱 my phone"},
    ]
    await flows.submit(
        notify=["notify.family", "notify.mobile_app_my_phone"],
        language="zh-Hans",
        cap="20.50",
        cap_currency="usd",
    )

    assert entry.options == {
        "quiet": "kept",
        "notify": ["notify.family", "notify.mobile_app_my_phone"],
        "language": "zh-Hans",
        "monthly_caps": {"USD": "20.50"},
    }
    await flows.options(entry)
    assert flows.filled == EMPTY | {
        "notify": ["notify.family", "notify.mobile_app_my_phone"],
        "language": "zh-Hans",
        "cap": "20.50",
        "cap_currency": "USD",
    }
    await flows.submit(language="like_home_assistant", notify=[], cap=None)
    assert entry.options == {"quiet": "kept", "notify": [], "monthly_caps": {}}


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"cap": "20"}, {"cap_currency": "required"}),
        (
            {"cap": "20", "cap_currency": "DOLLARS"},
            {"cap_currency": "currency_unknown"},
        ),
        ({"cap": "-1", "cap_currency": "USD"}, {"cap": "amount_not_positive"}),
        ({"cap": "1.001", "cap_currency": "USD"}, {"cap": "amount_too_precise"}),
    ],
)
async def test_a_wrong_limit_can_be_corrected(
    flows: Flows, hass: HomeAssistant, typed: dict[str, str], errors: dict[str, str]
) -> None:
    entry = household_entry(hass)
    await flows.options(entry)
    await flows.submit(**typed, send_test=True)
    assert flows.errors == errors
    assert flows.filled == EMPTY | typed | {"send_test": True}
    await flows.submit(cap="20", cap_currency="USD", send_test=False)

    assert entry.options["monthly_caps"] == {"USD": "20.00"}


@pytest.mark.usefixtures("targets")
async def test_sends_a_test(flows: Flows, hass: HomeAssistant, sent: AsyncMock) -> None:
    entry = household_entry(hass)
    await flows.options(entry)
    await flows.submit(notify=["notify.family"], send_test=True, language="id")

    sent.assert_awaited_once_with(hass, ["notify.family"], "id")
    assert entry.options["notify"] == ["notify.family"]


@pytest.mark.usefixtures("targets")
async def test_a_test_that_fails_is_told(
    flows: Flows, hass: HomeAssistant, sent: AsyncMock
) -> None:
    sent.return_value = ["notify.family"]
    entry = household_entry(hass)
    await flows.options(entry)
    await flows.submit(notify=["notify.family"], send_test=True)
    assert flows.errors == {"notify": "test_failed"}
    assert flows.result["description_placeholders"] == {"failed": "notify.family"}
    assert flows.filled == EMPTY | {"notify": ["notify.family"], "send_test": True}
    await flows.submit(send_test=False)

    sent.assert_awaited_once_with(hass, ["notify.family"], None)
    assert entry.options["notify"] == ["notify.family"]


async def test_a_test_needs_a_target(
    flows: Flows, hass: HomeAssistant, sent: AsyncMock
) -> None:
    await flows.options(household_entry(hass))
    await flows.submit(send_test=True)
    assert flows.errors == {"notify": "test_needs_target"}
    assert not sent.called
    await flows.submit(send_test=False)

    assert flows.result["type"] == "create_entry"
