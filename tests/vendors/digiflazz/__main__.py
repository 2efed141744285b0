"""Run the simulator: `python -m tests.vendors.digiflazz --port 8992 --state FILE`."""

from ..program import main
from .server import DigiflazzSimulator

if __name__ == "__main__":
    main(DigiflazzSimulator, str(__doc__))
