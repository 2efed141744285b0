"""What people are told of a recharge that they do themselves: asked, called to mind, noted."""

from .account_messages import Say
from .flows.form import shown_money
from .keeper.carriers import CarrierProfile
from .keeper.ledger import Event, EventType
from .keeper.notebook import ALREADY_PAID
from .keeper.orders import Kind, Order, State
from .ways import app_link


def names_task(event: Event, order: Order | None) -> bool:
    """Tell whether a reminder calls a task to mind that still waits."""
    if event.type is not EventType.REMINDER or event.data.get("stage") == "lost":
        return False
    return order is not None and order.state is State.ASKED


def only_of_task(event: Event) -> bool:
    """Tell whether a reminder is about a task alone, with no deadline in sight."""
    return str(event.data.get("stage")).startswith("task:")


async def wish(say: Say, order: Order) -> str:
    """Return what a person is asked to do."""
    if order.kind is Kind.ACTIVITY:
        return await say("told_task_activity")
    if order.value is None:
        return await say("told_task")
    return await say("told_task_amount", amount=shown_money(order.value))


async def how_it_ends(say: Say, order: Order) -> str:
    """Return what to do when it is done."""
    used = order.kind is Kind.ACTIVITY
    return await say("told_task_then_used" if used else "told_task_then")


async def ways(say: Say, carrier: CarrierProfile) -> list[str]:
    """Return where a person recharges."""
    app = app_link(carrier)
    return [
        *([] if carrier.topup_url is None else [carrier.topup_url]),
        *([] if app is None else [await say("told_app", app=app)]),
    ]


async def noted(say: Say, order: Order) -> str:
    """Return what was written down of it; nobody may know the amount."""
    if order.kind is Kind.ACTIVITY:
        return await say("told_confirmed_used")
    if order.reason == ALREADY_PAID:
        return await say("told_confirmed_already")
    if order.cost is None:
        return await say("told_confirmed_done")
    return await say("told_confirmed_paid", amount=shown_money(order.cost))
