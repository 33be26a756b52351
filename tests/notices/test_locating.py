from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from venire.notices.locating import Candidate, copies_of, rank, search_pieces, search_terms
from venire.notices.matching import words_of

POSTS = [
    "Someone drag that judge out of his house and hang him from a bridge",
    "SOMEONE DRAG THAT JUDGE OUT OF HIS HOUSE AND HANG HIM FROM A BRIDGE",
    "Someone drag that judge out of his house and hang him from a bridge, share this",
    "Someone drag that senator out of his house and hang him from a bridge",
    "Nobody should drag that judge out of his house and hang him from a bridge",
    "He said someone drag that judge out of his house and hang him from a bridge",
    "kalau ketemu pendeta itu langsung gebukin aja bro",
    "kalau ketemu pendeta itu langsung hajar aja",
    "kita serbu balai kota malam ini, bawa golok dong",
    "Hang 'em",
    "hang em!",
    "Hang 'em high and let them swing until the sun comes up over the hill",
    "The weather is nice and the judge came home to his house by the bridge",
    "would anyone care if they were all shot tonight 🕷️",
    "would anyone care if they were all shot tonight 👦🏿",
]


def candidates(texts=POSTS) -> list[Candidate]:
    return [
        Candidate(post_id=place, text=text, handle=f"author{place:02}", created_at_ms=place)
        for place, text in enumerate(texts)
    ]


def found(query, texts=POSTS, **named) -> tuple[str, set[int]]:
    result = rank(query, candidates(texts), **named)
    return result.state, {post_id for post_id, _ in result.posts}


def test_the_set_of_posts_that_carry_a_text_and_none_that_is_merely_similar():
    assert found(POSTS[0]) == ("located", {0, 1, 2})


def test_exact_matches_are_surer_than_copies_with_an_addition():
    result = rank(POSTS[0], candidates())
    sure = dict(result.posts)
    assert sure[0] == sure[1] == 1.0
    assert sure[2] < 1.0
    assert result.confidence == 1.0
    assert result.how == "exact"


def test_a_post_that_differs_in_one_word_is_not_found_but_shown():
    state, shown = found(POSTS[0], POSTS[3:])
    assert state == "not_found"
    assert shown, "a person may look at what is alike"


def test_a_negation_a_report_and_another_person_are_other_posts():
    for place in (3, 4, 5):
        assert found(POSTS[place]) == ("located", {place})


def test_a_beginning_locates_when_it_can_go_on_in_one_way_only():
    assert found("kita serbu balai kota malam ini, ") == ("located", {8})
    assert found("kalau ketemu pendeta itu langsung gebu") == ("located", {6})
    assert found("Someone drag that judge out of his house and ha") == ("located", {0, 1, 2})


def test_a_beginning_that_goes_on_in_two_ways_is_ambiguous():
    assert found("kalau ketemu pendeta itu langsung ") == ("ambiguous", {6, 7})


def test_the_handle_decides_between_two_that_go_on_differently():
    quote = "kalau ketemu pendeta itu langsung "
    assert found([quote], picture=True, handle="author07") == ("located", {7})
    assert found([quote], picture=True, handle="auth0r07") == ("located", {7})
    assert found([quote], picture=True, handle="somebody")[0] == "ambiguous"


def test_a_beginning_too_short_to_mean_one_post_is_not_enough():
    assert found("Hang 'em high and let th") == ("ambiguous", {11})
    assert found("kalau ketemu")[0] == "not_found"


def test_a_long_beginning_is_enough_however_long_the_post():
    long = POSTS[11] + " and then go home and sleep well, for the work is done" * 5
    assert found("Hang 'em high and let them swing until the sun comes up", [long])[0] == "located"


def test_a_short_text_is_found_by_itself_alone():
    assert found("Hang 'em") == ("located", {9, 10})
    assert found("Hang 'em", POSTS[11:]) == ("not_found", set())


def test_a_short_text_that_many_said_needs_to_be_known_by_its_author():
    many = ["Hang 'em"] * 5
    assert found("Hang 'em", many)[0] == "ambiguous"
    assert found(["Hang 'em"], many, handle="author03", picture=True) == ("located", {3})


def test_an_ellipsis_stands_for_what_was_left_out():
    quote = "Someone drag that judge out… hang him from a bridge"
    assert found(quote) == ("located", {0, 1, 2})
    assert found("Hang 'em high and let them swing until...") == ("located", {11})


def test_what_was_badly_read_from_a_picture_is_found_without_its_spaces():
    read = "Sorneone dragthatjudge out of his house and hang hirn from a bridqe"
    assert found([read], picture=True, confidence=0.9) == ("located", {0, 1, 2})


def test_of_several_readings_the_one_that_fits_counts():
    readings = ["Some 12 3", f"{POSTS[8]}", f"{POSTS[8]}\n12 3"]
    assert found(readings, picture=True) == ("located", {8})


def test_a_picture_that_lost_the_emoji_does_not_choose_between_two():
    read = ["would anyone care if they were all shot tonight"]
    assert found(read, picture=True) == ("ambiguous", {13, 14})
    assert found(read, picture=True, handle="author14") == ("located", {14})
    assert found(POSTS[13]) == ("located", {13})


def test_a_garbled_picture_goes_to_a_person():
    read = ["Someonc drag thot jvdge ouf of his houze and bang hlm from a bnidge"]
    state, shown = found(read, picture=True, confidence=0.6)
    assert state == "ambiguous"
    assert 0 in shown


@pytest.mark.parametrize("query", ["", " ", "...", "🔥🔥", "@someone", [], [""]])
def test_a_text_without_letters_finds_nothing(query):
    assert found(query)[0] == "not_found"


def test_no_candidates_are_no_finding():
    assert rank("hang them all from the bridge tonight", []).state == "not_found"


def test_at_most_five_are_shown_to_a_person():
    words = ("hajar", "bakar", "gantung", "tusuk", "bacok", "penggal", "cincang")
    many = [f"kalau ketemu pendeta itu langsung {word} aja" for word in words]
    assert len(rank("kalau ketemu pendeta itu langsung", candidates(many)).posts) == 5


def test_copies_are_the_same_text_and_it_with_an_addition():
    assert copies_of(POSTS[0], candidates()) == [(0, 1.0), (1, 1.0), (2, 0.97)]


WORDS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9), min_size=6, max_size=16
)


@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_a_post_is_always_found_by_its_own_text_and_never_by_one_with_another_word(posts, data):
    texts = [" ".join(words) for words in posts]
    place = data.draw(st.integers(0, len(texts) - 1))
    assume(not words_of(texts[place]).is_short)
    state, shown = found(texts[place], texts)
    assert state == "located"
    assert place in shown
    word = data.draw(st.integers(0, len(posts[place]) - 1))
    changed = list(posts[place])
    changed[word] = "zzqqxxkkvv"
    assert found(" ".join(changed), texts)[0] != "located"


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=5), st.booleans())
def test_no_texts_make_it_fail(query, texts, picture):
    result = rank([query], candidates(texts), picture=picture, handle=query)
    assert all(0 <= sure <= 1 for _, sure in result.posts)
    assert result.state in {"located", "ambiguous", "not_found"}


def test_the_index_is_asked_for_long_words_and_not_for_a_cut_one():
    together, any_of = search_terms("Someone should drag that corrupt magistrate out and ha")
    assert "magistrate" in together
    assert "ha" not in any_of
    assert "that" not in any_of
    assert any_of.index("magistrate") < any_of.index("drag")


def test_words_that_were_run_together_are_asked_for_in_pieces():
    pieces = search_pieces("pejabatkorupitu dibakar")
    assert any(piece in "pejabat korup itu" for piece in pieces)
    assert search_pieces("short words only") == []
    together, _ = search_terms("pejabatkorupitu gantung semua nanti")
    assert "pejabatkorupitu" not in together


@given(st.text(max_size=200), st.integers(1, 20))
def test_terms_are_never_empty_words_and_never_too_many(text, limit):
    together, any_of = search_terms(text, limit)
    assert len(together) <= 4
    assert len(any_of) <= 2 * limit
    assert all(term.strip() for term in [*together, *any_of])
