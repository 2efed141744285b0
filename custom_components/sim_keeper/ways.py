"""Where a person recharges: what is known of a carrier's ways, and the places to choose from."""

from typing import Final

from .keeper.carriers import CarrierProfile

CARRIER_SITE: Final = "carrier_site"
CARRIER_APP: Final = "carrier_app"
AUTO_RECHARGE: Final = "auto_recharge"
PLACES: Final = (
    *(CARRIER_SITE, CARRIER_APP, "shop", "convenience_store", "terminal"),
    *("alipay", "wechat_pay", "paypal", "wallet", "bank_app", "bank_transfer"),
    *("voucher", AUTO_RECHARGE, "other"),
)
"""The places that a form offers. Each has words in every language; the ledger keeps the key."""
SELLERS: Final = ("iak", "digiflazz")
"""Providers that carrier profiles name in `recharge_via`; a person may have an account there."""

_PLAY_STORE = "https://play.google.com/store/apps/details?id="


def app_link(carrier: CarrierProfile) -> str | None:
    """Return where the carrier's app is: it opens there, or can be installed."""
    # The name was checked to be letters, digits, points and underscores when it was read.
    return None if carrier.app_android is None else _PLAY_STORE + carrier.app_android


def places(carrier: CarrierProfile) -> list[str]:
    """Return the places to choose from, those first that are known to work for the carrier."""
    known = {
        *((CARRIER_SITE,) if carrier.topup_url else ()),
        *((CARRIER_APP,) if carrier.app_android else ()),
    }
    sellers = {way.split(":", maxsplit=1)[0] for way in carrier.recharge_via}
    return [
        *(place for place in PLACES if place in known),
        *(seller for seller in SELLERS if seller in sellers),
        *(place for place in PLACES if place not in known),
    ]
