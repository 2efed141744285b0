"""Reloadly: one small module per question.

`account` who we are, `offers` what is sold, `transactions` what happened, `codes` what a refusal
means, `channel` the port.
"""

from ..pacing import Patience
from .account import ENVIRONMENTS, account_id
from .channel import ReloadlyChannel

__all__ = ["ENVIRONMENTS", "Patience", "ReloadlyChannel", "account_id"]
