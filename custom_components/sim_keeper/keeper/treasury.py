"""The engine's side of accounts: what their wallets will pay, and what people hear of them."""

from datetime import date, datetime, timedelta

from .burnwatch import BurnWatch
from .due import by_hand
from .engine import Engine
from .forecast import Forecast, Outlook, Quoted, forecast
from .funding import AccountTerms, Charge, Funding, funding, payment_stage
from .ledger import EventType, Ledger, Spending
from .money import Money
from .orders import IN_FLIGHT, Order
from .ports import Json, Wanted
from .sim import Mode
from .situation import Reason, Situation

AHEAD = timedelta(days=90)
FINE = "fine"
"""The mark of a wallet that a person need not hear of."""
LOW = "low"


class Treasury:
    """Watches over the accounts' money on behalf of an engine; buys nothing."""

    def __init__(self, engine: Engine) -> None:
        """Look through an engine and its ledger."""
        self._engine = engine
        self._desk = engine.desk
        self._watch = BurnWatch(engine.desk)

    async def review(self, terms: AccountTerms, wallet: Money) -> Funding:
        """Return how long a wallet lasts. Raises LedgerBroken where no ledger can be read."""
        today = self._now().date()
        charges = await self._charges(terms.account)
        return funding(wallet, charges, today, terms.low)

    async def warn(self, terms: AccountTerms, found: Funding) -> None:
        """Note what people shall hear: once per dip, once per stage. Raises LedgerBroken."""
        if self._desk.fault is not None:
            return
        await self._warn_of_wallet(terms.account, found)
        if terms.payment_expires is not None:
            await self._warn_of_payment(terms.account, terms.payment_expires)

    async def _warn_of_wallet(self, account: str, found: Funding) -> None:
        now, name = self._engine.world.now(), mark_name(EventType.WALLET_LOW, account)
        if found.low:
            dry_on = found.dry_on
            threshold = str(found.threshold) if found.below_threshold else None
            details: dict[str, Json] = {
                "account": account,
                "balance": str(found.wallet),
                "needed": str(found.needed),
                "threshold": threshold,
                "dry_on": None if dry_on is None else dry_on.isoformat(),
            }
            await self._desk.write(
                Ledger.note_warning, EventType.WALLET_LOW, name, LOW, details, now
            )
        elif found.low is False and await self._desk.read(Ledger.setting, name) == LOW:
            await self._desk.write(Ledger.set_setting, name, FINE, "keeper", now)

    async def _warn_of_payment(self, account: str, expires: date) -> None:
        stage = payment_stage(expires, self._now().date())
        if stage is None:
            return
        type_, day = EventType.PAYMENT_EXPIRES, expires.isoformat()
        details: dict[str, Json] = {"account": account, "day": day, "stage": stage}
        await self._desk.write(
            Ledger.note_warning,
            type_,
            mark_name(type_, account),
            f"{day} {stage}",
            details,
            self._engine.world.now(),
        )

    def _now(self) -> datetime:
        """Return the present moment where the household is."""
        return self._engine.world.now().astimezone(self._engine.household.zone)

    async def _charges(self, account: str) -> list[Charge]:
        """Return what the SIMs of an account will make it pay, as the forecast has it."""
        outlooks: list[Outlook] = []
        spent: list[Spending] = []
        for sim in list(self._engine.sims.values()):
            if sim.account != account or sim.rules.mode not in (Mode.ASK, Mode.AUTO):
                continue
            at, spendings = await self._engine.situation(sim)
            paid = await self._desk.read(Ledger.paid_by, sim.epoch, account)
            prices = (at.view.order, *paid) if at.view.order else paid
            burn = (await self._watch.review(sim, self._engine.world.now())).burn
            outlooks.append(Outlook(at=at, quote=_Prices(prices).quote, burn=burn))
            spent += spendings
        now = self._engine.world.now()
        told = forecast(outlooks, self._engine.household, spent, now, AHEAD)
        return [
            charge
            for outlook, one in zip(outlooks, told, strict=True)
            for charge in self._of_sim(outlook.at, one, now)
        ]

    def _of_sim(self, at: Situation, told: Forecast, now: datetime) -> list[Charge]:
        zone = self._engine.household.zone
        order = at.view.order
        paying = order is not None and order.state in IN_FLIGHT
        charges = [
            Charge(day=planned.at.astimezone(zone).date(), cost=planned.cost)
            for planned in told.recharges
            # What is on its way may have left the wallet already.
            if not (paying and planned.at <= now) and not by_hand(at, planned.rules)
        ]
        status = self._engine.status(at.sim.epoch)
        if told.ended_by is Reason.NO_PLAN and status and status.next_recharge_at:
            # Only what is on sale would tell the price.
            day = status.next_recharge_at.astimezone(zone).date()
            charges.append(Charge(day=day, cost=None))
        return charges


class _Prices:
    """What a SIM paid for the same thing before, or was quoted just now; the newest first."""

    def __init__(self, orders: tuple[Order, ...]) -> None:
        self._orders = orders

    def quote(self, buys: Wanted) -> Quoted | None:
        """Return the last price, None where the same was never bought."""
        for order in self._orders:
            price = order.cost or order.price
            same = (
                order.product == buys.product
                if buys.product is not None
                else order.value == buys.amount
            )
            if same and price is not None:
                return Quoted(price=price, value=order.value, days=order.days)
        return None


def mark_name(type_: EventType, account: str) -> str:
    """Return the setting that remembers which warning about an account was given last."""
    return f"{type_.value}:{account}"
