"""Start the demo: `script/develop [--fresh] [--port N] [--language L]`, or `--check` it."""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
import shutil
import signal
import sys
import tempfile
import time
from types import MappingProxyType
from typing import Any

from . import seeding
from .client import PASSWORD, USER, ApiError, Client
from .processes import (
    HOST,
    REPOSITORY,
    RESTART_WANTED,
    Hass,
    ProcessDied,
    Vendor,
    free_port,
    is_free,
    write_config,
)
from .sims import ASK, AUTO

DATA = REPOSITORY / ".demo"
PORT = 8123
PLAY_AFTER_S = 20
_CHECK_S = 150
RELOADLY, IAK, DIGIFLAZZ = PROVIDERS = ("reloadly", "iak", "digiflazz")
"""The providers that are simulated."""

type Vendors = Mapping[str, Vendor]


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="script/develop", description=__doc__)
    parser.add_argument(
        "--fresh", action="store_true", help="forget all and start over"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"instead of {PORT}")
    parser.add_argument(
        "--language",
        choices=("en", "zh-Hans", "id"),
        default="en",
        help="of the dashboard, and of a new Home Assistant",
    )
    parser.add_argument(
        "--check", action="store_true", help="try everything in a throw-away folder"
    )
    options = parser.parse_args()
    work = check() if options.check else serve(options)
    try:
        return asyncio.run(_interruptible(work))
    except asyncio.CancelledError, KeyboardInterrupt:
        return 0
    except (ProcessDied, OSError) as err:
        print(err, file=sys.stderr)
        return 1


async def _interruptible(work: Any) -> int:
    """Run, and end in good order on Ctrl-C or when told to."""
    task = asyncio.ensure_future(work)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    result: int = await task
    return result


async def serve(options: argparse.Namespace) -> int:
    """Start the demo and stay until told to end."""
    if not is_free(options.port):
        print(f"Port {options.port} is taken. Try: script/develop --port 8124")
        return 1
    if options.fresh:
        shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(exist_ok=True)
    print("Starting …", flush=True)
    async with (
        _started(DATA, options.port, _kept_ports(DATA), options.language) as (
            hass,
            vendors,
        ),
        Client(hass.url) as home,
    ):
        await hass.log_in(home)
        if not (DATA / "seeded").exists():
            print("Adding the sample SIMs …", flush=True)
            await seeding.settle_in(home, options.language)
            await _seed(home, vendors)
            (DATA / "seeded").touch()
        _greet(hass, vendors)
        await asyncio.gather(_stay(hass, vendors), _play_later(home, vendors[RELOADLY]))
    return 0


async def check() -> int:
    """Boot a throw-away demo, wait for everything, and tell how it went in one line of JSON."""
    begin = time.monotonic()
    told: dict[str, Any] = {"ok": False}
    folder = Path(tempfile.mkdtemp(prefix="sim-keeper-demo-"))
    try:
        async with asyncio.timeout(_CHECK_S), _started(folder) as (hass, vendors):
            vendor = vendors[RELOADLY]
            told["boot_s"] = round(hass.boot_s, 1)
            # Who only checks does not want to watch.
            await vendor.fault("takes", seconds=2, times=None)
            async with Client(hass.url) as home:
                await hass.log_in(home)
                await seeding.settle_in(home)
                await _seed(home, vendors)
                await seeding.play(home, vendor)
                told["recharged"] = await seeding.recharged_by_itself(home, vendor)
                told["sims"] = await seeding.shown_sims(home)
                told["question"] = await seeding.question(home)
            told["complaints"] = hass.complaints()
        told["ok"] = not told["complaints"]
    except (Exception, asyncio.CancelledError) as err:  # noqa: BLE001 - it is told below
        told["error"] = f"{type(err).__name__}: {err}"[:2000]
        told["log"] = str(folder)
    told["total_s"] = round(time.monotonic() - begin, 1)
    print(json.dumps(told, ensure_ascii=False), flush=True)
    if told["ok"]:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if told["ok"] else 1


@asynccontextmanager
async def _started(
    folder: Path,
    port: int = 0,
    vendor_ports: Mapping[str, int] = MappingProxyType({}),
    language: str = "en",
) -> AsyncGenerator[tuple[Hass, Vendors]]:
    """Run Home Assistant and the vendors; all have ended when this ends, however it ends."""
    vendors = {
        name: Vendor(folder, vendor_ports.get(name, 0), name) for name in PROVIDERS
    }
    hass = Hass(folder / "config", port)
    write_config(hass.config, hass.port, language)
    try:
        for vendor in vendors.values():
            vendor.start()
        hass.start()
        for vendor in vendors.values():
            await vendor.ready()
        await hass.ready()
        yield hass, vendors
    finally:
        # Not in a thread: at this point nobody may interrupt us any more.
        print("Ending …", file=sys.stderr, flush=True)
        hass.stop()
        for vendor in vendors.values():
            vendor.stop()


async def _seed(home: Client, vendors: Vendors) -> None:
    await seeding.seed(home, {name: vendor.url for name, vendor in vendors.items()})


async def _stay(hass: Hass, vendors: Vendors) -> None:
    """Watch them all, and start Home Assistant again when its user restarts it."""
    while True:
        await asyncio.sleep(1)
        for vendor in vendors.values():
            vendor.check_alive()
        if hass.ended() == RESTART_WANTED:
            print("Home Assistant restarts …", flush=True)
            hass.start()
        hass.check_alive()


async def _play_later(home: Client, vendor: Vendor) -> None:
    await asyncio.sleep(PLAY_AFTER_S)
    try:
        await seeding.play(home, vendor)
    except (ApiError, OSError) as err:
        print(f'"{AUTO.name}" stays as it is: {err}', flush=True)


def _kept_ports(folder: Path) -> dict[str, int]:
    """Return the ports of the simulators: always the same, as the accounts remember them."""
    ports = {}
    for name in PROVIDERS:
        kept = folder / f"{name}.port"
        if not kept.exists():
            kept.write_text(str(free_port()))
        ports[name] = int(kept.read_text())
    return ports


def _greet(hass: Hass, vendors: Vendors) -> None:
    print(
        f"""
    Open      http://{HOST}:{hass.port}
    Log in    {USER} / {PASSWORD}

    Three things to try
      1. Watch "{AUTO.name}": in {PLAY_AFTER_S} seconds it turns out to expire soon, and recharges itself.
      2. Answer the question of "{ASK.name}" in the to-do list: tick it to approve.
      3. Turn on "Stop all spending", then try to recharge any SIM.

    Behind it
      Reloadly's truth     {vendors[RELOADLY].url}/_control/truth
      IAK's truth          {vendors[IAK].url}/_control/truth
      Digiflazz's truth    {vendors[DIGIFLAZZ].url}/_control/truth
      The log              {hass.log.relative_to(REPOSITORY)}

    Ctrl-C ends it all; the data stays for the next time (--fresh starts over).
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
