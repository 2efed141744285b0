"""The way out of a freeze: an administrator's word, and a ledger that opens."""

from collections.abc import Callable

from .engine import Engine
from .errors import LedgerBroken, OrderRefused
from .ledger import Ledger
from .permissions import Caller, Door, require
from .policy import Reason


async def reopened(
    frozen: Engine, make: Callable[[], Ledger], caller: Caller
) -> Ledger:
    """Open the ledger of a frozen engine anew, and end that engine.

    Another engine takes the ledger over. Raises NotAllowed, OrderRefused, and LedgerBroken while
    the ledger cannot be used: then the frozen engine stays as it is.
    """
    require(Door.THAW, caller)
    if frozen.stopping:
        raise OrderRefused(Reason.STOPPING.value)
    if frozen.desk.fault is None:
        raise OrderRefused("not_frozen")
    if frozen.desk.needs_restart:
        raise OrderRefused("restart_first")
    try:
        ledger = await frozen.world.run(make)
    except LedgerBroken as err:
        frozen.desk.still_frozen(err)
        raise
    await frozen.stop()
    return ledger
