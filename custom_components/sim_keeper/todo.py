"""The household's to-do list: questions to answer, recharges to do, orders to settle."""

from typing import cast

from homeassistant.components.todo import (  # type: ignore[attr-defined]
    TodoItem,
    TodoItemStatus,
    TodoListEntity,
    TodoListEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .callers import caller_of, translated
from .const import DOMAIN
from .coordinator import (
    HouseholdConfigEntry,
    HouseholdCoordinator,
    SimKeeperConfigEntry,
)
from .entity import HouseholdEntity
from .flows.form import shown_money
from .goods import goods
from .keeper.carriers import CarrierProfile
from .keeper.lifecycle import Clock
from .keeper.orders import Kind, Order, State
from .keeper.permissions import Caller
from .keeper.sim import RuleKind
from .keeper.status import SimStatus
from .reasons import explained
from .texts import sentence, sim_name
from .ways import app_link

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the to-do list of the household."""
    household = cast("HouseholdConfigEntry", entry).runtime_data
    async_add_entities([ToDoList(household)])


class ToDoList(HouseholdEntity, TodoListEntity):
    """What waits for a person. An item is an order; it goes when the order moves on."""

    _attr_supported_features = (
        TodoListEntityFeature.UPDATE_TODO_ITEM | TodoListEntityFeature.DELETE_TODO_ITEM
    )

    def __init__(self, coordinator: HouseholdCoordinator) -> None:
        """Start empty."""
        super().__init__(coordinator, "to_do")

    async def async_added_to_hass(self) -> None:
        """Write the list for the first time."""
        await super().async_added_to_hass()
        await self._list()

    @callback
    def _handle_coordinator_update(self) -> None:
        self.coordinator.config_entry.async_create_task(
            self.hass, self._update(), "to-do list"
        )

    async def async_update_todo_item(self, item: TodoItem) -> None:
        """Tick an item: a task is done as planned, a question is answered with yes."""
        context = self.take_context()
        order = self._waiting().get(str(item.uid))
        listed = next((i for i in self.todo_items or () if i.uid == item.uid), None)
        if order is None or listed is None:
            raise _refused("todo_gone")
        if not _only_ticks(item, listed):
            raise _refused("todo_only_tick")
        if order.state is State.NEEDS_PERSON:
            raise _refused("todo_needs_answer", order=str(order.id))
        try:
            with translated(context):
                caller = await caller_of(self.hass, context)
                await self.coordinator.home.doors.approve(order.id, caller)
        finally:
            await self.coordinator.async_refresh()

    async def async_delete_todo_items(self, uids: list[str]) -> None:
        """Take items away: a task is passed over this time, a question is answered with no."""
        context, waiting = self.take_context(), self._waiting()
        orders = [waiting.get(uid) for uid in uids]
        if None in orders:
            raise _refused("todo_gone")
        try:
            with translated(context):
                caller = await caller_of(self.hass, context)
                for order in orders:
                    if order is not None:
                        await self._pass_over(order, caller)
        finally:
            await self.coordinator.async_refresh()

    async def _pass_over(self, order: Order, caller: Caller) -> None:
        doors = self.coordinator.home.doors
        if order.state is State.NEEDS_PERSON:
            raise _refused("todo_needs_answer", order=str(order.id))
        await (doors.skip if order.assisted else doors.cancel)(order.id, caller)

    async def _update(self) -> None:
        await self._list()
        self.async_write_ha_state()

    async def _list(self) -> None:
        self._attr_todo_items = [
            await self._item(order) for order in self._waiting().values()
        ]

    def _waiting(self) -> dict[str, Order]:
        """Return what a person can do something about, by id."""
        return {
            str(order.id): order
            for order in self.coordinator.data.waiting
            if order.state in (State.ASKED, State.NEEDS_PERSON)
        }

    async def _item(self, order: Order) -> TodoItem:
        status = self.coordinator.data.sims.get(order.sim)
        deadline = None if status is None else status.life.deadline
        return TodoItem(
            uid=str(order.id),
            summary=await self._summary(order),
            status=TodoItemStatus.NEEDS_ACTION,
            due=deadline.astimezone(status.sim.zone).date()
            if status is not None and deadline is not None
            else None,
            description=await self._description(order, status),
        )

    async def _summary(self, order: Order) -> str:
        known = order.kind is Kind.RECHARGE and bool(order.value or order.product)
        key = _what(order) if known else f"{_what(order)}_any"
        amounts = {"amount": goods(self.hass, order)} if known else {}
        return await sentence(
            self.hass, f"todo_{key}", sim=sim_name(self.hass, order.sim), **amounts
        )

    async def _description(self, order: Order, status: SimStatus | None) -> str:
        """Say why, what it costs, what ticking does, and where to go."""
        lines = [
            await sentence(self.hass, key, **placeholders)
            for key, placeholders in (*_reasons(order, status), *_prices(order))
        ]
        if order.state is State.ASKED:
            lines += await explained(self.hass, order.why.get("reason"), order.why)
        lines.append(await sentence(self.hass, f"todo_{_what(order)}_how"))
        if status is not None and _what(order) == "recharge":
            lines += await self._ways(status.sim.carrier)
        return "\n".join(lines)

    async def _ways(self, carrier: CarrierProfile) -> list[str]:
        """Return where to recharge, and how to see that it arrived."""
        hints = (
            ("todo_app", {"app": app_link(carrier)}),
            ("todo_ussd", {"ussd": carrier.ussd_balance}),
        )
        return [
            *([] if carrier.topup_url is None else [carrier.topup_url]),
            *[
                await sentence(self.hass, key, **{name: value})
                for key, words in hints
                for name, value in words.items()
                if value is not None
            ],
        ]


def _only_ticks(item: TodoItem, listed: TodoItem) -> bool:
    """Tell whether nothing but the tick changes; voice gives no more than summary and tick."""
    return item.status == TodoItemStatus.COMPLETED and all(
        getattr(item, name) in (None, getattr(listed, name))
        for name in ("summary", "due", "description")
    )


def _what(order: Order) -> str:
    """Return what a person shall do."""
    using = order.kind is Kind.ACTIVITY
    if order.state is State.NEEDS_PERSON:
        return "settle_use" if using else "settle"
    if not order.assisted:
        return "approve_use" if using else "approve"
    return "use" if using else "recharge"


def _reasons(
    order: Order, status: SimStatus | None
) -> list[tuple[str, dict[str, str]]]:
    """Return why the order exists, in the numbers of the day on which it was made."""
    why, reasons = order.why, []
    rules = why.get("rules")
    rules = rules if isinstance(rules, list) else []
    if RuleKind.LOW_BALANCE in rules:
        numbers = {name: str(why.get(name)) for name in ("balance", "threshold")}
        reasons.append(("todo_why_low_balance", numbers))
    if RuleKind.DAYS_BEFORE in rules:
        key = "todo_why_validity"
        if status is not None and status.life.clock is Clock.ACTIVITY:
            key = "todo_why_activity"
        elif status is not None and status.life.over:
            key = "todo_why_expired"
        reasons.append((key, {"deadline": str(why.get("deadline"))}))
    return reasons


def _prices(order: Order) -> list[tuple[str, dict[str, str]]]:
    """Return what an order costs; of a question also the most that a yes allows."""
    if order.price is None:
        return []
    price = {"price": shown_money(order.price)}
    if order.state is not State.ASKED or order.assisted:
        return [("todo_price", price)]
    return [("todo_price_most", price | {"most": shown_money(order.ceiling)})]


def _refused(key: str, **placeholders: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
