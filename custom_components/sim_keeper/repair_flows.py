"""Repairs that a person settles there: yes or no, arrived or not."""

from typing import Any

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
import voluptuous as vol

from .callers import caller_of, translated
from .const import DOMAIN
from .home import HOME
from .keeper.doors import Doors
from .keeper.engine import Engine
from .keeper.errors import OrderRefused
from .keeper.orders import Order, State
from .keeper.permissions import Caller
from .reasons import error_text

NOTE = "note"
NOTE_LENGTH_MAX = 512
"""As in the actions."""
LONG_TEXT = TextSelector(TextSelectorConfig(multiline=True))

_NOTE_FORM = vol.Schema({vol.Optional(NOTE): LONG_TEXT})


class CheckedFlow(RepairsFlow):
    """Whoever sends the form is checked, as at every other door."""

    @property
    def placeholders(self) -> dict[str, str]:
        """What the issue says."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return (issue and issue.translation_placeholders) or {}

    async def caller(self) -> tuple[Caller, Context]:
        """Return who sends the form."""
        # Flows of repairs carry no user; the request that sends the step does.
        request = current_request.get()
        user = None if request is None else request.get(KEY_HASS_USER)
        context = Context(user_id=None if user is None else user.id)
        return await caller_of(self.hass, context), context

    async def did_not_work(self, err: HomeAssistantError) -> RepairsFlowResult:
        """End and say why."""
        text = await error_text(self.hass, err)
        return self.async_abort(
            reason="failed", description_placeholders={"error": text}
        )


class OrderFlow(CheckedFlow):
    """Settles an order."""

    def __init__(self, order_id: int, engine: Engine) -> None:
        """Settle an order of the ledger that this engine uses, and of no other."""
        self.order_id = order_id
        self._engine = engine

    @property
    def doors(self) -> Doors:
        """The doors of that ledger. Raises OrderRefused once another took its place."""
        home = self.hass.data[HOME]
        if home.engine is not self._engine:
            raise OrderRefused("ledger_replaced")
        return home.doors

    def menu(self, *options: str) -> RepairsFlowResult:
        """Offer the possible answers."""
        return self.async_show_menu(
            step_id="init",
            menu_options=list(options),
            description_placeholders=self.placeholders,
        )

    async def settled(self, step: str, note: str | None = None) -> RepairsFlowResult:
        """Pass the answer on; what goes wrong leaves the issue where it is."""
        caller, context = await self.caller()
        try:
            with translated(context):
                order = await self._answer(step, note, caller)
        except Unauthorized:
            return self.async_abort(reason="not_allowed")
        except HomeAssistantError as err:
            return await self.did_not_work(err)
        if order.state is State.REJECTED and step == "approve":
            code = order.reason or "?"
            return self.async_abort(
                reason="rejected", description_placeholders={"code": code}
            )
        return self.async_create_entry(data={})

    async def _answer(self, step: str, note: str | None, caller: Caller) -> Order:
        doors = self.doors
        if step == "approve":
            return await doors.approve(self.order_id, caller)
        if step == "decline":
            return await doors.cancel(self.order_id, caller)
        return await doors.resolve(
            self.order_id, arrived=step == "arrived", note=note, caller=caller
        )


class QuestionFlow(OrderFlow):
    """Answers whether SIM Keeper may recharge."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask."""
        return self.menu("approve", "decline")

    async def async_step_approve(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Buy."""
        return await self.settled("approve")

    async def async_step_decline(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Do not buy."""
        return await self.settled("decline")


class OutcomeFlow(OrderFlow):
    """Answers whether a recharge arrived."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask."""
        return self.menu("arrived", "not_arrived")

    async def async_step_arrived(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Book it as delivered."""
        return await self._with_note("arrived", user_input)

    async def async_step_not_arrived(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Book it as never delivered."""
        return await self._with_note("not_arrived", user_input)

    async def _with_note(
        self, step: str, user_input: dict[str, Any] | None
    ) -> RepairsFlowResult:
        if user_input is None:
            return self.async_show_form(step_id=step, data_schema=_NOTE_FORM)
        note = user_input.get(NOTE, "").strip()[:NOTE_LENGTH_MAX]
        return await self.settled(step, note or None)
