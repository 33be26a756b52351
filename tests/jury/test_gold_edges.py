"""Where what a question may be ends, and who is asked: `venire/jury/gold.py` at its limits."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury import gold
from venire.jury.gold import QUESTION, Question, Shelved
from venire.kernel.errors import Invalid, TooLarge

ASKABLE = {"hate", "privacy"}
GOOD = {"text": "A post.", "category": "hate", "violates": True}


def line(**more: Any) -> bytes:
    return json.dumps({**GOOD, **more}).encode()


def test_a_question_goes_these_ways_and_no_other():
    ways = {state.name: (set(state.exits), state.deadline) for state in QUESTION.states}
    assert (QUESTION.name, QUESTION.start) == ("question", "live")
    assert ways == {
        "live": ({"doubted", "retired"}, "gold_answers"),
        "doubted": ({"live", "retired", "wrong"}, "again_hours"),
        "retired": ({"doubted"}, "a year"),
        "wrong": (set(), None),
    }


@pytest.mark.parametrize(
    "more",
    [
        {"text": "x" * 5_000},
        {"context": ["x" * 5_000, "b", "c"]},
        {"camp": "c" * 40},
        {"lang": ""},
        {"lang": "zh-Hant"},
        {"explanation": {"en": "x" * 5_000}},
        {"explanation": {f"a{letter}": "x" for letter in "bcdefghi"}},
        {"purpose": "training", "explanation": {"en": "Because."}},
    ],
)
def test_what_fills_its_bounds_may_be_asked(more):
    (found,) = gold.read_questions(line(**more), ASKABLE)
    assert found == msgspec.convert({**GOOD, **more}, Question)


@pytest.mark.parametrize(
    "more",
    [
        {"category": "a_category_of_another_site"},
        {"category": "zeal"},
        {"text": "x" * 5_001},
        {"context": ["x" * 5_001]},
        {"context": ["a", "b", "c", "d"]},
        {"context": ["a", "b", "c", "d", "e"]},
        {"camp": "c" * 41},
        {"lang": "x"},
        {"explanation": {"id": "x" * 5_001}},
        {"explanation": {f"a{letter}": "x" for letter in "bcdefghij"}},
        {"explanation": {f"a{letter}": "x" for letter in "bcdefghijk"}},
        {"purpose": "training", "explanation": {"en": " ", "id": "Karena."}},
    ],
)
def test_what_goes_beyond_them_may_not(more):
    with pytest.raises(Invalid) as refused:
        gold.read_questions(line(**more), ASKABLE)
    assert (refused.value.code, refused.value.data["line"]) == ("gold_file_invalid", 1)


@pytest.mark.parametrize("raw", [b"\xff", b'{"text": "\xff"}', b"[1]", b"7"])
def test_what_cannot_be_read_is_refused_with_its_line(raw: bytes):
    with pytest.raises(Invalid) as refused:
        gold.read_questions(line() + b"\n" + raw, ASKABLE)
    assert (refused.value.code, refused.value.data["line"]) == ("gold_file_invalid", 2)


def test_a_file_has_16_mib_and_5000_questions_at_most():
    spaces = b" " * (16 << 20)
    assert gold.read_questions(spaces, ASKABLE) == []
    with pytest.raises(TooLarge) as refused:
        gold.read_questions(spaces + b" ", ASKABLE)
    assert refused.value.code == "gold_file_too_large"
    assert len(gold.read_questions(b"\n".join([line()] * 5_000), ASKABLE)) == 5_000
    with pytest.raises(TooLarge) as refused:
        gold.read_questions(b"\n".join([line()] * 5_001), ASKABLE)
    assert refused.value.code == "gold_file_too_large"


def test_a_question_once_read_does_not_change():
    (found,) = gold.read_questions(line(), ASKABLE)
    with pytest.raises(AttributeError):
        found.violates = False  # type: ignore[misc]


# which is asked


def test_the_high_bits_of_chance_choose_among_questions_that_are_alike():
    shelf = [
        Shelved(number, violates=True, camp="", origin="file", answers=0) for number in (1, 2, 3)
    ]
    assert [gold.choose(shelf, turn << 8).id for turn in range(7)] == [1, 2, 3, 1, 2, 3, 1]
    assert [gold.choose(shelf, turn).id for turn in range(256)] == [1] * 256


def test_what_comes_with_the_program_is_asked_where_there_is_nothing_else():
    starter = Shelved(1, violates=True, camp="", origin="starter", answers=0)
    own = Shelved(2, violates=True, camp="", origin="case", answers=99)
    assert gold.choose([starter], 0) == starter
    assert gold.choose([starter, own], 0) == own


@given(st.integers(0, 200), st.integers(1, 200))
def test_what_many_know_is_asked_no_more(answers, most):
    assert gold.is_over(answers, most) == (answers >= most)


@pytest.mark.parametrize(
    ("answers", "against", "doubtful"),
    [(12, 12, True), (11, 11, False), (15, 9, True), (15, 8, False), (20, 12, True)],
)
def test_a_question_is_doubted_by_twelve_answers_of_which_three_fifths_differ(
    answers, against, doubtful
):
    assert gold.is_doubtful(answers, against) == doubtful


@pytest.mark.parametrize(
    ("lot", "share", "asked"),
    [
        (0, 0.0, False),
        (0, 0.5, True),
        (1, 0.5, True),
        (-1, 0.5, False),
        ((1 << 32) - 1, 0.5, True),
        ((1 << 31) - 1, 1 / 3, True),
        (1 << 31, 1 / 3, False),
    ],
)
def test_a_lot_below_the_share_is_followed_by_a_question(lot, share, asked):
    assert gold.is_asked(lot, share) == asked


def test_no_share_judges_nothing_again_and_all_of_it_everything():
    assert not any(gold.is_chosen(bytes(32), place, 0.0) for place in range(500))
    assert all(gold.is_chosen(bytes(32), place, 1.0) for place in range(500))
