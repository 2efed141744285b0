"""Tells people what the ledger says they should hear: at least once, and again if it failed."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
import logging
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.components.notify.const import NotifyEntityFeature
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_SUPPORTED_FEATURES,
    EVENT_HOMEASSISTANT_STOP,
    STATE_UNAVAILABLE,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event as HassEvent,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from .const import CONF_NOTIFY, DOMAIN, KIND_HOUSEHOLD
from .entries import kind_of
from .home import SIGNAL_EVENT, SIGNAL_FROZEN, Home
from .keeper.errors import LedgerBroken, LedgerFault
from .keeper.ledger import Event, EventType, Ledger
from .keeper.orders import Kind
from .messages import APP, TAG_FROZEN, Message, about_fault, compose, order_tag
from .repairs import async_show_unreachable
from .taps import TIGHTENING, Buttons, Verb
from .texts import sentence

_LOGGER = logging.getLogger(__name__)

DELIVERY_TIMEOUT_S = 30
RETRY_AFTER_S = 15 * 60
FROZEN_EVERY_S = 24 * 3600

_DOMAIN = "notify"
_PHONE = "mobile_app_"
_CLEAR = "clear_notification"
"""The message by which the companion apps take an older one away."""
_SETTLES = (
    *(EventType.APPROVED, EventType.DECLINED),
    *(EventType.CANCELLED, EventType.EXPIRED),
)

_SHOWS = (EventType.ASKED, EventType.REMINDER)
"""What is told of an order with new buttons."""
_FORM = "/config/repairs"
"""Where the form of a task lies in Home Assistant; its app opens a path of its own site."""


class Notifier:
    """Passes the ledger's untold events on, one at a time and in their order."""

    def __init__(self, hass: HomeAssistant, home: Home) -> None:
        """Tell of a home's ledger."""
        self._hass = hass
        self._home = home
        self._buttons = Buttons(hass, home, self.tell)
        self._started = False
        self._again = False
        self._task: asyncio.Task[None] | None = None
        self._cancel_retry: CALLBACK_TYPE | None = None
        self._cancel_again: CALLBACK_TYPE | None = None
        self._failing: frozenset[str] = frozenset()
        self._settled: list[str] = []
        """Tags of what phones need not show any more."""
        self._reminders: dict[str, tuple[Event, str]] = {}
        """What was told last of a SIM's date in this run, and its tag."""
        self._to_recheck: set[str] = set()
        """SIMs of which something has happened since."""
        self._untold_fault: LedgerFault | None = None
        self._told: set[int] = set()
        """What was told in this run: a frozen ledger cannot note it."""

    @callback
    def async_start(self) -> None:
        """Listen to the ledger, and begin when Home Assistant runs."""
        async_dispatcher_connect(self._hass, SIGNAL_EVENT, self._happened)
        async_dispatcher_connect(self._hass, SIGNAL_FROZEN, self._froze)
        self._buttons.async_start()
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._stop)

        @callback
        def started(_hass: HomeAssistant) -> None:
            self._started = True
            self._untold_fault = self._home.engine.desk.fault
            self._drain_soon()

        async_at_started(self._hass, started)

    async def tell(self, message: Message) -> bool:
        """Tell everybody; return whether anybody was reached. Nobody named: on the screen."""
        targets = _targets(self._hass)
        if not targets:
            persistent_notification.async_create(
                self._hass, message.text, message.title, message.tag
            )
            self._note({})
            return True
        data = await self._phone_data(message)
        failed = await deliver(self._hass, targets, message, data)
        self._note(failed)
        return len(failed) < len(targets)

    @callback
    def _happened(self, event: Event) -> None:
        if event.type is EventType.THAWED:
            self._thawed(restored=event.data["restored"] is True)
        if event.sim in self._reminders:
            if event.type is EventType.SIM_REMOVED:
                self._withdraw(event.sim)
            else:
                self._to_recheck.add(event.sim)
        if event.order_id is not None and event.type not in _SHOWS:
            shown = self._buttons.forget(event.order_id)
            if event.type in _SETTLES:
                tag = order_tag(event.order_id)
                persistent_notification.async_dismiss(self._hass, tag)
                self._settled += [tag] if shown else []
        self._drain_soon()

    @callback
    def _froze(self, fault: LedgerFault) -> None:
        self._untold_fault = fault
        self._drain_soon()

    @callback
    def _thawed(self, *, restored: bool) -> None:
        self._untold_fault = None
        self._tell_never_again()
        persistent_notification.async_dismiss(self._hass, TAG_FROZEN)
        self._settled.append(TAG_FROZEN)
        if restored:
            # The numbers of another ledger's events and orders mean others here.
            self._told.clear()
            self._reminders.clear()
            self._buttons.forget_all()

    @callback
    def _drain_soon(self, _now: datetime | None = None) -> None:
        self._cancel_waiting()
        if not self._started:
            return
        self._again = True
        if self._task is None or self._task.done():
            self._task = self._hass.async_create_background_task(
                self._drain_all(), f"{DOMAIN} tell"
            )

    async def _drain_all(self) -> None:
        while self._again:
            self._again = False
            try:
                await self._drain()
            except LedgerBroken:
                _LOGGER.debug("Nothing can be told without a ledger")

    async def _drain(self) -> None:
        await self._clear_phones()
        desk = self._home.engine.desk
        if self._untold_fault is not None:
            message = await about_fault(self._hass, self._home, self._untold_fault)
            if not await self.tell(message):
                self._retry_later()
                return
            self._untold_fault = None
            self._tell_again_later()
        for untold in await desk.read(Ledger.untold):
            event = untold.event
            if event.seq not in self._told and not await self._tell_of(event):
                self._retry_later()
                return
            self._told.add(event.seq)
            if desk.fault is None:
                await desk.write(Ledger.mark_told, event.seq, self._home.now())
        while self._to_recheck:
            await self._recheck(self._to_recheck.pop())
        await self._clear_phones()

    async def _tell_of(self, event: Event) -> bool:
        try:
            message = await compose(self._hass, self._home, event)
        except LedgerBroken:
            raise
        except Exception:
            # A message that cannot be written must not keep all later ones back.
            _LOGGER.exception("Event %s could not be put into words", event.seq)
            text = await sentence(self._hass, "told_something")
            message = Message(title=APP, text=text, tag=f"{DOMAIN}_event_{event.seq}")
        told = message is None or await self.tell(message)
        if message and event.type is EventType.REMINDER and event.order_id is None:
            self._reminders[str(event.sim)] = event, message.tag
        return told

    async def _recheck(self, sim: str) -> None:
        """Take a reminder away that is no longer true: "3 days left", after the recharge."""
        shown = self._reminders.get(sim)
        over = shown and await compose(self._hass, self._home, shown[0]) is None
        # Its SIM may have been removed meanwhile, and the reminder with it.
        if over and sim in self._reminders:
            self._withdraw(sim)

    @callback
    def _withdraw(self, sim: str) -> None:
        _, tag = self._reminders.pop(sim)
        persistent_notification.async_dismiss(self._hass, tag)
        self._settled.append(tag)

    async def _phone_data(self, message: Message) -> dict[str, Any]:
        """Return what a phone gets beside the words: tag, link and buttons."""
        actions: list[dict[str, Any]] = []
        if message.asks is not None:
            for verb, action in self._buttons.make(message.asks).items():
                title = await sentence(self._hass, f"button_{verb.value}")
                # iOS asks for the code of a locked phone before it passes this on.
                locked = {"authenticationRequired": verb not in TIGHTENING}
                actions.append({"action": action, "title": title, **locked})
                if verb is Verb.DONE and message.asks.kind is Kind.RECHARGE:
                    title = await sentence(self._hass, "button_other")
                    actions.append({"action": "URI", "title": title, "uri": _FORM})
        data: dict[str, Any] = {"tag": message.tag, "group": DOMAIN}
        if message.url is not None:
            title = await sentence(self._hass, message.opens)
            actions.append({"action": "URI", "title": title, "uri": message.url})
            data |= {"url": message.url, "clickAction": message.url}
        return data | {"actions": actions} if actions else data

    async def _clear_phones(self) -> None:
        while self._settled:
            phones = [target for target in _targets(self._hass) if _is_phone(target)]
            tag = self._settled.pop()
            gone = Message(title="", text=_CLEAR, tag=tag)
            await deliver(self._hass, phones, gone, {"tag": tag})

    @callback
    def _note(self, failed: Mapping[str, str]) -> None:
        """Log each change of who can be reached, and keep the repair in step."""
        for target in sorted(failed.keys() - self._failing):
            _LOGGER.warning("%s cannot be told anything: %s", target, failed[target])
        for target in sorted(self._failing - failed.keys()):
            _LOGGER.info("%s can be told again", target)
        self._failing = frozenset(failed)
        async_show_unreachable(self._hass, sorted(self._failing))

    @callback
    def _stop(self, _event: HassEvent) -> None:
        self._started = False
        self._cancel_waiting()
        self._tell_never_again()

    @callback
    def _tell_again_later(self) -> None:
        """Tell once a day that the ledger is frozen: it can note no reminder of a date."""

        @callback
        def again(_now: datetime) -> None:
            fault = self._home.engine.desk.fault
            if self._started and fault is not None:
                self._froze(fault)

        self._tell_never_again()
        self._cancel_again = async_call_later(self._hass, FROZEN_EVERY_S, again)

    @callback
    def _tell_never_again(self) -> None:
        if self._cancel_again is not None:
            self._cancel_again()
            self._cancel_again = None

    @callback
    def _retry_later(self) -> None:
        self._cancel_waiting()
        if self._started:
            self._cancel_retry = async_call_later(
                self._hass, RETRY_AFTER_S, self._drain_soon
            )

    @callback
    def _cancel_waiting(self) -> None:
        if self._cancel_retry is not None:
            self._cancel_retry()
            self._cancel_retry = None


async def deliver(
    hass: HomeAssistant,
    targets: Sequence[str],
    message: Message,
    phone_data: Mapping[str, Any],
) -> dict[str, str]:
    """Send to all targets at once; return those that were not reached, with the error."""
    errors = await asyncio.gather(
        *(_deliver_one(hass, target, message, phone_data) for target in targets)
    )
    found = zip(targets, errors, strict=True)
    return {target: error for target, error in found if error is not None}


async def send_test(
    hass: HomeAssistant, targets: Sequence[str], language: str | None
) -> list[str]:
    """Send a test to targets; return those that were not reached."""
    text = await sentence(hass, "told_test", language or hass.config.language)
    message = Message(title=APP, text=text, tag=f"{DOMAIN}_test")
    return list(await deliver(hass, targets, message, {"tag": message.tag}))


async def _deliver_one(
    hass: HomeAssistant, target: str, message: Message, phone_data: Mapping[str, Any]
) -> str | None:
    try:
        async with asyncio.timeout(DELIVERY_TIMEOUT_S):
            await _call(hass, target, message, phone_data)
    except TimeoutError:
        return f"no answer within {DELIVERY_TIMEOUT_S} s"
    except Exception as err:  # noqa: BLE001 - whatever a notifier does, others are told
        return f"{type(err).__name__}: {err}"
    return None


async def _call(
    hass: HomeAssistant, target: str, message: Message, phone_data: Mapping[str, Any]
) -> None:
    action = target.removeprefix(f"{_DOMAIN}.")
    data: dict[str, Any] = {"title": message.title, "message": message.text}
    if hass.services.has_service(_DOMAIN, action):
        if _is_phone(target):
            data["data"] = dict(phone_data)
    else:
        action = "send_message"
        state = hass.states.get(target)
        if state is None or state.state == STATE_UNAVAILABLE:
            # The action would pass over it without a word.
            raise HomeAssistantError("not available")
        data[ATTR_ENTITY_ID] = target
        features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0)
        if not features & NotifyEntityFeature.TITLE:
            data["message"] = f"{data.pop('title')}\n{message.text}"
    await hass.services.async_call(_DOMAIN, action, data, blocking=True)


def _is_phone(target: str) -> bool:
    return target.removeprefix(f"{_DOMAIN}.").startswith(_PHONE)


@callback
def _targets(hass: HomeAssistant) -> list[str]:
    for entry in hass.config_entries.async_entries(DOMAIN):
        if kind_of(entry) == KIND_HOUSEHOLD:
            return list(entry.options.get(CONF_NOTIFY, ()))
    return []
