"""An event loop in which time is a number and the order of things is drawn by lot."""

import asyncio
from collections.abc import Coroutine
from heapq import heappop
from random import Random
from typing import Any, override


class StandsStill(RuntimeError):
    """Nothing is ready and no timer is set."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs one ready callback at a time, chosen by seed; jumps to the next timer when idle.

    No threads, no sockets, no real clock: the same seed gives the same run.
    """

    # What `BaseEventLoop` keeps; its stubs do not tell.
    _ready: Any
    _scheduled: Any
    _stopping: bool

    def __init__(self, rng: Random, start: float) -> None:
        """Begin at a moment, in seconds since 1970."""
        super().__init__()
        self._rng = rng
        self._moment = start
        self.steps = 0
        self.broken: BaseException | None = None
        """What went wrong in a callback of the simulator itself."""
        self.tasks: dict[asyncio.Task[Any], None] = {}
        """Tasks in the order of their birth; a set's order would differ between runs."""
        self.watched: str | None = None
        self.alive: list[int] = []
        """The steps at which a task of the watched name was alive."""
        self.cancel_at: int | None = None
        self.set_exception_handler(self._note)

    @override
    def time(self) -> float:
        """Return the simulated moment."""
        return self._moment

    @override
    def create_task(
        self, coro: Coroutine[Any, Any, Any], **kwargs: Any
    ) -> asyncio.Task[Any]:
        """Make a task and remember it until it is done."""
        task = super().create_task(coro, **kwargs)
        if len(self.tasks) > 50:
            self.tasks = {one: None for one in self.tasks if not one.done()}
        self.tasks[task] = None
        return task

    def run_until(self, moment: float) -> None:
        """Let everything happen up to a moment."""
        self.call_at(moment, self.stop)
        self.run_forever()
        if self.broken is not None:
            raise self.broken

    def cancel_all(self) -> None:
        """Cancel all tasks but the one that is running."""
        current = asyncio.current_task(self)
        for task in list(self.tasks):
            if task is not current:
                task.cancel()

    def _run_once(self) -> None:
        ready, timers = self._ready, self._scheduled
        if not ready:
            while timers and timers[0]._cancelled:
                heappop(timers)._scheduled = False
            if not timers:
                raise StandsStill
            self._moment = max(self._moment, timers[0]._when)
        while timers and (timers[0]._cancelled or timers[0]._when <= self._moment):
            handle = heappop(timers)
            handle._scheduled = False
            if not handle._cancelled:
                ready.append(handle)
        count = len(ready)
        if count > 1:
            index = int(self._rng.random() * count)
            handle = ready[index]
            del ready[index]
        else:
            handle = ready.popleft()
        self.steps += 1
        if self.watched is not None:
            self._watch(self.watched)
        if not handle._cancelled:
            handle._run()

    def _watch(self, name: str) -> None:
        alive = [
            task
            for task in self.tasks
            if not task.done() and task.get_name().startswith(name)
        ]
        if alive:
            self.alive.append(self.steps)
        if self.steps == self.cancel_at:
            for task in alive:
                task.cancel()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Let a cancelled timer lie: it is passed over when its time comes."""

    def _write_to_self(self) -> None:
        """There is nobody to wake."""

    def _process_events(self, events: object) -> None:
        """There are no events but timers and callbacks."""

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Remember that a callback of the simulator itself failed."""
        error = context.get("exception")
        if "handle" in context and error is not None:
            self.broken = self.broken or error
            self.stop()
