"""What filters find in words, whatever the script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.posts.filters import Filter, FilteredPost, Filters, Keyword
from venire.posts.model import Post


def a_post(text: str, spoiler: str = "", post_id: int = 1) -> Post:
    return Post(
        id=post_id, version=1, author_id=2, text=text, html="", spoiler=spoiler,
        visibility="public", language=None, sensitive=False, in_reply_to_id=None,
        in_reply_to_account_id=None, conversation_id=1, mentions=(), tags=(), uri="",
        created_at_ms=0,
    )  # fmt: skip


def found(keyword: str, text: str, *, whole: bool = True, spoiler: str = "") -> bool:
    one = Filter(1, "t", "warn", ("home",), (Keyword(2, keyword, whole),))
    return bool(Filters([one], 0, 1).matches(a_post(text, spoiler)))


@pytest.mark.parametrize(
    ("keyword", "text", "whole", "expected"),
    [
        ("cat", "a CAT sat", True, True),
        ("cat", "concatenate", True, False),
        ("cat", "concatenate", False, True),
        ("cat", "concatenate a cat", True, True),
        ("cat", "cat_food", True, False),
        ("cat", "the cat's", True, True),
        ("#cat", "my#cat", True, True),
        ("straße", "STRASSE", True, True),
        ("café", "cafe\u0301", True, True),
        ("cafe", "cafe\u0301", True, False),
        ("हिन्द", "हिन्दी", True, False),
        ("हिन्दी", "यह हिन्दी है", True, True),
        ("東京", "今日東京で", False, True),
        ("two words", "two\n  words", True, True),
        ("ｗｉｄｅ", "wide", True, True),
        ("c++", "I write c++.", True, True),
        (".*", "anything", False, False),
    ],
)
def test_a_phrase_is_found_as_people_read_it(keyword, text, whole, expected):
    assert found(keyword, text, whole=whole) is expected


def test_a_phrase_does_not_reach_from_the_warning_into_the_text():
    assert not found("red tea", "tea", spoiler="red")
    assert found("red", "tea", spoiler="Red")


def test_a_filter_names_a_post_and_stands_in_its_contexts():
    one = Filter(1, "t", "hide", ("thread",), (), (FilteredPost(3, 7),))
    filters = Filters([one], 0, 1)
    (match,) = filters.matches(a_post("x", post_id=7))
    assert (match.keywords, match.post_ids) == ((), (7,))
    assert filters.matches(a_post("x", post_id=8)) == ()
    assert filters.matches(a_post("x", post_id=7), "home") == ()
    assert filters.hides(a_post("x", post_id=7), "thread")
    assert not filters.hides(a_post("x", post_id=7), "home")


@given(st.text(min_size=1, max_size=8), st.text(max_size=20), st.text(max_size=20))
def test_a_phrase_that_stands_by_itself_is_always_found(keyword, before, after):
    if not keyword.split():
        return
    for whole in (True, False):
        assert found(keyword, f"{before} {keyword} {after}", whole=whole)


@given(st.text(max_size=30), st.text(max_size=8))
def test_whole_words_are_found_only_where_the_letters_are(text, keyword):
    if found(keyword, text, whole=True):
        assert found(keyword, text, whole=False)
