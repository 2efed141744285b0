"""Numbers as people type them."""

import subprocess
import sys

import pytest

from custom_components.sim_keeper.phone import (
    LineInvalid,
    LineKind,
    known_line,
    mask,
    parse_line,
)

AXIS = "+6283112345678"
ICCID = "8962100000000000002"


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("+6283112345678", None),
        ("+62 831-1234.5678", None),
        ("0062 (831) 1234/5678", None),
        ("0831 1234 5678", "ID"),
        ("+６２８３１１２３４５６７８", None),
        ("+٦٢٨٣١١٢٣٤٥٦٧٨", None),
    ],
)
def test_reads_a_number_however_it_is_written(text: str, country: str | None) -> None:
    line = parse_line(text, country)

    assert (line.number, line.kind, line.country) == (AXIS, LineKind.PHONE, "ID")
    assert line.brand == "AXIS"
    assert line.zones[0] == "Asia/Jakarta"
    assert line.unusual is None


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("", None, "number_invalid"),
        ("hello", None, "number_invalid"),
        ("+999123456789", None, "number_invalid"),
        ("0831 1234 5678", "XX", "number_invalid"),
        ("0831 1234 5678", None, "number_needs_country"),
        ("12345", "ID", "number_too_short"),
        ("+6212", None, "number_too_short"),
        ("+447400123456789", None, "number_too_long"),
        # Hong Kong has shorter and longer numbers, but none of ten digits.
        ("+8522777777777", None, "number_invalid"),
        ("+882161234567", None, "number_needs_country"),
        ("1234567890123456", None, "iccid_invalid"),
        ("8912345678901234", None, "iccid_invalid"),
        ("89123456789012345678901", None, "iccid_invalid"),
        ("89882390000000000000", None, "number_needs_country"),
    ],
)
def test_says_why_a_number_is_refused(
    text: str, country: str | None, reason: str
) -> None:
    with pytest.raises(LineInvalid) as refused:
        parse_line(text, country)

    assert refused.value.reason == reason
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("text", "unusual"),
    [
        ("+62211234567", "number_not_mobile"),
        ("+447400123456", None),
        ("+6280112345678", "number_unusual"),
        ("+12025550123", None),
    ],
)
def test_warns_of_unusual_numbers(text: str, unusual: str | None) -> None:
    assert parse_line(text).unusual == unusual


def test_an_invalid_number_still_has_a_country() -> None:
    assert parse_line("+44799999999").country == "GB"


def test_a_network_of_no_country_takes_the_one_that_was_chosen() -> None:
    assert parse_line("+882161234567", "GB").country == "GB"


def test_the_channel_islands_use_the_british_market() -> None:
    line = parse_line("+447911123456")

    assert line.country == "GB"
    assert line.zones == ("Europe/London",)


def test_the_zone_of_the_area_comes_first() -> None:
    line = parse_line("+12125550123")

    assert line.zones[0] == "America/New_York"
    assert "America/Los_Angeles" in line.zones


def test_reads_the_iccid_of_a_data_line() -> None:
    line = parse_line("8962 1000 0000 0000 002F")

    assert (line.number, line.kind, line.country) == (ICCID, LineKind.DATA, "ID")
    assert line.brand is None
    assert line.zones[0] == "Asia/Jakarta"
    assert line.unusual is None


def test_an_iccid_of_a_one_digit_calling_code() -> None:
    assert parse_line("890126000000000000").country == "US"


def test_the_chosen_country_of_a_data_line_wins() -> None:
    assert parse_line(ICCID, "SG").country == "SG"


def test_warns_of_a_wrong_check_digit() -> None:
    assert parse_line(f"{ICCID[:-1]}3").unusual == "iccid_check_digit"


def test_a_number_that_was_accepted_once_is_always_described() -> None:
    assert known_line(AXIS, "ID").brand == "AXIS"

    strange = known_line("+999123", "ID")
    assert (strange.number, strange.kind, strange.country) == (
        "+999123",
        LineKind.PHONE,
        "ID",
    )
    assert known_line("123", "XX").kind is LineKind.DATA
    assert known_line("123", "XX").zones == ()


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (AXIS, "+62 ••• 678"),
        ("+12025550123", "+1 ••• 123"),
        ("+79161234567", "+7 ••• 567"),
        ("+37061234567", "+370 ••• 567"),
        ("+290123456", "+290 ••• 56"),
        ("+6212345", "+62 ••• 45"),
        ("+62123", "+62 •••"),
        (ICCID, "89 ••• 002"),
        ("123", "•••"),
        ("", "•••"),
    ],
)
def test_masks_all_but_the_country_and_the_end(number: str, shown: str) -> None:
    assert mask(number) == shown


def test_the_tables_are_not_loaded_at_import() -> None:
    code = (
        "import sys, custom_components.sim_keeper.phone; "
        "sys.exit('phonenumbers' in sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
