"""When a juror has to rest: `venire/jury/breaks.py`."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from venire.jury.breaks import Served, break_ends_ms

MINUTE = 60_000
AT = 1_767_225_600_000


class Rule(NamedTuple):
    break_after: int = 5
    break_after_minutes: int = 60
    break_minutes: int = 15


def hard(*minutes):
    return [Served(AT + minute * MINUTE, hard=True) for minute in minutes]


def easy(*minutes):
    return [Served(AT + minute * MINUTE, hard=False) for minute in minutes]


def ends(ballots, at_minute):
    found = break_ends_ms(ballots, Rule(), AT + at_minute * MINUTE)
    return None if found is None else (found - AT) / MINUTE


def test_five_hard_ballots_in_a_row_are_followed_by_a_break_and_four_are_not():
    assert ends(hard(0, 1, 2, 3), 4) is None
    assert ends(hard(0, 1, 2, 3, 4), 4) == 19
    assert ends(hard(0, 1, 2, 3, 4), 18.9) == 19
    assert ends(hard(0, 1, 2, 3, 4), 19) is None


def test_an_easy_ballot_ends_a_run_of_hard_ones():
    assert ends([*hard(0, 1, 2, 3), *easy(4), *hard(5, 6, 7, 8)], 9) is None
    assert ends([*easy(0), *hard(1, 2, 3, 4, 5)], 6) == 20


def test_an_hour_without_a_pause_is_enough_of_anything():
    assert ends(easy(*range(0, 60, 10)), 55) is None
    assert ends(easy(*range(0, 61, 10)), 61) == 75
    assert ends(easy(*range(0, 60, 10), 64), 65) == 79


def test_a_pause_as_long_as_a_break_starts_anew():
    assert ends(hard(0, 1, 2, 3, 18), 19) is None
    assert ends(hard(0, 1, 2, 3, 24), 25) is None
    assert ends(hard(0, 1, 2, 3, 17.9), 19) is not None
    assert ends(easy(*range(0, 51, 10), 65, 75), 76) is None


def test_a_ballot_cast_in_a_break_does_not_make_it_longer_by_itself():
    # A seat that was open may be voted in; the next break is earned anew.
    assert ends(hard(0, 1, 2, 3, 4, 6), 10) == 19
    assert ends(hard(0, 1, 2, 3, 4, 6, 7, 8, 9, 10), 11) == 25


@given(
    st.lists(st.builds(Served, st.integers(AT - 10**8, AT), st.booleans()), max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_ballots_are_read_does_not_matter(ballots, luck):
    mixed = list(ballots)
    luck.shuffle(mixed)
    assert break_ends_ms(ballots, Rule(), AT) == break_ends_ms(mixed, Rule(), AT)


@given(st.lists(st.builds(Served, st.integers(AT - 10**7, AT), st.booleans()), max_size=40))
def test_no_break_lasts_longer_than_the_rule_says(ballots):
    found = break_ends_ms(ballots, Rule(), AT)
    assert found is None or AT < found <= AT + 15 * MINUTE
    if len(ballots) < 5:
        span = max((one.at_ms for one in ballots), default=0) - min(
            (one.at_ms for one in ballots), default=0
        )
        assert found is None or span >= 60 * MINUTE
