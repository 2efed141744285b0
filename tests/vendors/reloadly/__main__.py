"""Run the simulator: `python -m tests.vendors.reloadly --port 8991 --state FILE`."""

from ..program import main
from .server import ReloadlySimulator

if __name__ == "__main__":
    main(ReloadlySimulator, str(__doc__))
