"""The processes of the demo: Home Assistant, and the simulated vendor beside it."""

import asyncio
from collections.abc import Mapping, Sequence
import contextlib
import json
import os
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import aiohttp

from .client import Client, wait_until
from .headings import HEADINGS

REPOSITORY = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
RESTART_WANTED = 100
"""Home Assistant's exit code when its user chose to restart it."""
_STOP_S = 30
_COMPLAINT = re.compile(
    r" (ERROR|CRITICAL) |^Traceback| WARNING \(\w+\) \[custom_components"
)
_RECORD = re.compile(r"^\d{4}-\d\d-\d\d ")
# A browser that is closed while Home Assistant still answers it; nobody's fault.
_BROWSER_GONE = "[homeassistant] Error doing job: ClientConnectionResetError"

_HTTP = {
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": True,
    "ssl_profile": "modern",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}
_CONFIGURATION = """\
# Written by `script/develop` at each start.
frontend:
config:
automation: !include automations.yaml
script: !include scripts.yaml
recorder:
  commit_interval: 1
history:
logbook:
backup:
system_health:
person:

lovelace:
  dashboards:
    demo-sims:
      mode: yaml
      title: SIM Keeper
      icon: mdi:sim
      filename: dashboard.yaml

logger:
  default: warning
  logs:
    custom_components.sim_keeper: debug
    # What nobody needs here: neither ffmpeg nor a JPEG library.
    haffmpeg: fatal
    homeassistant.components.camera.img_util: fatal
    # The notice that this integration is a custom one.
    homeassistant.loader: error
"""


class ProcessDied(Exception):
    """A process ended by itself."""


class Child:
    """A process of ours. It gets no signal but ours, and ends when we say so."""

    def __init__(self, name: str, command: Sequence[str | Path], output: Path) -> None:
        """Describe it; `output` takes what it prints."""
        self.name = name
        self.output = output
        self._command = [str(part) for part in command]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=REPOSITORY,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal is for us: we end the others, in order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running().pid

    def ended(self) -> int | None:
        """Return its exit code, None while it runs."""
        return None if self._process is None else self._process.poll()

    def check_alive(self) -> None:
        """Raise ProcessDied with its last words if it has ended."""
        if self.ended() is not None:
            last = self.output.read_text(errors="replace")[-2000:]
            raise ProcessDied(f"{self.name} ended ({self.ended()}):\n{last}")

    def stop(self) -> None:
        """Ask it to end, and make it if it does not."""
        if self._process is None or self.ended() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait(_STOP_S)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process


class Vendor(Child):
    """A simulated provider, with a memory in `folder`."""

    def __init__(self, folder: Path, port: int = 0, provider: str = "reloadly") -> None:
        """Use a port of one's own choice, or any free one."""
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}"
        command: list[str | Path] = [sys.executable, "-m", f"tests.vendors.{provider}"]
        command += ["--port", str(self.port), "--state", folder / f"{provider}.json"]
        name = f"the simulator of {provider}"
        super().__init__(name, command, folder / f"{provider}.out")

    async def ready(self) -> None:
        """Wait until it answers."""
        await wait_until(
            lambda: _answers(self, f"{self.url}/_control/truth"), self.name
        )

    async def truth(self) -> dict[str, Any]:
        """Return what really happened."""
        return await self._control("truth")

    async def purchases(self, number: str) -> list[dict[str, Any]]:
        """Return what was really bought for a number, oldest first."""
        digits = number.lstrip("+")
        sales: list[dict[str, Any]] = (await self.truth())["purchases"]
        return [sale for sale in sales if sale["number"] == digits]

    async def fault(self, kind: str, **options: object) -> None:
        """Arm a fault."""
        await self._control("fault", {"kind": kind, **options})

    async def clear(self) -> None:
        """End all misbehaviour."""
        await self._control("clear", {})

    async def _control(self, name: str, body: object = None) -> dict[str, Any]:
        method = "GET" if body is None else "POST"
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, f"{self.url}/_control/{name}", json=body
            ) as response,
        ):
            response.raise_for_status()
            found: dict[str, Any] = json.loads(await response.text())
            return found


class Hass(Child):
    """A real Home Assistant on a configuration folder."""

    def __init__(self, config: Path, port: int = 0) -> None:
        """Use the folder; `write_config` fills it."""
        self.config = config
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.log = config / "home-assistant.log"
        self.boot_s = 0.0
        hass = Path(sys.executable).with_name("hass")
        command: list[str | Path] = [
            hass,
            "--config",
            config,
            "--skip-pip",
            "--log-no-color",
        ]
        super().__init__("Home Assistant", command, config.parent / "hass.out")

    async def ready(self) -> None:
        """Wait until it runs, which is when it has set everything up."""
        begin = time.monotonic()
        await wait_until(lambda: _answers(self, f"{self.url}/manifest.json"), self.name)
        self.boot_s = time.monotonic() - begin

    async def log_in(self, home: Client) -> None:
        """Log in, making the user if there is none yet; wait until everything has started."""
        if "user" in _done_steps(self.config):
            await home.log_in()
        else:
            await home.onboard()

        async def runs() -> bool:
            self.check_alive()
            state: str = (await home.get("/api/config"))["state"]
            return state == "RUNNING"

        await wait_until(runs, "Home Assistant starts", seconds=120)

    def complaints(self) -> list[str]:
        """Return the lines of the log that tell of errors."""
        told, gone = [], False
        for line in self.log.read_text(errors="replace").splitlines():
            if _RECORD.match(line):
                gone = _BROWSER_GONE in line
            if "sim_keeper" in line if gone else _COMPLAINT.search(line):
                told.append(line)
        return told


def write_config(config: Path, port: int, language: str = "en") -> None:
    """Make or renew a configuration folder; what Home Assistant keeps there stays."""
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (config / "configuration.yaml").write_text(_CONFIGURATION)
    for name in ("automations.yaml", "scripts.yaml"):
        (config / name).touch()
    _link(config / "custom_components", REPOSITORY / "custom_components")
    blueprints = REPOSITORY / "blueprints/automation/sim_keeper"
    if blueprints.is_dir():
        _link(config / "blueprints/automation/sim_keeper", blueprints)
    write_dashboard(config, language)
    # Settings of the server in YAML would count as a trial, to be confirmed within five minutes.
    listens = {"server_host": [HOST], "server_port": port, **_HTTP}
    trial = {"pending": None, "yaml_migration_done": True}
    _store(storage / "http", 2, 2, {"stable": listens, **trial})
    if not (storage / "onboarding").exists():
        # The user is made through the API; the other steps would set up things of no use here.
        done = {"done": ["core_config", "analytics", "integration"]}
        _store(storage / "onboarding", 4, 1, done)


def write_dashboard(config: Path, language: str) -> None:
    """Put the dashboard in place: the file itself, or its translation."""
    source, place = REPOSITORY / "demo/dashboard.yaml", config / "dashboard.yaml"
    place.unlink(missing_ok=True)
    if language not in HEADINGS:
        _link(place, source)
        return
    text = source.read_text()
    for english, translated in HEADINGS[language].items():
        for key in ("title", "heading"):
            text = text.replace(f"{key}: {english}\n", f"{key}: {translated}\n")
    place.write_text(text)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _store(file: Path, version: int, minor: int, data: Mapping[str, object]) -> None:
    """Write what Home Assistant would find in its own storage."""
    head = {"version": version, "minor_version": minor, "key": file.name}
    file.write_text(json.dumps({**head, "data": data}))


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)


def _done_steps(config: Path) -> list[str]:
    kept = json.loads((config / ".storage/onboarding").read_text())
    steps: list[str] = kept["data"]["done"]
    return steps


async def _answers(child: Child, url: str) -> bool:
    child.check_alive()
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.ok
    except aiohttp.ClientError, OSError:
        await asyncio.sleep(0)
        return False
