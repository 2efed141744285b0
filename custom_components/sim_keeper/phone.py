"""What a person types as the number of a line: a phone number, or the ICCID of a data line.

`parse_line` and `known_line` load the tables of `phonenumbers`: call them in an executor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
import re
from typing import TYPE_CHECKING
import unicodedata

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_SEPARATORS = re.compile(r"[\s\-‐-―−.()/]")
_PHONE = re.compile(r"\+?\d{2,17}", re.ASCII)
_ICCID = re.compile(r"89\d{16,20}", re.ASCII)
# No phone number of the world has more digits (E.164); from here on it must be an ICCID.
_PHONE_DIGITS_MAX = 15
# ICCIDs of these lengths end with a check digit; shorter and longer ones follow other customs.
_CHECKED_LENGTHS = (19, 20)
_BULLETS = "•••"
# The islands use Britain's numbers, and Britain's carriers serve them.
_ONE_MARKET = {"GG": "GB", "IM": "GB", "JE": "GB"}
_CODES_OF_ONE = frozenset("17")
_CODES_OF_TWO = frozenset(
    (
        *(
            "20",
            "27",
            "30",
            "31",
            "32",
            "33",
            "34",
            "36",
            "39",
            "40",
            "41",
            "43",
            "44",
            "45",
        ),
        *(
            "46",
            "47",
            "48",
            "49",
            "51",
            "52",
            "53",
            "54",
            "55",
            "56",
            "57",
            "58",
            "60",
            "61",
        ),
        *(
            "62",
            "63",
            "64",
            "65",
            "66",
            "81",
            "82",
            "84",
            "86",
            "90",
            "91",
            "92",
            "93",
            "94",
        ),
        *("95", "98"),
    )
)
"""All other calling codes have three digits (ITU-T E.164, list of 2016 and later)."""


class LineKind(StrEnum):
    """What identifies the line."""

    PHONE = "phone"
    DATA = "data"


class LineInvalid(ValueError):
    """What was typed is no number; `reason` is a key that a form can translate."""

    def __init__(self, reason: str) -> None:
        """Keep the reason, never the number."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLine:
    """A line as its number describes it."""

    number: str
    """E.164 with +, or the digits of the ICCID."""
    kind: LineKind
    country: str
    brand: str | None
    """The operator that the number was first given to; it may have been ported since."""
    zones: tuple[str, ...]
    """Time zones that fit, the likeliest first."""
    unusual: str | None = None
    """Why a person should look twice; a key that a form can translate."""


def parse_line(text: str, country: str | None = None) -> ParsedLine:
    """Read what was typed; `country` helps where the text does not name it.

    Raises LineInvalid: `number_invalid`, `number_too_short`, `number_too_long`,
    `number_needs_country`, `iccid_invalid`.
    """
    compact = _ascii(_SEPARATORS.sub("", unicodedata.normalize("NFKC", text))).upper()
    # Some cards are printed with the filler of the chip's last half byte.
    digits = compact.rstrip("F")
    if digits.isdigit() and len(digits) > _PHONE_DIGITS_MAX:
        return _data_line(digits, country)
    if compact.startswith("00"):
        compact = f"+{compact[2:]}"
    if _PHONE.fullmatch(compact) is None:
        raise LineInvalid("number_invalid")
    return _phone_line(compact, country)


def known_line(number: str, country: str) -> ParsedLine:
    """Describe a number that was accepted before; never raises."""
    try:
        return parse_line(number, country)
    except LineInvalid:
        kind = LineKind.PHONE if number.startswith("+") else LineKind.DATA
        return ParsedLine(
            number=number, kind=kind, country=country, brand=None, zones=_zones(country)
        )


def mask(number: str) -> str:
    """Show the calling code (or the 89 of an ICCID) and the last digits: `+62 ••• 123`."""
    if not number.startswith("+"):
        return f"{number[:2]} {_BULLETS} {number[-3:]}" if len(number) > 9 else _BULLETS
    digits = number[1:]
    code = digits[: _code_length(digits)]
    rest = digits[len(code) :]
    shown = rest[-3:] if len(rest) > 6 else rest[-2:] if len(rest) > 3 else ""
    return f"+{code} {_BULLETS} {shown}".rstrip()


def _ascii(text: str) -> str:
    """Write the digits of any script as 0 to 9."""
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text
    )


def _code_length(digits: str) -> int:
    if digits[:1] in _CODES_OF_ONE:
        return 1
    return 2 if digits[:2] in _CODES_OF_TWO else 3


def _phone_line(compact: str, country: str | None) -> ParsedLine:
    import phonenumbers as lib  # noqa: PLC0415 - slow to load, and not wanted at start-up
    from phonenumbers import carrier  # noqa: PLC0415

    if not compact.startswith("+") and country is None:
        raise LineInvalid("number_needs_country")
    try:
        number = lib.parse(compact, country)
    except lib.NumberParseException as err:
        raise LineInvalid("number_invalid") from err
    _check_length(number)
    found = lib.region_code_for_number(number) or lib.region_code_for_country_code(
        number.country_code or 0
    )
    # 001 and ZZ: satellites and other networks of no country.
    home = (
        _ONE_MARKET.get(found, found) if found.isalpha() and found != "ZZ" else country
    )
    if home is None:
        raise LineInvalid("number_needs_country")
    return ParsedLine(
        number=lib.format_number(number, lib.PhoneNumberFormat.E164),
        kind=LineKind.PHONE,
        country=home,
        brand=carrier.name_for_number(number, "en") or None,
        zones=_zones(home, number),
        unusual=_unusual(number),
    )


def _check_length(number: PhoneNumber) -> None:
    import phonenumbers as lib  # noqa: PLC0415

    verdict = lib.is_possible_number_with_reason(number)
    if verdict == lib.ValidationResult.IS_POSSIBLE:
        return
    if verdict == lib.ValidationResult.TOO_LONG:
        raise LineInvalid("number_too_long")
    if verdict in (
        lib.ValidationResult.TOO_SHORT,
        lib.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    ):
        raise LineInvalid("number_too_short")
    raise LineInvalid("number_invalid")


def _unusual(number: PhoneNumber) -> str | None:
    import phonenumbers as lib  # noqa: PLC0415

    if not lib.is_valid_number(number):
        return "number_unusual"
    mobile = (lib.PhoneNumberType.MOBILE, lib.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return None if lib.number_type(number) in mobile else "number_not_mobile"


def _data_line(digits: str, country: str | None) -> ParsedLine:
    if _ICCID.fullmatch(digits) is None:
        raise LineInvalid("iccid_invalid")
    home = country or _issued_in(digits)
    if home is None:
        raise LineInvalid("number_needs_country")
    wrong = len(digits) in _CHECKED_LENGTHS and not _luhn(digits)
    return ParsedLine(
        number=digits,
        kind=LineKind.DATA,
        country=home,
        brand=None,
        zones=_zones(home),
        unusual="iccid_check_digit" if wrong else None,
    )


def _issued_in(iccid: str) -> str | None:
    """Return the country of an ICCID: after the 89 stands its calling code."""
    import phonenumbers as lib  # noqa: PLC0415

    digits = iccid[2:].removeprefix("0")
    found = lib.region_code_for_country_code(int(digits[: _code_length(digits)]))
    return found if found.isalpha() and found != "ZZ" else None


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _zones(country: str, number: PhoneNumber | None = None) -> tuple[str, ...]:
    """Return the zones of the country, those of the number first."""
    listed = _zones_by_country().get(country, ())
    if number is None:
        return listed
    from phonenumbers import timezone  # noqa: PLC0415

    likely = set(timezone.time_zones_for_number(number))
    return tuple(sorted(listed, key=lambda zone: zone not in likely))


@cache
def _zones_by_country() -> Mapping[str, tuple[str, ...]]:
    """Read the table of the time zone database."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab")
    found: dict[str, tuple[str, ...]] = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            found[country] = (*found.get(country, ()), zone)
    return found
