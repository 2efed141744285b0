"""Values of the heart for tests: each takes what matters and fills in the rest."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.carrier_data import (
    load_carriers,
    other_carrier,
    with_overrides,
)
from custom_components.sim_keeper.keeper.carriers import CarrierProfile
from custom_components.sim_keeper.keeper.ledger import LedgerView
from custom_components.sim_keeper.keeper.lifecycle import lifecycle
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import (
    Attempt,
    Effect,
    Kind,
    Order,
    Origin,
    State,
)
from custom_components.sim_keeper.keeper.policy import Situation
from custom_components.sim_keeper.keeper.ports import Automatic, Capabilities, Lookup
from custom_components.sim_keeper.keeper.sim import (
    SOURCE_RECHARGE,
    UNIT_DAY,
    Field,
    Mode,
    Reading,
    Readings,
    Rules,
    Sim,
    Trust,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EPOCH = "AAAAAAAAAA"
HK = ZoneInfo("Asia/Hong_Kong")


def hkd(text: str) -> Money:
    """Return Hong Kong dollars."""
    return Money.parse(text, "HKD")


def usd(text: str) -> Money:
    """Return US dollars."""
    return Money.parse(text, "USD")


def carrier(
    profile: str | None = "valuegb_hk", /, **overrides: object
) -> CarrierProfile:
    """Return a packaged carrier or, without a name, one that nobody knows."""
    known = load_carriers()[profile] if profile else other_carrier("HK", "HKD")
    return with_overrides(known, overrides) if overrides else known


def rules(mode: Mode = Mode.AUTO, **changes: Any) -> Rules:
    """Return rules: 50 HKD five days before the deadline, at most 200 USD a month."""
    values: dict[str, Any] = {
        "days_before": 5,
        "amount": hkd("50"),
        "monthly_cap": usd("200"),
        "pays_in": "USD",
    }
    return Rules(mode=mode, **(values | changes))


def sim(**changes: Any) -> Sim:
    """Return a SIM in Hong Kong whose 50 HKD buy a year."""
    values: dict[str, Any] = {
        "epoch": EPOCH,
        "number": "+85251234567",
        "country": "HK",
        "currency": "HKD",
        "zone": HK,
        "carrier": carrier(),
        "account": "model:1",
        "operator": None,
        "rules": rules(),
    }
    return Sim(**(values | changes))


def reading(
    field: Field,
    value: int,
    unit: str,
    *,
    at: datetime = NOW,
    trust: Trust = Trust.MEASURED,
    source: str | None = None,
) -> Reading:
    """Return a reading; an estimate comes from a recharge."""
    if source is None:
        source = SOURCE_RECHARGE if trust is Trust.ESTIMATE else "test"
    return Reading(
        field=field,
        value=value,
        unit=unit,
        observed_at=at,
        got_at=at,
        source=source,
        trust=trust,
    )


def balance(
    amount: Money, *, at: datetime = NOW, trust: Trust = Trust.MEASURED
) -> Reading:
    """Return a balance."""
    return reading(Field.BALANCE, amount.minor, amount.currency, at=at, trust=trust)


def daily(
    *balances: str, until: datetime = NOW, every: timedelta = timedelta(days=1)
) -> list[Reading]:
    """Return balances in Hong Kong dollars, one each day, the last of them read at a time."""
    return [
        balance(hkd(text), at=until - number * every)
        for number, text in reversed([*enumerate(reversed(balances))])
    ]


def expiry(day: date, *, at: datetime = NOW, trust: Trust = Trust.TYPED) -> Reading:
    """Return an expiry."""
    return reading(Field.EXPIRY, day.toordinal(), UNIT_DAY, at=at, trust=trust)


def activity(day: date, *, at: datetime = NOW, trust: Trust = Trust.TYPED) -> Reading:
    """Return a last activity."""
    return reading(Field.LAST_ACTIVITY, day.toordinal(), UNIT_DAY, at=at, trust=trust)


def order(state: State = State.CONFIRMED, /, **changes: Any) -> Order:
    """Return an order of 50 HKD for at most 7 USD."""
    values: dict[str, Any] = {
        "id": 1,
        "sim": EPOCH,
        "cycle": 1,
        "request": None,
        "origin": Origin.RULE,
        "assisted": False,
        "kind": Kind.RECHARGE,
        "state": state,
        "effect": Effect.CANNOT_VERIFY,
        "why": {"reason": "due", "rules": []},
        "account": "model:1",
        "operator": None,
        "product": "any",
        "body": {"amount": "50.00"},
        "value": hkd("50"),
        "price": usd("6.50"),
        "ceiling": usd("7"),
        "cost": None,
        "cost_exact": None,
        "days": None,
        "reference": None,
        "receipt": None,
        "place": None,
        "refusal": None,
        "reason": None,
        "note": None,
        "happened_on": None,
        "created_at": NOW - timedelta(minutes=1),
        "valid_until": NOW + timedelta(hours=23),
        "next_at": None,
        "settled_at": NOW if state is State.CONFIRMED else None,
    }
    return Order(**(values | changes))


def attempt(**changes: Any) -> Attempt:
    """Return an attempt that was sent just now."""
    values: dict[str, Any] = {
        "key": f"SK{EPOCH}-001-0",
        "order_id": 1,
        "ordinal": 0,
        "first_sent_at": NOW,
        "last_sent_at": NOW,
        "sends": 1,
        "looks": 0,
        "consumed": False,
    }
    return Attempt(**(values | changes))


def capabilities(**changes: Any) -> Capabilities:
    """Return what a channel like Reloadly promises."""
    values: dict[str, Any] = {
        "lookup": Lookup.PURE,
        "look_after_s": (180, 480, 1080),
        "look_horizon_s": 36 * 3600,
        "poll_s": (5, 10, 20, 40, 60, 300, 600),
        "send_timeout_s": 60,
        "resend_within_s": 7200,
        "consumes_on_refusal": False,
        "price_guard": False,
        "key_window_s": None,
        "automatic": Automatic.YES,
        "tells_wallet": True,
        "confirms_operator": False,
    }
    return Capabilities(**(values | changes))


def view(**changes: Any) -> LedgerView:
    """Return a ledger that says nothing against an order."""
    values: dict[str, Any] = {
        "readings": Readings(expiry=expiry(date(2026, 3, 6))),
        "order": None,
        "task": None,
        "cycle": 1,
        "last_recharge": None,
        "last_delivered_at": None,
        "refused": (),
        "last_no": None,
        "automatic_today": 0,
        "supervised": True,
        "restored": False,
        "overshot": False,
        "stopped": False,
        "newest_event_at": NOW,
    }
    return LedgerView(**(values | changes))


def situation(
    line: Sim | None = None,
    /,
    seen: LedgerView | None = None,
    *,
    now: datetime = NOW,
    **changes: Any,
) -> Situation:
    """Return a situation: by default one in which an automatic recharge is due."""
    line = sim() if line is None else line
    seen = view() if seen is None else seen
    values: dict[str, Any] = {"capabilities": capabilities(), "has_cap": True}
    return Situation(
        sim=line,
        life=lifecycle(line, seen.readings, now),
        view=seen,
        **(values | changes),
    )
