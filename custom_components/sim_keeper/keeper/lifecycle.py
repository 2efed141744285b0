"""Where a SIM stands between alive and lost: its clocks, deadline and stage."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from .carriers import activity_limit, rescue_days
from .sim import Readings, Sim


class Clock(StrEnum):
    """What will end the number, unless something is done."""

    VALIDITY = "validity"
    ACTIVITY = "activity"


class Stage(StrEnum):
    """How close to lost the number is."""

    ACTIVE = "active"
    EXPIRING = "expiring"
    GRACE = "grace"
    LOST = "lost"


# Without a rule of the user's, the last fortnight counts as "expiring": people travel.
EXPIRING_DAYS = 14
# Where nobody knows the carrier's grace time a number is not given up at once, and not for ever.
ASSUMED_GRACE_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The clocks of a SIM at one moment. All moments are the last second of a day."""

    expiry: datetime | None
    activity_deadline: datetime | None
    deadline: datetime | None
    clock: Clock | None
    grace_end: datetime | None
    """When the number can no longer be saved, where the carrier's rule is known."""
    stage: Stage | None
    days_left: int | None
    """Whole days until the day of the deadline in the SIM's zone; 0 on it and after it."""
    estimated: bool
    """The deadline rests on an estimate, not on a reading."""
    learned_on: date | None = None
    """The SIM's day on which the deadline became known."""

    @property
    def over(self) -> bool:
        """The deadline has passed."""
        return self.stage in (Stage.GRACE, Stage.LOST)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the last second of a calendar day in a zone, as UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def lifecycle(sim: Sim, readings: Readings, now: datetime) -> Lifecycle:
    """Work out the clocks of a SIM from its newest readings."""
    expiry_day = readings.expiry.day if readings.expiry else None
    activity_day = (
        activity_limit(sim.carrier, readings.last_activity.day)
        if readings.last_activity
        else None
    )
    day, clock = _earliest(expiry_day, activity_day)
    rescue = rescue_days(sim.carrier)
    today = now.astimezone(sim.zone).date()
    reading = readings.expiry if clock is Clock.VALIDITY else readings.last_activity
    return Lifecycle(
        expiry=_end(expiry_day, sim.zone),
        activity_deadline=_end(activity_day, sim.zone),
        deadline=_end(day, sim.zone),
        clock=clock,
        grace_end=_end(day + timedelta(days=rescue), sim.zone)
        if day is not None and rescue is not None
        else None,
        stage=None
        if day is None
        else _stage(day, rescue, today, expiring_days(sim, clock)),
        days_left=None if day is None else max(0, (day - today).days),
        estimated=reading is not None and reading.worked_out,
        learned_on=None
        if day is None or reading is None
        else reading.observed_at.astimezone(sim.zone).date(),
    )


def expiring_days(sim: Sim, clock: Clock | None = None) -> int:
    """Return how many days before its deadline, by this clock, a SIM counts as expiring."""
    days = sim.rules.days_before
    if clock is Clock.ACTIVITY and sim.rules.days_before_activity is not None:
        days = sim.rules.days_before_activity
    return EXPIRING_DAYS if days is None else days


def stage_changes(sim: Sim, life: Lifecycle) -> tuple[tuple[datetime, Stage], ...]:
    """Return the moments at which the stage changes by time alone, the first one first.

    Moments may lie in the past. Without a known grace time the end is the assumed one.
    """
    if life.deadline is None:
        return ()
    day = life.deadline.astimezone(sim.zone).date()
    rescue = rescue_days(sim.carrier)
    grace = ASSUMED_GRACE_DAYS if rescue is None else rescue
    expiring = day - timedelta(days=expiring_days(sim, life.clock) + 1)
    ends = (
        (expiring, Stage.EXPIRING),
        (day, Stage.GRACE),
        (day + timedelta(days=grace), Stage.LOST),
    )
    second = timedelta(seconds=1)
    moments = ((end_of_day(end, sim.zone) + second, stage) for end, stage in ends)
    # Without any grace time the number is lost at once.
    return tuple(m for m in moments if grace or m[1] is not Stage.GRACE)


def _earliest(
    expiry: date | None, activity: date | None
) -> tuple[date | None, Clock | None]:
    if expiry is not None and (activity is None or expiry <= activity):
        return expiry, Clock.VALIDITY
    if activity is not None:
        return activity, Clock.ACTIVITY
    return None, None


def _end(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else end_of_day(day, zone)


def _stage(day: date, rescue: int | None, today: date, lead: int) -> Stage:
    if today <= day:
        return Stage.EXPIRING if (day - today).days <= lead else Stage.ACTIVE
    grace = ASSUMED_GRACE_DAYS if rescue is None else rescue
    return Stage.GRACE if today <= day + timedelta(days=grace) else Stage.LOST
