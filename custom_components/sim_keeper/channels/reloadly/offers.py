"""What a Reloadly operator sells, what it delivers and what it will cost."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext

from ...keeper.errors import AmountInvalid, RefusalClass, Rejected, Unavailable
from ...keeper.money import Money, exponent
from ...keeper.ports import Product, Quote, Wanted
from ..amounts import floored
from ..parsing import Parsed, Table, integer, number, plain, rows, table, words

_NOT_AIRTIME = ("bundle", "data", "comboProduct", "pin")
_COST_STEP = Decimal("0.00001")
_SENDER_DECIMALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One listed amount, and the credit it delivers in the line's currency."""

    amount: Decimal
    credit: Decimal
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """An operator's airtime, seen through the one mode of amounts that we use.

    Local amounts are in the line's currency, exact; sender amounts are in the wallet's, and what
    they deliver follows the vendor's table or rate.
    """

    operator: int
    name: str
    local: bool
    wallet_currency: str
    line_currency: str
    rate: Decimal
    discount: Decimal
    fee_percent: Decimal
    fee_flat: Decimal
    least: Decimal | None
    most: Decimal | None
    steps: tuple[Step, ...]

    @property
    def currency(self) -> str:
        """The currency of the amounts that we send."""
        return self.line_currency if self.local else self.wallet_currency

    @property
    def ranged(self) -> bool:
        """Whether any amount between least and most can be bought."""
        return self.least is not None

    def delivers(self, amount: Decimal) -> Decimal:
        """Estimate the credit that an amount within the range delivers."""
        return amount if self.local else _times(amount, self.rate)

    def price(self, amount: Decimal) -> Money:
        """Estimate what leaves the wallet, rounded up (Reloadly's own arithmetic)."""
        with localcontext(prec=50):
            sender = amount / self.rate if self.local else amount
            flat = self.fee_flat / self.rate if self.local else self.fee_flat
            discount = Decimal(0) if self.fee_percent else self.discount
            factor = 1 + (self.fee_percent - discount) / 100
            cost = (sender * factor + flat).quantize(_COST_STEP, rounding=ROUND_HALF_UP)
        return Money.rounded_up(max(cost, Decimal(0)), self.wallet_currency)


def tariff_of(body: Parsed, line_currency: str) -> Tariff | None:
    """Read an operator; None if it sells no plain airtime. Raises Rejected, Unavailable."""
    data = table(body)
    operator = integer(data.get("operatorId")) or integer(data.get("id"))
    wallet_currency = data.get("senderCurrencyCode")
    currency = data.get("destinationCurrencyCode")
    if (
        operator is None
        or not isinstance(wallet_currency, str)
        or not isinstance(currency, str)
    ):
        raise Unavailable("unexpected answer")
    if data.get("status") != "ACTIVE" or any(data.get(flag) for flag in _NOT_AIRTIME):
        return None
    if currency != line_currency:
        raise Rejected("currency_differs", RefusalClass.FIX_FIRST)
    try:
        exponent(wallet_currency)
        return _tariff(data, operator, wallet_currency, currency)
    except AmountInvalid, ArithmeticError:
        pass
    raise Unavailable("unexpected answer")


def products_of(tariff: Tariff) -> tuple[Product, ...]:
    """List the operator's products, cheapest first."""
    if tariff.least is not None and tariff.most is not None:
        return (
            Product(
                id=str(tariff.operator),
                name=tariff.name,
                value=floored(tariff.delivers(tariff.least), tariff.line_currency),
                value_max=floored(tariff.delivers(tariff.most), tariff.line_currency),
                price=tariff.price(tariff.least),
            ),
        )
    return tuple(
        Product(
            id=_step_id(tariff, step),
            name=step.name,
            value=floored(step.credit, tariff.line_currency),
            price=tariff.price(step.amount),
        )
        for step in tariff.steps
    )


def quote_of(tariff: Tariff, wanted: Wanted, vendor_time: datetime | None) -> Quote:
    """Price what is wanted. Raises Rejected for what is not offered."""
    if wanted.amount is not None and wanted.amount.currency != tariff.line_currency:
        raise Rejected("currency_differs", RefusalClass.FIX_FIRST)
    product, amount, credit = _choose(tariff, wanted)
    return Quote(
        product=product,
        value=floored(credit, tariff.line_currency),
        price=tariff.price(amount),
        body={
            "operatorId": tariff.operator,
            "amount": plain(amount),
            "useLocalAmount": tariff.local,
            "currency": tariff.currency,
        },
        vendor_time=vendor_time,
    )


def _choose(tariff: Tariff, wanted: Wanted) -> tuple[str, Decimal, Decimal]:
    """Return the product's id, the amount to send and the credit it delivers."""
    if tariff.ranged:
        if wanted.product not in (None, str(tariff.operator)) or wanted.amount is None:
            raise _not_offered()
        amount = _within_range(tariff, wanted.amount.value)
        return str(tariff.operator), amount, tariff.delivers(amount)
    for step in tariff.steps:
        if wanted.product is not None:
            fits = wanted.product == _step_id(tariff, step)
        else:
            fits = _delivers_wanted(tariff, step, wanted.amount)
        if fits:
            return _step_id(tariff, step), step.amount, step.credit
    raise _not_offered()


def _within_range(tariff: Tariff, credit: Decimal) -> Decimal:
    if tariff.least is None or tariff.most is None or credit <= 0:
        raise _not_offered()
    if tariff.local:
        amount, fits = credit, tariff.least <= credit <= tariff.most
    else:
        # The smallest sender amount that delivers at least the credit.
        decimals = min(_SENDER_DECIMALS, exponent(tariff.wallet_currency))
        with localcontext(prec=50):
            exact = credit / tariff.rate
            amount = exact.quantize(
                Decimal(1).scaleb(-decimals), rounding=ROUND_CEILING
            )
        amount = max(amount, tariff.least)
        fits = amount <= tariff.most
    if not fits:
        raise _not_offered()
    return amount


def _delivers_wanted(tariff: Tariff, step: Step, wanted: Money | None) -> bool:
    if wanted is None or wanted.minor <= 0:
        return False
    return step.credit == wanted.value if tariff.local else step.credit >= wanted.value


def _tariff(data: Table, operator: int, wallet_currency: str, currency: str) -> Tariff:
    ranged = data.get("denominationType") == "RANGE"
    if not ranged and data.get("denominationType") != "FIXED":
        raise Unavailable("unexpected answer")
    local = data.get("supportsLocalAmounts") is True and _has_local(data, ranged=ranged)
    rate = number(table(data.get("fx")).get("rate"))
    if rate is None or rate <= 0:
        raise Unavailable("unexpected answer")
    name = words(data.get("name")) or str(operator)
    least, most = _range(data, local=local) if ranged else (None, None)
    side = "local" if local else "international"
    fees = table(data.get("fees"))
    return Tariff(
        operator=operator,
        name=name,
        local=local,
        wallet_currency=wallet_currency,
        line_currency=currency,
        rate=rate,
        discount=_part(data.get(f"{side}Discount")),
        fee_percent=_part(fees.get(f"{side}Percentage")),
        fee_flat=_part(fees.get(side)),
        least=least,
        most=most,
        steps=() if ranged else _steps(data, name, rate, local=local),
    )


def _has_local(data: Table, *, ranged: bool) -> bool:
    if ranged:
        return all(
            number(data.get(key)) for key in ("localMinAmount", "localMaxAmount")
        )
    return bool(rows(data.get("localFixedAmounts")))


def _range(data: Table, *, local: bool) -> tuple[Decimal, Decimal]:
    keys = ("localMinAmount", "localMaxAmount") if local else ("minAmount", "maxAmount")
    least, most = (number(data.get(key)) for key in keys)
    if least is None or most is None or not 0 < least <= most:
        raise Unavailable("unexpected answer")
    return least, most


def _steps(data: Table, name: str, rate: Decimal, *, local: bool) -> tuple[Step, ...]:
    amounts = _amounts(data.get("localFixedAmounts" if local else "fixedAmounts"))
    described = _by_amount(
        table(
            data.get(
                "localFixedAmountsDescriptions" if local else "fixedAmountsDescriptions"
            )
        )
    )
    aligned = _amounts(data.get("localFixedAmounts"))
    credits_listed = _by_amount(table(data.get("suggestedAmountsMap")))
    steps = []
    for index, amount in enumerate(amounts):
        credit: Decimal | None = amount
        if not local and len(aligned) == len(amounts):
            credit = aligned[index]
        elif not local:
            credit = number(credits_listed.get(amount)) or _times(amount, rate)
        if credit is not None and credit > 0 and amount > 0:
            label = words(described.get(amount)) or name
            steps.append(Step(amount=amount, credit=credit, name=label))
    return tuple(sorted(steps, key=lambda step: step.amount))


def _amounts(value: Parsed) -> list[Decimal]:
    """Return a list of amounts, or nothing if one of them cannot be read."""
    listed = rows(value)
    known = [amount for item in listed if (amount := number(item)) is not None]
    return known if len(known) == len(listed) else []


def _by_amount(data: Table) -> dict[Decimal, Parsed]:
    """Key a map by number: the vendor writes the keys as text of varying scale."""
    return {
        key: value for text, value in data.items() if (key := number(text)) is not None
    }


def _part(value: Parsed) -> Decimal:
    """Return a percentage or fee; a missing one is zero, a negative one makes no sense."""
    found = Decimal(0) if value is None else number(value)
    if found is None or found < 0:
        raise Unavailable("unexpected answer")
    return found


def _step_id(tariff: Tariff, step: Step) -> str:
    return f"{tariff.operator}:{plain(step.amount)}"


def _times(one: Decimal, other: Decimal) -> Decimal:
    with localcontext(prec=60):
        return one * other


def _not_offered() -> Rejected:
    return Rejected("amount_not_offered", RefusalClass.FIX_FIRST)
