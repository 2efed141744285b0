"""Run the simulator: script/simulate --histories N --seed S [--json] [--jobs J] [--exhaustive]."""

import sys

from .lean import import_lean

import_lean()

from .run import main  # noqa: E402 - the heart is found only now

if __name__ == "__main__":
    sys.exit(main())
