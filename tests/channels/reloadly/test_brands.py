"""Whose bundles are whose, by their names."""

import pytest

from custom_components.sim_keeper.channels.reloadly.brands import brand_of, owners

AIRTIME = {
    1: ("axis",),
    2: ("xl",),
    3: ("smart",),
    4: ("smart", "bro"),
    5: (),
}


@pytest.mark.parametrize(
    ("name", "country", "brand"),
    [
        ("Axis Indonesia", "Indonesia", ("axis",)),
        ("Axis Indonesia Data", "Indonesia", ("axis", "data")),
        ("AXIS  indonesia (Data)", "Indonesia", ("axis", "data")),
        ("China Mobile", "China", ("china", "mobile")),
        ("3 Hong Kong", "Hong Kong", ("3",)),
        ("giffgaff UK", "United Kingdom", ("giffgaff", "uk")),
        ("\uff21xis ID", None, ("axis",)),
        (None, "Indonesia", ()),
        ("<b>", "Indonesia", ("b",)),
        (7, 7, ()),
    ],
)
def test_the_country_is_no_part_of_a_brand(
    name: object, country: object, brand: tuple[str, ...]
) -> None:
    operator = {"name": name, "country": {"isoName": "ID", "name": country}}
    assert brand_of(operator) == brand  # type: ignore[arg-type]


@pytest.mark.parametrize("country", [None, [], "Indonesia", {}])
def test_without_a_country_the_whole_name_counts(country: object) -> None:
    operator = {"name": "Axis Indonesia", "country": country}
    assert brand_of(operator) == ("axis", "indonesia")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("brand", "own"),
    [
        (("axis", "data"), {1}),
        (("axis",), {1}),
        (("xl", "hotrod", "data"), {2}),
        (("axisnet", "data"), set()),
        (("life", "axis"), set()),
        (("smart", "data"), {3}),
        # Nearer to the longer name, so nothing for the shorter one.
        (("smart", "bro", "data"), {4}),
        ((), set()),
    ],
)
def test_bundles_belong_to_the_brand_that_their_name_begins_with(
    brand: tuple[str, ...], own: set[int]
) -> None:
    assert owners(brand, AIRTIME) == own


def test_two_operators_of_one_brand_share_its_bundles() -> None:
    assert owners(("axis", "data"), {1: ("axis",), 9: ("axis",)}) == {1, 9}
