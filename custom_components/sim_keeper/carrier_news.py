"""Tells people when an update changed what is known of a carrier that they use.

The facts that bear on a number's life are kept in its entry, as they were when somebody last saw
them. A change stands as a repair until a person has read it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_CARRIER_RULE, CONF_EPOCH, CONF_OVERRIDES, DOMAIN
from .flows.form import plain
from .home import Home
from .keeper.carrier_data import parse_profile, to_raw, with_overrides
from .keeper.carriers import CarrierProfile
from .keeper.errors import CarrierDataInvalid, LedgerBroken
from .keeper.ledger import Ledger
from .keeper.profile_change import BEARING, ProfileChange, profile_change
from .keeper.sim import Sim

CARRIER_CHANGED = "carrier_changed_"
"""How the id of the repair begins; the SIM's epoch follows."""
_ID = "id"
_KEPT = (*BEARING, "tiers_complete")
_UNKNOWN = "–"


async def async_compare_carrier(
    hass: HomeAssistant, home: Home, entry: ConfigEntry[Any], sim: Sim
) -> None:
    """Compare a SIM's carrier with what was known of it before; tell what changed."""
    issue_id = f"{CARRIER_CHANGED}{sim.epoch}"
    current = home.profiles.get(sim.carrier.id)
    before = None if current is None else _before(entry, current)
    if current is None or before is None:
        _keep(hass, entry, current)
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    try:
        readings = await home.engine.desk.read(Ledger.readings, sim.epoch)
    except LedgerBroken:
        return  # It is told once the dates can be read.
    change = profile_change(sim, before, readings, home.now())
    if change is None:
        _keep(hass, entry, current)
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="carrier_changed",
        translation_placeholders=_shown(entry, sim, change),
    )


class CarrierFlow(ConfirmRepairFlow):
    """Takes note that a person has read of a change."""

    def __init__(self, home: Home, epoch: str) -> None:
        """Settle the change of one SIM."""
        self._home = home
        self._epoch = epoch

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show the change, and keep what is known now."""
        if user_input is not None:
            for entry in self.hass.config_entries.async_entries(DOMAIN):
                if entry.data.get(CONF_EPOCH) == self._epoch:
                    sim = self._home.engine.sims.get(self._epoch)
                    carrier = None if sim is None else sim.carrier.id
                    _keep(self.hass, entry, self._home.profiles.get(carrier or ""))
        return await super().async_step_confirm(user_input)


def _before(entry: ConfigEntry[Any], current: CarrierProfile) -> CarrierProfile | None:
    """Return the profile as it was; None where that is not known, or was another carrier's."""
    stored: Mapping[str, Any] = entry.data.get(CONF_CARRIER_RULE) or {}
    if stored.get(_ID) != current.id:
        return None
    raw = to_raw(current) | {name: stored[name] for name in _KEPT if name in stored}
    try:
        return with_overrides(parse_profile(raw), entry.data[CONF_OVERRIDES])
    except CarrierDataInvalid:
        return None


@callback
def async_forget_carrier(hass: HomeAssistant, epoch: str) -> None:
    """Take the repair of a removed SIM away."""
    ir.async_delete_issue(hass, DOMAIN, f"{CARRIER_CHANGED}{epoch}")


@callback
def _keep(
    hass: HomeAssistant, entry: ConfigEntry[Any], current: CarrierProfile | None
) -> None:
    """Keep what is known now; of a carrier of the user's own there is nothing to keep."""
    data = {key: entry.data[key] for key in entry.data if key != CONF_CARRIER_RULE}
    if current is not None:
        raw = to_raw(current)
        facts = {_ID: current.id, **{name: raw[name] for name in _KEPT}}
        data[CONF_CARRIER_RULE] = facts
    hass.config_entries.async_update_entry(entry, data=data)


def _shown(entry: ConfigEntry[Any], sim: Sim, change: ProfileChange) -> dict[str, str]:
    before, after = change.before, change.after
    return {
        "name": entry.title,
        "carrier": plain(sim.carrier.name),
        "deadline_before": _day(before.deadline),
        "deadline": _day(after.deadline),
        "grace_before": _day(before.grace_end),
        "grace": _day(after.grace_end),
        "days_before": str(before.days_bought or _UNKNOWN),
        "days": str(after.days_bought or _UNKNOWN),
    }


def _day(day: date | None) -> str:
    return _UNKNOWN if day is None else day.isoformat()
