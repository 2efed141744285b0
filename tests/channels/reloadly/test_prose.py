"""HTML of foreign origin, as plain text."""

import time

import pytest

from custom_components.sim_keeper.channels.parsing import Parsed
from custom_components.sim_keeper.channels.reloadly.prose import prose


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1GB 30 days", "1GB 30 days"),
        ("<p>Twice the <b>data</b>!</p><p>Today</p>", "Twice the data ! Today"),
        ("Line<br/>break &amp; more&nbsp;&euro;5", "Line break & more €5"),
        ("<script>alert(1)</script>Hello<style>p{}</style>", "Hello"),
        ("<SCRIPT>alert(1)", None),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "script alert(1) /script"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("<img src=x onerror=alert(1)>", None),
        ("<a href='https://evil.example'>Click</a>", "Click"),
        ("<!-- hidden -->Seen<![CDATA[too]]>", "Seen"),
        ("5 < 6 and 7 > 3", "5 6 and 7 3"),
        ("a\u202eb\u200b\x00\x1b[31mc", "a b [31mc"),
        ("流量 1GB، ٣٠ يوم", "流量 1GB، ٣٠ يوم"),
        ("", None),
        (" <p> </p> ", None),
    ],
)
def test_only_words_are_left(text: str, plain: str | None) -> None:
    assert prose(text, 100) == plain


@pytest.mark.parametrize("value", [None, True, 5, [], {}, ["text"]])
def test_what_is_no_text_has_no_words(value: Parsed) -> None:
    assert prose(value, 100) is None


def test_a_long_text_is_shortened_and_shows_it() -> None:
    assert prose("word " * 100, 12) == "word word w…"
    assert prose("x" * 12, 12) == "x" * 12


@pytest.mark.parametrize(
    "piece", ["<", "<!", "<!--", "&#", "<a ", "</", "<![CDATA[", "x"]
)
def test_ten_megabytes_take_no_time(piece: str) -> None:
    text = piece * (10_000_000 // len(piece))
    began = time.perf_counter()
    found = prose(text, 300)
    assert time.perf_counter() - began < 1
    assert found is None or len(found) <= 300
