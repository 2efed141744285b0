"""Repairs that a person settles there: yes or no, arrived or not, recharged by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import (
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from .callers import caller_of, translated
from .const import DOMAIN
from .flows.form import Form, filled, shown_amount
from .home import HOME
from .keeper.carrier_data import MAX_DAYS
from .keeper.doors import Doors
from .keeper.engine import Engine
from .keeper.errors import OrderRefused
from .keeper.ledger import Ledger
from .keeper.money import Money
from .keeper.orders import Order, State
from .keeper.permissions import Caller
from .keeper.sim import Sim
from .keeper.statements import Paid
from .messages import error_text

AMOUNT = "amount"
DAY = "day"
DAYS = "days"
EXPIRY = "expiry"
WHERE = "where"
RECEIPT = "receipt"
NOTE = "note"

_SHORT, _LONG = 128, 512
"""How long a text may be, as in the action `record_recharge`."""
_LONG_TEXT = TextSelector(TextSelectorConfig(multiline=True))
_NOTE_FORM = vol.Schema({vol.Optional(NOTE): _LONG_TEXT})
_FAULTS = {"day_in_future": DAY, "already_recorded": RECEIPT}
"""The field at which a refusal is shown."""


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


class _OrderFlow(CheckedFlow):
    """Settles an order."""

    def __init__(self, order_id: int, engine: Engine) -> None:
        """Settle an order of the ledger that this engine uses, and of no other."""
        self._order_id = order_id
        self._engine = engine

    @property
    def doors(self) -> Doors:
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
            return await doors.approve(self._order_id, caller)
        if step == "decline":
            return await doors.cancel(self._order_id, caller)
        return await doors.resolve(
            self._order_id, arrived=step == "arrived", note=note, caller=caller
        )


class QuestionFlow(_OrderFlow):
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


class OutcomeFlow(_OrderFlow):
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
        note = user_input.get(NOTE, "").strip()[:_LONG]
        return await self.settled(step, note or None)


class TaskFlow(_OrderFlow):
    """Notes what a person really paid for a recharge that he was asked to do."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin: what comes with it is not from a form."""
        return await self.async_step_paid()

    async def async_step_paid(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask what was paid, and note it."""
        try:
            with translated():
                task = await self._task()
        except HomeAssistantError as err:
            return await self.did_not_work(err)
        if task is None:
            return self.async_abort(reason="gone")
        if user_input is None:
            return self._show(task, task.suggested)
        form = Form(user_input)
        paid = _read(form, task)
        text = None if paid is None else await self._record(form, task, paid)
        if form.errors:
            return self._show(task, form.typed, form.errors, text)
        return self.async_create_entry(data={})

    async def _task(self) -> _Task | None:
        """Return the task while it is open, with what it needs to be noted."""
        home, engine = self.hass.data[HOME], self.doors.engine
        order = await engine.desk.read(Ledger.order, self._order_id)
        if order.state is not State.ASKED:
            return None
        sim = engine.sims.get(order.sim)
        if sim is None:
            raise OrderRefused("sim_not_found")
        earlier = await engine.desk.read(Ledger.orders, order.sim)
        return _Task(
            order=order,
            sim=sim,
            today=home.now().astimezone(sim.zone).date(),
            noted=frozenset(
                (known.cost, known.happened_on, known.place, known.receipt)
                for known in earlier
                if known.assisted and known.state is State.CONFIRMED
            ),
        )

    async def _record(self, form: Form, task: _Task, paid: Paid) -> str | None:
        """Note it. A fault goes to its field; without one, its sentence is returned."""
        caller, context = await self.caller()
        try:
            with translated(context):
                await self.doors.record(
                    task.sim.epoch, paid, caller, task_id=self._order_id
                )
        except Unauthorized:
            # Everybody may note a recharge, but not everybody what moves an automatic one.
            form.errors[DAYS if paid.expiry is None else EXPIRY] = "needs_admin"
        except HomeAssistantError as err:
            key = err.translation_key or ""
            if key in _FAULTS:
                form.errors[_FAULTS[key]] = key
                return None
            form.errors["base"] = "failed"
            return await error_text(self.hass, err)
        return None

    def _show(
        self,
        task: _Task,
        values: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        text: str | None = None,
    ) -> RepairsFlowResult:
        amount = TextSelector(TextSelectorConfig(suffix=task.sim.currency))
        # Its limits are checked by us: whoever passes them is told so in his language.
        days = NumberSelectorConfig(step=1, mode=NumberSelectorMode.BOX)
        schema = vol.Schema(
            {
                vol.Required(AMOUNT): amount,
                vol.Required(DAY, default=task.today.isoformat()): DateSelector(),
                vol.Optional(DAYS): NumberSelector(days),
                vol.Optional(EXPIRY): DateSelector(),
                vol.Optional(WHERE): TextSelector(),
                vol.Optional(RECEIPT): TextSelector(),
                vol.Optional(NOTE): _LONG_TEXT,
            }
        )
        return self.async_show_form(
            step_id="paid",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={
                **self.placeholders,
                **filled({"error": text}),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """An open task, and what is needed to check what a person types about it."""

    order: Order
    sim: Sim
    today: date
    """In the zone of the SIM."""
    noted: frozenset[tuple[Money | None, date | None, str | None, str | None]]
    """Cost, day, place and receipt of what people recharged before."""

    @property
    def suggested(self) -> dict[str, Any]:
        """What the form shows at first."""
        value = self.order.value
        same = value is not None and value.currency == self.sim.currency
        return filled({AMOUNT: shown_amount(value) if same else None})


def _read(form: Form, task: _Task) -> Paid | None:
    """Return what was typed, or None when something is wrong with it."""
    cost = form.amount(AMOUNT, task.sim.currency)
    if cost is None:
        form.errors.setdefault(AMOUNT, "required")
    days, expiry = _days(form), form.day(EXPIRY)
    if form.typed.get(DAYS) is not None and expiry is not None:
        form.errors[EXPIRY] = "days_or_expiry"
    day = form.day(DAY) or task.today
    if day > task.today:
        form.errors[DAY] = "day_in_future"
    elif expiry is not None and expiry < day:
        form.errors.setdefault(EXPIRY, "expiry_before_day")
    for key, moment in ((DAY, day), (EXPIRY, expiry)):
        if moment and abs(moment - task.today) > timedelta(days=MAX_DAYS):
            form.errors.setdefault(key, "date_too_far")
    for key, most in ((WHERE, _SHORT), (RECEIPT, _SHORT), (NOTE, _LONG)):
        if len(form.text(key) or "") > most:
            form.errors[key] = "too_long"
    place, receipt = form.text(WHERE), form.text(RECEIPT)
    if (cost, day, place, receipt) in task.noted:
        form.errors.setdefault(RECEIPT, "already_recorded")
    if form.errors or cost is None:
        return None
    return Paid(
        cost=cost,
        day=day,
        days=days,
        expiry=expiry,
        place=place,
        receipt=receipt,
        note=form.text(NOTE),
    )


def _days(form: Form) -> int | None:
    value = form.typed.get(DAYS)
    if value is None:
        return None
    if not 1 <= value <= MAX_DAYS or value != int(value):
        form.errors[DAYS] = "days_invalid"
        return None
    return int(value)
