"""What a Reloadly operator sells as airtime, what it delivers and what it will cost."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, localcontext

from ...keeper.errors import AmountInvalid, RefusalClass, Rejected, Unavailable
from ...keeper.money import Money, exponent
from ...keeper.ports import Product, Quote, Wanted
from ..amounts import floored
from ..parsing import Parsed, Table, integer, number, plain, rows, table, words
from .rates import Rates, amounts_in, by_amount, rates_of

NOT_AIRTIME = ("bundle", "data", "comboProduct", "pin")
"""The flags of an operator that sells something else."""
_SENDER_DECIMALS = 2


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
    for step in tariff.steps:
        if wanted.product is not None:
            fits = wanted.product == _step_id(tariff, step)
        else:
            fits = _delivers_wanted(tariff, step, wanted.amount)
        if fits:
            return _step_id(tariff, step), step.amount, step.credit
    raise not_offered()


def _within_range(tariff: Tariff, credit: Decimal) -> Decimal:
    if tariff.least is None or tariff.most is None or credit <= 0:
        raise not_offered()
    if tariff.rates.local:
        amount, fits = credit, tariff.least <= credit <= tariff.most
    else:
        # The smallest sender amount that delivers at least the credit.
        decimals = min(_SENDER_DECIMALS, exponent(tariff.rates.wallet_currency))
        with localcontext(prec=50):
            exact = credit / tariff.rates.rate
            amount = exact.quantize(
                Decimal(1).scaleb(-decimals), rounding=ROUND_CEILING
            )
        amount = max(amount, tariff.least)
        fits = amount <= tariff.most
    if not fits:
        raise not_offered()
    return amount


def _delivers_wanted(tariff: Tariff, step: Step, wanted: Money | None) -> bool:
    if wanted is None or wanted.minor <= 0:
        return False
    return step.credit == wanted.value if tariff.exact else step.credit >= wanted.value


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
