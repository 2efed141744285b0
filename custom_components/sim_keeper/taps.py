"""The buttons under a message on a phone. Each works once, for one order, for some time.

Any registered phone can send any event, so the button carries a random token that only the
messages know, and whoever taps it is checked like everybody else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import secrets

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .callers import caller_of, translated
from .home import Home
from .keeper.errors import LedgerBroken
from .keeper.ledger import Ledger
from .keeper.money import Money
from .keeper.orders import Kind, Order, State
from .keeper.permissions import Caller, Door, may
from .messages import APP, Message, order_tag
from .reasons import error_text
from .texts import sentence, sim_name

EVENT_TAPPED = "mobile_app_notification_action"
PREFIX = "SIM_KEEPER_"
TAG_EXPIRED = "sim_keeper_button"


class Verb(StrEnum):
    """What a button does."""

    APPROVE = "approve"
    DECLINE = "decline"
    DONE = "done"
    SKIP = "skip"


TIGHTENING = (Verb.DECLINE, Verb.SKIP)
"""What can only keep SIM Keeper from doing something."""
_DOORS = {
    Verb.APPROVE: Door.APPROVE,
    Verb.DONE: Door.RECORD,
    Verb.DECLINE: Door.CANCEL,
    Verb.SKIP: Door.CANCEL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Button:
    order_id: int
    verb: Verb
    kind: Kind
    ceiling: Money
    expires: datetime


class Buttons:
    """Makes buttons and hears when they are tapped. A restart forgets them all."""

    def __init__(
        self,
        hass: HomeAssistant,
        home: Home,
        answer: Callable[[Message], Awaitable[object]],
    ) -> None:
        """`answer` tells people why a tap did nothing."""
        self._hass = hass
        self._home = home
        self._answer = answer
        self._live: dict[str, _Button] = {}
        self._told_expired = False

    @callback
    def async_start(self) -> None:
        """Listen to the phones."""
        self._hass.bus.async_listen(EVENT_TAPPED, self._tapped)

    @callback
    def make(self, order: Order) -> dict[Verb, str]:
        """Return the action ids for a question or task; older ones of it end."""
        self.forget(order.id)
        self._told_expired = False
        task = (Verb.DONE, Verb.SKIP)
        verbs = task if order.assisted else (Verb.APPROVE, Verb.DECLINE)
        made: dict[Verb, str] = {}
        for verb in verbs:
            token = secrets.token_urlsafe(16)
            self._live[token] = _Button(
                order_id=order.id,
                verb=verb,
                kind=order.kind,
                ceiling=order.ceiling,
                expires=order.valid_until,
            )
            made[verb] = f"{PREFIX}{token}"
        return made

    @callback
    def forget(self, order_id: int) -> bool:
        """End the buttons of an order; tell whether there were any."""
        dead = [t for t, button in self._live.items() if button.order_id == order_id]
        for token in dead:
            del self._live[token]
        return bool(dead)

    @callback
    def forget_all(self) -> None:
        """End all buttons."""
        self._live.clear()

    async def _tapped(self, event: Event) -> None:
        action = event.data.get("action")
        if not isinstance(action, str) or not action.startswith(PREFIX):
            return
        token = action.removeprefix(PREFIX)
        caller = await caller_of(self._hass, event.context)
        button = self._live.get(token)
        if button is None or self._home.now() >= button.expires:
            await self._say_expired()
        elif not may(_DOORS[button.verb], caller):
            # The button stays: whoever may not use it must not spoil it for those who may.
            await self._say(button.order_id, await self._text("told_button_admin"))
        else:
            self._live.pop(token, None)
            await self._act(button, caller, event)

    async def _act(self, button: _Button, caller: Caller, event: Event) -> None:
        doors = self._home.doors
        try:
            with translated(event.context):
                order = await self._home.engine.desk.read(Ledger.order, button.order_id)
                same = (order.kind, order.ceiling) == (button.kind, button.ceiling)
                if order.state is not State.ASKED or not same:
                    await self._say_expired()
                elif button.verb is Verb.DECLINE:
                    await doors.cancel(order.id, caller)
                elif button.verb is Verb.SKIP:
                    await self._say_skipped(await doors.skip(order.id, caller))
                else:
                    await doors.approve(order.id, caller)
        except HomeAssistantError as err:
            await self._say(button.order_id, await error_text(self._hass, err))

    async def _say_skipped(self, order: Order) -> None:
        sim = self._home.engine.sims.get(order.sim)
        zone = None if sim is None else sim.zone
        if order.next_at is not None:
            until = order.next_at.astimezone(zone).date().isoformat()
            text = await sentence(self._hass, "told_task_skipped", until=until)
            await self._say(order.id, text)

    async def _say_expired(self) -> None:
        """Say once, until there are new buttons, that a tap did nothing."""
        if self._told_expired:
            return
        self._told_expired = True
        text = await self._text("told_button_expired")
        await self._answer(Message(title=APP, text=text, tag=TAG_EXPIRED))

    async def _say(self, order_id: int, text: str) -> None:
        title = APP
        try:
            order = await self._home.engine.desk.read(Ledger.order, order_id)
            title = sim_name(self._hass, order.sim)
        except LedgerBroken:
            pass
        tag = f"{order_tag(order_id)}_answer"
        await self._answer(Message(title=title, text=text, tag=tag))

    async def _text(self, key: str) -> str:
        return await sentence(self._hass, key)
