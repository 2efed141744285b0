"""The channel of those who have no provider: a sequence of Home Assistant does the work."""

from .channel import ActionChannel, Runner
from .terms import TIMEOUT_S, TIMEOUT_S_MAX, WAIT_HOURS_MAX, Proof, Terms, Work

PROVIDER = "action"
"""Stands where accounts at providers have the provider's id."""

__all__ = [
    "PROVIDER",
    "TIMEOUT_S",
    "TIMEOUT_S_MAX",
    "WAIT_HOURS_MAX",
    "ActionChannel",
    "Proof",
    "Runner",
    "Terms",
    "Work",
]
