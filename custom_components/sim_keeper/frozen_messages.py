"""What people are told of a frozen ledger: what to do, and who cannot wait."""

from datetime import datetime, timedelta
from functools import partial

from homeassistant.core import HomeAssistant

from .home import Home
from .keeper.errors import LedgerFault
from .keeper.sim import Mode
from .keeper.status import SimStatus
from .reasons import error_sentence
from .texts import sentence, sim_name

_NEEDS_SOMEBODY_WITHIN = timedelta(days=30)


async def frozen_lines(
    hass: HomeAssistant, home: Home, fault: LedgerFault
) -> list[str]:
    """Say what is wrong, what to do, and which numbers need somebody soon.

    Reminders are kept in the ledger: while it is frozen there are none.
    """
    say, key = partial(sentence, hass), f"ledger_{fault.value}"
    lines = [await error_sentence(hass, key, {}) or key]
    for epoch in list(home.engine.sims):
        status = home.engine.status(epoch)
        if status is None:
            # It could not even be read: nobody knows any date.
            return [*lines, await say("told_frozen_unknown")]
        if (day := _ends_soon(status, home.now())) is not None:
            words = {"sim": sim_name(hass, epoch), "deadline": day}
            lines.append(await say("told_frozen_deadline", **words))
    return lines


def _ends_soon(status: SimStatus, now: datetime) -> str | None:
    """Return the last day of a number for which people would hear reminders before long."""
    sim, deadline = status.sim, status.life.deadline
    if deadline is None or sim.rules.lapse or sim.rules.mode is Mode.OFF:
        return None
    last = status.life.grace_end or deadline
    # What is lost cannot be looked after any more.
    soon = deadline < now + _NEEDS_SOMEBODY_WITHIN and now <= last
    return deadline.astimezone(sim.zone).date().isoformat() if soon else None
