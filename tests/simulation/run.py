"""Many histories, on all cores, and one line that says what came of them."""

import argparse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
import faulthandler
import json
import multiprocessing
import os
import signal
import sys
import time

from .exhaustive import Report, run_all
from .faults import CONSEQUENCES, RATES
from .history import Outcome, run_history
from .oracle import COLUMNS

ALL_FAULTS_FROM = 2000
"""In so many histories every fault has to have struck."""
HANGS_AFTER_S = 60
"""A history takes less than a second."""
_SHOWN = 3


def histories(first: int, count: int, jobs: int) -> Iterator[Outcome]:
    """Run histories with consecutive seeds; their order is that of the seeds."""
    seeds = range(first, first + count)
    if jobs <= 1 or count <= 1:
        yield from map(run_history, seeds)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(_watched, seeds, chunksize=4)


def _watched(seed: int) -> Outcome:
    """Run a history; one that does not end is a finding as well, and ends the whole run."""

    def give_up(_signal: int, _frame: object) -> None:
        print(f"seed {seed} does not end", file=sys.stderr, flush=True)
        faulthandler.dump_traceback()
        # An exception would be caught by the very loop that does not end.
        os._exit(1)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(HANGS_AFTER_S)
    try:
        return run_history(seed)
    finally:
        signal.alarm(0)


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; return 1 when anything was found."""
    options = _options(arguments)
    began = time.monotonic()
    report = Report()
    for kind, found_there in run_all(options.jobs) if options.exhaustive else ():
        report.runs += found_there.runs
        report.crashes += found_there.crashes
        report.counts.update(found_there.counts)
        # These runs take long: whoever waits sees how far they are.
        print(
            f"{kind}: {found_there.runs} runs, {dict(found_there.counts)}", flush=True
        )
        for failure in found_there.failures[:_SHOWN]:
            print(failure, end="\n\n")
    counts, hits = Counter(report.counts), Counter[str]()
    orders, crashes, shown = 0, report.crashes, 0
    for outcome in histories(options.seed, options.histories, options.jobs):
        counts.update(outcome.counts)
        hits.update(outcome.faults)
        orders += outcome.orders
        crashes += outcome.crashes
        if outcome.why and shown < _SHOWN:
            shown += 1
            print(
                f"seed {outcome.seed}", *outcome.why, *outcome.log, sep="\n", end="\n\n"
            )
    expected = (*RATES, *CONSEQUENCES)
    found = {
        "histories": options.histories,
        "seconds": round(time.monotonic() - began, 1),
        "orders": orders,
        "crashes": crashes,
        **{column: counts[column] for column in COLUMNS},
        "faults": {name: hits[name] for name in expected},
    }
    if options.exhaustive:
        found["exhaustive_runs"] = report.runs
    never = [name for name in expected if not hits[name]]
    blind = options.histories >= ALL_FAULTS_FROM and bool(never)
    if blind:
        print("These faults never struck:", ", ".join(never))
    if not options.json:
        for name, value in found.items():
            print(f"{name:24}{value}")
    print(json.dumps(found))
    return int(blind or any(counts[column] for column in COLUMNS))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/simulate")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--json", action="store_true", help="print nothing but the line"
    )
    parser.add_argument("--exhaustive", action="store_true")
    return parser.parse_args(sys.argv[1:] if arguments is None else arguments)
