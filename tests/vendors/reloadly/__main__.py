"""Run the simulator: `python -m tests.vendors.reloadly --port 8991 --state FILE`."""

import argparse
import asyncio
from contextlib import suppress
from pathlib import Path

from .server import ReloadlySimulator


async def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, help="remembers between runs")
    options = parser.parse_args()
    async with ReloadlySimulator(port=options.port, state=options.state) as vendor:
        print(vendor.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
