"""Indonesian numbers in their local form."""

import pytest

from custom_components.sim_keeper.channels.indonesia import local_number


@pytest.mark.parametrize(
    ("number", "local"),
    [
        ("+6283155501234", "083155501234"),
        ("6283155501234", "083155501234"),
        ("083155501234", "083155501234"),
        ("+62811555123", "0811555123"),
        ("+628115551234567", None),
        ("+6281155512", None),
        ("+62215550123", None),
        ("+60125550123", None),
        ("+62831555O1234", None),
        ("+62 831 5550 1234", None),
        ("+6283155501٢34", None),
        ("", None),
        (None, None),
        (83155501234, None),
    ],
)
def test_only_mobile_numbers_of_the_country_have_one(
    number: object, local: str | None
) -> None:
    assert local_number(number) == local
