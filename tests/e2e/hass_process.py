"""A real Home Assistant with its vendor in a folder, for tests that start, kill and restart it."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.client import Client, Json, wait_until
from demo.processes import Hass, Vendor, write_config
from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET

DOMAIN = "sim_keeper"
_OPEN = ("asked", "approved", "sending", "pending", "unknown", "needs_person")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a carrier that the vendor sells to."""

    name: str
    number: str
    carrier: str = "axis_id"
    rules: Mapping[str, object] = field(
        default_factory=lambda: {
            "mode": "ask",
            "days_before": 5,
            "amount": "10000",
            "monthly_cap": "50",
        }
    )
    readings: Mapping[str, object] = field(default_factory=dict)
    account: object = None
    """How to find the account on its screen; None takes the one that is proposed."""

    @property
    def slug(self) -> str:
        """How its entity ids begin."""
        return self.name.lower().replace(" ", "_")

    @property
    def stage(self) -> str:
        """The entity that every SIM has."""
        return f"sensor.{self.slug}_stage"

    @property
    def digits(self) -> str:
        """The number in full."""
        return "".join(char for char in self.number if char.isdigit())


class Installation:
    """Survives the tests' event loops: the processes are nobody's tasks."""

    def __init__(self, folder: Path) -> None:
        """Use the folder; nothing runs yet."""
        self.vendor = Vendor(folder)
        self.hass = Hass(folder / "config")
        self.numbers: set[str] = set()
        """Every number that it was ever told."""
        write_config(self.hass.config, self.hass.port)

    def start(self) -> None:
        """Start both, for the first time."""
        self.vendor.start()
        self.hass.start()

    def stop(self) -> None:
        """End both."""
        self.hass.stop()
        self.vendor.stop()

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        """Wait until Home Assistant runs, and log in."""
        await self.vendor.ready()
        await self.hass.ready()
        async with Client(self.hass.url) as home:
            await self.hass.log_in(home)
            yield home

    async def connect(self, home: Client, environment: str = "live") -> None:
        """Connect an account through the config flow."""
        login = {
            "environment": environment,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "advanced": {"base_url": self.vendor.url},
        }
        await home.add(DOMAIN, ("account", {}), ("reloadly", {}), ("reloadly", login))

    async def add(self, home: Client, line: Line) -> str:
        """Add a SIM that the account recharges; return the id of its entry."""
        self.numbers.add(line.digits)
        made = await home.add(
            DOMAIN,
            ("sim", {}),
            ("sim", {"number": line.number, "name": line.name}),
            ("carrier", {"carrier": line.carrier}),
            ("keep_alive", {}),
            ("readings", line.readings),
            ("channel", {} if line.account is None else {"account": line.account}),
            ("operator", {"answer": "confirm"}),
            ("rules", {"product": None, **line.rules}),
            ("save", {}),
        )
        await appears(home, line.stage)
        entry_id: str = made["result"]["entry_id"]
        return entry_id

    async def kept(self, title: str) -> None:
        """Wait until an entry stands on the disk."""
        entries = self.hass.config / ".storage/core.config_entries"

        async def look() -> bool:
            return entries.exists() and title in entries.read_text()

        await wait_until(look, f"{title} is kept")

    async def told(self, home: Client) -> str:
        """Return everything that Home Assistant shows, remembers and writes."""
        states = await home.get("/api/states")
        recorder = self.hass.config / "home-assistant_v2.db"
        remembered = recorder.read_bytes().decode("latin-1")
        return "\n".join((str(states), remembered, self.printed()))

    def printed(self) -> str:
        """Return the log and what was printed."""
        files = (self.hass.log, self.hass.log.with_suffix(".log.1"), self.hass.output)
        return "\n".join(
            file.read_text(errors="replace") for file in files if file.exists()
        )

    def secrets_in(self, text: str) -> list[str]:
        """Return which secrets and full numbers stand in a text."""
        return [word for word in (CLIENT_SECRET, *self.numbers) if word in text]


async def appears(home: Client, entity_id: str) -> None:
    """Wait until an entity has a state."""

    async def look() -> bool:
        return await home.state(entity_id) not in ("absent", "unavailable")

    await wait_until(look, entity_id)


async def orders(home: Client, line: Line) -> list[Json]:
    """Return the ledger of a SIM, oldest first."""
    device = await home.device(line.stage)
    ledger = await home.act(f"{DOMAIN}.get_ledger", {"device_id": device})
    found: list[Json] = ledger["orders"]
    return sorted(found, key=lambda order: int(order["order_id"]))


async def order_in(home: Client, line: Line, *states: str, seconds: float = 60) -> Json:
    """Wait until the newest order of a SIM is in one of the states."""

    async def look() -> Json | None:
        found = await orders(home, line)
        return found[-1] if found and found[-1]["state"] in states else None

    return await wait_until(
        look, f"{line.name} has an order in {states}", seconds=seconds
    )


async def recharge(home: Client, line: Line, **options: Any) -> Json:
    """Recharge by the action, as the user."""
    device = await home.device(line.stage)
    answer: Json = await home.act(
        f"{DOMAIN}.recharge", {"device_id": device, **options}
    )
    return answer


def is_open(order: Json) -> bool:
    """Tell whether an order has no end yet."""
    return order["state"] in _OPEN


def run_elsewhere[T](work: Coroutine[Any, Any, T]) -> T:
    """Run in a loop of its own: fixtures that live long must not use the loop of one test."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
