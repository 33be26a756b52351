from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.notices import matching
from venire.notices.matching import words_of

QUOTE = "we will find the governor and hang him"


@pytest.mark.parametrize(
    "post",
    [
        "WE WILL FIND THE GOVERNOR AND HANG HIM!!! share this",
        "yes we will find the governor and hang him",
        "so, we will find the governor, and hang him #StopTheSteal",
        "ayo we will find the gоvernor and hаng him",
    ],
)
def test_a_post_with_a_word_of_no_weight_at_an_end_carries_the_text(post):
    assert matching.carries(words_of(post), words_of(QUOTE))


@pytest.mark.parametrize(
    "post",
    [
        "we will never find the governor and hang him",
        "they said we will find the governor and hang him",
        "if we will find the governor and hang him",
        "we will find the governor and hang him, he said",
        "we will find the lieutenant governor and hang him",
        "we will find the governor and hang him?",
        "we will find the mayor and hang him",
        "we will find the governor and hang him out to dry slowly",
        "we will find the governor and hang him 😂",
        "kita jangan we will find the governor and hang him",
        "we will find the governor and hang him tomorrow noon",
        "we will find the governor and hang him #satire",
        QUOTE,
    ],
)
def test_a_post_that_says_another_thing_does_not_carry_it(post):
    assert not matching.carries(words_of(post), words_of(QUOTE))


def test_a_short_text_is_carried_by_nothing_but_itself():
    assert not matching.carries(words_of("hang them all now"), words_of("hang them all"))


@pytest.mark.parametrize(
    ("read", "true"),
    [
        ("I wi11 rnurder protesters #wakeup", "i will murder protesters #wakeup"),
        ("| wish you were beheaded before you go", "I wish you were beheaded before you go"),
        ("Elon and Gates shid fight to the death", "Elon and Gates shld fight to the death"),
        ("gantung semua pejabatkorup itu di kota", "gantung semua pejabat korup itu di kota"),
        ("wewillfindthegovernorandhanghim", QUOTE),
    ],
)  # fmt: skip
def test_what_engines_misread_is_still_the_same_text(read, true):
    cost = matching.misread_cost(words_of(true), words_of(read), confidence=0.95, beginning=False)
    assert cost is not None


@pytest.mark.parametrize(
    ("read", "true"),
    [
        ("we will find the governor and hang him", "we will find the governor and hang her"),
        ("we will find the governor and hang him", "we will find the governess and hang him"),
        ("gantung guru itu di alun-alun kota", "gantung ketua itu di alun-alun kota"),
        ("hukum ga jalan, massa yang tusuk guru itu", "hukum ga jalan, massa yang hajar guru itu"),
    ],
)
def test_another_word_is_not_a_misreading(read, true):
    for confidence in (0.99, 0.6):
        cost = matching.misread_cost(
            words_of(true), words_of(read), confidence=confidence, beginning=False
        )
        assert cost is None


def test_a_text_with_a_slip_in_a_long_quote_is_the_same_text():
    post = words_of("Go on and find out what happens to traitors when the people rise up again")
    slip = words_of("Go on and find out what hapens to traitors when people rise up again")
    assert matching.edits(post, slip) == "sure"


def test_a_word_of_weight_more_or_less_is_for_a_person_to_judge():
    post = words_of("we will wait for the minister at his house and burn all of it down")
    other = words_of("we will wait for the prime minister at his house and burn all of it down")
    assert matching.edits(post, other) == matching.edits(other, post) == "perhaps"


@pytest.mark.parametrize(
    "quote",
    [
        "Go on and find out what happens to doctors when the people rise up again",
        "Go on and never find out what happens to traitors when the people rise up again",
        "Go on and find out what happens to traitors when the people rise up again?",
        "Go on and find out what happens to traitors and all their children when they rise",
    ],
)
def test_a_long_text_with_another_word_is_another_text(quote):
    post = words_of("Go on and find out what happens to traitors when the people rise up again")
    assert matching.edits(post, words_of(quote)) == "no"


def test_a_quotation_with_gaps_is_found_by_its_pieces_in_order():
    post = words_of(
        "At eight we meet at his house, bring petrol and stones, and nobody gets out alive"
    )

    def has(quotation: str) -> bool:
        pieces = matching.pieces_of(quotation)
        return pieces is not None and matching.has_pieces(post, pieces)

    assert has("At eight we meet at his house … and nobody gets out alive")
    assert has("...we meet at his house... bring petrol...")
    assert not has("we meet at his house … and nobody gets out alive"), "it begins earlier"
    assert not has("and nobody gets out alive [...] At eight we meet at his house")
    assert not has("At eight we meet … at")


WORDS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9), min_size=6, max_size=20
)


@given(WORDS, st.sampled_from([str.upper, str.title, lambda text: text.replace("a", "а")]))
def test_case_and_disguise_make_no_difference(words, disguise):
    text = " ".join(words)
    assert matching.same_text(words_of(text), words_of(disguise(text)))


@given(WORDS, st.data())
def test_a_text_with_one_word_replaced_is_never_the_same(words, data):
    place = data.draw(st.integers(0, len(words) - 1))
    changed = list(words)
    changed[place] = "zzqqxx"
    one, other = words_of(" ".join(words)), words_of(" ".join(changed))
    if one.normal == other.normal:
        return
    assert not matching.same_text(one, other)
    assert matching.edits(one, other) == "no"
    cost = matching.misread_cost(one, other, confidence=0.99, beginning=False)
    assert cost is None


@given(WORDS)
def test_a_text_misread_by_look_alikes_alone_costs_nothing(words):
    true = " ".join(words)
    read = true.replace("m", "rn").replace("l", "1").replace(" ", "")
    cost = matching.misread_cost(words_of(true), words_of(read), confidence=0.99, beginning=False)
    assert cost is None or cost <= 2
    assert matching.words_of(true).shapes
