"""Parts of situations for the tests of the policy."""

from datetime import date, datetime, timedelta
from typing import Any

from custom_components.sim_keeper.keeper.errors import RefusalClass
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.ports import Automatic
from custom_components.sim_keeper.keeper.sim import UNIT_BYTE, Field, Readings

from .builders import HK, NOW, balance, expiry, hkd, order, reading, rules, sim

TODAY = date(2026, 3, 2)
TOMORROW = datetime(2026, 3, 3, tzinfo=HK)
HOUR = timedelta(hours=1)
LOW = rules(days_before=None, low_balance=hkd("10"))
BOTH = rules(low_balance=hkd("10"))
DATA = rules(days_before=None, low_data=1000)
AFTER_ONE = Automatic.AFTER_ONE_SUPERVISED


def low(**changes: Any) -> Readings:
    return Readings(balance=balance(hkd("9.99"), **changes))


def little_data(left: int = 999, **changes: Any) -> Readings:
    return Readings(data_left=reading(Field.DATA_LEFT, left, UNIT_BYTE, **changes))


def valid_for(days: int, **changes: Any) -> Readings:
    return Readings(expiry=expiry(TODAY + timedelta(days=days), **changes))


def refusals(*classes: RefusalClass | None, ago: timedelta) -> tuple[Order, ...]:
    return tuple(
        order(State.REJECTED, refusal=refusal, settled_at=NOW - ago)
        for refusal in classes
    )


def a_no(state: State, ago: timedelta) -> Order:
    return order(state, settled_at=NOW - ago)


LATER, NEVER = RefusalClass.LATER, RefusalClass.NEVER
FIX = RefusalClass.FIX_FIRST
ASSISTED = sim(account=None)
