from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.posts.length import clusters, countable_length


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("abc", 3),
        ("a\r\nb", 3),
        ("e\u0301", 1),
        ("👍🏽", 1),
        ("👩‍👩‍👧‍👦", 1),
        ("🇮🇩🇬🇧", 2),
        ("🇮🇩🇬", 2),
        ("한국", 2),
        ("\u1112\u1161\u11ab", 1),
        ("नि", 1),
        ("❤️", 1),
        ("ab👍c", 4),
        ("\u0301", 1),
        ("\n\u0301", 2),
    ],
)
def test_what_a_reader_takes_for_one_character_counts_once(text, expected):
    assert clusters(text) == expected


def test_an_address_counts_23_however_long_it_is():
    assert countable_length("https://a.example/" + "x" * 500) == 23
    assert countable_length("go https://a.example/" + "x" * 500 + " now") == 3 + 23 + 4


def test_an_address_too_long_to_link_counts_in_full():
    address = "https://a.example/" + "x" * 3_000
    assert countable_length(address) == len(address)


def test_a_mention_of_an_account_elsewhere_counts_without_its_domain():
    assert countable_length("@bob@far.away.example hi") == len("@bob hi")
    assert countable_length("@bob hi") == len("@bob hi")


def test_a_content_warning_counts_too():
    assert countable_length("abc", "warning") == 10


@given(st.text(max_size=60))
def test_no_text_has_more_clusters_than_code_points(text):
    assert 0 <= clusters(text) <= len(text)
    assert (clusters(text) == 0) == (text == "")
