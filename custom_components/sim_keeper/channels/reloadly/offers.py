"""What a Reloadly operator sells as airtime, what it delivers and what it will cost."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, localcontext

from ...keeper.errors import AmountInvalid, RefusalClass, Rejected, Unavailable
from ...keeper.money import Money, exponent
from ...keeper.ports import Product, Quote, Wanted
from ..amounts import floor_money, floored
from ..parsing import Parsed, Table, integer, number, plain, rows, table, words
from .rates import Rates, amounts_in, by_amount, rates_of

NOT_AIRTIME = ("bundle", "data", "comboProduct", "pin")
"""The flags of an operator that sells something else."""
_SENDER_DECIMALS = 2

CREDIT_TOLERANCE_PERCENT = 10
"""How far a credit that a rate only estimates may lie from the one that is wanted, in percent.

What a person chose is stored as its credit, and the next day's rate makes a little more or less of
the same step: the nearest one is meant, not the next that brings at least as much. The tolerance
leaves room for months of such moves, and none for a step of twice the size. Farther away lies
something that nobody has chosen, so it is refused, and a person chooses anew.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One listed amount, and the credit it delivers in the line's currency."""

    amount: Decimal
    """What is sent."""
    credit: Decimal
    name: str
    listed: Decimal
    """What names it: the operator's own amount, which no rate of exchange moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """An operator's airtime, seen through the one mode of amounts that we use.

    Wallet amounts are preferred where the operator lists its own beside them: they cost what the
    list says, and the discount of the wallet's side is the greater one. In a range, local amounts
    are delivered exactly, and a few cents too little may buy no validity at all.
    """

    operator: int
    name: str
    rates: Rates
    least: Decimal | None
    most: Decimal | None
    steps: tuple[Step, ...]
    exact: bool
    """Whether the credit is what the operator itself lists, and no estimate by a rate."""

    @property
    def ranged(self) -> bool:
        """Whether any amount between least and most can be bought."""
        return self.least is not None

    @property
    def currency(self) -> str:
        """The currency of the credit."""
        return self.rates.line_currency

    def delivers(self, amount: Decimal) -> Decimal:
        """Estimate the credit that an amount within the range delivers."""
        rates = self.rates
        return amount if rates.local else _times(amount, rates.rate)


def tariff_of(body: Parsed, line_currency: str) -> Tariff | None:
    """Read an operator; None if it sells no plain airtime. Raises Rejected, Unavailable."""
    data = table(body)
    operator = operator_in(data)
    currency = data.get("destinationCurrencyCode")
    wallet_currency = data.get("senderCurrencyCode")
    if (
        operator is None
        or not isinstance(wallet_currency, str)
        or not isinstance(currency, str)
    ):
        raise Unavailable("unexpected answer")
    if data.get("status") != "ACTIVE" or any(data.get(flag) for flag in NOT_AIRTIME):
        return None
    if currency != line_currency:
        raise Rejected("currency_differs", RefusalClass.FIX_FIRST)
    try:
        return _tariff(data, operator)
    except AmountInvalid, ArithmeticError:
        pass
    raise Unavailable("unexpected answer")


def operator_in(data: Table) -> int | None:
    """Return the id of an operator object."""
    return integer(data.get("operatorId")) or integer(data.get("id"))


def products_of(tariff: Tariff) -> tuple[Product, ...]:
    """List the operator's products, cheapest first."""
    if tariff.least is not None and tariff.most is not None:
        return (
            Product(
                id=str(tariff.operator),
                name=tariff.name,
                value=floored(tariff.delivers(tariff.least), tariff.currency),
                value_max=floored(tariff.delivers(tariff.most), tariff.currency),
                price=tariff.rates.price(tariff.least),
            ),
        )
    return tuple(
        Product(
            id=_step_id(tariff, step),
            name=step.name,
            value=floored(step.credit, tariff.currency),
            price=tariff.rates.price(step.amount),
        )
        for step in tariff.steps
    )


def quote_of(tariff: Tariff, wanted: Wanted, vendor_time: datetime | None) -> Quote:
    """Price what is wanted. Raises Rejected for what is not offered."""
    if wanted.amount is not None and wanted.amount.currency != tariff.currency:
        raise Rejected("currency_differs", RefusalClass.FIX_FIRST)
    product, amount, credit = _choose(tariff, wanted)
    return Quote(
        product=product,
        value=floored(credit, tariff.currency),
        price=tariff.rates.price(amount),
        body={
            "operatorId": tariff.operator,
            "amount": plain(amount),
            "useLocalAmount": tariff.rates.local,
            "currency": tariff.rates.currency,
        },
        vendor_time=vendor_time,
    )


def _choose(tariff: Tariff, wanted: Wanted) -> tuple[str, Decimal, Decimal]:
    """Return the product's id, the amount to send and the credit it delivers."""
    if tariff.ranged:
        if wanted.product not in (None, str(tariff.operator)) or wanted.amount is None:
            raise not_offered()
        amount = _within_range(tariff, wanted.amount.value)
        return str(tariff.operator), amount, tariff.delivers(amount)
    step = (
        _step_meant(tariff, wanted.amount)
        if wanted.product is None
        else _step_named(tariff, wanted.product)
    )
    if step is None:
        raise not_offered()
    return _step_id(tariff, step), step.amount, step.credit


def _within_range(tariff: Tariff, credit: Decimal) -> Decimal:
    if tariff.least is None or tariff.most is None or credit <= 0:
        raise not_offered()
    if tariff.rates.local:
        amount, fits = credit, tariff.least <= credit <= tariff.most
    else:
        amount = max(_sender_amount(tariff.rates, credit), tariff.least)
        # A minimum that was raised is no reason to buy far more than is wanted.
        fits = amount <= tariff.most and _is_near(tariff.delivers(amount), credit)
    if not fits:
        raise not_offered()
    return amount


def _sender_amount(rates: Rates, credit: Decimal) -> Decimal:
    """Return the smallest amount of the wallet's currency that delivers at least a credit."""
    decimals = min(_SENDER_DECIMALS, exponent(rates.wallet_currency))
    with localcontext(prec=50):
        exact = credit / rates.rate
        return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_CEILING)


def _step_named(tariff: Tariff, product: str) -> Step | None:
    return next((one for one in tariff.steps if _step_id(tariff, one) == product), None)


def _step_meant(tariff: Tariff, wanted: Money | None) -> Step | None:
    """Return the step that delivers a credit: exactly, or nearest to it where it is estimated."""
    if wanted is None or wanted.minor <= 0:
        return None
    if tariff.exact:
        fitting = (one for one in tariff.steps if _shown(tariff, one) == wanted)
        return next(fitting, None)
    # Of two that are equally near, the one that brings no less than was wanted.
    nearest = min(
        tariff.steps,
        key=lambda one: (abs(one.credit - wanted.value), -one.credit),
        default=None,
    )
    near = nearest is not None and _is_near(nearest.credit, wanted.value)
    return nearest if near else None


def _shown(tariff: Tariff, step: Step) -> Money | None:
    """Return a step's credit as the list of products shows it, by which it was chosen."""
    return floor_money(step.credit, tariff.currency)


def _is_near(credit: Decimal, wanted: Decimal) -> bool:
    return abs(credit - wanted) * 100 <= wanted * CREDIT_TOLERANCE_PERCENT


def _tariff(data: Table, operator: int) -> Tariff:
    ranged = data.get("denominationType") == "RANGE"
    if not ranged and data.get("denominationType") != "FIXED":
        raise Unavailable("unexpected answer")
    local = data.get("supportsLocalAmounts") is True and _has_local(data, ranged=ranged)
    beside = local and not ranged and _listed_beside(data)
    rates = rates_of(data, local=local and not beside)
    name = words(data.get("name")) or str(operator)
    least, most = _range(data, local=local) if ranged else (None, None)
    return Tariff(
        operator=operator,
        name=name,
        rates=rates,
        least=least,
        most=most,
        steps=() if ranged else _steps(data, name, rates, own_names=local),
        exact=local,
    )


def _has_local(data: Table, *, ranged: bool) -> bool:
    if ranged:
        return all(
            number(data.get(key)) for key in ("localMinAmount", "localMaxAmount")
        )
    return bool(rows(data.get("localFixedAmounts")))


def _listed_beside(data: Table) -> bool:
    """Tell whether each amount of the wallet's currency stands beside one of the operator's."""
    sent = amounts_in(data.get("fixedAmounts"))
    return len(sent) == len(amounts_in(data.get("localFixedAmounts"))) > 0


def _range(data: Table, *, local: bool) -> tuple[Decimal, Decimal]:
    keys = ("localMinAmount", "localMaxAmount") if local else ("minAmount", "maxAmount")
    least, most = (number(data.get(key)) for key in keys)
    if least is None or most is None or not 0 < least <= most:
        raise Unavailable("unexpected answer")
    return least, most


def _steps(
    data: Table, name: str, rates: Rates, *, own_names: bool
) -> tuple[Step, ...]:
    key = "localFixedAmounts" if rates.local else "fixedAmounts"
    amounts = amounts_in(data.get(key))
    described = by_amount(table(data.get(f"{key}Descriptions")))
    local = by_amount(table(data.get("localFixedAmountsDescriptions")))
    aligned = amounts_in(data.get("localFixedAmounts"))
    credits_listed = by_amount(table(data.get("suggestedAmountsMap")))
    steps = []
    for index, amount in enumerate(amounts):
        credit: Decimal | None = amount
        if not rates.local and len(aligned) == len(amounts):
            credit = aligned[index]
        elif not rates.local:
            credit = number(credits_listed.get(amount)) or _times(amount, rates.rate)
        if credit is not None and credit > 0 and amount > 0:
            label = words(described.get(amount)) or words(local.get(credit)) or name
            listed = credit if own_names else amount
            steps.append(Step(amount=amount, credit=credit, name=label, listed=listed))
    return tuple(sorted(steps, key=lambda step: step.amount))


def _step_id(tariff: Tariff, step: Step) -> str:
    return f"{tariff.operator}:{plain(step.listed)}"


def _times(one: Decimal, other: Decimal) -> Decimal:
    with localcontext(prec=60):
        return one * other


def not_offered() -> Rejected:
    """Return the refusal of what is not sold, or not any more."""
    return Rejected("amount_not_offered", RefusalClass.FIX_FIRST)
