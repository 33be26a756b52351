"""What a member types into the search box, read."""

from __future__ import annotations

import datetime as dt
import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from venire.posts.search_query import PROPERTIES, TEXTS, Query, read_query


def ms(*date: int) -> int:
    return int(dt.datetime(*date, tzinfo=dt.UTC).timestamp() * 1000)


def test_words_and_phrases_are_wanted_and_a_minus_takes_them_out():
    query = read_query('kopi "susu  panas" -gula -"es batu" +madu')
    assert query.texts == ("kopi", "susu  panas", "madu")
    assert query.without_texts == ("gula", "es batu")
    assert query.phrased


def test_quotes_of_any_kind_make_a_phrase_and_one_left_open_goes_to_the_end():
    for text in ("“kopi susu”", "«kopi susu»", '"kopi susu', "„kopi susu“"):
        assert read_query(text).texts == ("kopi susu",), text
    assert read_query('"" "  "') == Query()


def test_every_operator_is_read_and_turned_around():
    query = read_query(
        "from:me from:@Ani -from:bob has:image is:reply -has:poll language:pt-BR -language:id"
        " in:library"
    )
    assert query == Query(
        authors=("me", "@ani"),
        without_authors=("bob",),
        properties=("image", "reply"),
        without_properties=("poll",),
        languages=("pt-br",),
        without_languages=("id",),
        place="library",
    )


def test_hashtags_are_folded_as_posts_have_them():
    query = read_query("#Kopi -#ＴＥＨ #")
    assert (query.tags, query.without_tags, query.texts) == (("kopi",), ("teh",), ("#",))


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_has_and_is_take_the_same_words(name):
    assert read_query(f"has:{name}").properties == (name,)
    assert read_query(f"IS:{name.upper()}").properties == (name,)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("during:2024-02-29", (ms(2024, 2, 29), ms(2024, 3, 1))),
        ("during:2024-12", (ms(2024, 12, 1), ms(2025, 1, 1))),
        ("during:2023", (ms(2023, 1, 1), ms(2024, 1, 1))),
        ("after:2023 before:2024-02", (ms(2024, 1, 1), ms(2024, 2, 1))),
        ("-before:2024 -after:2024-01-31", (ms(2024, 1, 1), ms(2024, 2, 1))),
    ],
)
def test_dates_are_whole_spans_of_utc(text, span):
    assert read_query(text).spans == (span,)


def test_a_gap_parts_a_span_newest_first():
    query = read_query("during:2024 -during:2024-03 -during:2024-05-01")
    assert query.spans == (
        (ms(2024, 5, 2), ms(2025, 1, 1)),
        (ms(2024, 4, 1), ms(2024, 5, 1)),
        (ms(2024, 1, 1), ms(2024, 3, 1)),
    )


@pytest.mark.parametrize(
    "text",
    [
        "has:fun", "is:mine", "before:2024-13", "after:yesterday", "during:2023-02-29",
        "in:somewhere", "-in:all", "after:2024 before:2023", "during:2024 -during:2024",
        "from:a/b", "language:!", "during:0000", "before:99999",
    ],
)  # fmt: skip
def test_what_cannot_be_met_finds_nothing_rather_than_everything(text):
    assert read_query(text).nothing


def test_another_colon_is_a_word_and_so_is_an_operator_without_a_value():
    query = read_query("note: https://a.example/x 12:30 from: has:")
    assert query.texts == ("note:", "https://a.example/x", "12:30", "from:", "has:")
    assert not query.nothing


def test_what_is_turned_away_from_one_place_is_sought_in_the_other():
    assert read_query("-in:library").place == "public"
    assert read_query("-in:public").place == "library"
    assert read_query("in:public in:library").place == "library"


def test_a_long_query_is_cut():
    assert len(read_query(" ".join(map(str, range(1_000)))).texts) == TEXTS


_PIECES = st.sampled_from(
    [
        "from:", "has:", "is:", "in:", "language:", "before:", "after:", "during:", "me", "image",
        "2024", "2024-01-01", "-", "+", '"', "“", " ", "@", "#", "AND", "OR", "NOT", "NEAR(", "*",
        "^", ":", "\x00", "\n", "（", "\u202e", "\ue000", "ｆｒｏｍ:",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=8), max_size=40).map("".join))
@example("-" * 500)
@example('"' * 499)
@example("-during:2024 " * 30)
def test_it_never_raises_and_what_it_reads_is_bounded(text):
    query = read_query(text)
    assert len(query.texts) + len(query.without_texts) <= 2 * TEXTS
    for spans in [query.spans or ()]:
        assert all(start < end for start, end in spans)
        assert list(spans) == sorted(spans, reverse=True)
        assert all(low[0] >= high[1] for low, high in itertools.pairwise(spans))
    assert len(query.spans or ()) <= 9
    assert read_query(text) == query


def test_half_a_million_signs_are_read_at_once():
    for text in ("-" * 500_000, '"' * 500_000, "from:" * 100_000, "a " * 250_000, "@" * 500_000):
        started = time.perf_counter()
        read_query(text)
        assert time.perf_counter() - started < 1
