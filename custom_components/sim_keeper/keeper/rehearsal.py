"""What a forecast assumes: budgets that fill up, a moment without trouble, a recharge well done."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from .budget import HouseholdRules, caps_for, holds_for, overrun
from .ledger import Spending
from .money import Money
from .orders import Effect, Kind, Order, Origin, State
from .ports import Automatic, Capabilities, Lookup
from .sim import UNIT_DAY, Field, Reading, Sim, Trust
from .situation import Situation


@dataclass
class Purse:
    """What is spent already, in each scope and month."""

    household: HouseholdRules
    spent: Sequence[Spending]
    amounts: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with what the ledger has."""
        for one in self.spent:
            self.amounts[one.scope, one.period] = dict(one.amounts)

    def pay(self, sim: Sim, price: Money, ceiling: Money, moment: datetime) -> bool:
        """Take a price out of every budget, or return False where one has no room for it."""
        cap = sim.rules.order_cap
        if cap is not None and cap.currency == ceiling.currency and cap < ceiling:
            return False
        holds = holds_for(caps_for(sim, self.household, moment), price.currency)
        names = [(hold.scope, hold.period) for hold in holds]
        spent = tuple(
            Spending(scope=scope, period=period, amounts=self._of(scope, period))
            for scope, period in names
        )
        if overrun(holds, spent, ceiling) is not None:
            return False
        for name in names:
            amounts = self._of(*name)
            amounts[price.currency] = amounts.get(price.currency, 0) + price.minor
        return True

    def _of(self, scope: str, period: str) -> dict[str, int]:
        return self.amounts.setdefault((scope, period), {})


def undisturbed(at: Situation) -> Situation:
    """Return the situation without what only bears on this moment."""
    view = replace(
        at.view,
        order=None,
        task=None,
        refused=(),
        last_no=None,
        stopped=False,
        automatic_today=0,
        newest_event_at=None,
    )
    capabilities = at.capabilities
    if capabilities is None and at.sim.account is not None:
        capabilities = _ANY_CHANNEL
    return replace(
        at, view=view, capabilities=capabilities, frozen=False, stopping=False
    )


_ANY_CHANNEL = Capabilities(
    lookup=Lookup.NONE,
    look_after_s=(),
    look_horizon_s=0,
    poll_s=(),
    send_timeout_s=60,
    resend_within_s=0,
    consumes_on_refusal=False,
    price_guard=False,
    key_window_s=None,
    automatic=Automatic.NO,
    tells_wallet=False,
    confirms_operator=False,
)
"""Stands for an account that is not there at the moment: it will ask."""


def used_on(day: date, moment: datetime) -> Reading:
    """Return what a person will say once the number was used."""
    return Reading(
        field=Field.LAST_ACTIVITY,
        value=day.toordinal(),
        unit=UNIT_DAY,
        observed_at=moment,
        got_at=moment,
        source="forecast",
        trust=Trust.TYPED,
    )


def delivered(
    sim: Sim, value: Money | None, moment: datetime, *, by_hand: bool
) -> Order:
    """Return a recharge as the ledger will have it once it is done."""
    return Order(
        id=0,
        sim=sim.epoch,
        cycle=1,
        request=None,
        origin=Origin.RULE,
        assisted=by_hand,
        kind=Kind.RECHARGE,
        state=State.CONFIRMED,
        effect=Effect.CANNOT_VERIFY,
        why={},
        account=sim.account,
        operator=sim.operator,
        product=None,
        body=None,
        value=value,
        price=None,
        ceiling=value or Money(1, sim.currency),
        cost=None,
        cost_exact=None,
        days=None,
        reference=None,
        receipt=None,
        place=None,
        refusal=None,
        reason=None,
        note=None,
        happened_on=None,
        created_at=moment,
        valid_until=moment,
        next_at=None,
        settled_at=moment,
    )
