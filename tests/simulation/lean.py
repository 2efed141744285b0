"""Imports the heart without the glue around it, which needs all of Home Assistant."""

from pathlib import Path
import sys
from types import ModuleType

_ROOT = Path(__file__).resolve().parents[2]
_NAME = "custom_components.sim_keeper"


def import_lean() -> None:
    """Stand in for the integration's package, unless it is there already."""
    if _NAME not in sys.modules:
        package = ModuleType(_NAME)
        package.__path__ = [str(_ROOT / "custom_components" / "sim_keeper")]
        sys.modules[_NAME] = package
