"""Filling a new Home Assistant with the sample SIMs, through its API and by hand as it were."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET

from .client import Client, Entity, wait_until
from .processes import Vendor
from .sims import AUTO, SIMS, DemoSim

DOMAIN = "sim_keeper"
DASHBOARD = "demo-sims"
FIRST_RECHARGE = "5000"
_WANTED = ("stage", "days_left", "keep_alive_deadline", "balance")


async def add_account(home: Client, vendor_url: str) -> str:
    """Connect the account at the simulated vendor; return its unique id."""
    login = {
        "environment": "live",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "advanced": {"base_url": vendor_url},
    }
    await home.add(DOMAIN, ("account", {}), ("account", login))
    return await account_id(home)


async def account_id(home: Client) -> str:
    """Return what a SIM calls the only account; the flow offers it on its screen."""
    flow = await home.post("/api/config/config_entries/flow", {"handler": DOMAIN})
    answers: Sequence[tuple[str, object]] = AUTO.answers(None, date.today())[:5]
    probe = {"number": "+62 838 0000 0001"}
    shown: dict[str, Any] = flow
    for step, typed in answers:
        reply = {"next_step_id": "sim"} if shown["type"] == "menu" else None
        del step, typed
        shown = reply or probe
    raise NotImplementedError
