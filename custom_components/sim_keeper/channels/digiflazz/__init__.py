"""Digiflazz: one small module per question.

`account` who we are, `brands` whose number it is, `catalogue` what the price list says, `rupiah`
how it writes money, `pricelist` how often it may be read, `offers` what can be bought, `codes`
what an answer means, `transactions` what happened, `channel` the port.
"""

from ..pacing import Patience
from .account import ENVIRONMENTS
from .channel import DigiflazzChannel

__all__ = ["ENVIRONMENTS", "DigiflazzChannel", "Patience"]
