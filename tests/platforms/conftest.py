"""A home with SIMs: real entries, engine and ledger, a simulated provider, a clock that stands."""

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.home import HOME
from custom_components.sim_keeper.keeper.doors import Doors
from custom_components.sim_keeper.keeper.engine import Engine
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import Order
from custom_components.sim_keeper.keeper.permissions import Caller
from tests.config_flow.builders import account_entry, household_entry, sim_entry
from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
"""Noon in Jakarta."""
ADMIN = Caller(user_id="admin", is_admin=True)
AXIS_OPERATOR = "243"
GIFFGAFF = {
    "number": "+447400123456",
    "country": "GB",
    "carrier": "giffgaff_gb",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "epoch": "GIFFGAFFAA",
    "amount": "10.00",
    "cap_currency": "GBP",
    "title": "Bank codes",
}


class House:
    """Starts Home Assistant's part and looks at its entities."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        self.hass = hass
        self.freezer = freezer
        self.household = household_entry(hass)
        self.hass.config_entries.async_update_entry(
            self.household, data={"kind": "household", "ledger_exists": False}
        )

    @property
    def path(self) -> Path:
        return Path(self.hass.config.config_dir)

    def sim(self, **changes: Any) -> MockConfigEntry:
        """Add a SIM of AXIS that is valid for three more weeks; or another."""
        readings = {"at": NOW.isoformat(), "balance": "12000", "expiry": "2026-12-11"}
        return sim_entry(
            self.hass,
            **{
                "title": "Router",
                "first_readings": readings,
                "days_before": 14,
                **changes,
            },
        )

    def giffgaff(self, **changes: Any) -> MockConfigEntry:
        """Add a SIM that dies of silence."""
        readings = {"at": NOW.isoformat(), "last_activity": "2026-11-01"}
        return self.sim(**{**GIFFGAFF, "first_readings": readings, **changes})

    def account(self, vendor: ReloadlySimulator) -> MockConfigEntry:
        """Connect an account at the simulated provider."""
        return account_entry(
            self.hass,
            vendor.url,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            environment="live",
        )

    async def start(self) -> None:
        """Set everything up."""
        assert await async_setup_component(self.hass, DOMAIN, {})
        await self.settle()

    async def settle(self) -> None:
        """Let everything come to rest, with all that is due now."""
        for _ in range(4):
            await self.hass.async_block_till_done(wait_background_tasks=True)
            async_fire_time_changed(self.hass)
            await self.engine.wake()
        # It gathers at most every ten seconds, and the clock stands.
        await self.household.runtime_data.async_refresh()
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def at(self, moment: str) -> None:
        """Let time pass until a moment; all SIMs are looked at."""
        self.freezer.move_to(moment)
        await self.engine.start()
        await self.settle()

    @property
    def engine(self) -> Engine:
        return self.hass.data[HOME].engine

    @property
    def doors(self) -> Doors:
        return self.hass.data[HOME].doors

    async def orders(self) -> list[Order]:
        """Return all orders of the ledger."""
        return await self.engine.desk.read(Ledger.orders)

    def find(self, platform: str, entry: MockConfigEntry, key: str) -> str | None:
        """Return the id of an entity, None if there is none."""
        return er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, f"{entry.unique_id}_{key}"
        )

    def id(self, platform: str, entry: MockConfigEntry, key: str) -> str:
        """Return the id of an entity."""
        entity_id = self.find(platform, entry, key)
        assert entity_id is not None
        return entity_id

    def state(self, platform: str, entry: MockConfigEntry, key: str) -> State:
        """Return the state of an entity."""
        state = self.hass.states.get(self.id(platform, entry, key))
        assert state is not None
        return state

    async def call(
        self, action: str, entity_id: str, context: Context | None = None, **data: Any
    ) -> None:
        """Call an action of an entity, and let it come to rest."""
        domain, name = action.split(".")
        await self.hass.services.async_call(
            domain,
            name,
            {"entity_id": entity_id, **data},
            blocking=True,
            context=context,
        )
        await self.settle()


@pytest.fixture
def house(hass: HomeAssistant, tmp_path: Path, freezer: FrozenDateTimeFactory) -> House:
    """Return a home with a ledger of its own, at noon in Jakarta."""
    hass.config.config_dir = str(tmp_path)
    freezer.move_to(NOW)
    return House(hass, freezer)


@pytest.fixture
async def vendor(
    freezer: FrozenDateTimeFactory, socket_enabled: None
) -> AsyncGenerator[ReloadlySimulator]:
    """Run the simulated provider."""
    async with ReloadlySimulator() as vendor:
        yield vendor


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Write snapshots as Home Assistant does: without what is random."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Enable the entities that are disabled by default."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        new_callable=PropertyMock(return_value=True),
    ):
        yield


@pytest.fixture
def admin(hass: HomeAssistant) -> Context:
    """Return the context of an administrator."""
    user = MockUser(is_owner=True).add_to_hass(hass)
    return Context(user_id=user.id)


@pytest.fixture
async def member(hass: HomeAssistant) -> Context:
    """Return the context of a user who may use all entities and is no administrator."""
    group = await hass.auth.async_get_group(GROUP_ID_USER)
    assert group is not None
    user = MockUser(groups=[group]).add_to_hass(hass)
    assert not user.is_admin
    return Context(user_id=user.id)


@pytest.fixture
def automation() -> Context:
    """Return the context of an automation: no user stands behind it."""
    return Context()
