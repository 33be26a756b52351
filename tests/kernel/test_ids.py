"""Ids: ordered by time, never twice, whatever the clock does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import ManualClock
from venire.kernel.errors import Refused
from venire.kernel.ids import IMPORT_NODE, Ids, id_at, id_ms, parse_id

NOW_MS = 1_767_225_600_000


def test_an_id_says_when_it_was_given():
    ids = Ids(ManualClock(NOW_MS), node=5)
    assert id_ms(ids.next()) == NOW_MS


def test_an_id_is_a_positive_number_of_63_bits_with_a_constant_number_of_digits():
    # Clients sort ids by length and then as text.
    lowest, highest = id_at(NOW_MS), id_at(NOW_MS + 100 * 365 * 86_400_000)
    assert 0 < lowest < highest < 1 << 63
    assert len(str(lowest)) == len(str(highest)) == 18


def test_ids_go_on_when_the_sequence_of_a_millisecond_is_used_up():
    ids = Ids(ManualClock(NOW_MS))
    given_ids = [ids.next() for _ in range(5000)]
    assert given_ids == sorted(set(given_ids))
    assert id_ms(given_ids[2047]) == NOW_MS
    assert id_ms(given_ids[2048]) == NOW_MS + 1


@given(steps=st.lists(st.integers(-5000, 5000), max_size=200), node=st.integers(0, 31))
def test_ids_rise_whatever_the_clock_does(steps, node):
    clock = ManualClock(NOW_MS)
    ids = Ids(clock, node=node)
    last = 0
    for step in steps:
        clock.advance(step)
        number = ids.next()
        assert number > last
        assert (number >> 11) & 31 == node
        last = number


@given(
    nodes=st.lists(st.integers(0, 31), min_size=2, max_size=5, unique=True),
    steps=st.lists(st.integers(-3, 3), max_size=50),
)
def test_different_nodes_never_give_the_same_id(nodes, steps):
    clock = ManualClock(NOW_MS)
    sources = [Ids(clock, node=node) for node in nodes]
    given_ids = []
    for step in steps:
        clock.advance(step)
        given_ids += [ids.next() for ids in sources]
    assert len(set(given_ids)) == len(given_ids)


@given(
    # Around the present: over the whole range hypothesis would seldom draw a floor above it.
    away_ms=st.integers(-1000, 1000),
    tail=st.integers(0, (1 << 16) - 1),
    node=st.integers(0, 31),
)
def test_nothing_at_or_below_the_highest_restored_is_given_again(away_ms, tail, node):
    floor = id_at(NOW_MS + away_ms) | tail
    ids = Ids(ManualClock(NOW_MS), node=node, floor=floor)
    assert ids.next() > floor
    assert ids.next() > floor


@pytest.mark.parametrize("node", [-1, 32])
def test_a_node_that_does_not_fit_is_refused(node):
    with pytest.raises(Refused) as refused:
        Ids(ManualClock(), node=node)
    assert refused.value.code == "node_out_of_range"


def test_the_node_for_imports_is_the_last():
    ids = Ids(ManualClock(NOW_MS), node=IMPORT_NODE)
    assert (ids.next() >> 11) & 31 == 31


@given(st.integers(0, (1 << 47) - 1))
def test_the_lowest_id_of_a_moment_bounds_that_moment(at_ms):
    assert id_ms(id_at(at_ms)) == at_ms
    assert id_ms(id_at(at_ms) - 1) == at_ms - 1


@given(st.integers(0, (1 << 63) - 1))
def test_an_id_written_as_text_is_read_again(number):
    assert parse_id(str(number)) == number


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", " 1", "1 ", "1\n", "1.0", "1e3", "0x1", "1_0", "٣", "²", "abc",
     str(1 << 63), "9" * 19, "1" * 20, "0" * 20, "9" * 5000],
)  # fmt: skip
def test_what_is_no_id_is_not_read(text):
    assert parse_id(text) is None


@given(st.text(max_size=30))
def test_reading_an_id_never_fails_and_never_leaves_63_bits(text):
    number = parse_id(text)
    assert number is None or 0 <= number < 1 << 63
