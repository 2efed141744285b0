"""What a sequence responds: plain values, found by the names that lead to them."""

from collections.abc import Mapping
from decimal import Decimal

from ..parsing import words


def found(response: Mapping[str, object], path: str | None) -> object:
    """Return the value at a path of names with points between them, or None."""
    value: object = response if path else None
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def text_of(value: object) -> str | None:
    """Return a plain value as a short text: `TX-81`, `200`, `True`; None for anything else."""
    plain = isinstance(value, str | bool | int | float | Decimal)
    return words(str(value)) if plain else None


def same(value: object, declared: str | None) -> bool:
    """Tell whether a value is the declared one; capitals make no difference."""
    text = text_of(value)
    if text is None or declared is None:
        return False
    return text.casefold() == declared.strip().casefold()


def cost_of(value: object) -> Decimal | str | None:
    """Return a cost as it was told; a float by its shortest digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(str(value))
    return value if isinstance(value, str | Decimal) else None
