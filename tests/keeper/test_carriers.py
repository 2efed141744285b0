"""Carriers: the packaged profiles, the reader, the user's corrections and the small logic."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, timedelta
import json
from pathlib import Path

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper import carrier_data, carriers
from custom_components.sim_keeper.keeper.carrier_data import (
    MAX_DAYS,
    load_carriers,
    other_carrier,
    parse_carriers,
    parse_profile,
    to_raw,
    with_overrides,
)
from custom_components.sim_keeper.keeper.carriers import (
    CarrierProfile,
    Confidence,
    Event,
    Model,
    SmsBalance,
    Stacking,
    activity_limit,
    expiry_after,
    propose,
    rescue_days,
)
from custom_components.sim_keeper.keeper.errors import (
    CarrierDataInvalid,
    CurrencyMismatch,
)
from custom_components.sim_keeper.keeper.money import Money

FILE = Path(carrier_data.__file__).with_name("carriers.json")
DOCUMENT = json.loads(FILE.read_text(encoding="utf-8"))
RAW: dict[str, dict[str, object]] = {raw["id"]: raw for raw in DOCUMENT["carriers"]}
PROFILES = load_carriers()
TODAY = date(2026, 11, 20)


def _raw(profile_id: str = "axis_id", /, **changes: object) -> dict[str, object]:
    return deepcopy(RAW[profile_id]) | changes


def _ladder(profile: CarrierProfile) -> list[tuple[str, int]]:
    return [(str(tier.amount), tier.days) for tier in profile.tiers]


def _ids(found: tuple[CarrierProfile, ...]) -> list[str]:
    return [profile.id for profile in found]


# --- the packaged file ---


def test_every_profile_of_the_file_loads_in_its_order() -> None:
    assert list(PROFILES) == list(RAW)
    assert len(PROFILES) == 78


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_packaged_profile_is_consistent(profile: CarrierProfile) -> None:
    assert parse_profile(to_raw(profile)) == profile
    assert profile.id.endswith(f"_{profile.country.lower()}")
    assert profile.source
    assert profile.topup_url is not None
    # General knowledge only is never more than a weak suggestion.
    assert profile.confirmed or profile.confidence is Confidence.LOW


def test_the_file_has_no_float_and_one_set_of_fields() -> None:
    def refuse(text: str) -> None:
        pytest.fail(f"a float: {text}")

    json.loads(FILE.read_text(encoding="utf-8"), parse_float=refuse)
    assert len({frozenset(raw) for raw in RAW.values()}) == 1


def test_the_profiles_are_read_once_and_cannot_be_changed() -> None:
    assert load_carriers() is load_carriers()
    with pytest.raises(TypeError):
        PROFILES["mine"] = PROFILES["axis_id"]  # type: ignore[index]


def test_known_facts_of_axis() -> None:
    axis = PROFILES["axis_id"]
    assert _ladder(axis) == [
        ("5000.00 IDR", 7),
        ("10000.00 IDR", 15),
        ("25000.00 IDR", 30),
        ("50000.00 IDR", 60),
        ("100000.00 IDR", 90),
        ("200000.00 IDR", 120),
    ]
    assert axis.tiers_complete is False
    assert axis.events == {Event.TOPUP, Event.PLAN_BUY, Event.VALIDITY_PRODUCT}
    assert axis.sms_balance == SmsBalance(text="CEK", to="123")
    assert axis.min_topup == Money.parse("5000", "IDR")
    assert axis.unverified == {"topup_url", "sms_balance", "tiers"}
    assert axis.confirmed
    assert axis.as_of == 2022


def test_known_facts_of_giffgaff() -> None:
    giffgaff = PROFILES["giffgaff_gb"]
    assert giffgaff.model is Model.ACTIVITY_WINDOW
    assert giffgaff.window_days == 180
    assert giffgaff.tiers == ()
    assert giffgaff.incoming_counts is False
    assert Event.SMS_OUT in giffgaff.events


def test_known_facts_of_valuegb() -> None:
    valuegb = PROFILES["valuegb_hk"]
    assert valuegb.stacking is Stacking.RESET
    assert _ladder(valuegb) == [("50.00 HKD", 365)]
    assert valuegb.max_days == 365


def test_known_facts_of_att() -> None:
    att = PROFILES["att_prepaid_us"]
    assert _ladder(att) == [("10.00 USD", 30), ("25.00 USD", 90), ("100.00 USD", 365)]
    assert att.tiers_complete is True
    assert att.grace_days == 60


# --- what is refused ---

STEP = {"amount": 5000, "days": 7}
WRONG = [
    # wrong types
    ("id", 7),
    ("name", None),
    ("operator_type", ["mno"]),
    ("incoming_counts", 0),
    ("incoming_counts", "no"),
    ("tiers_complete", 1),
    ("confirmed", None),
    ("confirmed", "yes"),
    ("events", "topup"),
    ("events", {"topup": True}),
    ("events", ["topup", 1]),
    ("tiers", None),
    ("tiers", {"5000": 7}),
    ("tiers", [5000], "tiers[0]"),
    ("source", "somebody"),
    ("source", [None]),
    ("unverified", None),
    ("recharge_via", [1]),
    ("notes", None),
    ("as_of", "2022"),
    ("as_of", True),
    ("as_of", 1999),
    ("ussd_balance", 123),
    ("sms_balance", "CEK to 123"),
    ("topup_url", 1),
    # wrong shapes
    ("id", "AXIS"),
    ("id", ""),
    ("name", "  "),
    ("country", "id"),
    ("country", "IDN"),
    ("currency", "idr"),
    ("currency", "Rupiah"),
    ("currency", "QQQ"),
    ("ussd_balance", "*123"),
    ("ussd_balance", "call 123"),
    ("app_android", "AXIS net"),
    ("recharge_via", ["digiflazz"]),
    ("grace_kind", "incoming only"),
    ("source", [""]),
    ("topup_url", "http://www.axis.co.id/"),
    ("topup_url", "https://"),
    ("topup_url", "https://axis"),
    ("topup_url", "https://www.axis.co.id@evil.example/"),
    ("topup_url", "https://www.axis.co.id/ two"),
    ("topup_url", "javascript:https://www.axis.co.id/"),
    # unknown words
    ("operator_type", "shop"),
    ("model", "prepaid"),
    ("stacking", "sum"),
    ("confidence", "certain"),
    ("events", ["topup", "prayer"]),
    # amounts
    ("min_topup", 5000.0),
    ("min_topup", True),
    ("min_topup", 0),
    ("min_topup", -5000),
    ("min_topup", "5.000,00"),
    ("min_topup", "0.001"),
    ("min_topup", [5000]),
    # days
    ("window_days", 0),
    ("window_days", -30),
    ("window_days", 30.0),
    ("window_days", "30"),
    ("window_days", True),
    ("window_days", MAX_DAYS + 1),
    ("max_days", 0),
    ("grace_days", -1),
    ("lost_after_days", 0),
    # ladders
    ("tiers", [STEP, STEP]),
    ("tiers", [{"amount": 10000, "days": 15}, STEP]),
    ("tiers", [STEP, {"amount": 10000, "days": 6}]),
    # what makes no sense together
    ("events", []),
    ("events", ["topup", "topup"]),
    ("model", "activity_window", "tiers"),
    ("model", "spend_window", "tiers"),
    ("model", "subscription", "tiers"),
    ("window_days", 30),
    ("tiers_complete", None),
    ("tiers", [], "tiers_complete"),
    ("unverified", ["price"]),
    ("unverified", ["confirmed"]),
    ("unverified", ["tiers", "tiers"]),
    # inside an object
    ("tiers", [{"amount": 5000}], "tiers[0].days"),
    ("tiers", [STEP, {"amount": 10000, "days": 0}], "tiers[1].days"),
    ("tiers", [{"amount": 5000.5, "days": 7}], "tiers[0].amount"),
    ("tiers", [{"amount": None, "days": 7}], "tiers[0].amount"),
    ("tiers", [STEP | {"bonus": 1}], "tiers[0].bonus"),
    ("sms_balance", {"text": "CEK"}, "sms_balance.to"),
    ("sms_balance", {"text": "CEK", "to": 123}, "sms_balance.to"),
    ("sms_balance", {"text": "CEK", "to": "shop"}, "sms_balance.to"),
    ("sms_balance", {"text": "", "to": "123"}, "sms_balance.text"),
    ("sms_balance", {"text": "CEK", "to": "123", "from": "me"}, "sms_balance.from"),
]


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_malformed_profile_is_refused_by_name(case: tuple[object, ...]) -> None:
    field, value, *named = case
    raw = _raw() | {str(field): value}
    who = raw["id"] if isinstance(raw["id"], str) else "?"
    with pytest.raises(CarrierDataInvalid) as caught:
        parse_profile(raw)
    assert str(caught.value).startswith(
        f"carrier {who}, field {(named or [field])[0]}: "
    )


@pytest.mark.parametrize("field", RAW["axis_id"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    raw = _raw()
    del raw[field]
    who = "[?]" if field == "id" else "axis_id"
    with pytest.raises(
        CarrierDataInvalid, match=f"carrier {who}, field {field}: missing"
    ):
        parse_profile(raw)


def test_an_unknown_field_is_refused_by_name() -> None:
    with pytest.raises(
        CarrierDataInvalid, match="carrier axis_id, field colour: unknown"
    ):
        parse_profile(_raw(colour="purple"))


def test_a_number_cannot_be_lost_before_its_window_ends() -> None:
    raw = _raw("giffgaff_gb", lost_after_days=179)
    with pytest.raises(
        CarrierDataInvalid, match="carrier giffgaff_gb, field lost_after_days: "
    ):
        parse_profile(raw)


def test_amounts_may_be_texts_with_decimals() -> None:
    tiers = [{"amount": "5.50", "days": 7}, {"amount": 6, "days": 7}]
    profile = parse_profile(_raw("att_prepaid_us", tiers=tiers, min_topup="5.5"))
    assert _ladder(profile) == [("5.50 USD", 7), ("6.00 USD", 7)]
    assert profile.min_topup == Money(550, "USD")


def test_an_amount_finer_than_the_currency_is_refused() -> None:
    with pytest.raises(CarrierDataInvalid, match="carrier mobal_jp, field min_topup: "):
        parse_profile(_raw("mobal_jp", min_topup="1430.5"))


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "field carriers.json: "),
        ({"schema_version": 1}, "field carriers.json.carriers: missing"),
        ({"schema_version": 2, "carriers": []}, "field carriers.json.schema_version: "),
        (
            {"schema_version": True, "carriers": []},
            "field carriers.json.schema_version: ",
        ),
        ({"schema_version": 1, "carriers": {}}, "field carriers.json.carriers: "),
        (
            {"schema_version": 1, "carriers": [1]},
            r"field carriers.json.carriers\[0\]: ",
        ),
        ({"schema_version": 1, "carriers": [{}]}, r"carrier \?, field id: missing"),
        (
            {"schema_version": 1, "carriers": [_raw(), _raw()]},
            "axis_id, field id: is taken",
        ),
        (
            {"schema_version": 1, "carriers": [_raw(id="other")]},
            "other, field id: is taken",
        ),
    ],
)
def test_a_malformed_file_is_refused(document: object, named: str) -> None:
    with pytest.raises(CarrierDataInvalid, match=named):
        parse_carriers(document)


# --- the other carrier ---


def test_nothing_is_known_about_another_carrier() -> None:
    other = other_carrier("BR", "BRL")
    assert (other.id, other.country, other.currency) == ("other", "BR", "BRL")
    assert other.model is Model.TOPUP_WINDOW
    assert other.events == {Event.TOPUP}
    assert not other.confirmed
    assert other.days_for(Money.parse("20", "BRL")) is None
    assert rescue_days(other) is None
    assert "other" not in PROFILES


def test_another_carrier_needs_a_country_and_a_currency() -> None:
    with pytest.raises(CarrierDataInvalid, match="carrier other, field country: "):
        other_carrier("Brazil", "BRL")
    with pytest.raises(CarrierDataInvalid, match="carrier other, field currency: "):
        other_carrier("BR", "XXX")


def test_another_carrier_works_once_the_user_described_it() -> None:
    other = with_overrides(
        other_carrier("BR", "BRL"), {"window_days": 90, "min_topup": "15.50"}
    )
    assert other.days_for(Money.parse("15.49", "BRL")) is None
    assert other.days_for(Money.parse("15.50", "BRL")) == 90


# --- what the user corrected ---


def test_a_corrected_field_counts_as_verified() -> None:
    singtel = PROFILES["singtel_sg"]
    corrected = with_overrides(singtel, {"window_days": 30})
    assert corrected.window_days == 30
    assert corrected.unverified == singtel.unverified - {"window_days"}
    assert singtel.window_days == 180


def test_confirming_the_same_value_counts_as_verified() -> None:
    axis = with_overrides(PROFILES["axis_id"], {"tiers": RAW["axis_id"]["tiers"]})
    assert axis.tiers == PROFILES["axis_id"].tiers
    assert axis.unverified == {"topup_url", "sms_balance"}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_no_corrections_change_nothing(profile: CarrierProfile) -> None:
    assert with_overrides(profile, {}) == profile


def test_an_own_window_replaces_the_ladder() -> None:
    axis = with_overrides(PROFILES["axis_id"], {"window_days": 45})
    assert (axis.tiers, axis.tiers_complete, axis.window_days) == ((), None, 45)
    assert "tiers" not in axis.unverified


def test_an_own_ladder_replaces_the_window() -> None:
    singtel = with_overrides(
        PROFILES["singtel_sg"], {"tiers": [{"amount": "15", "days": 90}]}
    )
    assert (singtel.window_days, singtel.tiers_complete) == (None, True)
    assert _ladder(singtel) == [("15.00 SGD", 90)]
    assert "window_days" not in singtel.unverified


def test_the_ladder_can_be_taken_away() -> None:
    axis = with_overrides(PROFILES["axis_id"], {"tiers": ()})
    assert (axis.tiers, axis.tiers_complete, axis.window_days) == ((), None, None)


def test_an_unknown_window_leaves_the_ladder() -> None:
    axis = with_overrides(PROFILES["axis_id"], {"window_days": None})
    assert axis.tiers == PROFILES["axis_id"].tiers


def test_another_model_brings_its_usual_events() -> None:
    axis = with_overrides(
        PROFILES["axis_id"], {"model": "activity_window", "window_days": 60}
    )
    assert axis.model is Model.ACTIVITY_WINDOW
    assert axis.events == {Event.TOPUP, Event.CALL_OUT, Event.SMS_OUT, Event.DATA}
    assert "events" in axis.unverified
    assert axis.tiers == ()


def test_a_ladder_does_not_stop_the_activity_clock() -> None:
    overrides = {"tiers": [STEP]}
    with pytest.raises(CarrierDataInvalid, match="carrier giffgaff_gb, field tiers: "):
        with_overrides(PROFILES["giffgaff_gb"], overrides)
    ladder = with_overrides(
        PROFILES["giffgaff_gb"], overrides | {"model": "topup_window"}
    )
    assert ladder.events == {Event.TOPUP}


def test_the_same_model_keeps_the_events() -> None:
    giffgaff = with_overrides(PROFILES["giffgaff_gb"], {"model": "activity_window"})
    assert giffgaff.events == PROFILES["giffgaff_gb"].events
    assert "events" not in giffgaff.unverified


def test_a_replaced_window_makes_the_day_of_loss_unknown() -> None:
    vodafone = PROFILES["vodafone_au"]
    assert rescue_days(vodafone) == 0
    assert rescue_days(with_overrides(vodafone, {"window_days": 400})) is None


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"name": "Mine"}, "name: unknown"),
        ({"confirmed": True}, "confirmed: unknown"),
        ({"model": "prepaid"}, "model: "),
        ({"model": None}, "model: "),
        ({"window_days": 0}, "window_days: "),
        ({"min_topup": 5.5}, "min_topup: "),
        ({"topup_url": "http://www.axis.co.id/"}, "topup_url: "),
        ({"tiers": [STEP], "window_days": 30}, "window_days: "),
        ({"tiers": [STEP], "model": "spend_window"}, "tiers: "),
        ({"tiers": None}, "tiers: "),
        ({"events": []}, "events: "),
        ({"events": ["topup", "luck"]}, "events: "),
        ({"lost_after_days": 90}, "lost_after_days: unknown"),
    ],
    ids=str,
)
def test_a_wrong_correction_is_refused_by_name(
    overrides: Mapping[str, object], named: str
) -> None:
    with pytest.raises(CarrierDataInvalid, match=f"carrier axis_id, field {named}"):
        with_overrides(PROFILES["axis_id"], overrides)


CORRECTIONS = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.sampled_from(Model),
            "window_days": st.none() | st.integers(1, MAX_DAYS),
        },
    ),
    st.fixed_dictionaries(
        {"tiers": st.just([{"amount": 7, "days": 20}, {"amount": "9", "days": 20}])}
    ),
).flatmap(
    lambda chosen: st.fixed_dictionaries(
        {},
        optional={
            "grace_days": st.none() | st.integers(0, MAX_DAYS),
            "incoming_counts": st.none() | st.booleans(),
            "max_days": st.none() | st.integers(1, MAX_DAYS),
            "min_topup": st.none() | st.integers(1, 10**6),
            "stacking": st.sampled_from(Stacking),
            "topup_url": st.none() | st.just("https://shop.example/top-up?a=1"),
            "app_android": st.none() | st.just("example.shop"),
            "events": st.sets(st.sampled_from(Event), min_size=1).map(sorted),
            "grace_kind": st.none() | st.just("incoming_only"),
            "sms_balance": st.none() | st.just({"text": "BAL", "to": "123"}),
            "ussd_balance": st.none() | st.just("*123#"),
        },
    ).map(lambda rest: chosen | rest)
)


@given(profile=st.sampled_from(list(PROFILES.values())), overrides=CORRECTIONS)
def test_sound_corrections_hold_on_any_profile(
    profile: CarrierProfile, overrides: dict[str, object]
) -> None:
    """A newer carrier file must not turn what a user stored into an error."""
    if "tiers" in overrides and profile.model is not Model.TOPUP_WINDOW:
        overrides["model"] = Model.TOPUP_WINDOW
    corrected = with_overrides(profile, overrides)
    assert corrected.unverified.isdisjoint(overrides)
    for name in overrides.keys() - {"tiers", "min_topup", "events", "sms_balance"}:
        assert getattr(corrected, name) == overrides[name]
    if "events" in overrides:
        assert corrected.events == frozenset(overrides["events"])  # type: ignore[call-overload]
    assert with_overrides(corrected, overrides) == corrected
    assert (rescue_days(corrected) or 0) >= 0


# --- days that an amount buys ---


@pytest.mark.parametrize(
    ("profile_id", "amount", "days"),
    [
        ("axis_id", "4999", None),
        ("axis_id", "5000", 7),
        ("axis_id", "9999", 7),
        ("axis_id", "10000", 15),
        ("axis_id", "200000", 120),
        ("axis_id", "900000", 120),
        ("telkomsel_id", "5000", None),
        ("telkomsel_id", "15000", 7),
        ("kyivstar_ua", "29.99", None),
        ("kyivstar_ua", "30", 274),
        ("vodafone_au", "0.01", 395),
        ("vodafone_au", "0", None),
        ("vodafone_au", "-5", None),
        ("indosat_id", "50000", None),
        ("povo2_jp", "500", 180),
        ("mobal_jp", "1430", 30),
        ("google_voice_us", "10", None),
    ],
)
def test_days_that_an_amount_buys(
    profile_id: str, amount: str, days: int | None
) -> None:
    profile = PROFILES[profile_id]
    assert profile.days_for(Money.parse(amount, profile.currency)) == days


def test_days_for_another_currency_are_a_bug() -> None:
    with pytest.raises(CurrencyMismatch):
        PROFILES["axis_id"].days_for(Money.parse("5", "USD"))


@given(
    profile=st.sampled_from(list(PROFILES.values())),
    minors=st.tuples(st.integers(-100, 10**9), st.integers(-100, 10**9)),
)
def test_more_money_never_buys_fewer_days(
    profile: CarrierProfile, minors: tuple[int, int]
) -> None:
    less, more = (
        profile.days_for(Money(minor, profile.currency)) for minor in sorted(minors)
    )
    assert (less or 0) <= (more or 0)


# --- the new expiry ---


def _stacked(stacking: Stacking, max_days: int | None = None) -> CarrierProfile:
    return with_overrides(
        other_carrier("GB", "GBP"), {"stacking": stacking, "max_days": max_days}
    )


@pytest.mark.parametrize(
    ("stacking", "left", "days", "max_days", "expected"),
    [
        (Stacking.RESET, None, 30, None, 30),
        (Stacking.RESET, 10, 30, None, 30),
        (Stacking.RESET, 50, 30, None, 30),
        (Stacking.RESET, -10, 30, None, 30),
        (Stacking.RESET, 50, 30, 365, 30),
        (Stacking.RESET, None, 400, 365, 365),
        (Stacking.ADD, None, 30, None, 30),
        (Stacking.ADD, 10, 30, None, 40),
        (Stacking.ADD, -10, 30, None, 30),
        (Stacking.ADD, 350, 30, 365, 365),
        (Stacking.ADD, 380, 30, 365, 380),
        (Stacking.MAX, None, 30, None, 30),
        (Stacking.MAX, 10, 30, None, 30),
        (Stacking.MAX, 50, 30, None, 50),
        (Stacking.MAX, -10, 30, None, 30),
        (Stacking.MAX, 10, 400, 365, 365),
        (Stacking.UNKNOWN, None, 30, None, 30),
        (Stacking.UNKNOWN, 50, 30, None, 50),
        (Stacking.UNKNOWN, 380, 30, 365, 380),
    ],
)
def test_stacking(
    stacking: Stacking, left: int | None, days: int, max_days: int | None, expected: int
) -> None:
    expiry = None if left is None else TODAY + timedelta(days=left)
    new = expiry_after(
        _stacked(stacking, max_days), expiry=expiry, event_day=TODAY, days=days
    )
    assert (new - TODAY).days == expected


DAYS = st.integers(1, MAX_DAYS)
DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(
    stacking=st.sampled_from([Stacking.ADD, Stacking.MAX, Stacking.UNKNOWN]),
    max_days=st.none() | DAYS,
    expiry=DATES,
    event_day=DATES,
    days=DAYS,
)
def test_a_top_up_never_takes_days_away(
    stacking: Stacking, max_days: int | None, expiry: date, event_day: date, days: int
) -> None:
    profile = _stacked(stacking, max_days)
    new = expiry_after(profile, expiry=expiry, event_day=event_day, days=days)
    assert new >= expiry
    assert new > event_day
    if max_days is not None:
        assert new <= max(expiry, event_day + timedelta(days=max_days))


@given(max_days=st.none() | DAYS, expiry=st.none() | DATES, event_day=DATES, days=DAYS)
def test_a_reset_promises_no_more_than_its_own_days(
    max_days: int | None, expiry: date | None, event_day: date, days: int
) -> None:
    profile = _stacked(Stacking.RESET, max_days)
    new = expiry_after(profile, expiry=expiry, event_day=event_day, days=days)
    assert event_day < new <= event_day + timedelta(days=days)


# --- activity and rescue ---


@pytest.mark.parametrize(
    ("profile_id", "days"),
    [
        ("giffgaff_gb", 180),
        ("ee_gb", 179),
        ("onepmobile_gb", 90),
        ("povo2_jp", 180),
        ("mts_ru", None),
        ("axis_id", None),
        ("vodafone_au", None),
        ("mobal_jp", None),
    ],
)
def test_the_activity_limit(profile_id: str, days: int | None) -> None:
    limit = activity_limit(PROFILES[profile_id], TODAY)
    assert limit == (None if days is None else TODAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("profile_id", "days"),
    [
        ("axis_id", 30),
        ("giffgaff_gb", 0),
        ("ee_gb", 90),
        ("vodafone_au", 0),
        ("lebara_gb", None),
        ("xl_id", 30),
        ("speakout_ca", None),
    ],
)
def test_the_days_to_rescue_a_number(profile_id: str, days: int | None) -> None:
    assert rescue_days(PROFILES[profile_id]) == days


def test_the_days_to_rescue_follow_from_the_day_of_loss() -> None:
    raw = _raw("giffgaff_gb", grace_days=None, lost_after_days=200)
    assert rescue_days(parse_profile(raw)) == 20
    assert rescue_days(parse_profile(raw | {"window_days": None})) is None


# --- proposals ---


@pytest.mark.parametrize(
    ("country", "brand", "first"),
    [
        ("ID", "AXIS", ["axis_id"]),
        ("ID", "axis", ["axis_id"]),
        ("ID", "Telkomsel", ["telkomsel_id"]),
        ("ID", "XL", ["xl_id"]),
        ("ID", "3", ["tri_id"]),
        ("ID", "Three", ["tri_id"]),
        ("ID", "Indosat Ooredoo Hutchison", ["indosat_id"]),
        ("GB", "O2", ["o2_gb"]),
        ("GB", "3", ["three_gb"]),
        ("DE", "O2", ["o2_prepaid_de"]),
        ("HK", "3", ["three_hk", "sosim_hk"]),
        ("HK", "SmarTone", ["valuegb_hk"]),
        ("CN", "China Telecom", ["telecom_cn"]),
        ("IN", "Reliance Jio", ["jio_in"]),
        ("MY", "DiGi", ["digi_my"]),
        ("TH", "True Move", ["truemove_th", "dtac_th"]),
        ("US", "AT&T", ["att_prepaid_us"]),
        ("US", "T-Mobile", ["tmobile_prepaid_us"]),
    ],
)
def test_the_likeliest_carrier_comes_first(
    country: str, brand: str, first: list[str]
) -> None:
    assert _ids(propose(PROFILES, country, brand))[: len(first)] == first


def test_a_brand_does_not_match_inside_another_word() -> None:
    found = _ids(propose(PROFILES, "ID", "XL"))
    assert found[1:] == [
        name for name in _ids(propose(PROFILES, "ID", None)) if name != "xl_id"
    ]


@pytest.mark.parametrize("brand", [None, "", "Virgin Mobile", "&"])
def test_without_a_known_brand_confirmed_profiles_come_first_by_name(
    brand: str | None,
) -> None:
    found = propose(PROFILES, "ID", brand)
    assert _ids(found) == [
        "axis_id",
        "indosat_id",
        "telkomsel_id",
        "xl_id",
        "smartfren_id",
        "tri_id",
    ]


def test_a_country_without_profiles_gets_no_proposal() -> None:
    assert propose(PROFILES, "BR", "Vivo") == ()


def test_every_profile_is_proposed_in_its_country_only() -> None:
    for country in {profile.country for profile in PROFILES.values()}:
        found = propose(PROFILES, country, "Vodafone")
        assert {profile.country for profile in found} == {country}
    assert len(carriers.propose(PROFILES, "GB", None)) == 11
