from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.notices.model import ReadLine, ReadPicture
from venire.notices.screenshot import age_of, shown_post


def picture(*rows: str | tuple[str, int] | Sequence[str], gap: int = 20) -> ReadPicture:
    """Lines from the top, 40 pixels high; (text, height), or pieces side by side as a list."""
    lines: list[ReadLine] = []
    top = 300
    for row in rows:
        text, height = row if isinstance(row, tuple) else (row, 40)
        left = 20
        for piece in text if isinstance(text, list) else [text]:
            right = left + 20 * len(piece)
            lines.append(ReadLine(piece, left, top, right, top + height, 0.98))
            left = right + 60
        top += height + gap
    return ReadPicture(1080, 2000, tuple(lines), "none")


HEAD = ("Jamie Rivers", "@jamie_10 · 8h")
BODY = ("They should all be dragged out", "of the town hall tonight")
TEXT = "\n".join(BODY)


def test_head_body_and_counters_are_told_apart():
    post = shown_post(picture(*HEAD, *BODY, "12 replies 3 reposts 204 likes"))
    assert post.bodies == (TEXT,)
    assert (post.handle, post.display_name, post.age_ms) == (
        "jamie_10",
        "Jamie Rivers",
        8 * HOUR_MS,
    )
    assert post.confidence == 0.98


@pytest.mark.parametrize(
    "head",
    [
        ("Jamie Rivers @jamie_10 · 8h",),
        ("Jamie Rivers", "@jamie_10"),
        ("Post", "Jamie Rivers", "@jamie_10 8 jam lalu"),
        ("@ Jamie Rivers", "@jamie_10 : 8h"),
        ("Jamie Rivers", "@jamie_10@social.example"),
        ("Jamie Rivers", "@jamie 10@social.example"),
        ("Jamie Rivers", "©jamie_10 · 8h"),
        ("Jamie Rivers", "@jamie_10 - Gh"),
        ("© Jamie Rivers @jamie_10-8h",),
        ("Ozark Wolf reposted", "Jamie Rivers @jamie_10 · 8h", "Replying to @mayor_lee"),
        ("Jamie Rivers", "@jamie_10", "Follow"),
        ("Jamie Rivers", "@jamie_10", "8h"),
    ],
)
def test_a_head_is_read_in_every_shape(head):
    post = shown_post(picture(*head, *BODY))
    assert post.bodies[0] == TEXT
    assert post.handle == "jamie_10"
    assert "Jamie Rivers" in post.display_name


@pytest.mark.parametrize(
    "foot",
    [
        (
            "10:42 PM · Jan 6, 2021 · Parler for iPhone",
            "1,204 Reposts 87 Quotes",
            "Post your reply",
        ),
        ("22.42 · 6 Jan 2021", "Balas Posting ulang Suka Bagikan"),
        (["12", "3", "204", "1.2K"],),
        ("4 replies 78reposts 161 votes", "Someone else's words below"),
        ("Reply Repost Like Share", "Home Search Notifications Messages"),
        ("♡",),
    ],
)
def test_what_surely_is_the_apps_is_cut_off_below(foot):
    assert shown_post(picture(*HEAD, *BODY, *foot)).bodies == (TEXT,)


@pytest.mark.parametrize("line", ["Jan 6", "1776", "10:42 PM", "Like Share", "12 3"])
def test_what_may_belong_to_the_body_is_given_with_and_without(line):
    post = shown_post(picture(*HEAD, *BODY, line))
    assert set(post.bodies) == {TEXT, f"{TEXT}\n{line}"}


def test_a_small_line_apart_may_be_misread_counters():
    post = shown_post(picture(*HEAD, *BODY, ("", 40), ("tl Z repiies", 22)))
    assert set(post.bodies) == {TEXT, f"{TEXT}\ntl Z repiies"}


@pytest.mark.parametrize(
    "body",
    [
        ("@mayor_lee we know where you live.", "the rope is ready"),
        ("@mayor_lee", "we know where you live"),
        ("12 hours left. Then we burn it", "down!!"),
        ("Home is where they will die", "like it or not"),
        ("Share this with 10 people", "and vote with rope"),
        ("Bakar!",),
        ("go on @mayor_lee", "hang yourself"),
    ],
)
def test_no_line_of_a_body_is_lost(body):
    post = shown_post(picture(*HEAD, *body, "12 replies 3 reposts 204 likes"))
    assert post.bodies[0] == "\n".join(body)
    assert post.handle == "jamie_10"


def test_only_the_first_of_two_posts_is_read():
    below = ("Weather Desk @weather · 2h", "Rain in the north until noon")
    assert shown_post(picture(*HEAD, *BODY, *below)).bodies == (TEXT,)
    below = ("Weather Desk", "@weather · 2h", "Rain in the north until noon")
    assert shown_post(picture(*HEAD, *BODY, *below)).bodies == (TEXT,)


def test_a_picture_cropped_to_the_body_is_read_whole():
    post = shown_post(picture(*BODY))
    assert post.bodies[0] == TEXT
    assert post.handle == ""


def test_a_picture_cropped_to_a_mention_and_the_body_is_read_either_way():
    post = shown_post(picture("@mayor_lee", *BODY))
    assert TEXT in post.bodies
    assert f"@mayor_lee\n{TEXT}" in post.bodies


def test_the_phones_bar_and_the_portrait_are_left_out():
    lines = (
        ReadLine("10:42", 60, 10, 160, 44, 0.99),
        ReadLine("LTE 83%", 800, 10, 1000, 44, 0.99),
        ReadLine("O", 10, 300, 110, 400, 0.6),
        *picture(*HEAD, *BODY).lines,
    )
    read = ReadPicture(1080, 2000, tuple(sorted(lines, key=lambda line: line.middle)), "none")
    assert shown_post(read).bodies == (TEXT,)


def test_a_text_that_goes_on_elsewhere_is_known_to_be_cut():
    post = shown_post(picture(*HEAD, *BODY, "and then we will… Show more"))
    assert post.cut_short
    assert post.bodies[0] == f"{TEXT}\nand then we will"
    assert not shown_post(picture(*HEAD, *BODY)).cut_short


@pytest.mark.parametrize("rows", [(), HEAD, ("10:42 LTE 83%",), ("O",)])
def test_a_picture_without_a_body_has_no_sure_one(rows):
    post = shown_post(picture(*rows))
    assert not any(TEXT in body for body in post.bodies)


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("8h", 8 * HOUR_MS),
        ("3 jam lalu", 3 * HOUR_MS),
        ("10 menit", 10 * MINUTE_MS),
        ("2 days ago", 2 * DAY_MS),
        ("1mo", 30 * DAY_MS),
        ("2 minggu", 14 * DAY_MS),
        ("5 hours", 5 * HOUR_MS),
        ("1s", 1000),
        ("just now", 0),
        ("kemarin", DAY_MS),
        ("soon", None),
        ("8 horses", None),
        ("", None),
    ],
)
def test_an_age_is_read_in_both_languages(written, ms):
    assert age_of(written) == ms


LINES = st.builds(
    lambda text, left, top, width, height, sure: ReadLine(
        text, left, top, left + width, top + height, sure
    ),
    st.text(max_size=60),
    st.integers(0, 1000),
    st.integers(0, 2000),
    st.integers(0, 500),
    st.integers(0, 100),
    st.floats(0, 1),
)


@given(st.lists(LINES, max_size=12))
def test_whatever_was_read_it_never_fails_and_adds_no_word(lines):
    read = ReadPicture(1080, 2000, tuple(sorted(lines, key=lambda line: line.middle)), "none")
    post = shown_post(read)
    there = "".join("".join(line.text.split()) for line in lines)
    for body in post.bodies:
        assert set("".join(body.split())) <= set(there)
    assert 0 <= post.confidence <= 1


@pytest.mark.parametrize(
    "head",
    ["@arif87·1 hari", "@tegar78·8 mnt", "@agus57·6 Jan", "@reads_wilf· 6 Jan", "@jo · Jan 6"],
)
def test_an_age_in_words_or_a_day_of_the_month_belongs_to_the_head(head):
    post = shown_post(picture("Jamie Rivers", head, *BODY, "12 replies 3 reposts 204 likes"))
    assert post.bodies[0] == TEXT
    assert post.handle == head[1:].split("·")[0].strip()
