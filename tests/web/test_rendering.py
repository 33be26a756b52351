"""What stands out in a text, and moments as people read them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import DAY_MS, HOUR_MS, parse_iso_ms
from venire.web.moments import ago, day, exact, hour, lasting
from venire.web.rendering import longest, marked

NOW_MS = parse_iso_ms("2026-11-21T10:00:00Z")


def test_every_place_of_a_word_is_marked_and_what_overlaps_is_one():
    shown = marked("burn it down, burn it", ["burn it", "it down", "nothing"])
    assert shown == "<mark>burn it down</mark>, <mark>burn it</mark>"


def test_a_text_is_escaped_inside_and_outside_of_what_is_marked():
    assert marked("<b> & <i>", ["<b>"]) == "<mark>&lt;b&gt;</mark> &amp; &lt;i&gt;"


@given(st.text(max_size=60), st.lists(st.text(max_size=5), max_size=4))
def test_marking_loses_no_letter_and_lets_no_markup_through(text, found):
    shown = str(marked(text, found))
    plain = re.sub("</?mark>", "", shown)
    assert "<" not in plain
    import html

    assert html.unescape(plain) == html.unescape(html.escape(text))


def test_words_within_longer_ones_are_left_out():
    assert longest(["hang", "hang every one", "rope"]) == ["hang every one", "rope"]


def test_moments_are_said_in_both_languages():
    assert exact(NOW_MS, "en") == "21 Nov 2026, 10:00 UTC"
    assert day(NOW_MS, "id") == "21 November 2026"
    assert hour("2026-11-21T10:00:00.000Z", "en") == "21 Nov 2026, 10 h UTC"
    assert ago(NOW_MS - 3 * HOUR_MS, NOW_MS, "en") == "3 hours ago"
    assert ago(NOW_MS + 2 * HOUR_MS, NOW_MS, "id") == "dalam 2 jam"
    assert ago(NOW_MS - 30 * DAY_MS, NOW_MS, "id") == "22 Oktober 2026"
    assert lasting(2 * DAY_MS, "id") == "2 hari"
