"""The engine's world in Home Assistant: time, channels, the ledger's thread and listeners.

There is one for the whole domain. It outlives reloads of entries, because an order must.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
import logging
from pathlib import Path
from typing import Any
import uuid
from zoneinfo import ZoneInfo

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LEDGER_FILE
from .keeper.budget import HouseholdRules
from .keeper.carrier_data import load_carriers
from .keeper.carriers import CarrierProfile
from .keeper.doors import Doors
from .keeper.engine import Engine
from .keeper.errors import LedgerBroken, LedgerFault
from .keeper.ledger import Event, Ledger
from .keeper.ledger.recovery import (
    Findings,
    Line,
    begin_anew,
    put_back_snapshot,
    survey,
)
from .keeper.permissions import Caller
from .keeper.ports import Channel
from .keeper.thaw import reopened

_LOGGER = logging.getLogger(__name__)

SENDS_END_IN_S = 120
"""No provider is given longer to answer a purchase."""

HOME: HassKey[Home] = HassKey(DOMAIN)

SIGNAL_EVENT = f"{DOMAIN}_event"
"""Sent with each new `Event` of the ledger."""
SIGNAL_HOUSEHOLD = f"{DOMAIN}_household"
"""Sent when something that concerns the whole household may have changed."""
SIGNAL_FUNDING = f"{DOMAIN}_funding"
"""Sent when the money of an account, or what people said about it, may have changed."""
SIGNAL_FROZEN = f"{DOMAIN}_frozen"
"""Sent with the `LedgerFault` when all spending has ended."""
SIGNAL_LOGIN_FAILED = f"{DOMAIN}_login_failed"
"""Sent with the unique id of an account that needs new credentials."""


def signal_status(epoch: str) -> str:
    """Return the signal that is sent when the status of a SIM has changed."""
    return f"{DOMAIN}_status_{epoch}"


class ThawedBy(StrEnum):
    """What a person lets a frozen ledger be used again by."""

    CHECK = "check"
    """It is checked again, as it lies there."""
    SNAPSHOT = "snapshot"
    """The copy that was made before the last backup takes its place."""
    NEW = "new"
    """An empty one takes its place."""


class Home:
    """Implements `keeper.world.World` and holds the engine."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Make an engine that is frozen until the ledger is opened."""
        self._hass = hass
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sim_keeper_ledger")
        self._channels: dict[str, Channel] = {}
        self._cancel_wake: CALLBACK_TYPE | None = None
        self._ledger_path = Path(hass.config.path(LEDGER_FILE))
        self._expected = True
        """A ledger existed before: a missing file is a loss and not a beginning."""
        self._thawing = asyncio.Lock()
        self.profiles: dict[str, CarrierProfile] = {}
        self.engine = Engine(
            self, HouseholdRules(zone=ZoneInfo(hass.config.time_zone or "UTC"))
        )
        self.doors = Doors(self.engine)

    async def open(self, *, expected: bool) -> None:
        """Load the carriers and open the ledger; a broken one leaves the engine frozen."""
        profiles = await self._hass.async_add_executor_job(load_carriers)
        self.profiles = dict(profiles)
        self._expected = expected
        await self.engine.open(self._open_ledger)
        self._expected = expected or self.engine.desk.fault is None

    async def survey(self) -> Findings:
        """Look at what there is to go on from while the ledger is frozen."""
        return await self.run(partial(survey, self._ledger_path))

    async def thaw(self, way: ThawedBy, lines: Sequence[Line], caller: Caller) -> None:
        """Use a frozen ledger again, and go on as after a start.

        `lines` are all SIMs of the household, for a ledger that is begun anew. Raises NotAllowed,
        OrderRefused, and LedgerBroken while the ledger cannot be used.
        """

        def make() -> Ledger:
            path, now = self._ledger_path, self.now()
            if way is ThawedBy.SNAPSHOT:
                return put_back_snapshot(path, now)
            if way is ThawedBy.NEW:
                return begin_anew(path, lines, uuid.uuid4().hex, now)
            return self._open_ledger()

        async with self._thawing:
            frozen = self.engine
            ledger = await reopened(frozen, make, caller)
            # From here on everybody must meet the engine that works.
            self.engine = Engine(self, frozen.household)
            self.doors = Doors(self.engine)
            self._expected = True
            await self.engine.take_over(frozen, ledger, caller.actor)
            if self.engine.desk.fault is not None:
                raise LedgerBroken(self.engine.desk.fault, "frozen again")

    def _open_ledger(self) -> Ledger:
        return Ledger.open(
            self._ledger_path,
            expected=self._expected,
            fresh_uuid=uuid.uuid4().hex,
            now=self.now(),
        )

    async def let_end(self) -> None:
        """Begin nothing new, and let what is being sent end for a moment.

        To be called before Home Assistant cancels its background tasks: those that wait for the
        answer of a vendor are among them, and what an action runs still works until then.
        """
        await self.engine.let_end()

    async def close(self) -> None:
        """End all work at shutdown."""
        async with self._thawing:
            await self.engine.stop()
        if self._cancel_wake is not None:
            self._cancel_wake()
            self._cancel_wake = None
        await self._hass.async_add_executor_job(self._executor.shutdown)

    @callback
    def connect(self, account: str, channel: Channel) -> None:
        """Make an account's channel known to the engine, and to all who look ahead."""
        self._channels[account] = channel
        for epoch, sim in self.engine.sims.items():
            if sim.account == account:
                # What is sold for it can be read now.
                self.changed(epoch)

    @callback
    def disconnect(
        self, account: str, close: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Forget an account's channel; no order begins through it from then on.

        `close` ends what the channel works with, once what is being sent through it has ended.
        """
        self._channels.pop(account, None)
        if close is not None:
            self.spawn(self._close(account, close), "closing an account")

    async def sent_through(self, account: str) -> None:
        """Wait until what is being sent through an account has ended, but not for ever."""
        try:
            async with asyncio.timeout(SENDS_END_IN_S):
                await self.engine.sent_through(account)
        except TimeoutError:
            _LOGGER.warning(
                "An account changes while an order is on its way; it is looked up later"
            )

    async def _close(self, account: str, close: Callable[[], Awaitable[None]]) -> None:
        try:
            await self.sent_through(account)
        finally:
            await close()

    # -- keeper.world.World ---------------------------------------------------------------

    def now(self) -> datetime:
        """Return the present moment."""
        return dt_util.utcnow()

    def running(self) -> timedelta:
        """Return the time since some moment of this run."""
        return timedelta(seconds=self._hass.loop.time())

    def channel(self, account: str) -> Channel | None:
        """Return the channel of an account that is set up."""
        return self._channels.get(account)

    def run[T](self, call: Callable[[], T]) -> Awaitable[T]:
        """Run a call in the ledger's thread."""
        return self._hass.loop.run_in_executor(self._executor, call)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run work that belongs to no entry: an order outlives a reload."""
        return self._hass.async_create_background_task(work, f"{DOMAIN} {name}")

    @callback
    def wake_at(self, moment: datetime) -> None:
        """Wake the engine after the time until a moment, even if the clock is set meanwhile."""
        if self._cancel_wake is not None:
            self._cancel_wake()
        wait = max(timedelta(0), moment - self.now())
        self._cancel_wake = async_call_later(
            self._hass, wait, HassJob(self._wake, f"{DOMAIN} wake")
        )

    @callback
    def changed(self, epoch: str) -> None:
        """Pass on that a SIM's status has changed."""
        async_dispatcher_send(self._hass, signal_status(epoch))
        async_dispatcher_send(self._hass, SIGNAL_HOUSEHOLD)

    @callback
    def happened(self, event: Event) -> None:
        """Pass an event of the ledger on."""
        async_dispatcher_send(self._hass, SIGNAL_EVENT, event)

    @callback
    def login_failed(self, account: str) -> None:
        """Pass on that an account needs new credentials."""
        async_dispatcher_send(self._hass, SIGNAL_LOGIN_FAILED, account)

    @callback
    def frozen(self, fault: LedgerFault) -> None:
        """Pass on that all spending has ended."""
        _LOGGER.error("The ledger is frozen (%s): nothing will be bought", fault.value)
        async_dispatcher_send(self._hass, SIGNAL_FROZEN, fault)

    async def _wake(self, _now: datetime) -> None:
        self._cancel_wake = None
        await self.engine.wake()
