"""Where a person recharges: the places of every form, and those that a carrier is known for."""

import json
from pathlib import Path

from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.sim_keeper.keeper.carrier_data import load_carriers
from custom_components.sim_keeper.ways import PLACES, SELLERS, app_link, places

from .keeper.builders import carrier

ROOT = Path("custom_components/sim_keeper")


@pytest.mark.parametrize("language", ["en", "id", "zh-Hans"])
def test_every_place_has_words_and_stands_in_the_action(language: str) -> None:
    texts = json.loads((ROOT / f"translations/{language}.json").read_text("utf-8"))
    known = set(texts["selector"]["place"]["options"])
    assert known == {*PLACES, *SELLERS}
    fields = load_yaml_dict(str(ROOT / "services.yaml"))["record_recharge"]["fields"]
    assert set(fields["where"]["selector"]["select"]["options"]) == known


def test_every_carrier_offers_all_places_once_and_what_it_is_known_for_first() -> None:
    for profile in load_carriers().values():
        offered = places(profile)
        assert len(offered) == len(set(offered))
        assert set(PLACES) <= set(offered) <= {*PLACES, *SELLERS}
        assert offered[-1] == "other"
        if profile.topup_url is not None:
            assert offered[0] == "carrier_site"
        sellers = {way.partition(":")[0] for way in profile.recharge_via}
        assert sellers == set(offered) - set(PLACES)


def test_what_is_not_known_stands_among_the_rest() -> None:
    bare = carrier(topup_url=None, app_android=None)
    assert places(bare) == list(PLACES)
    with_app = places(carrier(topup_url=None, app_android="com.example.app"))
    assert with_app[0] == "carrier_app"
    assert sorted(with_app) == sorted(PLACES)


def test_the_app_is_a_link_that_opens_it_or_its_page() -> None:
    assert app_link(carrier(app_android=None)) is None
    link = app_link(carrier(app_android="com.example.app_2"))
    assert link == "https://play.google.com/store/apps/details?id=com.example.app_2"
