"""What people are told of an event: a title, a few plain sentences, and what to do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .account_messages import Say, account_lines, account_of, funding_url, is_over
from .const import DOMAIN
from .flows.form import shown_money
from .frozen_messages import frozen_lines
from .goods import goods
from .home import Home
from .keeper.due import channel_uses_number, need
from .keeper.errors import LedgerFault, RefusalClass
from .keeper.ledger import Event, EventType, Ledger, RestoredFrom
from .keeper.lifecycle import Clock, Lifecycle, lifecycle
from .keeper.orders import Kind, Order, State
from .keeper.policy import Action, deadline_speaks, decide, skip_in_force
from .keeper.ports import Json
from .keeper.sim import Mode, RuleKind, Sim
from .reasons import explained
from .spending_messages import spending_lines
from .task_messages import how_it_ends, names_task, noted, only_of_task, ways, wish
from .texts import account_name, harmless, sentence, sim_name

APP = "SIM Keeper"
TAG_FROZEN = f"{DOMAIN}_frozen"
"""Of the message that the ledger is frozen; that it is used again takes its place."""
_RESTORED: Mapping[Json, str] = {
    RestoredFrom.SNAPSHOT.value: "told_restored_snapshot",
    RestoredFrom.NOTHING.value: "told_restored_nothing",
}


type Explain = Callable[[Json, Mapping[str, Json]], Awaitable[list[str]]]
"""Gives the sentence about a reason and its numbers, if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to tell people."""

    title: str
    text: str
    tag: str
    """A newer message with the same tag takes the place of the older one."""
    asks: Order | None = None
    """The order that waits for an answer to this."""
    url: str | None = None
    """Where a person recharges, or pays money in."""
    opens: str = "button_open"
    """The words on the button that leads there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """All that a message about a SIM can speak of."""

    event: Event
    order: Order | None
    goods: str
    """What the order buys."""
    sim: Sim | None
    """None for one that was disabled or removed."""
    life: Lifecycle | None
    outdated: bool
    """Nobody has said yet until when the number is valid after the last recharge."""
    say: Say
    explain: Explain


def order_tag(order_id: int) -> str:
    """Return the tag of all messages about an order."""
    return f"{DOMAIN}_order_{order_id}"


async def compose(hass: HomeAssistant, home: Home, event: Event) -> Message | None:
    """Put an event into words; None when it is no longer true and nobody needs to hear it."""
    if (account := account_of(event)) is not None:
        return await _about_account(hass, home, event, account)
    case = await _case(hass, home, event)
    if await _is_over(home, case):
        return None
    lines = await _lines(home, case)
    asks = (
        case.order
        if event.type is EventType.ASKED or names_task(case.event, case.order)
        else None
    )
    url = None
    if case.sim is not None and _is_for_hands(case):
        lines += await ways(case.say, case.sim.carrier)
        url = case.sim.carrier.topup_url
    return Message(
        title=APP if event.sim is None else sim_name(hass, event.sim),
        text="\n".join(lines),
        tag=_tag(event),
        asks=asks,
        url=url,
    )


async def _about_account(
    hass: HomeAssistant, home: Home, event: Event, account: str
) -> Message | None:
    if await is_over(hass, home, event):
        return None
    url = funding_url(hass, account)
    lines = await account_lines(event, partial(sentence, hass))
    return Message(
        title=account_name(hass, account),
        text="\n".join([*lines, *([] if url is None else [url])]),
        tag=f"{DOMAIN}_{account}_{event.type.value}",
        url=url,
        opens="button_fund",
    )


async def about_fault(hass: HomeAssistant, home: Home, fault: LedgerFault) -> Message:
    """Say that nothing is bought any more."""
    lines = await frozen_lines(hass, home, fault)
    return Message(title=APP, text="\n".join(lines), tag=TAG_FROZEN)


async def _case(hass: HomeAssistant, home: Home, event: Event) -> _Case:
    """Read what is known now: a message is written when it is sent, not when it happened."""
    desk = home.engine.desk
    words = partial(sentence, hass), partial(explained, hass)
    order = (
        None
        if event.order_id is None
        else await desk.read(Ledger.order, event.order_id)
    )
    sim = None if event.sim is None else home.engine.sims.get(event.sim)
    life, outdated = None, False
    if sim is not None:
        readings = await desk.read(Ledger.readings, sim.epoch)
        life = lifecycle(sim, readings, home.now())
        by_validity = life.clock is Clock.VALIDITY
        reading = readings.expiry if by_validity else readings.last_activity
        settled = None if order is None else order.settled_at
        outdated = bool(reading and settled and reading.observed_at < settled)
    return _Case(
        event=event,
        order=order,
        goods="" if order is None else goods(hass, order),
        sim=sim,
        life=life,
        outdated=outdated,
        say=words[0],
        explain=words[1],
    )


async def _is_over(home: Home, case: _Case) -> bool:
    """Tell whether what an event says has been overtaken by another."""
    waiting_in = {
        EventType.ASKED: State.ASKED,
        EventType.UNKNOWN: State.UNKNOWN,
        EventType.NEEDS_PERSON: State.NEEDS_PERSON,
    }
    state = waiting_in.get(case.event.type)
    if state is not None and case.order is not None:
        return case.order.state is not state
    if case.event.type is not EventType.REMINDER:
        return False
    newest = await home.engine.desk.read(
        Ledger.newest_event, EventType.REMINDER, case.event.sim
    )
    if newest is not None and newest.seq != case.event.seq:
        return True
    if case.sim is None or case.life is None:
        return False
    deadline = _day(case.life.deadline, case.sim)
    # What calls only a task to mind is over with the task.
    done = only_of_task(case.event) and not names_task(case.event, case.order)
    return done or deadline != case.event.data["deadline"]


def _is_for_hands(case: _Case) -> bool:
    """Tell whether a message asks a person to recharge, who needs to know where."""
    asked = case.event.type is EventType.ASKED or names_task(case.event, case.order)
    if asked and case.order is not None:
        return case.order.assisted and case.order.kind is Kind.RECHARGE
    reminder = case.event.type is EventType.REMINDER
    return reminder and case.sim is not None and _by_hand(case.sim)


def _by_hand(sim: Sim) -> bool:
    return sim.account is None or sim.rules.mode is Mode.REMIND


def _tag(event: Event) -> str:
    if event.order_id is not None:
        about = "_overshoot" if event.type is EventType.OVERSHOOT else ""
        return f"{order_tag(event.order_id)}{about}"
    if event.type is EventType.THAWED:
        return TAG_FROZEN
    if event.sim is None:
        return f"{DOMAIN}_{event.type.value}"
    about = "deadline" if event.type is EventType.REMINDER else event.type.value
    return f"{DOMAIN}_{event.sim}_{about}"


async def _lines(home: Home, case: _Case) -> list[str]:
    match case.event.type:
        case EventType.ASKED if case.order is not None:
            task = case.order.assisted
            return await (_task if task else _question)(case, case.order)
        case EventType.CONFIRMED if case.order is not None:
            return await _confirmed(case, case.order)
        case EventType.REJECTED if case.order is not None:
            return await _rejected(case, case.order)
        case EventType.CANCELLED | EventType.EXPIRED if case.order is not None:
            return await _not_sent(case, case.order)
        case EventType.REMINDER:
            return await _reminder(home, case)
        case EventType.SKIPPED:
            return await _skipped(case)
        case EventType.UNUSUAL_SPENDING | EventType.UNEXPLAINED_SPENDING:
            return await spending_lines(case.event, case.say)
        case EventType.OVERSHOOT if case.order is not None:
            most = shown_money(case.order.ceiling)
            return [
                await case.say("told_overshoot", price=_price(case.order), most=most)
            ]
        case EventType.RESTORED:
            source = case.event.data.get("source")
            return [await case.say(_RESTORED.get(source, "told_restored"))]
        case EventType.NEEDS_PERSON if case.order is not None:
            return await _needs_person(case, case.order)
        case EventType.UNKNOWN if case.order and case.order.kind is Kind.ACTIVITY:
            return [await case.say("told_unknown_use", price=_price(case.order))]
        case _ if case.order is not None:
            numbers = {"amount": case.goods, "price": _price(case.order)}
            return [await case.say(f"told_{case.event.type.value}", **numbers)]
        case _:
            return [await case.say(f"told_{case.event.type.value}")]


async def _question(case: _Case, order: Order) -> list[str]:
    until = dt_util.as_local(order.valid_until).strftime("%Y-%m-%d %H:%M")
    numbers = {"amount": case.goods, "price": _price(order)}
    return [
        await case.say(
            "told_question_use" if order.kind is Kind.ACTIVITY else "told_question",
            **numbers,
            most=shown_money(order.ceiling),
        ),
        *await _because(case, order),
        await case.say("told_question_until", until=until),
    ]


async def _task(case: _Case, order: Order) -> list[str]:
    return [
        await wish(case.say, order),
        *await _because(case, order),
        await how_it_ends(case.say, order),
    ]


async def _because(case: _Case, order: Order) -> list[str]:
    """Return why an order is wanted, and why it is not simply made."""
    why, rules, lines = order.why, order.why.get("rules"), []
    rules = rules if isinstance(rules, list) else []
    if RuleKind.LOW_BALANCE.value in rules and "balance" in why and "threshold" in why:
        numbers = {"balance": str(why["balance"]), "threshold": str(why["threshold"])}
        lines.append(await case.say("told_balance_low", **numbers))
    return [
        *lines,
        *await _deadline(case),
        *await case.explain(why.get("reason"), why),
    ]


async def _deadline(case: _Case) -> list[str]:
    """Return the sentence about the deadline that still counts."""
    life, sim = case.life, case.sim
    if life is None or sim is None or life.deadline is None:
        return []
    day = str(_day(life.deadline, sim))
    if life.over:
        return [await case.say("told_deadline_passed", deadline=day)]
    days = str(life.days_left)
    key = "told_deadline_today" if life.days_left == 0 else "told_deadline"
    return [await case.say(key, deadline=day, days=days)]


async def _confirmed(case: _Case, order: Order) -> list[str]:
    numbers = {"amount": case.goods, "price": _price(order)}
    if order.assisted:
        lines = [await noted(case.say, order)]
    elif order.kind is Kind.ACTIVITY:
        assumed = order.reason == "cost_assumed"
        key = "told_confirmed_use_assumed" if assumed else "told_confirmed_use"
        lines = [await case.say(key, price=_price(order))]
    elif order.reason == "cost_assumed":
        lines = [await case.say("told_confirmed_assumed", **numbers)]
    else:
        lines = [await case.say("told_confirmed", **numbers)]
    if case.outdated:
        return [*lines, await case.say("told_enter_expiry")]
    return [*lines, *await _deadline(case)]


async def _rejected(case: _Case, order: Order) -> list[str]:
    amount, using = case.goods, order.kind is Kind.ACTIVITY
    if order.reason == "person_says_not_arrived" and using:
        return [await case.say("told_rejected_use_person")]
    if order.reason == "person_says_not_arrived":
        return [await case.say("told_rejected_person", amount=amount)]
    if order.reason == "login_failed":
        return [await case.say("told_rejected_login", amount=amount)]
    code = _code(order.reason)
    lines = [
        await case.say("told_rejected_use", code=code)
        if using
        else await case.say("told_rejected", amount=amount, code=code)
    ]
    then = {
        RefusalClass.NEVER: "told_rejected_never",
        RefusalClass.FIX_FIRST: "told_rejected_fix_first",
        RefusalClass.LATER: "told_rejected_later",
    }
    if order.refusal is not None:
        lines.append(await case.say(then[order.refusal]))
    return lines


async def _not_sent(case: _Case, order: Order) -> list[str]:
    """Say that something that a person wanted was never sent, and what stood against it."""
    cancelled = order.state is State.CANCELLED
    if order.kind is Kind.ACTIVITY:
        key = "told_cancelled_use" if cancelled else "told_expired_use"
    else:
        key = "told_cancelled" if cancelled else "told_expired"
    return [
        await case.say(key, amount=case.goods),
        *await case.explain(order.reason, {}),
    ]


async def _needs_person(case: _Case, order: Order) -> list[str]:
    numbers = {"amount": case.goods, "price": _price(order)}
    using = order.kind is Kind.ACTIVITY
    key = "told_needs_person_use" if using else "told_needs_person"
    lines = [await case.say(key, **numbers)]
    if order.reference is not None:
        lines.append(await case.say("told_reference", reference=_code(order.reference)))
    return [*lines, await case.say("told_needs_person_then")]


async def _reminder(home: Home, case: _Case) -> list[str]:
    stage, deadline = str(case.event.data["stage"]), str(case.event.data["deadline"])
    if stage == "lost":
        return [await case.say("told_reminder_lost", deadline=deadline)]
    if only_of_task(case.event):
        lines = [await case.say("told_reminder_task", day=_since(case))]
    elif stage.startswith("grace"):
        lines = [await case.say("told_reminder_grace", deadline=deadline)]
        end = case.life.grace_end if case.life is not None else None
        if end is not None and case.sim is not None:
            day = str(_day(end, case.sim))
            lines.append(await case.say("told_reminder_grace_end", end=day))
    else:
        left = case.life.days_left if case.life is not None else None
        days = int(stage) if left is None else left
        keys = {0: "told_reminder_today", 1: "told_reminder_tomorrow"}
        key = keys.get(days, "told_reminder")
        lines = [await case.say(key, deadline=deadline, days=str(days))]
    return [*lines, *await _what_to_do(home, case)]


async def _what_to_do(home: Home, case: _Case) -> list[str]:
    """Return what keeps the number alive now, and who does it."""
    if case.sim is None:
        return []
    if case.order is not None and names_task(case.event, case.order):
        return [
            await wish(case.say, case.order),
            await how_it_ends(case.say, case.order),
        ]
    at, _ = await home.engine.situation(case.sim)
    if (until := skip_in_force(at, home.now())) is not None:
        day = str(_day(until, case.sim))
        return [await case.say("told_do_skipped", until=day)]
    if at.view.order is not None and at.view.order.state is State.ASKED:
        return [await case.say("told_do_answer")]
    if at.life.clock is not None and not deadline_speaks(at):
        return [await case.say("told_enter_expiry")]
    # An action that only texts or calls leaves recharges to people.
    left_over = channel_uses_number(at) and need(at) is Kind.RECHARGE
    if _by_hand(case.sim) or left_over:
        silent = at.life.clock is Clock.ACTIVITY
        return [await case.say("told_do_use" if silent else "told_do_recharge")]
    decision = decide(at, home.now())
    if not decision.rules or decision.action is not Action.NOTHING:
        return [await case.say("told_do_nothing")]
    why = await case.explain(decision.reason.value, decision.numbers)
    return [await case.say("told_do_wait"), *why]


async def _skipped(case: _Case) -> list[str]:
    data = case.event.data
    code = data.get("code")
    lines = [await case.say("told_skipped"), *await case.explain(data["reason"], data)]
    if isinstance(code, str):
        lines.append(await case.say("told_code", code=_code(code)))
    return [*lines, *await _deadline(case)]


def _price(order: Order) -> str:
    return shown_money(order.cost or order.price or order.ceiling)


def _since(case: _Case) -> str:
    """Return the day on which a person was asked."""
    born = case.event.at if case.order is None else case.order.created_at
    return str(born.date() if case.sim is None else _day(born, case.sim))


def _code(text: str | None) -> str:
    return harmless(text or "?")


def _day(moment: datetime | None, sim: Sim) -> str | None:
    if moment is None:
        return None
    day: date = moment.astimezone(sim.zone).date()
    return day.isoformat()
