"""Repairs: what only a person can settle, kept in step with the engine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
import logging
from typing import Any, cast, override

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .callers import caller_of, translated
from .const import DOMAIN
from .entries import account_entry
from .home import HOME, SIGNAL_EVENT, SIGNAL_FROZEN, SIGNAL_HOUSEHOLD, Home
from .keeper.errors import LedgerBroken, OrderRefused
from .keeper.ledger import Ledger
from .keeper.orders import Order, State
from .keeper.sim import Mode, Sim
from .messages import error_text, sim_name

_LOGGER = logging.getLogger(__name__)
