"""Running a simulator as a program of its own."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from .server import Simulator


class MakesSimulator(Protocol):
    """The class of a simulator."""

    def __call__(
        self, *, now: Callable[[], datetime], state: Path | None, port: int
    ) -> Simulator:
        """Make one."""


def utc_now() -> datetime:
    """Return the real time, which is the world's unless a test brings its own."""
    return datetime.now(UTC)


def main(make: MakesSimulator, description: str) -> None:
    """Serve until interrupted; print the address first."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, help="remembers between runs")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(make, options))


async def _serve(make: MakesSimulator, options: argparse.Namespace) -> None:
    made = make(now=utc_now, state=options.state, port=options.port)
    async with made as vendor:
        print(vendor.url, flush=True)
        await asyncio.Event().wait()
