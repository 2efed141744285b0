"""Which faults there are, which are on in a history, and how often each has struck."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

RATES: Mapping[str, tuple[float, float]] = {
    # At each purchase.
    "not_sent": (0.05, 0.3),
    "lost_request": (0.05, 0.3),
    "lost_answer": (0.05, 0.3),
    "late_answer": (0.05, 0.3),
    "error_bought": (0.05, 0.3),
    "error_not_bought": (0.05, 0.3),
    "refused_later": (0.05, 0.4),
    "refused_never": (0.02, 0.1),
    "refused_fix_first": (0.02, 0.1),
    "pending_success": (0.05, 0.4),
    "pending_failure": (0.05, 0.3),
    "pending_for_ever": (0.02, 0.1),
    "reversed": (0.03, 0.2),
    "price_rise": (0.05, 0.3),
    "price_beyond": (0.03, 0.2),
    "partial_amount": (0.03, 0.2),
    "report_lag": (0.05, 0.5),
    # At each read of a vendor.
    "read_fails": (0.02, 0.2),
    # Spells, per day.
    "wallet_empty": (0.01, 0.05),
    "login_fails": (0.01, 0.05),
    "vendor_down": (0.02, 0.15),
    "vendor_clock": (0.01, 0.05),
    "clock_forward": (0.01, 0.05),
    "clock_back": (0.01, 0.05),
    "clock_1970": (0.005, 0.02),
    "disk_full": (0.01, 0.05),
    "restart": (0.02, 0.2),
    "long_absence": (0.005, 0.03),
    "reload": (0.02, 0.1),
    "restore": (0.01, 0.04),
    "notify_fails": (0.02, 0.1),
    "source_silent": (0.01, 0.1),
    # At each effect of the process.
    "crash": (0.0005, 0.01),
    "crash_while_sending": (0.02, 0.2),
    "task_cancelled": (0.02, 0.2),
    # At each reading.
    "reading_lag": (0.05, 0.5),
    "reading_zero": (0.01, 0.05),
    "reading_hundredfold": (0.01, 0.05),
    # At each thing that a person is told, or per day.
    "answers_late": (0.1, 0.5),
    "never_answers": (0.05, 0.3),
    "declines": (0.05, 0.2),
    "resolves_wrongly": (0.05, 0.4),
    "forgets_to_record": (0.1, 0.5),
    "shop_recharge": (0.01, 0.05),
    "types_right": (0.01, 0.1),
    "types_late": (0.01, 0.05),
    "stops_all": (0.005, 0.03),
    "removes_sim": (0.005, 0.02),
    "edits_rules": (0.01, 0.05),
    "lowers_mode": (0.005, 0.02),
    "calls_twice": (0.01, 0.05),
    "automation_calls": (0.01, 0.05),
    "changes_during_send": (0.05, 0.3),
}
"""Fault → from which range a history draws its rate."""

CONSEQUENCES = ("key_already_used", "foreign_found", "ran_twice", "wallet_refused")
"""What only follows from other faults, but has to have happened in a long run."""


@dataclass
class Faults:
    """The faults of one history."""

    rng: Random
    rates: dict[str, float] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    quiet: bool = False
    """The world has calmed down: nothing strikes any more."""

    @classmethod
    def swarm(cls, rng: Random) -> Faults:
        """Draw which faults are on and how often they strike."""
        share = rng.choice((0.0, 0.15, 0.4, 0.7))
        rates = {
            name: rng.uniform(low, high)
            for name, (low, high) in RATES.items()
            if rng.random() < share
        }
        return cls(rng, rates)

    def strike(self, name: str) -> bool:
        """Draw whether a fault strikes here, and count it if so."""
        rate = self.rates.get(name)
        if rate is None or self.quiet or self.rng.random() >= rate:
            return False
        self.hits[name] += 1
        return True

    def count(self, name: str) -> None:
        """Count what follows from other faults."""
        self.hits[name] += 1
