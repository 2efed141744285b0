"""How long a bundle lasts, where its words say so."""

import pytest

from custom_components.sim_keeper.channels.reloadly.durations import lasts_days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1GB 30 days", 30),
        ("1GB 1 day", 1),
        ("1GB, 30-day plan", 30),
        ("1GB 30Days", 30),
        ("1GB - 30 days", 30),
        ("Kuota 2GB, masa aktif 30 hari", 30),
        ("5 Go 7 jours", 7),
        ("5 GB 15 días", 15),
        ("5 GB 15 dias", 15),
        ("4GB + 50 minutes, 14 days", 14),
        ("2GB 30 days + 1GB 30 days", 30),
        ("365 days", 365),
    ],
)
def test_one_number_of_days_is_understood(text: str, days: int) -> None:
    assert lasts_days(text) == days


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1GB",
        "1 month",
        "1 bulan",
        "24 hours",
        "1GB daily",
        "30 daysies",
        "0 days",
        "1000 days",
        "1,030 days",
        "7.30 days",
        "5GB 7 days + 2GB 30 days",
        "1GB 30 days, night data 24 hours",
        "30 days (1 month)",
        "2 x 15 days",
        "2×15 days",
        "15 days x2",
        "7-30 days",
        "7 - 30 days",
        "7 to 30 days",
        "1/30 days",
        "1GB every 7 days",
        "1GB setiap 7 hari",
        "activate within 30 days",
        "valid for 30",
        "30d",
        "٣٠ يوم",
        "30 дней",
        "30 ngày",
    ],
)
def test_what_could_mean_something_else_is_not(text: str) -> None:
    assert lasts_days(text) is None
