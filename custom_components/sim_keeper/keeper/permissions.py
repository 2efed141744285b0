"""Who may do what. Loosening needs an administrator; tightening is for everybody."""

from dataclasses import dataclass
from enum import StrEnum

from .errors import NotAllowed
from .sim import LOOSENESS, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking: a person who is logged in, or an automation without a user."""

    user_id: str | None
    is_admin: bool

    @property
    def actor(self) -> str:
        """How the ledger names the caller."""
        return "automation" if self.user_id is None else f"user:{self.user_id}"


AUTOMATION = Caller(user_id=None, is_admin=False)


class Door(StrEnum):
    """Everything through which the machine can be told to spend more, less or differently."""

    APPROVE = "approve"
    CANCEL = "cancel"
    RESOLVE = "resolve"
    RECORD = "record"
    SPEND = "spend"
    """`recharge`. A call without a user passes too, but then the SIM's mode decides."""
    STOP = "stop"
    LIFT_STOP = "lift_stop"
    PAUSE = "pause"
    RESUME = "resume"
    MODE_UP = "mode_up"
    MODE_DOWN = "mode_down"
    THRESHOLD_UP = "threshold_up"
    THRESHOLD_DOWN = "threshold_down"
    READING = "reading"
    READING_ON_AUTO = "reading_on_auto"
    """Typing a balance, expiry or activity of a SIM whose recharges are automatic."""
    EXPORT = "export"
    THAW = "thaw"
    """Using a frozen ledger again: as it is, from its snapshot, or begun anew."""


_EVERYBODY = frozenset(
    {
        *(Door.CANCEL, Door.STOP, Door.PAUSE, Door.MODE_DOWN, Door.THRESHOLD_DOWN),
        *(Door.READING, Door.RECORD),
    }
)
_AUTOMATIONS = _EVERYBODY | {Door.EXPORT, Door.SPEND}


def may(door: Door, caller: Caller) -> bool:
    """Tell whether a caller may pass a door."""
    if caller.is_admin:
        return True
    return door in (_AUTOMATIONS if caller.user_id is None else _EVERYBODY)


def require(door: Door, caller: Caller) -> None:
    """Raise NotAllowed when a caller may not pass a door."""
    if not may(door, caller):
        raise NotAllowed(door.value)


def mode_door(old: Mode, new: Mode) -> Door:
    """Return the door that a change of mode passes."""
    return Door.MODE_UP if LOOSENESS[new] > LOOSENESS[old] else Door.MODE_DOWN


def reading_door(mode: Mode) -> Door:
    """Return the door that a typed reading passes."""
    return Door.READING_ON_AUTO if mode is Mode.AUTO else Door.READING
