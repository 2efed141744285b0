"""Run all figures: `script/bench [--json]`."""

import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from .ledger import order_life, start_checks

LIFE_MAX = 1.5
CHECKS_MAX = 3.0


def main() -> int:
    """Measure, print, and return 1 when a limit is broken."""
    with TemporaryDirectory() as folder:
        life, commits = order_life(Path(folder))
        checks, plain = start_checks(Path(folder))
    figures = {
        "order_life": _figure(life / commits, LIFE_MAX, "x five bare commits"),
        "start_checks": _figure(checks / plain, CHECKS_MAX, "x integrity_check"),
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
