"""The actions of SIM Keeper: what people and automations can tell it to do."""

from collections.abc import Callable, Coroutine
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType
import voluptuous as vol

from . import rule_actions
from .callers import caller_of, translated
from .const import BYTES_PER_MEGABYTE, DOMAIN, MEGABYTES_MAX
from .home import HOME
from .keeper.carrier_data import MAX_DAYS
from .keeper.errors import AmountFault, AmountInvalid, NotAllowed, OrderRefused
from .keeper.ledger import Ledger
from .keeper.money import Money, positive
from .keeper.orders import Order, State
from .keeper.permissions import Door, require
from .keeper.ports import Wanted
from .keeper.sim import Sim
from .keeper.statements import Paid, Recharge, Typed
from .phone import mask
from .reach import check_past, check_reach, check_typed
from .replies import as_csv, decimal_text, export_row, order_reply, time_text
from .targets import ATTR_DEVICE_ID, called_sim
from .texts import sim_name

ATTR_ORDER_ID: Final = "order_id"
_ORDER_ID_MAX = 2**63 - 1
"""What the ledger can look for."""

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]


def _number(value: Any) -> str:
    """Accept a number or its text; what it is worth is decided when the currency is known."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise vol.Invalid("expected a number")
    return str(value).strip()


def _moment(value: Any) -> date | datetime:
    """Accept a day or a time."""
    if isinstance(value, date):
        return value
    text = str(value)
    day = dt_util.parse_date(text)
    return cv.datetime(text) if day is None else day


def _text(limit: int) -> vol.All:
    return vol.All(cv.string, vol.Length(min=1, max=limit))


_DEVICE = {vol.Required(ATTR_DEVICE_ID): cv.string}
_ORDER_ID = vol.All(vol.Coerce(int), vol.Range(min=1, max=_ORDER_ID_MAX))
_ORDER = {vol.Required(ATTR_ORDER_ID): _ORDER_ID}
_DEVICE_OR_ORDER = {
    vol.Optional(ATTR_DEVICE_ID): cv.string,
    vol.Optional(ATTR_ORDER_ID): _ORDER_ID,
}
_RECHARGE = {
    **_DEVICE,
    vol.Optional("amount"): _number,
    vol.Optional("product"): _text(128),
    vol.Optional("request_id"): _text(64),
    vol.Optional("another", default=False): cv.boolean,
    vol.Optional("dry_run", default=False): cv.boolean,
}
_RESOLVE = {
    **_ORDER,
    vol.Required("outcome"): vol.In(("confirmed", "rejected")),
    vol.Optional("note"): _text(512),
}
_RECORD = {
    **_DEVICE,
    vol.Optional("amount"): _number,
    vol.Optional("already_paid", default=False): cv.boolean,
    vol.Optional("date"): cv.date,
    vol.Optional("days"): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_DAYS)),
    vol.Optional("expiry"): cv.date,
    vol.Optional("where"): _text(128),
    vol.Optional("receipt"): _text(128),
    vol.Optional("note"): _text(512),
}
_READING = {
    **_DEVICE,
    vol.Optional("balance"): _number,
    vol.Optional("expiry"): cv.date,
    vol.Optional("data_left"): _number,
    vol.Optional("last_activity"): cv.date,
}
_LEDGER = {
    vol.Optional(ATTR_DEVICE_ID): cv.string,
    vol.Optional("start"): _moment,
    vol.Optional("end"): _moment,
    vol.Optional("format", default="json"): vol.In(("json", "csv")),
    vol.Optional("with_numbers", default=False): cv.boolean,
}


@callback
def async_register_actions(hass: HomeAssistant) -> None:
    """Make the actions known. Who may do what is decided behind them, in `keeper.doors`."""
    optional = SupportsResponse.OPTIONAL
    actions: dict[str, tuple[Handler, dict[Any, Any], SupportsResponse]] = {
        "recharge": (_recharge, _RECHARGE, optional),
        "approve": (_approve, _DEVICE_OR_ORDER, optional),
        "cancel": (_cancel, _DEVICE_OR_ORDER, optional),
        "skip": (_skip, _DEVICE_OR_ORDER, optional),
        "resolve": (_resolve, _RESOLVE, optional),
        "record_recharge": (_record_recharge, _RECORD, optional),
        "update_reading": (_update_reading, _READING, SupportsResponse.NONE),
        "mark_active": (_mark_active, _DEVICE, SupportsResponse.NONE),
        "get_ledger": (_get_ledger, _LEDGER, SupportsResponse.ONLY),
        "preview": (rule_actions.preview, rule_actions.PREVIEW, SupportsResponse.ONLY),
        "list_products": (
            rule_actions.list_products,
            rule_actions.LIST_PRODUCTS,
            SupportsResponse.ONLY,
        ),
        "pause": (rule_actions.pause, rule_actions.PAUSE, SupportsResponse.NONE),
        "resume": (rule_actions.resume, rule_actions.RESUME, SupportsResponse.NONE),
    }
    for name, (handler, fields, response) in actions.items():
        hass.services.async_register(
            DOMAIN, name, handler, vol.Schema(fields), supports_response=response
        )


async def _recharge(call: ServiceCall) -> ServiceResponse:
    sim = called_sim(call)
    if "amount" in call.data and "product" in call.data:
        raise _invalid("amount_or_product")
    caller = await caller_of(call.hass, call.context)
    doors = call.hass.data[HOME].doors
    with translated(call.context):
        asked = Recharge(
            wanted=Wanted(
                amount=_money(call, "amount", sim, above_zero=True),
                product=call.data.get("product"),
            ),
            request=call.data.get("request_id"),
            another=call.data["another"],
        )
        if call.data["dry_run"]:
            return await _dry_run(call, sim, asked)
        return order_reply(await doors.recharge(sim.epoch, asked, caller))


async def _dry_run(call: ServiceCall, sim: Sim, asked: Recharge) -> ServiceResponse:
    """Say what a recharge would cost, and whether it would be sent now."""
    caller = await caller_of(call.hass, call.context)
    trial = await call.hass.data[HOME].doors.try_out(sim.epoch, asked, caller)
    offer = trial.offer
    amount = trial.amount if offer is None else offer.quote.value
    price = None if offer is None else offer.quote.price
    return {
        "dry_run": True,
        "amount": decimal_text(amount),
        "currency": sim.currency if amount is None else amount.currency,
        "price": decimal_text(price),
        "price_currency": None if price is None else price.currency,
        "ceiling": None if offer is None else decimal_text(offer.ceiling),
        "product": None if offer is None else offer.quote.product,
        "allowed": trial.refused is None,
        "reason": trial.refused,
    }


async def _approve(call: ServiceCall) -> ServiceResponse:
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        require(Door.APPROVE, caller)
        order_id = await _waiting(call, State.ASKED)
        doors = call.hass.data[HOME].doors
        return order_reply(await doors.approve(order_id, caller))


async def _cancel(call: ServiceCall) -> ServiceResponse:
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        order_id = await _waiting(call, State.ASKED, State.APPROVED)
        doors = call.hass.data[HOME].doors
        return order_reply(await doors.cancel(order_id, caller))


async def _skip(call: ServiceCall) -> ServiceResponse:
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        order_id = await _waiting(call, State.ASKED, assisted=True)
        order = await call.hass.data[HOME].doors.skip(order_id, caller)
    return {**order_reply(order), "rests_until": time_text(order.next_at)}


async def _resolve(call: ServiceCall) -> ServiceResponse:
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        order = await call.hass.data[HOME].doors.resolve(
            call.data[ATTR_ORDER_ID],
            arrived=call.data["outcome"] == "confirmed",
            note=call.data.get("note"),
            caller=caller,
        )
    return order_reply(order)


async def _record_recharge(call: ServiceCall) -> ServiceResponse:
    sim, data = called_sim(call), call.data
    if "days" in data and "expiry" in data:
        raise _invalid("days_or_expiry")
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        cost = _money(call, "amount", sim, above_zero=True)
        if cost is None and not data["already_paid"]:
            raise OrderRefused("amount_needed")
        today = dt_util.now(sim.zone).date()
        check_past(data.get("date", today), today)
        check_reach(data.get("expiry", today), today)
        paid = Paid(
            cost=cost,
            already=data["already_paid"],
            day=data.get("date", today),
            days=data.get("days"),
            expiry=data.get("expiry"),
            place=data.get("where"),
            receipt=data.get("receipt"),
            note=data.get("note"),
        )
        return order_reply(
            await call.hass.data[HOME].doors.record(sim.epoch, paid, caller)
        )


async def _update_reading(call: ServiceCall) -> None:
    sim = called_sim(call)
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        typed = Typed(
            balance=_money(call, "balance", sim),
            expiry=call.data.get("expiry"),
            data_left=_bytes(call.data.get("data_left")),
            last_activity=call.data.get("last_activity"),
        )
        if typed == Typed():
            raise OrderRefused("nothing_given")
        check_typed(typed, dt_util.now(sim.zone).date())
        await call.hass.data[HOME].doors.update_reading(sim.epoch, typed, caller)


async def _mark_active(call: ServiceCall) -> None:
    sim = called_sim(call)
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        await call.hass.data[HOME].doors.mark_active(sim.epoch, caller)


async def _get_ledger(call: ServiceCall) -> ServiceResponse:
    sim = called_sim(call) if ATTR_DEVICE_ID in call.data else None
    caller = await caller_of(call.hass, call.context)
    with translated(call.context):
        require(Door.EXPORT, caller)
        if call.data["with_numbers"] and not caller.is_admin:
            # An automation's answer can end up in a notification; a person asked for this one.
            raise NotAllowed(Door.EXPORT.value)
        orders = await call.hass.data[HOME].engine.desk.read(
            Ledger.orders,
            None if sim is None else sim.epoch,
            start=_bound(call.data.get("start")),
            end=_bound(call.data.get("end"), after=True),
        )
        pictures = await call.hass.data[HOME].engine.desk.read(
            Ledger.pictures, None if sim is None else sim.epoch
        )
        sims = await _sims(call, orders)
    rows = [export_row(order, pictures.get(order.id)) for order in orders]
    if call.data["format"] == "csv":
        named = zip(orders, rows, strict=True)
        return {"csv": as_csv([{**sims[order.sim], **row} for order, row in named])}
    for epoch, sim_shown in sims.items():
        sim_shown["order_ids"] = [order.id for order in orders if order.sim == epoch]
    return {
        "orders": list[JsonValueType](rows),
        "sims": list(sims.values()),
    }


async def _sims(call: ServiceCall, orders: list[Order]) -> dict[str, JsonObjectType]:
    """Return name and number of the SIMs that orders are for, also of removed ones."""
    desk = call.hass.data[HOME].engine.desk
    shown: dict[str, JsonObjectType] = {}
    for epoch in dict.fromkeys(order.sim for order in orders):
        number = await desk.read(Ledger.sim_number, epoch)
        shown[epoch] = {
            "name": sim_name(call.hass, epoch),
            "number": number if call.data["with_numbers"] else mask(number),
        }
    return shown


async def _waiting(
    call: ServiceCall, *states: State, assisted: bool | None = None
) -> int:
    """Return the order that was named, or the only one of a SIM that waits.

    `assisted` looks only at tasks, or only at what SIM Keeper would buy itself.
    """
    if (ATTR_DEVICE_ID in call.data) == (ATTR_ORDER_ID in call.data):
        raise _invalid("device_or_order")
    if ATTR_ORDER_ID in call.data:
        return int(call.data[ATTR_ORDER_ID])
    sim = called_sim(call)
    desk = call.hass.data[HOME].engine.desk
    found = await desk.read(Ledger.in_state, *states)
    ids = [
        order.id
        for order in found
        if order.sim == sim.epoch and assisted in (None, order.assisted)
    ]
    if not ids:
        raise OrderRefused("nothing_waiting")
    if len(ids) > 1:
        raise OrderRefused("several_waiting", orders=", ".join(map(str, ids)))
    return ids[0]


def _money(
    call: ServiceCall, name: str, sim: Sim, *, above_zero: bool = False
) -> Money | None:
    if name not in call.data:
        return None
    money = Money.parse(call.data[name], sim.currency)
    return positive(money) if above_zero else money


def _bytes(megabytes: str | None) -> int | None:
    if megabytes is None:
        return None
    try:
        value = Decimal(megabytes)
    except InvalidOperation as err:
        raise AmountInvalid(AmountFault.NOT_A_NUMBER) from err
    if not value.is_finite():
        raise AmountInvalid(AmountFault.NOT_A_NUMBER)
    if not 0 <= value <= MEGABYTES_MAX:
        raise OrderRefused("data_out_of_range")
    return int(value * BYTES_PER_MEGABYTE)


def _bound(value: date | datetime | None, *, after: bool = False) -> datetime | None:
    """Return a bound as a moment; a day named as the end belongs to the period."""
    if value is None:
        return None
    try:
        if not isinstance(value, datetime):
            value = datetime.combine(value + timedelta(days=int(after)), time.min)
        return dt_util.as_utc(value)
    except OverflowError as err:
        raise OrderRefused("date_too_far") from err


def _invalid(key: str, **numbers: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=numbers
    )
