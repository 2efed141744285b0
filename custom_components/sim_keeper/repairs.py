"""Repairs: what only a person can settle, kept in step with the engine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
import logging

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .account_messages import funding_url
from .carrier_news import CARRIER_CHANGED, CarrierFlow
from .const import CONF_WALLET_CURRENCY, DOMAIN
from .entries import account_entries, account_entry
from .flows.form import plain, shown_money
from .funding import funding_of
from .goods import goods
from .home import (
    HOME,
    SIGNAL_EVENT,
    SIGNAL_FROZEN,
    SIGNAL_FUNDING,
    SIGNAL_HOUSEHOLD,
    Home,
)
from .keeper.errors import LedgerBroken
from .keeper.ledger import Ledger
from .keeper.orders import Kind, Order, State
from .keeper.sim import Mode, Sim
from .phone import mask
from .reasons import explained
from .repair_flows import OutcomeFlow, QuestionFlow
from .task_flow import TaskFlow
from .texts import account_name, sim_name
from .thaw_flow import ThawFlow
from .ways import app_link

_LOGGER = logging.getLogger(__name__)

NOTIFY_FAILED = "notify_failed"
_FROZEN = "ledger_frozen_"
_UNKNOWN = "–"
_ABOUT_USE = {"question": "question_use", "outcome": "outcome_use"}
_PASSING = (
    ConfigEntryState.NOT_LOADED,
    ConfigEntryState.SETUP_IN_PROGRESS,
    ConfigEntryState.UNLOAD_IN_PROGRESS,
)

type IssueData = dict[str, str | int | float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    """An issue that there should be. Nothing secret and no full number stands in it."""

    key: str
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING
    placeholders: dict[str, str] = field(default_factory=dict)
    order_id: int | None = None
    """Of the order that a person can settle right there."""
    fixable: bool = False
    """A person can settle it there without an order."""
    url: str | None = None
    """Where a person can do something about it."""


@callback
def async_watch_repairs(hass: HomeAssistant) -> None:
    """Keep the issues in step with the engine, from the start of Home Assistant on."""
    watch = _Watch(hass, hass.data[HOME])

    @callback
    def entry_changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            watch.look_soon()

    for signal in (SIGNAL_EVENT, SIGNAL_HOUSEHOLD, SIGNAL_FUNDING, SIGNAL_FROZEN):
        async_dispatcher_connect(hass, signal, watch.look_soon)
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed)
    async_at_started(hass, watch.begin)


@callback
def async_show_unreachable(hass: HomeAssistant, targets: Sequence[str]) -> None:
    """Show who of those to be told cannot be reached; nobody: take the issue away."""
    if not targets:
        ir.async_delete_issue(hass, DOMAIN, NOTIFY_FAILED)
        return
    _create(
        hass,
        NOTIFY_FAILED,
        _Issue(key=NOTIFY_FAILED, placeholders={"targets": ", ".join(targets)}),
    )


class _Watch:
    """Compares the issues there are with those there should be."""

    def __init__(self, hass: HomeAssistant, home: Home) -> None:
        self._hass = hass
        self._home = home
        self._started = False
        self._again = False
        self._task: asyncio.Task[None] | None = None
        self._shown: set[str] = set()

    @callback
    def begin(self, _hass: HomeAssistant) -> None:
        """Start: accounts had their time to be set up."""
        self._started = True
        self.look_soon()

    @callback
    def look_soon(self, *_: object) -> None:
        """Compare as soon as possible, one at a time."""
        if not self._started or self._hass.is_stopping:
            return
        self._again = True
        if self._task is None or self._task.done():
            self._task = self._hass.async_create_background_task(
                self._look(), f"{DOMAIN} repairs"
            )

    async def _look(self) -> None:
        while self._again:
            self._again = False
            wanted = await self._wanted()
            for issue_id in self._shown - wanted.keys():
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            for issue_id, issue in wanted.items():
                _create(self._hass, issue_id, issue)
            self._shown = set(wanted)

    async def _wanted(self) -> dict[str, _Issue]:
        engine = self._home.engine
        wanted = self._cannot_recharge() | self._low_wallets() | self._void_limits()
        fault = engine.desk.fault
        if fault is not None:
            key = f"{_FROZEN}{fault.value}"
            wanted[key] = _Issue(key=key, severity=ir.IssueSeverity.ERROR, fixable=True)
        try:
            orders = await engine.desk.read(
                Ledger.in_state, State.ASKED, State.NEEDS_PERSON
            )
            for order in orders:
                wanted |= await self._for_order(order, await self._name(order.sim))
            if await self._is_restored():
                wanted["restored"] = _Issue(key="restored")
        except LedgerBroken:
            _LOGGER.debug("Issues about orders need a ledger")
        return wanted

    async def _name(self, epoch: str) -> str:
        """Return how people know a SIM; one that was removed by the end of its number."""
        desk = self._home.engine.desk
        if await desk.read(Ledger.is_removed, epoch):
            return mask(await desk.read(Ledger.sim_number, epoch))
        return sim_name(self._hass, epoch)

    async def _for_order(self, order: Order, name: str) -> dict[str, _Issue]:
        asked = order.state is State.ASKED
        if asked and order.assisted:
            return self._for_task(order, name)
        numbers = {
            "name": name,
            "amount": goods(self._hass, order),
            "price": shown_money(order.price or order.ceiling),
        }
        if asked:
            why = await explained(self._hass, order.why.get("reason"), order.why)
            numbers["why"] = "".join(f"\n\n{line}" for line in why)
            numbers["most"] = shown_money(order.ceiling)
            until = dt_util.as_local(order.valid_until)
            numbers["until"] = until.strftime("%Y-%m-%d %H:%M")
            numbers["deadline"] = self._deadline(order.sim)
        else:
            numbers["reference"] = order.reference or _UNKNOWN
        key = "question" if asked else "outcome"
        using = order.kind is Kind.ACTIVITY
        return {
            f"{key}_{order.id}": _Issue(
                key=_ABOUT_USE[key] if using else key,
                severity=ir.IssueSeverity.WARNING if asked else ir.IssueSeverity.ERROR,
                placeholders=numbers,
                order_id=order.id,
            )
        }

    def _for_task(self, order: Order, name: str) -> dict[str, _Issue]:
        if order.kind is not Kind.RECHARGE:
            return {}  # Nothing was paid: it is only ticked off in the to-do list.
        status = self._home.engine.status(order.sim)
        carrier = None if status is None else status.sim.carrier
        numbers = {
            "name": name,
            "amount": shown_money(order.value) if order.value else _UNKNOWN,
            "deadline": self._deadline(order.sim),
            "url": (carrier and carrier.topup_url) or _UNKNOWN,
            "app": (carrier and app_link(carrier)) or _UNKNOWN,
            "ussd": plain((carrier and carrier.ussd_balance) or _UNKNOWN),
        }
        return {
            f"task_{order.id}": _Issue(
                key="task", placeholders=numbers, order_id=order.id
            )
        }

    def _deadline(self, epoch: str) -> str:
        status = self._home.engine.status(epoch)
        if status is None or status.life.deadline is None:
            return _UNKNOWN
        return status.life.deadline.astimezone(status.sim.zone).date().isoformat()

    def _cannot_recharge(self) -> dict[str, _Issue]:
        wanted: dict[str, _Issue] = {}
        for epoch, sim in list(self._home.engine.sims.items()):
            issue_id = f"cannot_recharge_{epoch}"
            problem = self._account_problem(sim, shown=issue_id in self._shown)
            if problem is not None:
                name = sim_name(self._hass, epoch)
                wanted[issue_id] = _Issue(key=problem, placeholders={"name": name})
        return wanted

    def _account_problem(self, sim: Sim, *, shown: bool) -> str | None:
        """Return what keeps a SIM's account from buying, if it should be able to."""
        if sim.account is None or sim.rules.mode not in (Mode.ASK, Mode.AUTO):
            return None
        if self._home.channel(sim.account) is not None:
            return None
        account = account_entry(self._hass, sim.account)
        if account is None:
            return "cannot_recharge_missing"
        if any(account.async_get_active_flows(self._hass, {SOURCE_REAUTH})):
            return None  # Home Assistant already asks for the login.
        if account.state in _PASSING and not shown:
            return None  # It is only being set up or reloaded.
        return "cannot_recharge_not_ready"

    def _low_wallets(self) -> dict[str, _Issue]:
        wanted: dict[str, _Issue] = {}
        for entry in account_entries(self._hass):
            standing = funding_of(entry)
            if standing is None or not standing.low:
                continue
            numbers = {
                "account": account_name(self._hass, str(entry.unique_id)),
                "balance": shown_money(standing.wallet),
                "needed": shown_money(standing.needed),
                "threshold": _UNKNOWN
                if standing.threshold is None
                else shown_money(standing.threshold),
                "day": _UNKNOWN
                if standing.dry_on is None
                else standing.dry_on.isoformat(),
            }
            below = standing.below_threshold
            wanted[f"wallet_low_{entry.entry_id}"] = _Issue(
                key="wallet_low" if below else "wallet_dry",
                placeholders=numbers,
                url=funding_url(self._hass, str(entry.unique_id)),
            )
        return wanted

    def _void_limits(self) -> dict[str, _Issue]:
        """Name the SIMs whose limit is in other money than their account pays in by now."""
        wanted: dict[str, _Issue] = {}
        for epoch, sim in list(self._home.engine.sims.items()):
            account = account_entry(self._hass, sim.account)
            limit = sim.rules.monthly_cap or sim.rules.order_cap
            buys = sim.rules.mode in (Mode.ASK, Mode.AUTO)
            if account is None or limit is None or not buys:
                continue
            pays_in = str(account.data[CONF_WALLET_CURRENCY])
            if limit.currency != pays_in:
                words = {
                    "name": sim_name(self._hass, epoch),
                    "limit": shown_money(limit),
                    "currency": pays_in,
                }
                wanted[f"limit_void_{epoch}"] = _Issue(
                    key="limit_void", placeholders=words
                )
        return wanted

    async def _is_restored(self) -> bool:
        """Tell whether an automatic SIM asks only because the installation was restored."""
        engine = self._home.engine
        for sim in list(engine.sims.values()):
            if sim.account is None or sim.rules.mode is not Mode.AUTO:
                continue
            view = await engine.desk.read(
                Ledger.view, sim.epoch, sim.account, self._home.now()
            )
            if view.restored:
                return True
        return False


@callback
def _create(hass: HomeAssistant, issue_id: str, issue: _Issue) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=None if issue.order_id is None else {"order_id": issue.order_id},
        is_fixable=issue.fixable or issue.order_id is not None,
        severity=issue.severity,
        learn_more_url=issue.url,
        translation_key=issue.key,
        translation_placeholders=issue.placeholders or None,
    )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: IssueData | None
) -> RepairsFlow:
    """Return the flow that settles an issue."""
    if issue_id.startswith(_FROZEN):
        return ThawFlow()
    if issue_id.startswith(CARRIER_CHANGED):
        return CarrierFlow(hass.data[HOME], issue_id.removeprefix(CARRIER_CHANGED))
    order_id, engine = int((data or {}).get("order_id") or 0), hass.data[HOME].engine
    if issue_id.startswith("outcome_"):
        return OutcomeFlow(order_id, engine)
    if issue_id.startswith("task_"):
        return TaskFlow(order_id, engine)
    return QuestionFlow(order_id, engine)
