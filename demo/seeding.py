"""Filling a new Home Assistant with the sample SIMs, as a person would: through its flows."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.vendors import digiflazz, iak, reloadly

from .client import Client, Entity, wait_until
from .processes import Vendor
from .sims import ASK, AUTO, DIGIFLAZZ, IAK, RELOADLY, SIMS, DemoSim

DOMAIN = "sim_keeper"
DASHBOARD = "demo-sims"
VALID_FOR_DAYS = 3
TO_DO = "todo.household_to_do"
NAMES = {"reloadly": RELOADLY, "iak": IAK, "digiflazz": DIGIFLAZZ}
"""How the account at each simulated provider is called."""
LOGINS: Mapping[str, Mapping[str, str]] = {
    "reloadly": {
        "environment": "live",
        "client_id": reloadly.CLIENT_ID,
        "client_secret": reloadly.CLIENT_SECRET,
    },
    "iak": {
        "environment": "production",
        "username": iak.USERNAME,
        "api_key": iak.API_KEY,
    },
    "digiflazz": {
        "environment": "production",
        "username": digiflazz.USERNAME,
        "api_key": digiflazz.API_KEY,
    },
}
_SHOWN = ("stage", "days_left", "keep_alive_deadline", "balance")


async def settle_in(home: Client, language: str = "en") -> None:
    """Tell Home Assistant where it is, and what to open first."""
    await home.command(
        "config/core/update",
        location_name="Demo home",
        time_zone="Asia/Shanghai" if language == "zh-Hans" else "Europe/London",
        country="CN" if language == "zh-Hans" else "GB",
        currency="USD",
        language=language,
    )
    await home.command(
        "frontend/set_system_data", key="core", value={"default_panel": DASHBOARD}
    )
    # A new Home Assistant makes itself a map, on which nothing would be seen here.
    for dashboard in await home.command("lovelace/dashboards/list"):
        if dashboard["url_path"] == "map":
            await home.command(
                "lovelace/dashboards/delete", dashboard_id=dashboard["id"]
            )


async def add_account(home: Client, provider: str, vendor_url: str) -> None:
    """Connect an account at a simulated vendor."""
    login = {**LOGINS[provider], "advanced": {"base_url": vendor_url}}
    await home.add(DOMAIN, ("account", {}), (provider, {}), (provider, login))


async def add_sim(home: Client, sim: DemoSim, *, accounts: bool = True) -> str:
    """Add a SIM; return the id of its entry."""
    made = await home.add(DOMAIN, *sim.answers(accounts=accounts))
    entry_id: str = made["result"]["entry_id"]
    return entry_id


async def seed(
    home: Client, urls: Mapping[str, str], sims: Sequence[DemoSim] = SIMS
) -> None:
    """Add those accounts and SIMs that are not there yet; `urls` are the vendors' addresses."""
    there = {entry["title"] for entry in await home.entries(DOMAIN)}
    for provider, url in urls.items():
        if NAMES[provider] not in there:
            await add_account(home, provider, url)
    for sim in sims:
        if sim.name not in there:
            await add_sim(home, sim)


async def play(home: Client, vendor: Vendor) -> None:
    """Let it be known that the automatic SIM expires soon; the rest it does itself."""
    if await vendor.purchases(AUTO.digits):
        return
    device = await home.device(f"sensor.{AUTO.slug}_stage")
    expiry = AUTO.today + timedelta(days=VALID_FOR_DAYS)
    await home.do(
        "sim_keeper.update_reading",
        {"device_id": device, "expiry": expiry.isoformat()},
    )


async def recharged_by_itself(home: Client, vendor: Vendor) -> dict[str, Any]:
    """Wait for the automatic recharge, and return it as the vendor has it."""
    sale = await wait_until(
        lambda: _delivered(home, vendor), "the automatic recharge is confirmed"
    )

    async def safe() -> bool:
        return await home.state(f"sensor.{AUTO.slug}_stage") == "active"

    await wait_until(safe, "the recharge shows")
    return {key: sale[key] for key in ("delivered", "currency", "cost", "state")}


async def shown_sims(home: Client) -> dict[str, dict[str, str]]:
    """Wait until every sample SIM has its states, and return them."""

    async def look() -> dict[str, Entity] | None:
        states = await home.states()
        missing = [
            name
            for sim in SIMS
            for key in _SHOWN
            if (name := f"sensor.{sim.slug}_{key}") not in states
            or not states[name].known
        ]
        return None if missing else states

    states = await wait_until(look, "every SIM has its states")
    return {
        sim.name: {key: states[f"sensor.{sim.slug}_{key}"].state for key in _SHOWN}
        for sim in SIMS
    }


async def question(home: Client) -> str:
    """Wait for the question of the SIM that asks, and return what the to-do list says."""

    async def look() -> str | None:
        answer = await home.act(
            "todo.get_items", {"entity_id": TO_DO, "status": "needs_action"}
        )
        items = answer[TO_DO]["items"]
        return next(
            (item["summary"] for item in items if ASK.name in item["summary"]), None
        )

    return await wait_until(look, "the question is on the to-do list")


async def _delivered(home: Client, vendor: Vendor) -> dict[str, Any] | None:
    """Return the purchase once it is delivered and Home Assistant knows of it."""
    sales = await vendor.purchases(AUTO.digits)
    if not sales or sales[-1]["state"] != "SUCCESSFUL":
        return None
    device = await home.device(f"sensor.{AUTO.slug}_stage")
    ledger = await home.act("sim_keeper.get_ledger", {"device_id": device})
    confirmed = [row for row in ledger["orders"] if row["state"] == "confirmed"]
    return sales[-1] if confirmed else None
