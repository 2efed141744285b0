"""The repair of a recharge that a person does: done, already paid, or passed over this time."""

from collections.abc import Mapping
from dataclasses import replace
import logging
from typing import Any

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.exceptions import HomeAssistantError, Unauthorized
import voluptuous as vol

from . import receipts, task_form
from .callers import translated
from .flows.form import Form, filled
from .keeper.policy import rests_until
from .keeper.statements import Paid
from .reasons import error_text
from .receipts import PictureRefused
from .repair_flows import OrderFlow
from .task_form import DAY, DAYS, EXPIRY, NOT_KEPT, PICTURE, RECEIPT, Task

_LOGGER = logging.getLogger(__name__)

_FAULTS = {"day_in_future": DAY, "already_recorded": RECEIPT}
"""The field at which a refusal is shown."""


class TaskFlow(OrderFlow):
    """Hears what became of a recharge that a person was asked to do."""

    _photo: tuple[str, receipts.Photo] | None = None
    """The picture that was read from an upload, in case the form has to be sent again."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask what became of it."""
        task = await self._task()
        if not isinstance(task, Task):
            return task
        return self.menu("paid", "already_paid", "skip")

    async def async_step_paid(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Note what the person paid: as planned, or another amount."""
        return await self._noted("paid", user_input)

    async def async_step_already_paid(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Note what somebody else, the carrier or a wallet had paid."""
        return await self._noted("already_paid", user_input)

    async def async_step_skip(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Pass it over, once the person has read until when."""
        task = await self._task()
        if not isinstance(task, Task):
            return task
        caller, context = await self.caller()
        try:
            with translated(context):
                if user_input is None:
                    return await self._show_skip(task)
                await self.doors.skip(self.order_id, caller)
        except HomeAssistantError as err:
            return await self.did_not_work(err)
        return self.async_create_entry(data={})

    async def _task(self) -> Task | RepairsFlowResult:
        """Return the task while it is open, else the end of the flow."""
        try:
            with translated():
                engine = self.doors.engine
                task = await task_form.open_task(engine, self.order_id)
        except HomeAssistantError as err:
            return await self.did_not_work(err)
        return self.async_abort(reason="gone") if task is None else task

    async def _show_skip(self, task: Task) -> RepairsFlowResult:
        engine = self.doors.engine
        at, _ = await engine.situation(task.sim)
        until = rests_until(at, engine.world.now()).astimezone(task.sim.zone)
        return self.async_show_form(
            step_id="skip",
            data_schema=vol.Schema({}),
            description_placeholders={
                **self.placeholders,
                "until": until.date().isoformat(),
            },
        )

    async def _noted(
        self, step: str, user_input: dict[str, Any] | None
    ) -> RepairsFlowResult:
        task = await self._task()
        if not isinstance(task, Task):
            return task
        if user_input is None:
            suggested = task.suggested if step == "paid" else {}
            return self._show(step, task, suggested)
        form, text = Form(user_input), None
        paid = task_form.read(form, task, already=step != "paid")
        if paid is not None and (file_id := form.text(PICTURE)):
            await self._take(file_id, form)
        if paid is not None and not form.errors:
            text = await self._keep(form, task, paid)
        if form.errors:
            values = task_form.shown_again(form)
            return self._show(step, task, values, form.errors, text)
        return self.async_create_entry(data={})

    async def _take(self, file_id: str, form: Form) -> None:
        """Read the picture from its upload, once: then the upload is gone."""
        if self._photo is not None and self._photo[0] == file_id:
            return
        self._photo = None
        try:
            photo = await self.hass.async_add_executor_job(
                receipts.uploaded, self.hass, file_id
            )
        except PictureRefused as err:
            form.errors[PICTURE] = err.reason
        else:
            self._photo = (file_id, photo)

    async def _keep(self, form: Form, task: Task, paid: Paid) -> str | None:
        """Note the recharge, and keep the picture only if that went well."""
        if self._photo is None or form.text(PICTURE) != self._photo[0]:
            return await self._record(form, task, paid)
        run = self.hass.async_add_executor_job
        where = receipts.folder(self.hass)
        try:
            laid = await run(receipts.lay_down, where, self._photo[1], self.order_id)
        except OSError as err:
            _LOGGER.warning("The picture of a receipt cannot be kept: %s", err)
            form.errors[PICTURE] = NOT_KEPT
            return None
        ended = receipts.drop
        try:
            paid = replace(paid, picture=laid.picture)
            text = await self._record(form, task, paid)
            if not form.errors:
                ended = receipts.keep
        finally:
            await run(ended, laid)
        return text

    async def _record(self, form: Form, task: Task, paid: Paid) -> str | None:
        """Note it. A fault goes to its field; without one, its sentence is returned."""
        caller, context = await self.caller()
        try:
            with translated(context):
                await self.doors.record(
                    task.sim.epoch, paid, caller, task_id=self.order_id
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
        step: str,
        task: Task,
        values: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        text: str | None = None,
    ) -> RepairsFlowResult:
        schema = task_form.fields(task, already=step != "paid")
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={
                **self.placeholders,
                **filled({"error": text}),
            },
        )
