"""Diagnostics: what helps to find a fault, picked field by field. No number, no secret."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .channels import PROVIDERS
from .channels.action import Terms
from .const import (
    CONF_ACCOUNT,
    CONF_CARRIER,
    CONF_COUNTRY,
    CONF_CURRENCY,
    CONF_DECLARED,
    CONF_EPOCH,
    CONF_LANGUAGE,
    CONF_LEDGER_EXISTS,
    CONF_LOGIN,
    CONF_MONTHLY_CAPS,
    CONF_NOTIFY,
    CONF_NUMBER,
    CONF_OVERRIDES,
    CONF_PROVIDER,
    CONF_TIME_ZONE,
    CONF_WALLET_CURRENCY,
    KIND_ACCOUNT,
    KIND_SIM,
)
from .entries import is_action, is_loopback_account, kind_of
from .funding import funding_of
from .home import HOME, Home
from .keeper.burnwatch import Usage
from .keeper.errors import LedgerBroken
from .keeper.funding import Funding
from .keeper.ledger import Ledger
from .keeper.lifecycle import Lifecycle
from .keeper.orders import Order, State
from .keeper.policy import Decision
from .keeper.ports import Channel
from .keeper.sim import Rules
from .stored_terms import account_cap, account_terms

# A second net under the picked fields: should one of these ever slip in, it is not shown.
_NEVER = {CONF_NUMBER, CONF_EPOCH, CONF_LOGIN, CONF_DECLARED, "token"} | {
    field.name for provider in PROVIDERS.values() for field in provider.login_fields
}
_ORDERS_MAX = 10


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ConfigEntry
) -> dict[str, Any]:
    """Describe an entry and how the engine sees it."""
    home, kind = hass.data[HOME], kind_of(entry)
    if kind == KIND_SIM:
        shown = await _sim(home, entry)
    elif kind == KIND_ACCOUNT:
        shown = _account(home, entry)
    else:
        shown = await _household(home, entry)
    facts = {"kind": kind, "state": entry.state.value, **shown, "engine": _engine(home)}
    redacted: dict[str, Any] = async_redact_data(facts, _NEVER)
    return redacted


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: ConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Describe a device: each entry has exactly one."""
    return await async_get_config_entry_diagnostics(hass, entry)


async def _sim(home: Home, entry: ConfigEntry) -> dict[str, Any]:
    data = entry.data
    status = home.engine.status(data[CONF_EPOCH])
    shown: dict[str, Any] = {
        "carrier": data[CONF_CARRIER],
        "country": data[CONF_COUNTRY],
        "currency": data[CONF_CURRENCY],
        "time_zone": data[CONF_TIME_ZONE],
        "corrected": sorted(data[CONF_OVERRIDES]),
        "has_account": data[CONF_ACCOUNT] is not None,
        "capabilities": _capabilities(home, data[CONF_ACCOUNT]),
        "orders": await _orders(home, data[CONF_EPOCH]),
    }
    if status is None:
        return shown
    readings = {
        "balance": _text(status.balance),
        "last_activity": _text(status.last_activity),
        "last_reading_at": _text(status.last_reading_at),
    }
    return shown | {
        "burn": _burn(entry),
        "rules": _rules(status.sim.rules),
        "life": _life(status.life),
        "decision": _decision(status.decision),
        "readings": readings,
        "spent": str(status.spent),
        "budget_left": _text(status.budget_left),
        "needs_attention": status.needs_attention,
    }


def _burn(entry: ConfigEntry) -> dict[str, Any] | None:
    coordinator = getattr(entry, "runtime_data", None)
    found: Usage | None = None if coordinator is None else coordinator.burn.data
    if found is None:
        return None
    burn, odd, unknown = found.burn, found.unusual, found.unexplained
    return {
        "per_day": None if burn is None else str(burn.per_day),
        "over": None if burn is None else str(burn.over),
        "days_until_low": found.days_until_low,
        "unusual": None if odd is None else f"{odd.used} / {odd.usual}",
        "unexplained": None if unknown is None else str(unknown.amount),
    }


def _account(home: Home, entry: ConfigEntry) -> dict[str, Any]:
    coordinator = getattr(entry, "runtime_data", None)
    terms, standing = account_terms(entry), funding_of(entry)
    return {
        "provider": entry.data[CONF_PROVIDER],
        "environment": entry.data.get(CONF_LOGIN, {}).get("environment"),
        "simulator": is_loopback_account(entry),
        "wallet_currency": entry.data.get(CONF_WALLET_CURRENCY),
        "reads": None if coordinator is None else coordinator.last_update_success,
        "connected": home.channel(str(entry.unique_id)) is not None,
        "monthly_cap": _text(account_cap(entry.options)),
        "low_wallet": _text(terms.low),
        "payment_expires": _text(terms.payment_expires),
        "funding": None if standing is None else _funding(standing),
        "capabilities": _capabilities(home, str(entry.unique_id)),
        "action": _action(entry) if is_action(entry) else None,
    }


def _action(entry: ConfigEntry) -> dict[str, Any]:
    """Describe an action, without what it runs: that may hold anything."""
    terms = Terms.stored(entry.data[CONF_DECLARED], entry.data[CONF_WALLET_CURRENCY])
    return {
        "work": terms.work.value,
        "proof": terms.proof.value,
        "price": _text(terms.price),
        "maximum": str(terms.maximum),
        "amounts": list(terms.amounts),
        "wait_hours": terms.wait_hours,
        "timeout_s": terms.timeout_s,
    }


def _funding(standing: Funding) -> dict[str, Any]:
    return {
        "low": standing.low,
        "wallet": str(standing.wallet),
        "needed": str(standing.needed),
        "dry_on": _text(standing.dry_on),
    }


async def _household(home: Home, entry: ConfigEntry) -> dict[str, Any]:
    try:
        stopped = await home.doors.stopped()
    except LedgerBroken:
        stopped = None
    return {
        "ledger_exists": entry.data.get(CONF_LEDGER_EXISTS, False),
        "told": len(entry.options.get(CONF_NOTIFY, ())),
        "language": entry.options.get(CONF_LANGUAGE),
        "monthly_caps": dict(entry.options.get(CONF_MONTHLY_CAPS, {})),
        "stopped": stopped,
    }


def _engine(home: Home) -> dict[str, Any]:
    engine = home.engine
    return {
        "fault": None if engine.desk.fault is None else engine.desk.fault.value,
        "stopping": engine.stopping,
        "sims": len(engine.sims),
    }


async def _orders(home: Home, epoch: str) -> list[dict[str, Any]] | None:
    try:
        orders = await home.engine.desk.read(Ledger.orders, epoch)
    except LedgerBroken:
        return None
    return [_order(order) for order in orders[-_ORDERS_MAX:]]


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "kind": order.kind.value,
        "origin": order.origin.value,
        "assisted": order.assisted,
        "state": order.state.value,
        "effect": order.effect.value,
        "refusal": None if order.refusal is None else order.refusal.value,
        # A provider's own word about a refusal; what people wrote stays out.
        "reason": order.reason if order.state is State.REJECTED else None,
        "created_at": order.created_at.isoformat(),
    }


def _rules(rules: Rules) -> dict[str, Any]:
    return {
        "mode": rules.mode.value,
        "low_balance": _text(rules.low_balance),
        "days_before": rules.days_before,
        "amount": _text(rules.amount),
        "monthly_cap": _text(rules.monthly_cap),
    }


def _life(life: Lifecycle) -> dict[str, Any]:
    return {
        "deadline": _text(life.deadline),
        "clock": _text(life.clock),
        "stage": _text(life.stage),
        "days_left": life.days_left,
        "grace_end": _text(life.grace_end),
        "estimated": life.estimated,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "action": decision.action.value,
        "kind": decision.kind.value,
        "reason": decision.reason.value,
        "rules": [rule.value for rule in decision.rules],
        "look_at": decision.look_at.isoformat(),
        "numbers": dict(decision.numbers),
    }


def _capabilities(home: Home, account: str | None) -> dict[str, Any] | None:
    channel: Channel | None = None if account is None else home.channel(account)
    return None if channel is None else asdict(channel.capabilities)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
