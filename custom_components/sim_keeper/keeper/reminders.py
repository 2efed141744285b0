"""When a person hears of a deadline: once per stage, and daily once it has passed."""

from dataclasses import dataclass
from datetime import date

from .lifecycle import Lifecycle, Stage
from .orders import Order
from .sim import Mode, Sim

STAGES = (30, 14, 7, 3, 1, 0)
# In automatic mode the order should be done by then; a reminder means that it is not.
STAGE_MAX_AUTOMATIC = 3
# A task without a deadline in sight is called to mind each week, and not for ever.
TASK_WEEKS_MAX = 4
# Who has just recharged need not be told that what he bought is a month.
STAGE_MIN_JUST_BOUGHT = 7


@dataclass(frozen=True, slots=True)
class Reminder:
    """One stage of one deadline. Two equal reminders are the same one."""

    deadline: str | None
    """The day of the deadline, ISO; None where there is none, only a task."""
    stage: str
    """Days before it (`7`); `grace:` and the day on which it is repeated; `task:`, its order and
    the weeks for which it has been waiting."""


def due_reminder(
    sim: Sim,
    life: Lifecycle,
    today: date,
    *,
    task: Order | None = None,
    skipped: bool = False,
) -> Reminder | None:
    """Return the reminder that the present stage calls for, told already or not.

    `task` is what a person has been asked to do; `skipped` tells that he passed it over, and
    hears again only in the last days.
    """
    if sim.rules.lapse or sim.rules.mode is Mode.OFF:
        return None
    reminder = _of_deadline(sim, life, today, skipped=skipped)
    return reminder or (None if task is None else _of_task(sim, life, today, task))


def _of_deadline(
    sim: Sim, life: Lifecycle, today: date, *, skipped: bool
) -> Reminder | None:
    if life.deadline is None or life.days_left is None:
        return None
    deadline = life.deadline.astimezone(sim.zone).date().isoformat()
    if life.stage is Stage.LOST:
        return Reminder(deadline, "lost")
    if life.stage is Stage.GRACE:
        return Reminder(deadline, f"grace:{today.isoformat()}")
    automatic = sim.rules.mode is Mode.AUTO or sim.rules.recharged_elsewhere
    first = STAGE_MAX_AUTOMATIC if automatic or skipped else STAGES[0]
    reached = [stage for stage in STAGES if life.days_left <= stage <= first]
    if not reached:
        return None
    stage = min(reached)
    just_bought = life.estimated and life.learned_on == today
    if just_bought and stage >= STAGE_MIN_JUST_BOUGHT:
        return None
    return Reminder(deadline, str(stage))


def _of_task(sim: Sim, life: Lifecycle, today: date, task: Order) -> Reminder | None:
    weeks = (today - task.created_at.astimezone(sim.zone).date()).days // 7
    if weeks < 1:
        return None
    deadline = life.deadline
    return Reminder(
        None if deadline is None else deadline.astimezone(sim.zone).date().isoformat(),
        f"task:{task.id}:{min(weeks, TASK_WEEKS_MAX)}",
    )
