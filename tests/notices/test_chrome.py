from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.notices import chrome


@pytest.mark.parametrize(
    "line",
    [
        "4 replies 78 reposts 161 votes",
        "1,204 Reposts   87 Quotes   3.4K Likes",
        "1.204 Posting ulang 87 Kutipan 3,4 rb Suka",
        "12 balasan  3 kiriman ulang  204 suka",
        "78reposts 161 votes",
        "8replies 115 reposts 273 votes",
        "62 replies Oreposts 382 votes",
        "37 replies 29l reposts 584 votes",
        "12 boosts3 favorites",
        "87 Ouotes 3.4K Likes",
        "· 12 comments · 4 shares ·",
        "12 3 204 1.2K",
        "Q 12   tl 3   204",
        "1 view",
    ],
)
def test_counters_are_known_with_words_or_as_three_numbers(line):
    assert chrome.is_counters(line) == "sure"


@pytest.mark.parametrize("line", ["1776", "12 3", "50%"[:2]])
def test_a_number_or_two_may_be_the_end_of_a_body(line):
    assert chrome.is_counters(line) == "perhaps"


@pytest.mark.parametrize(
    "line",
    [
        "we like 3 reposts of this",
        "12 hours left. Then we burn it down!!",
        "share this with 10 people",
        "10 likes and I will do it",
        "hang them all",
        "views",
        "100 reasons to vote",
        "vote 1 for him",
        "5 replies if you are with me",
        "",
        "...",
    ],
)
def test_a_sentence_with_a_number_in_it_is_no_counter(line):
    assert chrome.is_counters(line) == "no"


@pytest.mark.parametrize(
    "line",
    [
        "10:42 PM · Jan 6, 2021 · Parler for iPhone",
        "10:42 PM - Jan 6, 2021: Parler for iPhone",
        "22.42 · 6 Jan 2021 · Parler untuk Android",
        "6 Januari 2021 pukul 22.42",
        "Jan 6, 2021, 22:42 · Public · Web",
        "Jan6,2021,22:42·Public·Web",
        "Jan 6, 202 1, 22:42 · Public · Web",
        "Jan 6, 2021, 22:42 - Public - Wet",
        "6Jan2021,22.42·Publik·Web",
        "10:42 · 06/01/21",
        "Jan 6, 2021",
        "10:42 PM · Jan 6, 2021 · 12K Views",
        "2021-01-06 22:42",
    ],
)
def test_a_time_of_writing_is_known_in_both_languages(line):
    assert chrome.is_moment(line) == "sure"


@pytest.mark.parametrize("line", ["Jan 6", "10:42 PM", "22.42", "6 Januari"])
def test_a_bare_date_or_clock_may_be_the_end_of_a_body(line):
    assert chrome.is_moment(line) == "perhaps"


@pytest.mark.parametrize(
    "line",
    [
        "be there on Jan 6",
        "Jan 6 we take the capitol back",
        "at 10:42 we march",
        "1776",
        "May he rot",
        "12 3 204",
        "jam 8 malam",
    ],
)
def test_a_sentence_with_a_date_in_it_is_no_moment(line):
    assert chrome.is_moment(line) == "no"


@pytest.mark.parametrize("line", ["10:42  LTE  83%", "9:41 5G 100%", "10.42 Telkomsel 4G", "22:01"])
def test_the_phones_own_bar_is_known(line):
    assert chrome.is_status_bar(line)


@pytest.mark.parametrize("line", ["at 10:42", "hang them", "kill 10", "100 of them", ""])
def test_words_are_not_the_phones_bar(line):
    assert not chrome.is_status_bar(line)


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("Post", True),
        ("← Kiriman", True),
        ("Follow", True),
        ("Ikuti", True),
        ("Home", True),
        ("go home", False),
        ("see you at home all of you", False),
        ("", False),
        ("Bakar!", False),
    ],
)
def test_titles_and_buttons_are_lines_of_the_apps_own_words(line, known):
    assert chrome.is_app_bar(line) is known


@pytest.mark.parametrize(
    ("line", "certainty"),
    [
        ("Reply Repost Like Share", "sure"),
        ("Balas Posting ulang Suka Bagikan", "sure"),
        ("Beranda Cari Notifikasi Pesan", "sure"),
        ("Like Share", "perhaps"),
        ("Share", "no"),
        ("like and share if you would hang him", "no"),
    ],
)
def test_a_row_of_buttons_has_nothing_else_on_it(line, certainty):
    assert chrome.is_action_bar(line) == certainty


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("Replying to @mayor_lee and @b", True),
        ("Membalas @budi", True),
        ("Post your reply", True),
        ("Tulis balasan…", True),
        ("Ozark Wolf reposted", True),
        ("Lihat 12 balasan", True),
        ("replying to them is useless", False),
        ("write a letter", False),
    ],
)
def test_what_is_replied_to_is_no_part_of_the_body(line, known):
    assert chrome.is_reply_hint(line) is known


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("and then we will… Show more", "and then we will"),
        ("Lihat selengkapnya", ""),
        ("kami akan datang ... selengkapnya", "kami akan datang"),
        ("we want more", "we want more"),
        ("read more books", "read more books"),
    ],
)
def test_the_link_to_the_rest_is_taken_off(line, kept):
    assert chrome.without_continuation(line) == kept


TESTS = (
    chrome.is_counters,
    chrome.is_moment,
    chrome.is_status_bar,
    chrome.is_app_bar,
    chrome.is_action_bar,
    chrome.is_reply_hint,
    chrome.is_continuation_hint,
    chrome.without_continuation,
)


@given(st.text(st.sampled_from("1.:·-, @aAjanJ6…rep"), max_size=200))
def test_no_line_makes_a_pattern_run_away(line):
    begun = time.process_time()
    for test in TESTS:
        test(line * 3)
    assert time.process_time() - begun < 0.5


def test_an_icon_read_as_a_letter_does_not_hide_a_line_of_counters():
    assert chrome.is_counters("15 replies  s 29 reposts  602 favourites") == "sure"
    assert chrome.is_counters("s 29 men came") == "no"
