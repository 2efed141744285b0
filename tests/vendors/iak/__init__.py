"""A simulator of IAK's prepaid API, as `providers/iak.md` describes it."""

from .account import API_KEY, USERNAME
from .server import IakSimulator, Restriction
from .world import Order, Plan, Sale, World

__all__ = [
    "API_KEY",
    "USERNAME",
    "IakSimulator",
    "Order",
    "Plan",
    "Restriction",
    "Sale",
    "World",
]
