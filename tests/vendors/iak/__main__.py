"""Run the simulator: `python -m tests.vendors.iak --port 8992 --state FILE`."""

from ..program import main
from .server import IakSimulator

if __name__ == "__main__":
    main(IakSimulator, str(__doc__))
