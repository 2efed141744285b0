"""Tries a mutation: breaks a copy of the project, and runs the tests that should see it."""

from dataclasses import dataclass
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory

from .catalogue import Mutation

ROOT = Path(__file__).parents[2]
LIMIT_S = 300
_COPIED = ("custom_components", "tests")
_OPTIONS = (
    *("-x", "-q", "--tb=line", "--no-header", "-n0", "--noconftest"),
    # The heart needs no Home Assistant, and starts ten times as fast without it.
    *("-p", "no:homeassistant", "-p", "no:cacheprovider"),
    *("-p", "tests.mutation.lean"),
    *("-p", "tests.keeper.conftest", "-p", "tests.crash.conftest"),
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a run of tests said."""

    red: bool
    by: str
    """The first test that failed, or why there is no verdict."""
    sound: bool = True
    """The tests were run at all."""


def try_mutation(project: Path, mutation: Mutation) -> Verdict:
    """Break a copy of a project and run the tests that should see it."""
    with TemporaryDirectory() as name:
        copy = copy_project(project, Path(name))
        try:
            for edit in mutation.edits:
                edit.apply(copy)
        except ValueError as err:
            return Verdict(red=False, by=f"does not apply: {err}", sound=False)
        return run_tests(copy, mutation.by)


def copy_project(project: Path, folder: Path) -> Path:
    """Copy what the tests of the heart need."""
    for part in _COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "snapshots", "browser", "e2e")
        shutil.copytree(project / part, folder / part, ignore=ignored)
    shutil.copy(project / "pyproject.toml", folder)
    return folder


def run_tests(project: Path, tests: tuple[str, ...]) -> Verdict:
    """Run tests of a project until one fails."""
    command = [sys.executable, "-m", "pytest", *_OPTIONS, *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=project,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return Verdict(red=True, by="a test that came to no end")
    if done.returncode == 0:
        return Verdict(red=False, by="")
    failed = _FAILED.search(done.stdout)
    if done.returncode != 1 or failed is None:
        end = (done.stdout + done.stderr).strip().splitlines()[-1:]
        return Verdict(red=False, by=f"no test was run: {end}", sound=False)
    return Verdict(red=True, by=failed[1])
