"""How often a provider is called for a hundred SIMs in a day, and how often the rules need it."""

import asyncio
from datetime import timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.keeper.carrier_data import load_carriers
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Mode, Rules, Sim
from custom_components.sim_keeper.keeper.statements import Typed, typed_readings
from tests.keeper.model_world import ACCOUNT, START, ModelWorld
from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator

DUE_AUTOMATIC = 15
ALLOWED_A_DAY = 5
DUE_ASKING = 20
QUESTIONS = DUE_ASKING + DUE_AUTOMATIC - ALLOWED_A_DAY
"""Beyond the day's limit a person is asked."""
NOT_DUE = 65
TAKES_S = 9
_DAY = timedelta(hours=24)


def vendor_calls() -> tuple[int, int]:
    """Return the calls of a day that were made, and those that the rules make necessary.

    A hundred SIMs of one account at Reloadly's simulator, over HTTP. Fifteen are due and may
    recharge themselves; five do, and the other ten ask, because of the day's limit. Twenty are
    due and ask; the others are not due. Nobody answers. What is necessary:

    - one token, because it lives for a day;
    - for each question one price, because a question names it;
    - for each order one price, one look whether its key is free (before every first send), the
      purchase itself, and one look at each moment of the channel's schedule until it has ended;
    - for all others, nothing: neither a price nor a look.

    The wallet is read by the account's own coordinator, not by the engine, whatever the number of
    SIMs; the tests of the platforms count that.
    """
    return asyncio.run(_count())


async def _count() -> tuple[int, int]:
    world = _World()
    async with ReloadlySimulator(now=world.now) as vendor, open_session() as session:
        login = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "environment": "live",
            "base_url": vendor.url,
        }
        channel = ReloadlyChannel(session, login, clock=world.monotonic)
        world.channels = {ACCOUNT: channel}
        await world.engine.open(lambda: world.ledger)
        for number in range(DUE_AUTOMATIC + DUE_ASKING + NOT_DUE):
            sim, first = _sim(number)
            await world.engine.register(sim, typed_readings(first, world.now()))
        await world.engine.start()
        await world.pass_time(_DAY)
        asked = len(world.ledger.in_state(State.ASKED))
        bought = len(world.ledger.in_state(State.CONFIRMED))
        # Without all of the work, few calls would be no merit.
        if (asked, bought) != (QUESTIONS, ALLOWED_A_DAY):
            raise RuntimeError(f"{asked} asked and {bought} bought: not the day it was")
        schedule = channel.capabilities.poll_s
    looks = 1 + len(tuple(takewhile(lambda after: after < TAKES_S, schedule)))
    needed = 1 + QUESTIONS + ALLOWED_A_DAY * (3 + looks)
    return len(vendor.calls), needed


class _World(ModelWorld):
    """A model world whose provider is reached over HTTP: its work takes real time."""

    async def rest(self) -> None:
        """Wait for everything that is under way."""
        while True:
            if self.tasks:
                await asyncio.wait(self.tasks)
            elif self.wake_moment is not None and self.wake_moment <= self.moment:
                await self._wake()
            else:
                return

    def monotonic(self) -> float:
        """Return the seconds since the beginning."""
        return (self.moment - START).total_seconds()


def _sim(number: int) -> tuple[Sim, Typed]:
    """Return a SIM of AXIS and what is known of it."""
    automatic = number < DUE_AUTOMATIC
    due = number < DUE_AUTOMATIC + DUE_ASKING
    sim = Sim(
        epoch=f"BENCHSIM{number:02}".translate(str.maketrans("0189", "WXYZ")),
        number=f"+62831155{number:05}",
        country="ID",
        currency="IDR",
        zone=ZoneInfo("Asia/Jakarta"),
        carrier=load_carriers()["axis_id"],
        account=ACCOUNT,
        operator="243",
        rules=Rules(
            mode=Mode.AUTO if automatic else Mode.ASK,
            days_before=5,
            amount=Money.parse("25000", "IDR"),
            pays_in="USD",
            monthly_cap=Money.parse("10", "USD"),
        ),
    )
    valid_for = 3 if due else 60
    return sim, Typed(expiry=START.date() + timedelta(days=valid_for))
