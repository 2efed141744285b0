"""Whose bundles are whose.

The vendor ties an operator of bundles to the airtime of the same brand by nothing but its name:
`Axis Indonesia` and `Axis Indonesia Data`, `XL Indonesia` and `XL HotRod Data`.
"""

from collections.abc import Mapping
import re
import unicodedata

from ..parsing import Table, table, words

type Brand = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")


def brand_of(operator: Table) -> Brand:
    """Return the words of an operator's name, without those of its country behind the first."""
    country = table(operator.get("country"))
    of_country = {
        *_words(words(country.get("name")) or ""),
        *_words(words(country.get("isoName")) or ""),
    }
    name = _words(words(operator.get("name")) or "")
    # A brand may begin with its country: China Mobile, Indonesia's Indosat.
    return tuple(
        word for at, word in enumerate(name) if not at or word not in of_country
    )


def owners(brand: Brand, airtime: Mapping[int, Brand]) -> frozenset[int]:
    """Return the airtime operators whose brand a name begins with, the longest such brand alone.

    `Smart Bro Data` belongs to `Smart Bro`, and to `Smart` only where nobody is called so.
    """
    fitting = {
        operator: len(own)
        for operator, own in airtime.items()
        if own and brand[: len(own)] == own
    }
    longest = max(fitting.values(), default=0)
    return frozenset(key for key, length in fitting.items() if length == longest)


def _words(name: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", name).casefold())
