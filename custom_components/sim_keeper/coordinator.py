"""What the entities of each kind of entry listen to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .burn_rate import BurnCoordinator
from .const import CONF_EPOCH, DOMAIN
from .entries import account_entries
from .funding import FundingCoordinator, funding_of
from .home import (
    HOME,
    SIGNAL_EVENT,
    SIGNAL_FUNDING,
    SIGNAL_HOUSEHOLD,
    Home,
    signal_status,
)
from .keeper.errors import LedgerBroken, LoginFailed, Unavailable
from .keeper.ledger import Event, EventType, Ledger
from .keeper.money import Money
from .keeper.orders import Order, State
from .keeper.ports import Channel
from .keeper.status import SimStatus
from .outlook import OutlookCoordinator
from .stored_terms import account_terms

_LOGGER = logging.getLogger(__name__)

# A wallet changes when an order is paid, and then it is read anyway.
_WALLET_INTERVAL = timedelta(hours=6)
# Orders of many SIMs may end together; one reading is as good as ten.
_WALLET_GATHER_S = 30
_MOVES_MONEY = (EventType.CONFIRMED, EventType.REJECTED, EventType.REVERSED)
_GATHER_S = 0.3

type SimConfigEntry = ConfigEntry[SimCoordinator]
type AccountConfigEntry = ConfigEntry[AccountCoordinator]
type HouseholdConfigEntry = ConfigEntry[HouseholdCoordinator]
type SimKeeperConfigEntry = ConfigEntry[
    SimCoordinator | AccountCoordinator | HouseholdCoordinator
]


class SimCoordinator(DataUpdateCoordinator[SimStatus | None]):
    """Hands the engine's view of one SIM to its entities. Nothing is polled."""

    config_entry: SimConfigEntry

    def __init__(self, hass: HomeAssistant, entry: SimConfigEntry, home: Home) -> None:
        """Listen to one SIM; `data` is None while the ledger cannot be read."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False
        )
        self.home = home
        self.epoch: str = entry.data[CONF_EPOCH]
        self.data = home.engine.status(self.epoch)
        self.outlook = OutlookCoordinator(hass, entry, home)
        self.burn = BurnCoordinator(hass, entry, home)
        entry.async_on_unload(
            async_dispatcher_connect(hass, signal_status(self.epoch), self._changed)
        )

    @callback
    def _changed(self) -> None:
        self.async_set_updated_data(self.home.engine.status(self.epoch))


class AccountCoordinator(DataUpdateCoordinator[Money]):
    """Reads the wallet of one account."""

    config_entry: AccountConfigEntry
    funding: FundingCoordinator
    """Made once the wallet was read."""

    def __init__(
        self, hass: HomeAssistant, entry: AccountConfigEntry, channel: Channel
    ) -> None:
        """Read through an open channel."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=_WALLET_INTERVAL,
            always_update=False,
            request_refresh_debouncer=Debouncer(
                hass, _LOGGER, cooldown=_WALLET_GATHER_S, immediate=True
            ),
        )
        self.channel = channel
        self.connected_with = entry.data
        """What the channel was opened with: anything else needs another one."""
        entry.async_on_unload(
            async_dispatcher_connect(hass, SIGNAL_EVENT, self._happened)
        )

    @override
    async def _async_update_data(self) -> Money:
        try:
            return await self.channel.wallet()
        except LoginFailed as err:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="login_failed"
            ) from err
        except Unavailable as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="provider_unavailable",
                translation_placeholders={"error": str(err)},
            ) from err

    @callback
    def _happened(self, event: Event) -> None:
        """Read the wallet again when an order that it pays has ended."""
        if event.type in _MOVES_MONEY and event.order_id is not None:
            self.config_entry.async_create_task(
                self.hass, self._read_after(event.order_id), "wallet after an order"
            )

    async def _read_after(self, order_id: int) -> None:
        try:
            desk = self.hass.data[HOME].engine.desk
            order = await desk.read(Ledger.order, order_id)
        except LedgerBroken:
            return
        if order.account == self.config_entry.unique_id and not order.assisted:
            await self.async_request_refresh()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyDay:
    """A day that matters for the money of an account."""

    account: str
    """Its unique id."""
    name: str
    what: str
    """`payment_expires` or `wallet_dry`."""
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdStatus:
    """All SIMs together."""

    sims: dict[str, SimStatus]
    """By epoch."""
    waiting: tuple[Order, ...]
    """Questions and tasks that wait for a person, oldest first."""
    stopped: bool
    frozen: bool
    money_days: tuple[MoneyDay, ...] = ()
    """Days on which the money of an account, or its source, runs out."""

    @property
    def next_deadline(self) -> datetime | None:
        """The earliest deadline that has not passed."""
        ahead = [
            sim.life.deadline
            for sim in self.sims.values()
            if sim.life.deadline is not None and not sim.life.over
        ]
        return min(ahead, default=None)

    @property
    def needing_attention(self) -> int:
        """How many SIMs need a person."""
        return sum(sim.needs_attention for sim in self.sims.values())


class HouseholdCoordinator(DataUpdateCoordinator[HouseholdStatus]):
    """Gathers what concerns the whole household. Nothing is polled."""

    config_entry: HouseholdConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: HouseholdConfigEntry, home: Home
    ) -> None:
        """Listen to the engine."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            always_update=False,
            # One commit often brings several signals; people watch the list change.
            request_refresh_debouncer=Debouncer(
                hass, _LOGGER, cooldown=_GATHER_S, immediate=True
            ),
        )
        self.home = home
        for signal in (SIGNAL_HOUSEHOLD, SIGNAL_FUNDING, SIGNAL_EVENT):
            entry.async_on_unload(
                async_dispatcher_connect(hass, signal, self._refresh_soon)
            )

    @override
    async def _async_update_data(self) -> HouseholdStatus:
        engine = self.home.engine
        sims = {
            epoch: status
            for epoch in engine.sims
            if (status := engine.status(epoch)) is not None
        }
        try:
            waiting = await engine.desk.read(
                Ledger.in_state, State.ASKED, State.UNKNOWN, State.NEEDS_PERSON
            )
            stopped = await self.home.doors.stopped()
        except LedgerBroken:
            return HouseholdStatus(
                sims=sims,
                waiting=(),
                stopped=True,
                frozen=True,
                money_days=self._money_days(),
            )
        return HouseholdStatus(
            sims=sims,
            waiting=tuple(order for order in waiting if order.sim in engine.sims),
            stopped=stopped,
            frozen=engine.desk.fault is not None,
            money_days=self._money_days(),
        )

    @callback
    def _money_days(self) -> tuple[MoneyDay, ...]:
        found: list[MoneyDay] = []
        for entry in account_entries(self.hass):
            standing = funding_of(entry)
            days = {
                "payment_expires": account_terms(entry).payment_expires,
                "wallet_dry": None if standing is None else standing.dry_on,
            }
            found += [
                MoneyDay(
                    account=str(entry.unique_id), name=entry.title, what=what, day=day
                )
                for what, day in days.items()
                if day is not None
            ]
        return tuple(found)

    @callback
    def _refresh_soon(self, _event: Event | None = None) -> None:
        self.config_entry.async_create_background_task(
            self.hass, self.async_request_refresh(), "household"
        )
