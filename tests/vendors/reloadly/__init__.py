"""A simulator of Reloadly's airtime API, as `providers/reloadly.md` describes it."""

from ..faults import Fault
from .promotions import SoldPromotion
from .server import ReloadlySimulator
from .tokens import CLIENT_ID, CLIENT_SECRET
from .world import Order, Plan, Sale, World

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "Fault",
    "Order",
    "Plan",
    "ReloadlySimulator",
    "Sale",
    "SoldPromotion",
    "World",
]
