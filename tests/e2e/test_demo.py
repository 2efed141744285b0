"""The demo as whoever clones the repository meets it first."""

import asyncio
import json
import os
from pathlib import Path
import signal
import sys

import pytest

from demo.processes import REPOSITORY, Hass
from demo.sims import SIMS

pytestmark = pytest.mark.e2e


async def _demo(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "demo", *options),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def test_check_boots_recharges_and_tells_in_json(tmp_path: Path) -> None:
    os.environ["TMPDIR"] = str(tmp_path)
    try:
        demo = await _demo("--check")
        printed, _ = await demo.communicate()
    finally:
        del os.environ["TMPDIR"]
    told = json.loads(printed.decode().splitlines()[-1])

    assert demo.returncode == 0, told
    assert told["ok"] is True
    assert set(told["sims"]) == {sim.name for sim in SIMS}
    stages = {name: shown["stage"] for name, shown in told["sims"].items()}
    assert stages["ALDI TALK Alarm"] == "grace"
    assert stages["AIS Bangkok"] == "expiring"
    assert stages["Axis Bali"] == "active"
    assert told["recharged"]["delivered"] == "25000"
    assert "Kyivstar Kyiv" in told["question"]
    # Nothing stays behind.
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux' /proc")
async def test_an_interrupted_check_leaves_no_process(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "demo", "--check"),
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    while not _children(demo.pid):
        await asyncio.sleep(0.05)
    children = _children(demo.pid)
    demo.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(demo.wait(), 60) == 1
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()]


def test_what_the_log_complains_of(tmp_path: Path) -> None:
    """A browser that was closed is no complaint, unless our code stands in the traceback."""
    hass = Hass(tmp_path)
    gone = (
        "2026-11-21 20:40:44.938 ERROR (MainThread) [homeassistant] Error doing job: "
    )
    gone += "ClientConnectionResetError exception in shielded future (task: None)"
    trace = 'Traceback (most recent call last):\n  File "/x/aiohttp/web.py", line 1'
    ours = '  File "/config/custom_components/sim_keeper/home.py", line 1'
    error = "2026-11-21 20:40:45.000 ERROR (MainThread) [homeassistant.core] A fault"
    hass.log.write_text(f"{gone}\n{trace}")
    assert hass.complaints() == []
    hass.log.write_text(f"{gone}\n{trace}\n{ours}")
    assert hass.complaints() == [ours]
    hass.log.write_text(f"{gone}\n{trace}\n{error}\n{trace}")
    assert hass.complaints() == [error, trace.splitlines()[0]]
