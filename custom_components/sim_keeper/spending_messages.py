"""What people are told of a SIM's spending that is out of the ordinary."""

from .account_messages import Say
from .flows.form import shown_money
from .keeper.ledger import Event, EventType
from .keeper.money import Money

SPENDING_EVENTS = (EventType.UNUSUAL_SPENDING, EventType.UNEXPLAINED_SPENDING)


def spent_in(event: Event) -> Money:
    """Return what was spent."""
    return _money(event, "amount_minor")


def usual_in(event: Event) -> Money | None:
    """Return what is usual, where that is what the event compares with."""
    unusual = event.type is EventType.UNUSUAL_SPENDING
    return _money(event, "usual_minor") if unusual else None


async def spending_lines(event: Event, say: Say) -> list[str]:
    """Put into words what was spent, and what to look for."""
    data, amount = event.data, shown_money(spent_in(event))
    usual = usual_in(event)
    if usual is not None:
        numbers = {"amount": amount, "day": str(data["day"])}
        if usual.minor == 0:
            line = await say("told_unusual_spending_any", **numbers)
        else:
            line = await say(
                "told_unusual_spending", **numbers, usual=shown_money(usual)
            )
        return [line, await say("told_unusual_spending_then")]
    days = {"start": str(data["start"]), "end": str(data["end"])}
    return [
        await say("told_unexplained_spending", amount=amount, **days),
        await say("told_unexplained_spending_then"),
    ]


def _money(event: Event, name: str) -> Money:
    return Money(int(str(event.data[name])), str(event.data["currency"]))
