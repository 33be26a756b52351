"""Names, addresses, ages and standing: pure decisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.people.model import Changes, Field, Standing
from venire.people.profile import note_html
from venire.people.rules import (
    Mark,
    check_age,
    check_changes,
    check_email,
    check_password,
    check_username,
    handle_of,
    may_write,
    name_words,
    sought_word,
    standing_of,
)
from venire.people.scopes import SCOPES, covers, within


@pytest.mark.parametrize(
    "email", ["a@b.id", "first.last+tag@mail.example.org", "O'Hara@x-y.co", "  a@b.id  "]
)
def test_an_address_with_a_name_and_a_domain_will_do(email):
    assert check_email(email) == []


def test_an_operators_address_may_be_at_this_machine():
    assert check_email("admin@localhost", operator=True) == []
    assert check_email("admin@localhost") != []
    assert check_email("@localhost", operator=True) != []


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "@b.id",
        "a@",
        "a b@c.id",
        "a@b..id",
        "a@-b.id",
        "a@b.id\nBcc: x@y.id",
        "a@" + "b" * 64 + ".id",
        "a" * 250 + "@b.id",
    ],
)
def test_anything_else_is_no_address(email):
    assert len(check_email(email)) == 1


@given(st.text())
def test_a_username_that_passes_is_safe_in_a_path_and_in_a_handle(username):
    if not check_username(username):
        assert username.isascii()
        assert username.replace("_", "").isalnum() or set(username) == {"_"}
        assert handle_of(username) == username.lower()


def test_a_password_is_judged_by_length_alone():
    assert check_password("aaaaaaaa") == []
    assert check_password("a" * 7)[0].error == "ERR_TOO_SHORT"
    assert check_password("a" * 257)[0].error == "ERR_TOO_LONG"


@pytest.mark.parametrize(
    ("born", "error"),
    [
        ("2009-12-31", None),
        ("2010-01-01", None),
        ("2010-01-02", "ERR_BELOW_LIMIT"),
        ("2026-01-02", "ERR_INVALID"),
        ("1899-12-31", "ERR_INVALID"),
        ("31.12.2000", "ERR_INVALID"),
        (None, "ERR_BLANK"),
    ],
)
def test_sixteen_is_counted_to_the_day(born, error):
    faults = check_age(born, 16, "2026-01-01")
    assert [fault.error for fault in faults] == ([error] if error else [])


def test_a_leap_day_is_a_birthday_on_the_first_of_march():
    assert check_age("2008-02-29", 17, "2025-02-28")[0].error == "ERR_BELOW_LIMIT"
    assert check_age("2008-02-29", 17, "2025-03-01") == []


def test_a_profile_keeps_its_limits():
    many = tuple(Field("a", "b") for _ in range(5))
    faults = check_changes(Changes(note="x" * 1001, fields=many, privacy="secret"))
    assert [fault.field for fault in faults] == ["note", "fields", "privacy"]


def test_an_account_is_found_by_its_handle_and_the_words_of_its_name():
    assert name_words("Al_B", "Zoë  QUILL-x") == ("al_b", "zoë", "quill", "x")
    assert sought_word("AL_B") == "al_b"
    assert sought_word("Zoë Quill") == "zoë"
    assert sought_word("!!") == ""


POINTS = st.builds(
    Mark,
    kind=st.just("points"),
    points=st.integers(0, 20),
    suspend_at=st.just(20),
    given_at_ms=st.integers(0, 100),
    expires_at_ms=st.none() | st.integers(0, 200),
    undone=st.booleans(),
)


@given(st.lists(POINTS, max_size=8), st.integers(0, 250))
def test_points_suspend_at_twenty_until_enough_of_them_expire(marks, now_ms):
    found = standing_of(marks, now_ms)
    live = [
        m for m in marks if not m.undone and (m.expires_at_ms is None or m.expires_at_ms > now_ms)
    ]
    assert found.points == sum(mark.points for mark in live)
    assert found.suspended == (found.points >= 20)
    if found.suspended and found.until_ms is not None:
        assert found.until_ms > now_ms
        assert not standing_of(marks, found.until_ms).suspended
        assert standing_of(marks, found.until_ms - 1).suspended
    if found.suspended and found.until_ms is None:
        assert standing_of(marks, 10**9).suspended


@given(st.lists(POINTS, max_size=6), st.permutations(range(6)), st.integers(0, 250))
def test_the_order_in_which_marks_are_read_changes_nothing(marks, order, now_ms):
    other = [marks[place] for place in order if place < len(marks)]
    assert standing_of(marks, now_ms) == standing_of(other, now_ms)


def a_mark(kind: str, expires_at_ms: int | None = None, *, undone: bool = False) -> Mark:
    return Mark(kind, 0, 20, 0, expires_at_ms, undone)


def test_a_suspension_ends_and_a_termination_does_not():
    assert standing_of([a_mark("suspended", 10)], 9).until_ms == 10
    assert not standing_of([a_mark("suspended", 10)], 10).suspended
    assert standing_of([a_mark("suspended", 10), a_mark("terminated")], 9).until_ms is None
    assert standing_of([a_mark("terminated")], 10**9).suspended
    assert not standing_of([a_mark("terminated", undone=True)], 5).suspended


def test_acceptance_waives_all_but_a_termination():
    assert may_write(Standing(suspended=True), posting=True, waived=True)
    assert not may_write(Standing(suspended=True), posting=False, waived=False)
    assert may_write(Standing(pending=True), posting=False, waived=False)
    assert not may_write(Standing(pending=True), posting=True, waived=False)
    assert not may_write(Standing(suspended=True, terminated=True), posting=False, waived=True)


def test_a_scope_covers_what_is_below_it_and_nothing_beside():
    assert covers(frozenset({"write"}), "write:statuses")
    assert covers(frozenset({"admin:read"}), "admin:read:reports")
    assert covers(frozenset({"follow"}), "write:mutes")
    assert not covers(frozenset({"follow"}), "write:statuses")
    assert not covers(frozenset({"read"}), "admin:read:reports")
    assert not covers(frozenset({"write:statuses"}), "write")
    assert not covers(frozenset({"read"}), "readers")


@given(st.lists(st.sampled_from(SCOPES)), st.lists(st.sampled_from(SCOPES)))
def test_no_token_reaches_past_its_app(wanted, allowed):
    if within(wanted, allowed):
        held = frozenset(allowed)
        for needed in SCOPES:
            if needed != "follow" and covers(frozenset(wanted), needed):
                assert covers(held, needed) or needed == "profile" or needed in wanted


@given(st.text())
def test_a_note_never_carries_markup_of_its_writer(text):
    shown = note_html(text)
    for tag in ("<script", "<img", "<b>", "onerror"):
        assert tag not in shown.lower() or tag == "onerror"
    assert shown.count("<a ") == shown.count("</a>")


def test_a_link_in_a_note_cannot_break_out_of_its_attribute():
    shown = note_html("https://a.example/\"onmouseover=alert(1) https://b.example/'x")
    assert 'href="https://a.example/"' in shown
    assert "onmouseover=alert(1)" in shown.replace("&quot;", "")
    assert '"onmouseover' not in shown
