"""The form about a recharge that a person was asked to do: its fields, and what was typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from homeassistant.helpers.selector import (
    DateSelector,
    FileSelector,
    FileSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from .flows.form import Form, choice_field, filled, shown_amount
from .keeper.carrier_data import MAX_DAYS
from .keeper.engine import Engine
from .keeper.errors import OrderRefused
from .keeper.ledger import Ledger
from .keeper.money import Money
from .keeper.orders import Order, State
from .keeper.sim import Sim
from .keeper.statements import Paid
from .reach import is_far
from .repair_flows import LONG_TEXT, NOTE, NOTE_LENGTH_MAX
from .ways import places

AMOUNT = "amount"
DAY = "day"
DAYS = "days"
EXPIRY = "expiry"
WHERE = "where"
RECEIPT = "receipt"
PICTURE = "picture"
NOT_KEPT = "picture_not_kept"
"""The fault of a picture that is good, and cannot be written to the disk."""

_TEXT_LENGTH_MAX = 128
"""As in the action `record_recharge`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
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


async def open_task(engine: Engine, order_id: int) -> Task | None:
    """Return a task while it is open. Raises OrderRefused, LedgerBroken."""
    order = await engine.desk.read(Ledger.order, order_id)
    if order.state is not State.ASKED:
        return None
    sim = engine.sims.get(order.sim)
    if sim is None:
        raise OrderRefused("sim_not_found")
    earlier = await engine.desk.read(Ledger.orders, order.sim)
    return Task(
        order=order,
        sim=sim,
        today=engine.world.now().astimezone(sim.zone).date(),
        noted=frozenset(
            (known.cost, known.happened_on, known.place, known.receipt)
            for known in earlier
            if known.assisted and known.state is State.CONFIRMED
        ),
    )


def fields(task: Task, *, already: bool) -> vol.Schema:
    """Return the fields; only of what was already paid may the amount be unknown."""
    amount = TextSelector(TextSelectorConfig(suffix=task.sim.currency))
    # Its limits are checked by us: whoever passes them is told so in his language.
    days = NumberSelectorConfig(step=1, mode=NumberSelectorMode.BOX)
    needed = vol.Optional if already else vol.Required
    return vol.Schema(
        {
            needed(AMOUNT): amount,
            vol.Required(DAY, default=task.today.isoformat()): DateSelector(),
            vol.Optional(DAYS): NumberSelector(days),
            vol.Optional(EXPIRY): DateSelector(),
            vol.Optional(WHERE): choice_field(
                places(task.sim.carrier), "place", free=True
            ),
            vol.Optional(RECEIPT): TextSelector(),
            vol.Optional(PICTURE): FileSelector(FileSelectorConfig(accept="image/*")),
            vol.Optional(NOTE): LONG_TEXT,
        }
    )


def read(form: Form, task: Task, *, already: bool) -> Paid | None:
    """Return what was typed, or None when something is wrong with it."""
    cost = form.amount(AMOUNT, task.sim.currency)
    if cost is None and not already:
        form.errors.setdefault(AMOUNT, "required")
    days, expiry = _days(form), form.day(EXPIRY)
    if form.typed.get(DAYS) is not None and expiry is not None:
        form.errors[EXPIRY] = "days_or_expiry"
    day = form.day(DAY) or task.today
    _check_days(form, task, day, expiry)
    limits = {WHERE: _TEXT_LENGTH_MAX, RECEIPT: _TEXT_LENGTH_MAX, NOTE: NOTE_LENGTH_MAX}
    for key, most in limits.items():
        if len(form.text(key) or "") > most:
            form.errors[key] = "too_long"
    place, receipt = form.text(WHERE), form.text(RECEIPT)
    if (cost, day, place, receipt) in task.noted:
        form.errors.setdefault(RECEIPT, "already_recorded")
    if form.errors:
        return None
    return Paid(
        cost=cost,
        day=day,
        days=days,
        expiry=expiry,
        place=place,
        receipt=receipt,
        note=form.text(NOTE),
        already=already,
    )


def shown_again(form: Form) -> Mapping[str, Any]:
    """Return what the form keeps when it comes back: all but a picture that was refused."""
    refused = form.errors.get(PICTURE) not in (None, NOT_KEPT)
    return {
        key: value for key, value in form.typed.items() if key != PICTURE or not refused
    }


def _check_days(form: Form, task: Task, day: date, expiry: date | None) -> None:
    if day > task.today:
        form.errors[DAY] = "day_in_future"
    elif expiry is not None and expiry < day:
        form.errors.setdefault(EXPIRY, "expiry_before_day")
    for key, moment in ((DAY, day), (EXPIRY, expiry)):
        if moment and is_far(moment, task.today):
            form.errors.setdefault(key, "date_too_far")


def _days(form: Form) -> int | None:
    value = form.typed.get(DAYS)
    if value is None:
        return None
    if not 1 <= value <= MAX_DAYS or value != int(value):
        form.errors[DAYS] = "days_invalid"
        return None
    return int(value)
