"""Keys that several parts of the glue share: what stands in config entries."""

from typing import Final

DOMAIN: Final = "sim_keeper"
LEDGER_FILE: Final = "sim_keeper.db"

BYTES_PER_MEGABYTE: Final = 1_000_000
"""As carriers count."""
MEGABYTES_MAX: Final = 10**9
"""No allowance comes near a petabyte; what a file of Home Assistant cannot hold is far beyond."""

# -- entry.data of every entry -------------------------------------------------------------
CONF_KIND: Final = "kind"
KIND_SIM: Final = "sim"
KIND_ACCOUNT: Final = "account"
KIND_HOUSEHOLD: Final = "household"

# -- entry.data of a SIM: what it is -------------------------------------------------------
CONF_NUMBER: Final = "number"
"""E.164 with +, or an ICCID."""
CONF_COUNTRY: Final = "country"
"""ISO 3166 alpha-2."""
CONF_CARRIER: Final = "carrier"
"""Id of a carrier profile, or `other`."""
CONF_OVERRIDES: Final = "overrides"
"""What the user changed of the profile; see `carriers.with_overrides`."""
CONF_CURRENCY: Final = "currency"
CONF_TIME_ZONE: Final = "time_zone"
CONF_EPOCH: Final = "epoch"
CONF_ACCOUNT: Final = "account"
"""Unique id of an account entry, or None: a person recharges."""
CONF_OPERATOR: Final = "operator"
"""The provider's operator id that the user confirmed, or None."""
CONF_FIRST_READINGS: Final = "first_readings"
"""What was typed when the SIM was added: {"at": ISO time, "balance": "1.50", "expiry": ISO
date, "last_activity": ISO date}; all but `at` optional."""
CONF_CARRIER_RULE: Final = "carrier_rule"
"""What the carrier's profile said when somebody last saw it; see `carrier_news`. May be absent."""

# -- entry.options of a SIM: its rules -----------------------------------------------------
CONF_MODE: Final = "mode"
CONF_LOW_BALANCE: Final = "low_balance"
"""Decimal text in the SIM's currency, or absent."""
CONF_LOW_DATA: Final = "low_data"
"""Bytes, or absent."""
CONF_DAYS_BEFORE: Final = "days_before"
CONF_DAYS_BEFORE_ACTIVITY: Final = "days_before_activity"
CONF_DAYS_BEFORE_GRACE_END: Final = "days_before_grace_end"
CONF_CALENDAR: Final = "calendar"
"""{"start": ISO date, "every": 3, "unit": "months", "counted_from": "anchor"}, or absent."""
CONF_CHEAPEST: Final = "cheapest"
CONF_AMOUNT: Final = "amount"
"""Decimal text in the SIM's currency, or absent."""
CONF_FILL_UP_TO: Final = "fill_up_to"
"""Decimal text in the SIM's currency, or absent."""
CONF_PRODUCT: Final = "product"
"""The provider's id of what to buy instead of an amount, or absent."""
CONF_MONTHLY_CAP: Final = "monthly_cap"
"""Decimal text in `cap_currency`, or absent."""
CONF_ORDER_CAP: Final = "order_cap"
"""Decimal text in `cap_currency`, or absent."""
CONF_CAP_CURRENCY: Final = "cap_currency"
"""The currency that pays: the account's wallet, or the SIM's own without an account."""

CONF_MODES: Final = "modes"
"""{rule: mode} for the rules that have their own, or absent."""
CONF_PAUSED_UNTIL: Final = "paused_until"
"""ISO date on which the rules count again, or absent."""
CONF_PAUSES: Final = "pauses"
"""{rule: ISO date} for the rules that rest by themselves, or absent."""
CONF_LAPSE: Final = "lapse"
CONF_RECHARGED_ELSEWHERE: Final = "recharged_elsewhere"
CONF_SHADOW: Final = "shadow"
CONF_CHANNEL_TRUSTED: Final = "channel_trusted"

# -- entry.data of an account --------------------------------------------------------------
CONF_PROVIDER: Final = "provider"
CONF_LOGIN: Final = "login"
"""{"client_id": …, "client_secret": …, "environment": …, "base_url": …}, by the provider."""
CONF_WALLET_CURRENCY: Final = "wallet_currency"
CONF_DECLARED: Final = "declared"
"""Of an action: {"sequence": […], and what `channels.action.Terms.stored` reads}."""

# -- entry.options of an account; also `monthly_cap` and `cap_currency` --------------------
CONF_LOW_WALLET: Final = "low_wallet"
"""Decimal text in `cap_currency`, or absent."""
CONF_PAYMENT_EXPIRES: Final = "payment_expires"
"""ISO date of the last day of what the provider is paid by, or absent."""

# -- the household -------------------------------------------------------------------------
CONF_LEDGER_EXISTS: Final = "ledger_exists"
"""entry.data: a ledger was once made, so a missing file is a loss and not a beginning."""
CONF_NOTIFY: Final = "notify"
"""entry.options: whom to tell. Entity ids of notify entities, and names of notify actions."""
CONF_LANGUAGE: Final = "language"
"""entry.options: the language of messages; absent = Home Assistant's own."""
CONF_MONTHLY_CAPS: Final = "monthly_caps"
"""entry.options: {currency: decimal text} for everything that SIM Keeper itself pays."""
