"""The JSON of vendors: exact numbers in, exact numbers out, nothing trusted."""

from collections.abc import Mapping
from decimal import Decimal
import json
import re
from typing import Self

type Parsed = str | int | Decimal | bool | list[Parsed] | dict[str, Parsed] | None
type Table = dict[str, Parsed]
type Writable = str | int | Decimal | bool | Mapping[str, Writable] | None

_DIGITS_MAX = 28
_MAGNITUDE_MAX = 15
_ROWS_MAX = 1000
_PLAIN_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)


class NotJson(ValueError):
    """The text is not JSON that can be read safely. Carries none of it."""


class Exact(Decimal):
    """A number that remembers how the vendor wrote it."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Keep the text beside the number."""
        self = super().__new__(cls, text)
        self.text = text
        return self


def decode(raw: bytes) -> Parsed:
    """Parse JSON without floats. Raises NotJson, without the text in it or its causes."""
    try:
        parsed: Parsed = json.loads(
            raw.decode("utf-8"), parse_float=Exact, parse_constant=_refuse_constant
        )
    except ValueError, ArithmeticError, RecursionError:
        pass
    else:
        return parsed
    raise NotJson


def encode(value: Writable) -> str:
    """Write JSON; a Decimal becomes a plain JSON number with exactly its digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        inner = ",".join(
            f"{json.dumps(key)}:{encode(item)}" for key, item in value.items()
        )
        return f"{{{inner}}}"
    return json.dumps(value)


def number(value: Parsed) -> Decimal | None:
    """Return a sensible decimal number, also from a plain numeric text; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if _PLAIN_NUMBER.fullmatch(value) is None:
            return None
        return Exact(value)
    if isinstance(value, int):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    digits = value.as_tuple()
    if len(digits.digits) > _DIGITS_MAX or abs(value.adjusted()) > _MAGNITUDE_MAX:
        return None
    return value


def exact_text(value: Decimal) -> str:
    """Return the number as the vendor wrote it."""
    return value.text if isinstance(value, Exact) else str(value)


def plain(value: Decimal) -> str:
    """Return the shortest plain text of a number: `50000`, `3.4`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def integer(value: Parsed) -> int | None:
    """Return a positive whole number, also from its text; else None."""
    found = number(value)
    if found is None or found <= 0 or found != found.to_integral_value():
        return None
    return int(found)


def words(value: Parsed, limit: int = 100) -> str | None:
    """Return a short printable text without control characters; None for anything else."""
    if not isinstance(value, str):
        return None
    text = "".join(char if char.isprintable() else " " for char in value[: limit * 4])
    return " ".join(text.split())[:limit] or None


def table(value: Parsed) -> Table:
    """Return the JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: Parsed) -> list[Parsed]:
    """Return the JSON list, bounded, or an empty one for anything else."""
    return value[:_ROWS_MAX] if isinstance(value, list) else []


def _refuse_constant(name: str) -> Parsed:
    raise ValueError(name)
