"""The prepaid lines as they really are: balance, validity, and what people know of them."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from custom_components.sim_keeper.keeper.carrier_data import other_carrier
from custom_components.sim_keeper.keeper.carriers import CarrierProfile, Stacking, Tier
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Sim

DAY = 86_400.0
HOUR = 3_600.0


def carrier(
    currency: str, *, minor: int, days: int, grace: int, stacking: Stacking
) -> CarrierProfile:
    """Return a carrier at which one amount buys so many days."""
    return replace(
        other_carrier("HK", currency),
        tiers=(Tier(amount=Money(minor, currency), days=days),),
        stacking=stacking,
        grace_days=grace,
    )


@dataclass
class Wish:
    """Something a person said that he wants bought."""

    at: float
    order_id: int | None
    """The question that was answered; None for a recharge that was called for."""
    another: bool = False
    automation: bool = False
    warned: bool = False
    """The question said that the ledger may not know of every purchase."""
    used: bool = False


@dataclass
class Line:
    """One line in the world."""

    sim: Sim
    """As it is configured now; a line that is removed and added again gets a new epoch."""
    balance: int
    expiry: int
    """Ordinal of the last valid day."""
    daily_use: int
    days: int
    threshold: int
    buys: bool = True
    """False: a line whose readings are typed only."""
    times: list[float] = field(default_factory=list)
    states: list[tuple[int, int]] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    seen_until: float = 0.0
    """How far into the line's life its source has shown."""
    balance_told_at: float = 0.0
    """When a balance was last read or typed."""
    known_recharge_at: float = 0.0
    """The newest recharge that SIM Keeper delivered or that a person recorded."""
    forgotten_at: float | None = None
    """A recharge at a shop that nobody recorded and no source has shown."""
    misled_until: float = 0.0
    """A person said something wrong, or a glitch is the newest reading."""
    refusals: list[tuple[float, str]] = field(default_factory=list)
    """What the vendor refused in this need, since the last go-ahead."""
    no_until: float = 0.0
    """A person's no, or silence, still counts."""
    removed: bool = False
    lowered: bool = False
    """A person took the mode down from automatic."""
    supervised_at: float = 0.0
    """When a purchase that a person wanted was last delivered."""
    fine_days: int = 0
    lost: bool = False
    lives: list[str] = field(default_factory=list)
    """The marks of its earlier lives."""
    recharges: list[tuple[float, int]] = field(default_factory=list)
    """When it was recharged, and the days that each bought; none that was taken back."""
    expiry_before: int = 0
    """The last valid day as it was before all of them."""
    fell_short: bool = False
    """The last recharge was less than asked for: nobody knows the new date until it is typed."""

    def note(self, at: float) -> None:
        """Remember how the line stands from now on."""
        self.times.append(at)
        self.states.append((self.balance, self.expiry))

    def at(self, moment: float) -> tuple[int, int]:
        """Return balance and expiry at an earlier moment."""
        return self.states[max(0, bisect_right(self.times, moment) - 1)]

    def between(self, start: float, end: float) -> list[tuple[int, int]]:
        """Return all states in a span."""
        first = max(0, bisect_right(self.times, start) - 1)
        return self.states[first : max(first + 1, bisect_right(self.times, end))]

    def today(self, moment: float) -> int:
        """Return the ordinal of the line's calendar day."""
        return datetime.fromtimestamp(moment, UTC).astimezone(self.sim.zone).toordinal()

    def recharge(self, minor: int, now: float) -> None:
        """Be recharged, from wherever."""
        amount = self.sim.rules.amount
        days = self.days if amount is None or minor >= amount.minor else 0
        if not self.recharges:
            self.expiry_before = self.expiry
        self.recharges.append((now, days))
        self.expiry = self._reckoned_expiry()
        self.fell_short = amount is not None and minor < amount.minor
        self.balance += minor
        self.note(now)

    def take_back(self, minor: int, delivered_at: float, now: float) -> None:
        """Lose a recharge again: the line is valid as if it had never been."""
        self.balance = max(0, self.balance - minor)
        self.recharges = [one for one in self.recharges if one[0] != delivered_at]
        self.expiry = self._reckoned_expiry()
        self.note(now)

    def _reckoned_expiry(self) -> int:
        expiry = self.expiry_before
        for at, days in self.recharges:
            start = self.today(at)
            if self.sim.carrier.stacking is Stacking.ADD:
                start = max(start, expiry)
            expiry = max(expiry, start + days) if days else expiry
        return expiry

    def live_a_day(self, now: float, used: int) -> None:
        """Use some credit."""
        self.balance = max(0, self.balance - used)
        self.note(now)

    @property
    def expiry_date(self) -> date:
        """The last valid day."""
        return date.fromordinal(self.expiry)

    def calls_for(self, balance: int, expiry: int, today: int, slack: int = 0) -> bool:
        """Tell whether such a state calls for a recharge by the rules of the line."""
        rules = self.sim.rules
        if rules.low_balance is not None and balance < rules.low_balance.minor:
            return True
        return (
            rules.days_before is not None
            and expiry - today <= rules.days_before + slack
        )

    def in_need(self, now: float) -> bool:
        """Tell whether the line needs a recharge now."""
        return self.calls_for(self.balance, self.expiry, self.today(now))

    def justifies(self, now: float) -> bool:
        """Tell whether a purchase now is called for, allowing a reading's age and lag, and a day."""
        start = max(now - 98 * HOUR, self.known_recharge_at)
        today = self.today(now)
        return any(
            self.calls_for(balance, expiry, today, slack=1)
            for balance, expiry in self.between(start, now)
        )


def days_later(moment: float, days: float) -> float:
    """Return a later moment."""
    return moment + timedelta(days=days).total_seconds()
