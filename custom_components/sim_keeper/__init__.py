"""SIM Keeper keeps prepaid numbers alive."""

import logging
from typing import Any, cast
from zoneinfo import ZoneInfo

from homeassistant.config_entries import SOURCE_SYSTEM, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event as HassEvent, HassJob, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.ssl import client_context

from .actions import async_register_actions
from .carrier_news import async_compare_carrier, async_forget_carrier
from .channels import PROVIDERS
from .channels.http import open_session
from .const import (
    CONF_EPOCH,
    CONF_FIRST_READINGS,
    CONF_LEDGER_EXISTS,
    CONF_LOGIN,
    CONF_MONTHLY_CAPS,
    CONF_PROVIDER,
    CONF_WALLET_CURRENCY,
    DOMAIN,
    KIND_ACCOUNT,
    KIND_HOUSEHOLD,
    KIND_SIM,
)
from .coordinator import (
    AccountConfigEntry,
    AccountCoordinator,
    HouseholdConfigEntry,
    HouseholdCoordinator,
    SimConfigEntry,
    SimCoordinator,
    SimKeeperConfigEntry,
)
from .entries import address_of, first_readings, is_action, kind_of, new_epoch, sim_from
from .funding import FundingCoordinator
from .home import HOME, SIGNAL_FUNDING, SIGNAL_LOGIN_FAILED, Home
from .keeper.budget import HouseholdRules
from .keeper.errors import LedgerBroken
from .keeper.money import Money
from .notify import Notifier
from .repairs import async_watch_repairs
from .sequence import open_action
from .stored_terms import account_caps

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: dict[str, tuple[Platform, ...]] = {
    KIND_SIM: (
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.DATE,
        Platform.EVENT,
        Platform.NUMBER,
        Platform.SELECT,
        Platform.SENSOR,
    ),
    KIND_ACCOUNT: (Platform.BINARY_SENSOR, Platform.SENSOR),
    KIND_HOUSEHOLD: (
        Platform.CALENDAR,
        Platform.SENSOR,
        Platform.SWITCH,
        Platform.TODO,
    ),
}


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Open the ledger and start the engine. Never fails: a broken ledger is frozen."""
    home = hass.data[HOME] = Home(hass)
    household = _household(hass)
    expected = household is not None and household.data.get(CONF_LEDGER_EXISTS, False)
    await home.open(expected=expected)
    async_register_actions(hass)
    async_watch_repairs(hass)
    Notifier(hass, home).async_start()

    @callback
    def login_failed(account: str) -> None:
        entry = _entry(hass, account)
        if entry is not None:
            entry.async_start_reauth(hass)

    async_dispatcher_connect(hass, SIGNAL_LOGIN_FAILED, login_failed)

    async def started(_hass: HomeAssistant) -> None:
        await home.engine.start()

    async def stop(_event: HassEvent) -> None:
        await home.close()

    async_at_started(hass, started)
    hass.async_add_shutdown_job(HassJob(home.let_end, f"{DOMAIN} let orders end"))
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SimKeeperConfigEntry) -> bool:
    """Set up a SIM, an account or the household."""
    kind = kind_of(entry)
    if kind == KIND_SIM:
        await _set_up_sim(hass, cast("SimConfigEntry", entry))
    elif is_action(entry):
        await _set_up_action(hass, cast("AccountConfigEntry", entry))
    elif kind == KIND_ACCOUNT:
        await _set_up_account(hass, cast("AccountConfigEntry", entry))
    else:
        await _set_up_household(hass, cast("HouseholdConfigEntry", entry))
    await hass.config_entries.async_forward_entry_setups(entry, _platforms(entry))
    if kind != KIND_HOUSEHOLD and _household(hass) is None:
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_SYSTEM}
        )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: SimKeeperConfigEntry) -> bool:
    """Unload an entry; orders on their way go on."""
    home, kind = hass.data[HOME], kind_of(entry)
    if not await hass.config_entries.async_unload_platforms(entry, _platforms(entry)):
        return False
    if kind == KIND_SIM:
        # A changed number is another line: the old one is gone, and has its own epoch.
        epoch = cast("SimConfigEntry", entry).runtime_data.epoch
        if epoch != entry.data[CONF_EPOCH]:
            await home.engine.unregister(epoch, removed=True)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: SimKeeperConfigEntry) -> None:
    """Cancel what is unsent of a removed SIM. The ledger is kept."""
    if kind_of(entry) == KIND_SIM and HOME in hass.data:
        async_forget_carrier(hass, entry.data[CONF_EPOCH])
        try:
            await hass.data[HOME].engine.unregister(
                entry.data[CONF_EPOCH], removed=True
            )
        except LedgerBroken:
            _LOGGER.warning("A SIM was removed while the ledger is frozen")


async def _set_up_sim(hass: HomeAssistant, entry: SimConfigEntry) -> None:
    home = hass.data[HOME]
    if await home.engine.is_over(entry.data[CONF_EPOCH]):
        # Its keys were used, or may have been: the same line goes on with others.
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_EPOCH: new_epoch()}
        )
    options = entry.options
    sim = await hass.async_add_executor_job(sim_from, entry, home.profiles)
    # Also where something below fails: what no entry stands for must not go on buying.
    entry.async_on_unload(lambda: home.engine.unregister(sim.epoch, removed=False))
    await home.engine.register(
        sim, first_readings(entry.data.get(CONF_FIRST_READINGS), sim.currency)
    )
    await async_compare_carrier(hass, home, entry, sim)
    entry.runtime_data = SimCoordinator(hass, entry, home)
    entry.runtime_data.outlook.async_start()
    entry.runtime_data.burn.async_start()
    entry.async_on_unload(entry.add_update_listener(_sim_changed))
    if entry.options is not options:
        # They were changed while nobody listened.
        await _sim_changed(hass, entry)


async def _set_up_account(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
    home, account = hass.data[HOME], str(entry.unique_id)
    session = open_session(client_context())
    entry.async_on_unload(lambda: home.disconnect(account, session.close))
    provider = PROVIDERS[entry.data[CONF_PROVIDER]]
    channel = provider.open(session, entry.data[CONF_LOGIN])
    coordinator = AccountCoordinator(hass, entry, channel)
    await coordinator.async_config_entry_first_refresh()
    coordinator.funding = FundingCoordinator(hass, entry, home, coordinator)
    entry.runtime_data = coordinator
    currency = coordinator.data.currency
    if entry.data.get(CONF_WALLET_CURRENCY) != currency:
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_WALLET_CURRENCY: currency}
        )
        coordinator.connected_with = entry.data
    await _apply_household(hass)
    # Before a reload an order may have begun: no two are sent to a provider at once.
    await home.sent_through(account)
    await home.engine.account_at(account, address_of(entry))
    home.connect(account, channel)
    await home.engine.account_ready(account)
    await coordinator.funding.async_refresh()
    coordinator.funding.async_start()
    entry.async_on_unload(entry.add_update_listener(_account_changed))


async def _set_up_action(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
    """Connect an action: it has no wallet to read and no login to fail."""
    home = hass.data[HOME]
    declared, account = entry.data, str(entry.unique_id)
    entry.async_on_unload(lambda: home.disconnect(account))
    await _apply_household(hass)
    await home.engine.account_at(account, address_of(entry))
    home.connect(account, open_action(hass, entry))

    async def changed(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
        if entry.data != declared:
            hass.config_entries.async_schedule_reload(entry.entry_id)
        else:
            await _apply_household(hass)

    entry.async_on_unload(entry.add_update_listener(changed))
    await home.engine.account_ready(account)


async def _set_up_household(hass: HomeAssistant, entry: HouseholdConfigEntry) -> None:
    home = hass.data[HOME]
    if not entry.data.get(CONF_LEDGER_EXISTS) and home.engine.desk.fault is None:
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_LEDGER_EXISTS: True}
        )
    await home.engine.set_household(_household_rules(hass, entry))
    entry.runtime_data = HouseholdCoordinator(hass, entry, home)
    await entry.runtime_data.async_config_entry_first_refresh()
    entry.async_on_unload(entry.add_update_listener(_household_changed))


async def _sim_changed(hass: HomeAssistant, entry: SimConfigEntry) -> None:
    """Apply changed rules at once; a changed identity, source or channel needs a reload."""
    home, epoch = hass.data[HOME], entry.runtime_data.epoch
    sim = await hass.async_add_executor_job(sim_from, entry, home.profiles)
    if entry.state not in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_IN_PROGRESS):
        return  # It was unloaded meanwhile; a new setup reads all of it.
    current = home.engine.sims.get(epoch)
    if current is None or _without_rules(current) != _without_rules(sim):
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    if current.rules != sim.rules:
        try:
            await home.engine.change(sim)
        except LedgerBroken:
            _LOGGER.warning(
                "The rules of a SIM were changed while the ledger is frozen"
            )


async def _account_changed(hass: HomeAssistant, entry: AccountConfigEntry) -> None:
    """Apply a changed limit or warning at once; a changed login needs another channel."""
    if entry.data != entry.runtime_data.connected_with:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    await _apply_household(hass)
    await entry.runtime_data.funding.async_refresh()
    async_dispatcher_send(hass, SIGNAL_FUNDING)


async def _household_changed(hass: HomeAssistant, entry: HouseholdConfigEntry) -> None:
    await hass.data[HOME].engine.set_household(_household_rules(hass, entry))


async def _apply_household(hass: HomeAssistant) -> None:
    """Let the engine know the limits of all accounts, if they are news."""
    engine, entry = hass.data[HOME].engine, _household(hass)
    rules = _household_rules(hass, cast("HouseholdConfigEntry | None", entry))
    if rules != engine.household:
        await engine.set_household(rules)


def _platforms(entry: SimKeeperConfigEntry) -> tuple[Platform, ...]:
    """Return the platforms of an entry; an action has nothing to show."""
    return () if is_action(entry) else PLATFORMS[kind_of(entry)]


def _without_rules(sim: Any) -> tuple[Any, ...]:
    return (
        *(sim.epoch, sim.number, sim.country, sim.currency, sim.zone, sim.carrier),
        *(sim.account, sim.operator),
    )


def _household_rules(
    hass: HomeAssistant, entry: HouseholdConfigEntry | None
) -> HouseholdRules:
    """Return the limits that all SIMs share, as far as there is a household already."""
    options = {} if entry is None else entry.options
    caps: dict[str, str] = options.get(CONF_MONTHLY_CAPS, {})
    return HouseholdRules(
        zone=ZoneInfo(hass.config.time_zone),
        monthly_caps=tuple(Money.parse(text, cur) for cur, text in caps.items()),
        account_caps=account_caps(hass),
    )


def _household(hass: HomeAssistant) -> SimKeeperConfigEntry | None:
    entries = hass.config_entries.async_entries(DOMAIN)
    return next((entry for entry in entries if kind_of(entry) == KIND_HOUSEHOLD), None)


def _entry(hass: HomeAssistant, unique_id: str) -> SimKeeperConfigEntry | None:
    return hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, unique_id)
