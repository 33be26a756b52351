"""What a question may be, and which is asked next: `venire/jury/gold.py`."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury import gold, gold_actions
from venire.jury.gold import Question, Shelved
from venire.jury.gold_store import question_id
from venire.kernel.errors import Invalid, TooLarge

ASKABLE = {"incitement", "hate", "harassment", "privacy", "self_harm"}
GOOD = {"text": "A post.", "category": "hate", "violates": True}


def lines(*questions: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(one) for one in questions).encode()


def test_a_file_is_one_question_a_line_and_empty_lines_are_none():
    raw = lines(GOOD) + b"\n\n" + lines({**GOOD, "camp": "blues", "lang": "id", "context": ["a"]})
    first, second = gold.read_questions(raw, ASKABLE)
    assert first == Question("A post.", "hate", violates=True)
    assert (second.camp, second.lang, second.context) == ("blues", "id", ("a",))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"category": "child_safety"}, "harm a child"),
        ({"category": "spam"}, "category"),
        ({"category": "rudeness"}, "category"),
        ({"text": " "}, "text"),
        ({"text": "x" * 5_001}, "text"),
        ({"context": ["a", "b", "c", "d"]}, "context"),
        ({"context": [""]}, "context"),
        ({"camp": "c" * 41}, "camp"),
        ({"lang": "Klingon!"}, "lang"),
        ({"violates": "yes"}, "violates"),
        ({"purpose": "other"}, "purpose"),
        ({"purpose": "training"}, "explanation"),
        ({"answer": "violates"}, "answer"),
        ({"explanation": {"en": "x" * 5_001}}, "explanation"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_its_line(wrong, said: str):
    with pytest.raises(Invalid) as refused:
        gold.read_questions(lines(GOOD, {**GOOD, **wrong}), ASKABLE)
    assert refused.value.code == "gold_file_invalid"
    assert refused.value.hint.startswith("line 2: ")
    assert said in refused.value.hint


@pytest.mark.parametrize("raw", [b"{", b"[" * 100_000, b"\xff\xfe", b'"text"', b"null"])
def test_what_is_no_question_at_all_is_refused_too(raw: bytes):
    with pytest.raises(Invalid, match="gold_file_invalid"):
        gold.read_questions(raw, ASKABLE)


def test_a_file_has_an_end():
    with pytest.raises(TooLarge, match="gold_file_too_large"):
        gold.read_questions(b" " * (gold.FILE_BYTES + 1), ASKABLE)
    many = b"\n".join([lines(GOOD)] * (gold.QUESTIONS_MOST + 1))
    with pytest.raises(TooLarge, match="gold_file_too_large"):
        gold.read_questions(many, ASKABLE)


def test_the_same_words_are_the_same_question_however_they_are_written():
    assert question_id("We will  MEET you!") == question_id("we will meet you")
    assert question_id("we will meet you") != question_id("we will not meet you")
    assert question_id("yes", ("ask",)) != question_id("yes", ("other",))
    assert 0 <= question_id("anything") < 1 << 63


def test_what_comes_with_the_program_has_both_answers_languages_and_several_camps():
    found = gold_actions.starter_questions(ASKABLE)
    for purpose in ("gold", "training"):
        of = [one for one in found if one.purpose == purpose]
        for category in {one.category for one in of}:
            answers = {one.violates for one in of if one.category == category}
            assert answers == {True, False}, (purpose, category)
        assert {one.lang for one in of} == {"en", "id"}
        assert len({one.camp for one in of if one.violates and one.camp}) >= 4
    assert {one.category for one in found} == ASKABLE
    assert all({"en", "id"} <= one.explanation.keys() for one in found if one.purpose == "training")
    texts = Counter(question_id(one.text, one.context) for one in found)
    assert max(texts.values()) == 1


@st.composite
def shelves(look):
    count = look(st.integers(1, 30))
    return [
        Shelved(
            number,
            look(st.booleans()),
            look(st.sampled_from(["", "blues", "greens"])),
            look(st.sampled_from(["file", "case", "starter"])),
            look(st.integers(0, 5)),
        )
        for number in range(count)
    ]


@given(shelves(), st.integers(0, (1 << 32) - 1), st.randoms(use_true_random=False))
def test_the_next_question_is_the_least_asked_of_the_least_asked_camp(shelf, turn, shuffler):
    chosen = gold.choose(shelf, turn)
    assert chosen in shelf
    shuffler.shuffle(shelf)
    assert gold.choose(shelf, turn) == chosen
    secret = [one for one in shelf if one.origin != "starter"]
    assert chosen.origin != "starter" or not secret
    rivals = [one for one in secret or shelf if one.violates is chosen.violates]
    camps = Counter({one.camp: 0 for one in rivals})
    for one in rivals:
        camps[one.camp] += one.answers
    assert camps[chosen.camp] == min(camps.values())
    assert chosen.answers == min(one.answers for one in rivals if one.camp == chosen.camp)


def test_both_answers_are_asked_alike_and_an_empty_shelf_has_none():
    shelf = [Shelved(n, n % 5 == 0, "", "file", 0) for n in range(50)]
    picked = Counter(gold.choose(shelf, turn).violates for turn in range(1_000))
    assert picked[True] == picked[False]
    assert gold.choose([], 3) is None


@pytest.mark.parametrize("share", [0.0, 0.05, 0.08, 0.5])
def test_so_many_panels_are_asked_what_is_known(share: float):
    step = (1 << 32) // 10_000
    asked = sum(gold.is_asked(lot * step, share) for lot in range(10_000))
    assert asked / (10_000 + asked) == pytest.approx(share, abs=0.001)


def test_a_question_is_doubted_when_most_say_otherwise_and_enough_have_said_anything():
    assert not gold.is_doubtful(11, 11)
    assert gold.is_doubtful(12, 8)
    assert not gold.is_doubtful(12, 7)
    assert gold.is_over(60, 60)
    assert not gold.is_over(59, 60)


def test_a_lot_of_a_known_seed_is_frozen():
    chosen = [index for index in range(200) if gold.is_chosen(bytes(32), index, 0.05)]
    assert chosen == FROZEN


FROZEN = [1, 6, 20, 27, 50, 77, 83, 88, 185]
