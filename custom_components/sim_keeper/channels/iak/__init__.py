"""IAK: one small module per question.

`account` who we are, `offers` what is sold, `transactions` what happened, `codes` what an answer
means, `channel` the port.
"""

from .account import ENVIRONMENTS
from .channel import IakChannel

__all__ = ["ENVIRONMENTS", "IakChannel"]
