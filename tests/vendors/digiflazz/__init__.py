"""A simulator of Digiflazz's buyer API."""

from .checks import API_KEY, DEVELOPMENT_KEY, USERNAME, signature
from .server import DigiflazzSimulator
from .world import Order, Plan, Sale, World

__all__ = [
    "API_KEY",
    "DEVELOPMENT_KEY",
    "USERNAME",
    "DigiflazzSimulator",
    "Order",
    "Plan",
    "Sale",
    "World",
    "signature",
]
