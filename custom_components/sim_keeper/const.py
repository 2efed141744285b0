"""Keys that several parts of the glue share: what stands in config entries."""

from typing import Final

DOMAIN: Final = "sim_keeper"
LEDGER_FILE: Final = "sim_keeper.db"

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

# -- entry.options of a SIM: its rules -----------------------------------------------------
CONF_MODE: Final = "mode"
CONF_LOW_BALANCE: Final = "low_balance"
"""Decimal text in the SIM's currency, or absent."""
CONF_DAYS_BEFORE: Final = "days_before"
CONF_AMOUNT: Final = "amount"
"""Decimal text in the SIM's currency, or absent."""
CONF_MONTHLY_CAP: Final = "monthly_cap"
"""Decimal text in `cap_currency`, or absent."""
CONF_CAP_CURRENCY: Final = "cap_currency"
"""The currency that pays: the account's wallet, or the SIM's own without an account."""

# -- entry.data of an account --------------------------------------------------------------
CONF_PROVIDER: Final = "provider"
CONF_LOGIN: Final = "login"
"""{"client_id": …, "client_secret": …, "environment": …, "base_url": …}, by the provider."""
CONF_WALLET_CURRENCY: Final = "wallet_currency"

# -- the household -------------------------------------------------------------------------
CONF_LEDGER_EXISTS: Final = "ledger_exists"
"""entry.data: a ledger was once made, so a missing file is a loss and not a beginning."""
CONF_NOTIFY: Final = "notify"
"""entry.options: whom to tell. Entity ids of notify entities, and names of notify actions."""
CONF_LANGUAGE: Final = "language"
"""entry.options: the language of messages; absent = Home Assistant's own."""
CONF_MONTHLY_CAPS: Final = "monthly_caps"
"""entry.options: {currency: decimal text} for everything that SIM Keeper itself pays."""
