"""Reminders: each stage of each deadline once, then daily in grace."""

from datetime import date, datetime, timedelta

import pytest

from custom_components.sim_keeper.keeper.lifecycle import lifecycle
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.reminders import STAGES, Reminder, due_reminder
from custom_components.sim_keeper.keeper.sim import Mode, Readings, Trust

from .builders import HK, carrier, expiry, order, rules, sim

DEADLINE = date(2026, 6, 30)


def _reminder(
    days_before: int, mode: Mode = Mode.REMIND, grace: int | None = 30
) -> Reminder | None:
    line = sim(rules=rules(mode), carrier=carrier(grace_days=grace))
    today = DEADLINE - timedelta(days=days_before)
    now = datetime(today.year, today.month, today.day, 12, tzinfo=HK)
    life = lifecycle(line, Readings(expiry=expiry(DEADLINE)), now)
    return due_reminder(line, life, today)


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        *((31, None), (30, "30"), (29, "30"), (15, "30"), (14, "14"), (8, "14")),
        *((7, "7"), (4, "7"), (3, "3"), (2, "3"), (1, "1"), (0, "0")),
        *((-1, "grace:2026-07-01"), (-2, "grace:2026-07-02")),
        *((-30, "grace:2026-07-30"), (-31, "lost"), (-400, "lost")),
    ],
)
@pytest.mark.parametrize("mode", [Mode.REMIND, Mode.ASK])
def test_a_stage_holds_until_the_next_one(
    days: int, stage: str | None, mode: Mode
) -> None:
    found = _reminder(days, mode)
    assert found == (None if stage is None else Reminder("2026-06-30", stage))


def test_each_stage_is_told_once_on_the_way_to_the_deadline() -> None:
    told: list[Reminder] = []
    for days in range(60, -41, -1):
        reminder = _reminder(days)
        if reminder is not None and (not told or told[-1] != reminder):
            told.append(reminder)
    stages = [reminder.stage for reminder in told]
    assert stages[:6] == [str(stage) for stage in STAGES]
    assert len(stages) == len(set(stages)) == 6 + 30 + 1
    assert stages[-1] == "lost"


@pytest.mark.parametrize(
    ("days", "stage"), [(30, None), (7, None), (4, None), (3, "3"), (1, "1"), (0, "0")]
)
def test_in_automatic_mode_only_the_last_three_days_are_told(
    days: int, stage: str | None
) -> None:
    found = _reminder(days, Mode.AUTO)
    assert (found.stage if found else None) == stage


def test_in_automatic_mode_grace_and_loss_are_told() -> None:
    grace, lost = _reminder(-1, Mode.AUTO), _reminder(-31, Mode.AUTO)
    assert grace is not None
    assert grace.stage.startswith("grace:")
    assert lost is not None
    assert lost.stage == "lost"


def test_a_sim_that_is_off_is_never_told() -> None:
    assert all(_reminder(days, Mode.OFF) is None for days in (30, 0, -1, -100))


def test_without_a_deadline_nothing_is_told() -> None:
    line = sim()
    now = datetime(2026, 6, 1, tzinfo=HK)
    assert due_reminder(line, lifecycle(line, Readings(), now), now.date()) is None


def test_a_moved_deadline_is_another_reminder() -> None:
    line = sim(rules=rules(Mode.REMIND))
    now = datetime(2026, 6, 25, 12, tzinfo=HK)
    found = [
        due_reminder(
            line, lifecycle(line, Readings(expiry=expiry(day)), now), now.date()
        )
        for day in (DEADLINE, DEADLINE + timedelta(days=1))
    ]
    assert [reminder.stage for reminder in found if reminder] == ["7", "7"]
    assert found[0] != found[1]


@pytest.mark.parametrize(
    ("days", "stage"), [(30, None), (14, None), (7, None), (3, "3"), (0, "0")]
)
def test_who_has_just_recharged_is_told_only_of_the_last_days(
    days: int, stage: str | None
) -> None:
    line = sim(rules=rules(Mode.REMIND))
    today = DEADLINE - timedelta(days=days)
    now = datetime(today.year, today.month, today.day, 12, tzinfo=HK)
    for seen, trust, expected in (
        (now, Trust.ESTIMATE, stage),
        (now - timedelta(days=1), Trust.ESTIMATE, str(days)),
        (now, Trust.TYPED, str(days)),
    ):
        known = Readings(expiry=expiry(DEADLINE, at=seen, trust=trust))
        found = due_reminder(line, lifecycle(line, known, now), today)
        assert (found.stage if found else None) == expected


def test_a_number_that_may_die_is_not_spoken_of() -> None:
    line = sim(rules=rules(lapse=True))
    for days in (0, 3, -1, -400):
        today = DEADLINE - timedelta(days=days)
        now = datetime(today.year, today.month, today.day, 12, tzinfo=HK)
        life = lifecycle(line, Readings(expiry=expiry(DEADLINE)), now)
        assert due_reminder(line, life, today) is None


def test_where_something_else_recharges_only_its_failure_is_told() -> None:
    line = sim(rules=rules(Mode.REMIND, recharged_elsewhere=True))
    for days, stage in ((14, None), (4, None), (3, "3"), (0, "0")):
        today = DEADLINE - timedelta(days=days)
        now = datetime(today.year, today.month, today.day, 12, tzinfo=HK)
        life = lifecycle(line, Readings(expiry=expiry(DEADLINE)), now)
        found = due_reminder(line, life, today)
        assert (found.stage if found else None) == stage


@pytest.mark.parametrize(
    ("days", "stage"), [(30, None), (14, None), (4, None), (3, "3"), (0, "0")]
)
def test_who_passed_a_recharge_over_is_told_only_of_the_last_days(
    days: int, stage: str | None
) -> None:
    line = sim(rules=rules(Mode.REMIND))
    today = DEADLINE - timedelta(days=days)
    now = datetime(today.year, today.month, today.day, 12, tzinfo=HK)
    life = lifecycle(line, Readings(expiry=expiry(DEADLINE)), now)
    found = due_reminder(line, life, today, skipped=True)
    assert (found.stage if found else None) == stage


@pytest.mark.parametrize(
    ("waits", "stage"),
    [
        *((0, None), (6, None), (7, "task:9:1"), (13, "task:9:1")),
        *((14, "task:9:2"), (28, "task:9:4"), (300, "task:9:4")),
    ],
)
def test_a_task_is_called_to_mind_by_weeks_where_no_deadline_does_it(
    waits: int, stage: str | None
) -> None:
    line = sim(rules=rules(Mode.REMIND))
    now = datetime(2026, 3, 1, 12, tzinfo=HK)
    task = order(State.ASKED, id=9, created_at=now - timedelta(days=waits))
    far = lifecycle(line, Readings(expiry=expiry(DEADLINE)), now)
    for life, deadline in (
        (lifecycle(line, Readings(), now), None),
        (far, "2026-06-30"),
    ):
        found = due_reminder(line, life, now.date(), task=task)
        assert found == (None if stage is None else Reminder(deadline, stage))
    off = sim(rules=rules(Mode.OFF))
    assert due_reminder(off, far, now.date(), task=task) is None


def test_near_a_deadline_its_stages_speak_for_the_task() -> None:
    line = sim(rules=rules(Mode.REMIND))
    now = datetime(2026, 6, 23, 12, tzinfo=HK)
    task = order(State.ASKED, id=9, created_at=now - timedelta(days=20))
    life = lifecycle(line, Readings(expiry=expiry(DEADLINE)), now)
    found = due_reminder(line, life, now.date(), task=task)
    assert found == Reminder("2026-06-30", "7")
