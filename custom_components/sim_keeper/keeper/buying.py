"""The part of the engine that asks people, and spends."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
import logging

from .budget import caps_for, holds_for, limited, overrun
from .checkout import Offer, as_new, terms_of
from .errors import LoginFailed, OrderRefused, Rejected, Unavailable
from .guards import AUTOMATIC_PER_DAY_MAX, due_again, rule_doubt
from .ledger import STOPPED, Hold, Ledger, NewOrder, Spending
from .money import Money
from .options import options_for
from .orders import Attempt, Kind, Order, Origin, State
from .policy import (
    TOLD_REASONS,
    Action,
    Decision,
    Reason,
    Situation,
    buys_cheapest,
    cheapest_now,
    decide,
    due_rules,
    not_automatic,
    silenced,
    wanted,
)
from .ports import Json, Wanted
from .settlement import line_of
from .sim import Sim
from .watch import Watch

_LOGGER = logging.getLogger(__name__)

RETRY_UNREADABLE = timedelta(minutes=30)
UNREACHABLE_TOLD_AFTER = timedelta(hours=24)
RETRY_UNREACHABLE = timedelta(hours=2)
TASK_LASTS = timedelta(days=400)
ACCOUNTS_COME_UP_IN = timedelta(minutes=15)


def _wants_less(at: Situation, order: Order) -> bool:
    """Tell whether the amount of the rules is smaller now than that which a rule's order is for.

    What is delivered may differ from what was wanted, so only wishes are compared.
    """
    rules, wish = at.sim.rules, order.why.get("amount")
    chosen = rules.product is None and rules.fill_up_to is None and not rules.cheapest
    usual = rules.amount
    if order.origin is not Origin.RULE or not chosen or not isinstance(wish, str):
        return False
    value, _, currency = wish.partition(" ")
    return (
        usual is not None
        and usual.currency == currency
        and usual < Money.parse(value, currency)
    )


class Buying(Watch):
    """Turns decisions into questions, tasks and orders, and sends what may go."""

    async def _act(self, at: Situation, decision: Decision) -> bool:
        """Do what was decided; tell whether a person was asked for something."""
        if decision.action is not Action.SEND:
            return await self._do(at, decision)
        # What another SIM of the account has just bought counts for this one's limits.
        async with self._turns.setdefault(str(at.sim.account), asyncio.Lock()):
            at, _ = await self.situation(at.sim)
            return await self._do(at, decide(at, self.world.now()))

    async def _do(self, at: Situation, decision: Decision) -> bool:
        sim = at.sim
        if not decision.rules:
            self._unreachable_since.pop(sim.epoch, None)
        if decision.action is Action.ASSIST:
            buys = wanted(at, self.world.now())
            amount = None if buys is None else buys.amount
            await self.assign(sim, decision.kind, amount, decision.why, "keeper")
            return True
        if decision.action in (Action.ASK, Action.SEND):
            try:
                asked = await self._buy(at, decision)
            except (Unavailable, LoginFailed) as err:
                _LOGGER.info("No price for a SIM at the moment: %s", err)
                await self._unreachable(at)
            except Rejected as err:
                self._unreachable_since.pop(sim.epoch, None)
                await self._remarks.skip(
                    at.view, sim, Reason.REFUSED, code=err.code[:128]
                )
            except OrderRefused as err:
                self._unreachable_since.pop(sim.epoch, None)
                if err.reason == Reason.DAILY_LIMIT:
                    # SIMs of other accounts were faster; a second look asks a person.
                    self.soon(sim.epoch)
                else:
                    await self._remarks.skip(at.view, sim, err.reason, **err.numbers)
            else:
                self._unreachable_since.pop(sim.epoch, None)
                return asked
        elif decision.reason is Reason.NO_CHANNEL and self._just_started():
            # Accounts may take a while to come up; that is no news.
            self._look_by(sim.epoch, self.world.now() + ACCOUNTS_COME_UP_IN)
        elif decision.reason in TOLD_REASONS and decision.rules:
            await self._remarks.skip(at.view, sim, decision.reason)
        return False

    async def _unreachable(self, at: Situation) -> None:
        """Try again later, and tell a person once it has lasted for a day."""
        now, epoch = self.world.now(), at.sim.epoch
        since = self._unreachable_since.setdefault(epoch, now)
        lasts = now - since >= UNREACHABLE_TOLD_AFTER
        self._look_by(epoch, now + (RETRY_UNREACHABLE if lasts else RETRY_UNREADABLE))
        if lasts:
            await self._remarks.skip(at.view, at.sim, Reason.UNREACHABLE)

    def _just_started(self) -> bool:
        started = self._started_at
        return started is None or self.world.now() < started + ACCOUNTS_COME_UP_IN

    async def _wanted(self, at: Situation, decision: Decision) -> Wanted:
        """Return what is to be bought now. Raises OrderRefused where no plan works."""
        now = self.world.now()
        if decision.kind is Kind.ACTIVITY:
            return Wanted()
        found = wanted(at, now)
        if buys_cheapest(at, decision.rules):
            channel = self.checkout.channel(at.sim.account)
            products = await channel.products(line_of(at.sim))
            found = cheapest_now(at, options_for(at.sim, products), now)
        if found is None:
            raise OrderRefused(Reason.NO_PLAN.value)
        return found

    async def _buy(self, at: Situation, decision: Decision) -> bool:
        """Ask for, or send, the order that a decision calls for; tell whether it was asked."""
        sim = at.sim
        on_trial = decision.action is Action.SEND and sim.rules.shadow
        if on_trial and await self._remarks.was_tried(at, decision):
            return False
        offer = await self.checkout.offer(sim, await self._wanted(at, decision))
        new = as_new(
            sim, offer, origin=Origin.RULE, why=decision.why, kind=decision.kind
        )
        holds = await self.room(sim, offer)
        if decision.action is Action.SEND and not limited(sim, holds):
            new = replace(new, why={**new.why, "reason": Reason.NO_CAP.value})
        elif decision.action is Action.SEND and self._soon_due_again(
            at, decision, offer
        ):
            short = Reason.AMOUNT_TOO_SMALL.value
            new = replace(new, why={**new.why, "reason": short})
        elif on_trial:
            await self._remarks.trial(at, decision, offer)
            return False
        elif decision.action is Action.SEND:
            ordinal = await self.checkout.free_ordinal(sim, new, holds)
            if self.sims.get(sim.epoch) is not sim:
                # A person changed the settings while the vendor was asked.
                self.soon(sim.epoch)
                return False
            order, attempt = await self.desk.write(
                Ledger.bear_sending,
                *(new, holds, ordinal, self.world.now()),
                daily_max=AUTOMATIC_PER_DAY_MAX,
            )
            await self._launch(sim, order, attempt)
            return False
        await self.desk.write(Ledger.ask, new, "keeper", self.world.now())
        return True

    def _soon_due_again(self, at: Situation, decision: Decision, offer: Offer) -> bool:
        """Tell whether what is on offer buys so few days that what justifies it stays due.

        What an amount buys was known before; a product's days stand in its offer. The planner
        knows how many days it buys.
        """
        days, now = offer.quote.days, self.world.now()
        if days is None or buys_cheapest(at, decision.rules):
            return False
        return all(
            due_again(at, kind, days, now)
            for kind in decision.rules
            if rule_doubt(at, kind, now) is None
        )

    async def assign(
        self,
        sim: Sim,
        kind: Kind,
        amount: Money | None,
        why: Mapping[str, Json],
        actor: str,
        *,
        request: str | None = None,
    ) -> Order:
        """Ask a person to recharge, or to use the number."""
        new = NewOrder(
            sim=sim.epoch,
            origin=Origin.RULE if actor == "keeper" else Origin.ACTION,
            assisted=True,
            kind=kind,
            request=request,
            # A task costs what the person says later; the database wants a positive figure.
            ceiling=amount or Money(1, sim.currency),
            value=amount if kind is Kind.RECHARGE else None,
            why=why,
            valid_for=TASK_LASTS,
        )
        return await self.desk.write(Ledger.ask, new, actor, self.world.now())

    async def room(self, sim: Sim, offer: Offer) -> tuple[Hold, ...]:
        """Return the holds for an offer, or raise OrderRefused when a cap has no room."""
        most = sim.rules.order_cap
        if most and most.currency == offer.ceiling.currency and most < offer.ceiling:
            raise OrderRefused(
                Reason.OVER_CAP.value, price=str(offer.ceiling), left=str(most)
            )
        holds = self._holds(sim, offer.ceiling.currency)
        spent = await self._spent(holds)
        if over := overrun(holds, spent, offer.ceiling):
            raise OrderRefused(
                Reason.OVER_CAP.value, price=str(offer.ceiling), left=str(over[1])
            )
        return holds

    async def _send_approved(self, sim: Sim, order: Order) -> None:
        """Send an order that was approved before and could not be sent then."""
        try:
            wanted = Wanted(amount=order.value, product=order.product)
            offer = await self.checkout.offer(sim, wanted)
            if offer.dearer_than(order.ceiling):
                await self._end(order, State.CANCELLED, Reason.PRICE_CHANGED.value)
                return
            order, attempt = await self.begin(sim, order)
        except (Unavailable, LoginFailed) as err:
            _LOGGER.info("An approved order has to wait: %s", err)
            await self._send_later(order)
        except Rejected as err:
            await self._end(order, State.CANCELLED, err.code)
        except OrderRefused as err:
            if err.reason == Reason.NO_CHANNEL:
                # At a start the account may come up later than the rest.
                await self._send_later(order)
            else:
                await self._end(order, State.CANCELLED, err.reason)
        else:
            await self._launch(sim, order, attempt)

    async def _send_later(self, order: Order) -> None:
        now = self.world.now()
        await self.desk.write(Ledger.look_later, order.id, now + RETRY_UNREADABLE, now)

    async def begin(self, sim: Sim, order: Order) -> tuple[Order, Attempt]:
        """Look the key up, then record that an approved order is being sent."""
        holds = self._holds(sim, order.ceiling.currency)
        ordinal = await self.checkout.free_ordinal(
            sim, terms_of(order), holds, approved=order
        )
        automatic = not await self._called_for(order)
        return await self.desk.write(
            Ledger.begin_send,
            *(order.id, "keeper", self.world.now()),
            ordinal=ordinal,
            daily_max=AUTOMATIC_PER_DAY_MAX if automatic else None,
        )

    async def launch(self, sim: Sim, order: Order, attempt: Attempt) -> Order:
        """Send a recorded order and wait for its answer; goes on if the caller goes away."""
        task = await self._launch(sim, order, attempt)
        if task is not None:
            await asyncio.shield(task)
        return await self.desk.read(Ledger.order, order.id)

    async def sent_through(self, account: str | None = None) -> None:
        """Return once none of an account's orders, or none at all, is being sent.

        It begins and cancels nothing, and sets no limit. What is begun meanwhile counts too: whoever
        wants this to end forgets the channel first. What the follow-up asks or sends again does not
        count.
        """
        while going := [
            task
            for by, task in self._sending.values()
            # Of one that has just ended nobody has heard yet; to wait for it would wait for nothing,
            # and keep everybody else from going on.
            if account in (None, by) and not task.done()
        ]:
            await asyncio.shield(asyncio.gather(*going, return_exceptions=True))

    async def _launch(
        self, sim: Sim, order: Order, attempt: Attempt
    ) -> asyncio.Task[None] | None:
        # Between the record and the first byte everything may have changed.
        stopped = await self.desk.read(Ledger.setting, STOPPED) == "on"
        current = self.sims.get(sim.epoch)
        changed = current is not sim and not await self._called_for(order)
        moved = current is not None and current.account != order.account
        if stopped or not self.accepting or current is None or changed or moved:
            await self._end(order, State.CANCELLED, "stopped")
            self.soon(sim.epoch)
            return None

        async def work() -> None:
            await self.checkout.send(sim, order, attempt)

        def ended(_task: asyncio.Task[None]) -> None:
            self._sending.pop(order.id, None)
            # Whoever looks the orders through right now may have passed over this one.
            self._orders_seen, self._orders_due = None, self.world.now()
            self.soon(sim.epoch)

        task = self.world.spawn(work(), f"order {order.id}")
        self._sending[order.id] = str(order.account), task
        # A task that is cancelled before its first step runs no `finally`.
        task.add_done_callback(ended)
        return task

    async def _called_for(self, order: Order) -> bool:
        """Tell whether a person called for an order, and no rule or automation alone."""
        return order.origin is Origin.PERSON or await self._has_a_yes(order)

    async def tightened(self, at: Situation, order: Order) -> Reason | None:
        """Return by what a person has forbidden since to send an order that is approved.

        Also where it was sent before: nothing goes out once more against what is set now.
        """
        rules = at.sim.rules
        silence = silenced(at, self.world.now())
        if silence is not None and order.why.get("silence") != silence.value:
            return silence
        if order.account != at.sim.account or order.operator != at.sim.operator:
            # Its request is for the one; price and key would be asked of the other.
            return Reason.ACCOUNT_CHANGED
        if await self._over_caps(at.sim, order):
            return Reason.OVER_CAP
        if await self._has_a_yes(order):
            return None
        if rules.shadow:
            return Reason.SHADOW
        return Reason.AMOUNT_CHANGED if _wants_less(at, order) else None

    async def _over_caps(self, sim: Sim, order: Order) -> bool:
        """Tell whether an order, whose holds are placed, is more than the caps allow by now."""
        ceiling = order.ceiling
        most = sim.rules.order_cap
        if most and most.currency == ceiling.currency and most < ceiling:
            return True
        holds = self._holds(sim, ceiling.currency)
        spent = await self._spent(holds)
        return overrun(holds, spent, Money(0, ceiling.currency)) is not None

    def _holds(self, sim: Sim, currency: str) -> tuple[Hold, ...]:
        caps = caps_for(sim, self.household, self.world.now())
        return holds_for(caps, currency)

    async def _spent(self, holds: tuple[Hold, ...]) -> tuple[Spending, ...]:
        return tuple(
            [
                await self.desk.read(Ledger.spending, hold.scope, hold.period)
                for hold in holds
            ]
        )

    async def _doubt(self, at: Situation, order: Order) -> Reason | None:
        """Return why an order that a person said no yes to may not go out as things stand now.

        The limit of a day is none: it counts this very order.
        """
        now = self.world.now()
        rules = due_rules(at, now) if order.origin is Origin.RULE else ()
        doubt = not_automatic(at, rules, now)
        if doubt in (None, Reason.DAILY_LIMIT) or await self._has_a_yes(order):
            return None
        return doubt

    async def _has_a_yes(self, order: Order) -> bool:
        return await self.desk.read(Ledger.has_a_yes, order.id)
