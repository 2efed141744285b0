"""System health: whether SIM Keeper works, at a glance."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .home import HOME
from .keeper.errors import LedgerBroken
from .keeper.ledger import Ledger
from .keeper.orders import IN_FLIGHT


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Add SIM Keeper to the system information."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    home = hass.data[HOME]
    engine = home.engine
    fault = engine.desk.fault
    in_flight: int | None = None
    stopped: bool | None = None
    try:
        in_flight = len(await engine.desk.read(Ledger.in_state, *sorted(IN_FLIGHT)))
        stopped = await home.doors.stopped()
    except LedgerBroken:
        pass
    return {
        "sims": len(engine.sims),
        "ledger": "ok" if fault is None else fault.value,
        "orders_in_flight": in_flight,
        "spending_stopped": stopped,
        "frozen": fault is not None,
    }
