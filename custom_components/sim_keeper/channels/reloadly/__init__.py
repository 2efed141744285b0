"""Reloadly: one small module per question.

`account` who we are, `offers` which airtime is sold, `bundles` what else an operator sells,
`catalogue` what of it is for a line, `brands` whose it is, `durations` how long it lasts, `rates`
what it costs, `promotions` what is promised, `prose` how that is read, `transactions` what
happened, `codes` what a refusal means, `channel` the port.
"""

from ..pacing import Patience
from .account import ENVIRONMENTS
from .channel import ReloadlyChannel

__all__ = ["ENVIRONMENTS", "Patience", "ReloadlyChannel"]
