"""Misbehaviour on command, and a count of how often each kind really happened."""

from collections import Counter
from dataclasses import dataclass

IN_TRANSIT = frozenset(
    {
        "lose_request",
        "lose_answer",
        "reset_answer",
        "hang_after",
        "slow",
        "status",
        "garbage",
        "half_json",
        "huge",
        "deep",
        "redirect",
        "answer",
        "refuse",
        "clock_skew",
    }
)
"""What can go wrong between any vendor and us; `Simulator` makes it happen."""

PURCHASE = "purchase"
ANY = "any"


@dataclass(kw_only=True)
class Fault:
    """One kind of misbehaviour for the next `times` calls (None: until cleared).

    `on` is `purchase`, `any`, or the beginning of a path. `buys` lets a purchase happen before
    the bad answer.
    """

    kind: str
    on: str = PURCHASE
    times: int | None = 1
    buys: bool = False
    status: int = 500
    code: str | None = None
    text: str | None = None
    content_type: str = "text/html"
    seconds: float = 0
    headers: dict[str, str] | None = None


class Faults:
    """The faults that are armed, and the hits."""

    def __init__(self, kinds: frozenset[str]) -> None:
        """Start well-behaved; `kinds` is what this vendor can do wrong."""
        self.kinds = kinds
        self.armed: list[Fault] = []
        self.hits: Counter[str] = Counter()

    def arm(self, fault: Fault) -> None:
        """Add a fault; those armed earlier fire first.

        Raises ValueError for a kind that does not exist: a fault that never fires proves nothing.
        """
        if fault.kind not in self.kinds:
            raise ValueError(fault.kind)
        self.armed.append(fault)

    def clear(self) -> None:
        """Behave again; the count stays."""
        self.armed.clear()

    def take(self, path: str, *kinds: str, purchase: bool = False) -> Fault | None:
        """Return the first armed fault of these kinds for this call, and count it."""
        for fault in self.armed:
            if fault.kind in kinds and _concerns(fault, path, purchase=purchase):
                self.hits[fault.kind] += 1
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.armed.remove(fault)
                return fault
        return None

    def standing(self, kind: str) -> Fault | None:
        """Return a fault that lasts until it is cleared, without using it up."""
        for fault in self.armed:
            if fault.kind == kind:
                self.hits[kind] += 1
                return fault
        return None


def _concerns(fault: Fault, path: str, *, purchase: bool) -> bool:
    if fault.on == PURCHASE:
        return purchase
    return fault.on == ANY or path.startswith(fault.on)
