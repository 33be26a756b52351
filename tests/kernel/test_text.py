from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from venire.kernel.near import NEAR
from venire.kernel.text import (
    fold,
    is_quoted,
    normal_form,
    shingles,
    similarity,
    sketch,
)

_DISGUISES = st.text(
    st.one_of(
        st.sampled_from("killhangKILL b1u0n3u$h@!*.-_ \n\u200b\u0301аеосіᴋΚ𝗸ｋ🔪🇺🇸👨🏿‍\"'?%9"),
        st.characters(),
    ),
    max_size=60,
)


@given(_DISGUISES)
@example("i. i i i ii")
@example("℃ 🇰 🇮🇱")
def test_folding_twice_changes_nothing(text):
    once = fold(text)
    assert fold(once.text).text == once.text


@given(_DISGUISES)
def test_every_folded_letter_points_into_the_original_in_rising_order(text):
    folded = fold(text)
    offsets = list(folded.offsets)
    assert len(offsets) == len(folded.text)
    assert offsets == sorted(offsets)
    assert all(0 <= at < len(text) for at in offsets)


@given(_DISGUISES)
@example("a, b, c - d")
@example("@a @b")
def test_a_normal_form_is_its_own_normal_form(text):
    normal = normal_form(text)
    assert normal_form(normal) == normal


@given(_DISGUISES, st.integers(-3, 70), st.integers(-3, 70))
def test_quotation_is_decided_for_any_text_and_span(text, start, end):
    assert is_quoted(text, start, end) in {True, False}


@pytest.mark.parametrize(
    "disguised",
    [
        "KILL them",
        "k i l l them",
        "k.i.l.l them",
        "k\ni\nl\nl them",
        "k1ll th3m",
        "K!LL them",
        "𝗞𝗶𝗹𝗹 𝓽𝓱𝓮𝓶",
        "ｋｉｌｌ ｔｈｅｍ",
        "кіll тhем",
        "k\u200bi\u2060l\u00adl them",
        "k\u0336i\u0336l\u0336l them",
        "kiiiillll themmmm",
        "k*ll them",
        "ki-ll them",
        "🅺🅸🅻🅻 them",
        "🇰 🇮 🇱 🇱 them",
        "Ꮶιʟʟ them",
    ],
)
def test_a_disguise_comes_off_and_the_span_covers_the_disguised_letters(disguised):
    folded = fold(disguised)
    assert folded.text == "kill them"
    start, end = folded.span(0, 4)
    assert fold(disguised[start:end]).text == "kill"
    assert fold(disguised[end:]).text.strip() == "them"


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("b u n u h dia", "bunuh dia"),
        ("t3mb4k mereka", "tembak mereka"),
        ("k i l l t h e m a l l", "kill them all"),
        ("@ssassinate h1m!", "assassinate him!"),
        ("b*nuh", "bunuh"),
    ],
)
def test_words_of_both_languages_are_found_under_a_disguise(disguised, plain):
    assert fold(disguised).text == plain


@pytest.mark.parametrize(
    "plain",
    [
        "in 1945, 4th of may, 80s, covid19, 7pm, mp3",
        "world war iii",
        "€100 and 1,000.50 at 20%",
        "1 2 3 4",
        "a well-known end.start",
        "muslims 👨🏿 🇺🇸🇬🇧",
        "你好 สวัสดี हिन्दी",
    ],
)
def test_numbers_and_plain_words_stay_as_they_are(plain):
    assert fold(plain).text == plain


def test_a_weapon_emoji_is_read_as_its_word():
    assert fold("🔪them").text.split() == ["knife", "them"]
    assert fold("🔪them").span(1, 6) == (0, 1)


@pytest.mark.parametrize(
    "copy",
    [
        "hang them all",
        "HANG THEM ALL!!!",
        "  Hang   them, all... ",
        "@one @two@example.org hang them all",
        "hang them all https://example.org/x @friend",
        "h@ng th3m a l l",
        "“Hang them all”",
        "hаng thеm аll",
    ],
)
def test_copies_share_one_normal_form(copy):
    assert normal_form(copy) == "hang them all"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hang them all", "do not hang them all"),
        ("hang them all", "hang them all?"),
        ("jangan bunuh dia", "bunuh dia"),
        ("5 of them", "50 of them"),
        ("1.5 percent", "15 percent"),
        ("pay 50", "pay 50%"),
        ("i hate 🇨🇳", "i hate 🇺🇸"),
        ("i hate 👨🏿", "i hate 👨🏻"),
        ("the rapist", "therapist"),
        ("I love 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
         "I love 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"),
        ("world war ii", "world war iii"),
        ("кот", "кит"),
    ],
)  # fmt: skip
def test_texts_of_different_meaning_never_share_a_normal_form(one, other):
    assert normal_form(one) != normal_form(other)


def test_a_text_of_handles_alone_keeps_them():
    assert normal_form("@bob") == "bob"
    assert normal_form("!!!") == ""


def test_shingles_and_sketch_are_the_same_on_every_machine():
    assert sorted(shingles("hang them"))[:2] == [6142205852668038506, 13362245347674045636]
    assert sketch("hang them", 2) == (6142205852668038506, 13362245347674045636)
    assert shingles("") == frozenset()
    assert len(shingles("abc")) == 1
    assert shingles("the rapist") == shingles("therapist")


_PLAIN = """
we will hang every traitor of the old regime in front parliament on friday evening with their own
ropes while people watch and sing louder than drums
"""
_WORDS = st.lists(st.sampled_from(_PLAIN.split()), min_size=10, max_size=30, unique=True)


@given(_WORDS, st.integers(0, 9))
def test_a_copy_with_a_word_added_is_near_and_shares_its_sketch(words, at):
    normal = " ".join(words)
    copy = " ".join([*words[:at], "really", *words[at:]])
    assert similarity(normal, copy) >= NEAR
    assert len(set(sketch(normal)) & set(sketch(copy))) >= 2


@given(_WORDS, _WORDS)
def test_similarity_is_symmetric_and_within_bounds(one, other):
    a, b = " ".join(one), " ".join(other)
    assert similarity(a, b) == similarity(b, a)
    assert 0.0 <= similarity(a, b) <= 1.0
    assert similarity(a, a) == 1.0


def test_an_appended_phrase_keeps_two_texts_near():
    text = "we will hang every one of the traitors at the capitol on friday"
    assert similarity(text, text + " pass it on patriots 1776 now") >= NEAR


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kill them", "bill them"),
        ("hang them all", "bang them all"),
        ("we will hang every one of the traitors", "we will not hang every one of the traitors"),
        ("bunuh dia", "buruh dia"),
    ],
)
def test_short_or_negated_texts_are_near_only_when_almost_the_same(one, other):
    assert similarity(one, other) < NEAR


def _said(text, words):
    start = text.index(words)
    return is_quoted(text, start, start + len(words))


@pytest.mark.parametrize(
    "text",
    [
        'Someone wrote "kill them all" under my photo. Disgusting.',
        "He told the crowd “kill them all” and was cheered.",
        "Police say the man threatened to kill them all on Monday.",
        "> kill them all\nWho writes such things?",
        "A man was arrested for a post saying kill them all",
        "According to the indictment he wanted to kill them all",
    ],
)
def test_a_quoted_or_reported_threat_is_quoted(text):
    assert _said(text, "kill them all")


def test_an_indonesian_report_is_quoted():
    assert _said('Polisi menangkap pria yang menulis "bunuh mereka" di grup', "bunuh mereka")


@pytest.mark.parametrize(
    "text",
    [
        '"kill them all"',
        "> kill them all",
        'Kill them all, I say. "Freedom"',
        'He said "kill them all" and he is right, patriots',
        "I said kill them all",
    ],
)
def test_a_threat_in_its_writers_own_voice_is_not_quoted(text):
    assert not _said(text.lower(), "kill them all")
