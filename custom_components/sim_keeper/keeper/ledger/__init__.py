"""The ledger: every order, hold, event and reading, in one SQLite file.

Everything here is synchronous and belongs to one thread; the engine calls it through a
single-thread executor.
"""

from .book import HOUSEHOLD
from .ledger import Ledger
from .reckoning import Reckoned
from .records import Event, EventType, Hold, RestoredFrom
from .settings import STOPPED
from .terms import Closing, Delivery, NewOrder, Payment, Picture
from .views import LedgerView, Spending

__all__ = [
    "HOUSEHOLD",
    "STOPPED",
    "Closing",
    "Delivery",
    "Event",
    "EventType",
    "Hold",
    "Ledger",
    "LedgerView",
    "NewOrder",
    "Payment",
    "Picture",
    "Reckoned",
    "RestoredFrom",
    "Spending",
]
