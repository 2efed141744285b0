"""What a newer carrier profile means for a SIM that uses it: the old and the new dates."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from .carriers import CarrierProfile
from .lifecycle import lifecycle
from .sim import Readings, Sim

BEARING = (
    *("model", "events", "incoming_counts", "min_topup", "window_days", "tiers"),
    *("stacking", "max_days", "grace_days", "grace_kind", "lost_after_days"),
)
"""The facts that bear on how long a number lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """What a profile makes of a SIM."""

    deadline: date | None
    grace_end: date | None
    days_bought: int | None
    """The validity that the usual amount buys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """What has changed in a profile that a SIM uses."""

    facts: tuple[str, ...]
    before: Dates
    after: Dates


def profile_change(
    sim: Sim, before: CarrierProfile, readings: Readings, now: datetime
) -> ProfileChange | None:
    """Return what changed from an earlier profile to the SIM's; None if nothing that bears on it.

    Both profiles are those of the SIM, with the user's own corrections.
    """
    facts = tuple(
        name for name in BEARING if getattr(before, name) != getattr(sim.carrier, name)
    )
    if not facts:
        return None
    return ProfileChange(
        facts=facts,
        before=_dates(replace(sim, carrier=before), readings, now),
        after=_dates(sim, readings, now),
    )


def _dates(sim: Sim, readings: Readings, now: datetime) -> Dates:
    life, amount = lifecycle(sim, readings, now), sim.rules.amount
    local = amount is not None and amount.currency == sim.carrier.currency
    return Dates(
        deadline=_day(life.deadline, sim),
        grace_end=_day(life.grace_end, sim),
        days_bought=sim.carrier.days_for(amount) if amount and local else None,
    )


def _day(moment: datetime | None, sim: Sim) -> date | None:
    return None if moment is None else moment.astimezone(sim.zone).date()
