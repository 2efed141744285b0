"""Run all figures: `script/bench [--json]`."""

import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from .brain import decision, forecasts, plans
from .ledger import order_life, start_checks
from .vendor_calls import vendor_calls

LIFE_MAX = 1.5
CHECKS_MAX = 3.0
DECISION_MAX = 40.0
FORECAST_MAX = 1.2
PLAN_MAX = 100.0
CALLS_MAX = 1.05


def main() -> int:
    """Measure, print, and return 1 when a limit is broken."""
    with TemporaryDirectory() as folder:
        life, commits = order_life(Path(folder))
        checks, plain = start_checks(Path(folder))
    decided, added = decision()
    many, few = forecasts()
    hardest, usual = plans()
    made, needed = vendor_calls()
    figures = {
        "order_life": _figure(life / commits, LIFE_MAX, "x five bare commits"),
        "start_checks": _figure(checks / plain, CHECKS_MAX, "x integrity_check"),
        "decision": _figure(decided / added, DECISION_MAX, "x a thousand additions"),
        "forecast_linear": _figure(many / few, FORECAST_MAX, "x a SIM among ten"),
        "planner": _figure(hardest / usual, PLAN_MAX, "x a typical plan"),
        "vendor_calls": _figure(
            made / needed, CALLS_MAX, "x the calls that rules need"
        ),
    }
    if "--json" not in sys.argv:
        for name, figure in figures.items():
            sys.stdout.write(
                f"{name}: {figure['value']} {figure['unit']} (limit {figure['limit']})\n"
            )
        sys.stdout.write(
            f"(a life {life * 1000:.1f} ms, the checks {checks * 1000:.0f} ms)\n"
        )
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if all(figure["ok"] for figure in figures.values()) else 1


def _figure(value: float, limit: float, unit: str) -> dict[str, object]:
    return {
        "value": round(value, 2),
        "limit": limit,
        "unit": unit,
        "ok": value <= limit,
    }


sys.exit(main())
