"""What bears on the decision for one SIM, and what a decision is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .ledger import LedgerView
from .lifecycle import Lifecycle
from .orders import Kind
from .ports import Capabilities, Json
from .sim import RuleKind, Sim


class Action(StrEnum):
    """What the engine shall do."""

    NOTHING = "nothing"
    ASSIST = "assist"
    """Ask a person to recharge."""
    ASK = "ask"
    """Ask a person whether SIM Keeper may recharge."""
    SEND = "send"


class Reason(StrEnum):
    """Why. Each has a sentence in every language."""

    DUE = "due"
    NOT_DUE = "not_due"
    OFF = "off"
    LOST = "lost"
    ORDER_OPEN = "order_open"
    ORDER_UNKNOWN = "order_unknown"
    TASK_OPEN = "task_open"
    STOPPED = "stopped"
    LEDGER_FROZEN = "ledger_frozen"
    STOPPING = "stopping"
    CLOCK_DOUBTFUL = "clock_doubtful"
    RECENTLY_RECHARGED = "recently_recharged"
    SAID_NO = "said_no"
    REFUSED = "refused"
    RETRY_LATER = "retry_later"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    NO_AMOUNT = "no_amount"
    NO_CHANNEL = "no_channel"
    DAILY_LIMIT = "daily_limit"
    NO_CAP = "no_cap"
    OVER_CAP = "over_cap"
    RESTORED = "restored"
    SUPERVISION = "supervision"
    CHANNEL_NOT_AUTOMATIC = "channel_not_automatic"
    BALANCE_OLD = "balance_old"
    BALANCE_DOUBTFUL = "balance_doubtful"
    DEADLINE_DOUBTFUL = "deadline_doubtful"
    MODE_ASK = "mode_ask"
    PRICE_CHANGED = "price_changed"
    OVERSHOT = "overshot"
    DENIED = "denied"
    OPERATOR_UNCONFIRMED = "operator_unconfirmed"
    AMOUNT_TOO_SMALL = "amount_too_small"
    SHADOW = "shadow"
    PAUSED = "paused"
    LAPSE = "lapse"
    RECHARGED_ELSEWHERE = "recharged_elsewhere"
    ALLOWANCE_OLD = "allowance_old"
    ALLOWANCE_DOUBTFUL = "allowance_doubtful"
    FILL_UP_UNKNOWN = "fill_up_unknown"
    NO_PLAN = "no_plan"
    UNREACHABLE = "unreachable"
    ACCOUNT_CHANGED = "account_changed"
    AMOUNT_CHANGED = "amount_changed"


TOLD_REASONS = frozenset(
    {
        *(
            Reason.REFUSED,
            Reason.TOO_MANY_ATTEMPTS,
            Reason.NO_AMOUNT,
            Reason.NO_CHANNEL,
        ),
        *(Reason.OVER_CAP, Reason.CLOCK_DOUBTFUL, Reason.DAILY_LIMIT),
        *(Reason.FILL_UP_UNKNOWN, Reason.NO_PLAN, Reason.UNREACHABLE),
    }
)
"""A recharge is due and these keep it from happening: a person is told, once per cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that bears on the decision for one SIM."""

    sim: Sim
    life: Lifecycle
    view: LedgerView
    capabilities: Capabilities | None
    """Of the SIM's account; None when there is none or it is not ready."""
    has_cap: bool
    """A cap in the currency that pays exists."""
    frozen: bool = False
    stopping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do now, why, and when to look again."""

    action: Action
    kind: Kind
    reason: Reason
    rules: tuple[RuleKind, ...]
    """The rules that are due; together they are one need."""
    look_at: datetime
    numbers: Mapping[str, Json] = field(default_factory=dict)

    @property
    def why(self) -> dict[str, Json]:
        """The decision as it is kept with an order."""
        rules: list[Json] = [rule.value for rule in self.rules]
        return {"reason": self.reason.value, "rules": rules, **self.numbers}
