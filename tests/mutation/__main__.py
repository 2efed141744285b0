"""Try the mutations: script/mutate [--quick] [--jobs J] [--json] [NAME...]."""

import argparse
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
import json
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from .catalogue import MUTATIONS, QUICK
from .trial import ROOT, Verdict, copy_project, run_tests, try_mutation


def main() -> int:
    """Try what the command line names; return 1 where one is not seen."""
    options = _options()
    names = options.names or (QUICK if options.quick else None)
    chosen = [one for one in MUTATIONS if names is None or one.name in names]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        # All are tried on the same state, whatever is edited meanwhile.
        project = copy_project(ROOT, Path(folder))
        tests = tuple(dict.fromkeys(test for one in chosen for test in one.by))
        unbroken = run_tests(project, tests)
        found = list(pool.map(partial(try_mutation, project), chosen))
    verdicts = dict(zip(chosen, found, strict=True))
    ok = unbroken.sound and not unbroken.red and all(one.red for one in found)
    if not options.json:
        _show(unbroken, "nothing", {True: "RED", False: "green"})
        for mutation, verdict in verdicts.items():
            _show(verdict, mutation.name, {True: "caught", False: "SURVIVED"})
    mutations = {
        mutation.name: {"caught": verdict.red, "by": verdict.by}
        for mutation, verdict in verdicts.items()
    }
    print(json.dumps({"mutations": mutations, "ok": ok}))
    return int(not ok)


def _show(verdict: Verdict, name: str, words: Mapping[bool, str]) -> None:
    word = words[verdict.red] if verdict.sound else "FAILED"
    print(f"{word:9}{name:34}{verdict.by}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/mutate")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help=", ".join(QUICK))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--json", action="store_true", help="print nothing but the line"
    )
    options = parser.parse_args()
    if unknown := {*options.names} - {one.name for one in MUTATIONS}:
        parser.error(f"no such mutation: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
