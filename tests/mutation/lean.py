"""A plugin of pytest for tests of the heart alone: they need nothing of Home Assistant."""

from ..simulation.lean import import_lean

import_lean()
