"""What an action is meant for: the SIM behind a device."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.service import async_get_device_and_config_entry

from .const import CONF_EPOCH, DOMAIN, KIND_SIM
from .entries import kind_of
from .home import HOME
from .keeper.sim import Sim

ATTR_DEVICE_ID = "device_id"


def called_entry(call: ServiceCall) -> ConfigEntry[Any]:
    """Return the entry of the SIM that a call names. Raises translated errors for all else."""
    _, entry = async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    if kind_of(entry) != KIND_SIM:
        raise _invalid("not_a_sim", device=entry.title)
    return entry


def called_sim(call: ServiceCall) -> Sim:
    """Return the SIM that a call names. Raises translated errors for all else."""
    entry = called_entry(call)
    sim = call.hass.data[HOME].engine.sims.get(entry.data[CONF_EPOCH])
    if sim is None:
        raise _invalid("sim_not_found")
    return sim


def _invalid(key: str, **numbers: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=numbers
    )
