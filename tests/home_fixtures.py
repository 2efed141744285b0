"""A whole home: entries set up for real, a ledger on disk, and the vendor over HTTP."""

from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.home import HOME, Home
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.sim import Field, Reading, Trust
from custom_components.sim_keeper.keeper.statements import Typed, typed_readings

from .config_flow.builders import (
    ACCOUNT_ID,
    EPOCH,
    account_entry,
    household_entry,
    sim_entry,
)
from .vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator

BUYING = {
    "account": ACCOUNT_ID,
    "operator": "243",
    "mode": "ask",
    "monthly_cap": "10.00",
    "cap_currency": "USD",
    "amount": "25000.00",
    "low_balance": "5000.00",
}
"""What makes a SIM of AXIS buy through the account."""


class House:
    """Drives SIM Keeper as Home Assistant does."""

    def __init__(self, hass: HomeAssistant, vendor: ReloadlySimulator) -> None:
        self.hass = hass
        self.vendor = vendor

    @property
    def home(self) -> Home:
        """The engine's home."""
        return self.hass.data[HOME]

    def sim(self, **changes: Any) -> MockConfigEntry:
        """Add a SIM that a person recharges."""
        return sim_entry(self.hass, **changes)

    def buying_sim(self, **changes: Any) -> MockConfigEntry:
        """Add a SIM that buys through the account."""
        return sim_entry(self.hass, **{**BUYING, **changes})

    def account(self) -> MockConfigEntry:
        """Add the account at the simulated vendor."""
        keys = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return account_entry(self.hass, self.vendor.url, **keys)

    def household(self, **options: Any) -> MockConfigEntry:
        """Add the household, before any ledger was made."""
        entry = household_entry(self.hass, **options)
        self.hass.config_entries.async_update_entry(entry, data={"kind": "household"})
        return entry

    async def start(self) -> None:
        """Set everything up that was added."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        if not any(entry.unique_id == "household" for entry in entries):
            entries.append(self.household())
        await self.hass.config_entries.async_setup(entries[0].entry_id)
        await self.settle()

    async def go_ahead(self, entry: MockConfigEntry) -> None:
        """Save the SIM's rules anew: a person's go-ahead after a no."""
        options = {**entry.options, "days_before": entry.options["days_before"] + 1}
        self.hass.config_entries.async_update_entry(entry, options=options)
        await self.settle()

    async def settle(self) -> None:
        """Let everything that is going on end."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def wake(self) -> None:
        """Let the engine do what is due."""
        await self.home.engine.wake()
        await self.settle()

    def device(self, entry: MockConfigEntry) -> str:
        """Return the id of an entry's device."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, str(entry.unique_id)), entry.entry_id
        )
        assert device is not None
        return device.id

    def entity(self, platform: str, entry: ConfigEntry[Any], key: str) -> str:
        """Return the id of an entity."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, f"{entry.unique_id}_{key}"
        )
        assert entity_id is not None
        return entity_id

    async def call(
        self, action: str, context: Context | None = None, **data: Any
    ) -> dict[str, Any]:
        """Run an action of ours and return its response."""
        responds = self.hass.services.supports_response(DOMAIN, action) != "none"
        answer = await self.hass.services.async_call(
            DOMAIN,
            action,
            data,
            blocking=True,
            context=context,
            return_response=responds,
        )
        await self.settle()
        return dict(answer or {})

    async def orders(self, *states: State) -> list[Order]:
        """Return the orders in some states, or all."""
        return list(
            await self.home.engine.desk.read(Ledger.in_state, *(states or State))
        )

    async def only_order(self) -> Order:
        """Return the only order there is."""
        (order,) = await self.orders()
        return order

    def shown(self, entry: MockConfigEntry, key: str) -> str:
        """Return what a sensor shows."""
        state = self.hass.states.get(self.entity("sensor", entry, key))
        assert state is not None
        return state.state

    async def to_do(self) -> list[dict[str, Any]]:
        """Return the items of the household's list, as a card gets them."""
        household = self.hass.config_entries.async_entry_for_domain_unique_id(
            DOMAIN, "household"
        )
        assert household is not None
        await household.runtime_data.async_refresh()
        await self.settle()
        entity_id = self.entity("todo", household, "to_do")
        listed: Any = await self.hass.services.async_call(
            "todo",
            "get_items",
            {"entity_id": entity_id},
            blocking=True,
            return_response=True,
        )
        items: list[dict[str, Any]] = listed[entity_id]["items"]
        return items

    async def low_balance(self, epoch: str = EPOCH) -> None:
        """Let the balance of a SIM fall below its threshold."""
        typed = Typed(balance=Money.parse("1000", "IDR"))
        for reading in typed_readings(typed, dt_util.utcnow()):
            await self.home.engine.desk.write(
                Ledger.add_readings, epoch, [reading], "user:test", dt_util.utcnow()
            )
        await self.home.engine.evaluate(epoch)
        await self.settle()

    async def balances(
        self, *texts: str, until: timedelta = timedelta(0), currency: str = "IDR"
    ) -> None:
        """Let a source have read a balance every day, the last of them a time ago."""
        last = dt_util.utcnow() - until
        readings = [
            Reading(
                field=Field.BALANCE,
                value=Money.parse(text, currency).minor,
                unit=currency,
                observed_at=last - timedelta(days=number),
                got_at=last - timedelta(days=number),
                source="sensor.balance",
                trust=Trust.MEASURED,
            )
            for number, text in enumerate(reversed(texts))
        ]
        await self.home.engine.desk.write(
            Ledger.add_readings, EPOCH, readings[::-1], "source", dt_util.utcnow()
        )
        await self.home.engine.evaluate(EPOCH)
        await self.settle()


@pytest.fixture
async def vendor(socket_enabled: None) -> AsyncGenerator[ReloadlySimulator]:
    """Return a vendor that listens on loopback."""
    async with ReloadlySimulator(now=dt_util.utcnow) as simulator:
        yield simulator


@pytest.fixture
async def house(
    hass: HomeAssistant, vendor: ReloadlySimulator, tmp_path: Path
) -> House:
    """Return a home whose files are thrown away."""
    hass.config.config_dir = str(tmp_path)
    await hass.config.async_set_time_zone("Europe/Berlin")
    return House(hass, vendor)


@pytest.fixture
def admin(hass_admin_user: MockUser) -> Context:
    """Return the context of an administrator."""
    return Context(user_id=hass_admin_user.id)


@pytest.fixture
async def user(hass: HomeAssistant, admin: Context) -> Context:
    """Return the context of somebody who may use the home, but not administer it.

    The first user of a home is its owner, so the administrator is made before.
    """
    person: User = await hass.auth.async_create_user(
        "Somebody", group_ids=["system-users"]
    )
    return Context(user_id=person.id)


@pytest.fixture
async def removed(hass: HomeAssistant, admin: Context) -> Context:
    """Return the context of an administrator who was removed meanwhile."""
    person = await hass.auth.async_create_user("Gone", group_ids=["system-admin"])
    await hass.auth.async_remove_user(person)
    return Context(user_id=person.id)


@pytest.fixture
async def supervisor(hass: HomeAssistant, admin: Context) -> Context:
    """Return the context in which add-ons call: a user of the system, made as by core."""
    system = await hass.auth.async_create_system_user(
        "Supervisor", group_ids=[GROUP_ID_ADMIN]
    )
    return Context(user_id=system.id)


@pytest.fixture
def callers(
    admin: Context, user: Context, removed: Context, supervisor: Context
) -> Callable[[str], Context]:
    """Return the context of everybody who may come to a door."""
    known = {
        "admin": admin,
        "user": user,
        "removed": removed,
        "supervisor": supervisor,
        "automation": Context(),
    }
    return known.__getitem__
