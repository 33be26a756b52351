"""range: order, prefixes, bounds, pages, both directions, on every engine."""

from __future__ import annotations

import itertools

import pytest

from tests.conformance.tables import (
    BOOKS,
    FEED,
    LINES,
    MARKS,
    NOTES,
    SESSIONS,
    Book,
    FeedRow,
    Line,
    Mark,
    Note,
    Session,
)
from venire.kernel.errors import Refused
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio

LOWEST, HIGHEST = -(2**63), 2**63 - 1


async def fill(storage, table, rows):
    for row in rows:
        await storage.put(table, row)


async def test_rows_come_in_the_order_of_the_table(storage):
    await fill(storage, LINES, [Line(1, at, n) for at in (2, 3, 1) for n in (9, 7)])
    await fill(storage, MARKS, [Mark(1, name) for name in "cab"])

    lines = await storage.range(LINES, (1,))
    assert [(line.at_ms, line.id) for line in lines] == [
        (3, 9), (3, 7), (2, 9), (2, 7), (1, 9), (1, 7),
    ]  # fmt: skip
    assert [mark.name for mark in await storage.range(MARKS, (1,))] == ["a", "b", "c"]


async def test_reverse_goes_against_the_order_of_the_table(storage):
    await fill(storage, LINES, [Line(1, at, 0) for at in (2, 3, 1)])
    await fill(storage, MARKS, [Mark(1, name) for name in "cab"])

    assert [line.at_ms for line in await storage.range(LINES, (1,), reverse=True)] == [1, 2, 3]
    assert [m.name for m in await storage.range(MARKS, (1,), reverse=True, limit=2)] == ["c", "b"]


async def test_a_partition_shows_nothing_of_its_neighbours(storage):
    await fill(storage, LINES, [Line(owner, at, 0) for owner in (0, 1, 2) for at in (1, 2)])
    await fill(storage, BOOKS, [Book(1, shelf, 1, "", b"") for shelf in ("", "a", "A", "aa")])

    assert await storage.range(LINES, (1,)) == [Line(1, 2, 0), Line(1, 1, 0)]
    assert await storage.range(BOOKS, (1, "a")) == [Book(1, "a", 1, "", b"")]
    assert await storage.range(LINES, (3,)) == []


async def test_text_sorts_by_its_utf8_bytes(storage):
    # In UTF-16 the emoji would come before U+FFFF; a locale would put é beside e.
    names = ["\uffff", "😀", "z", "é", "e\u0301", "e", "Z", "", "\x00", "zz", "İ", "ı"]
    await fill(storage, MARKS, [Mark(1, name) for name in names])

    found = [mark.name for mark in await storage.range(MARKS, (1,))]

    assert found == sorted(names, key=str.encode)
    assert found[-2:] == ["\uffff", "😀"]


async def test_bytes_sort_as_unsigned(storage):
    tokens = [b"\x80", b"\x7f", b"", b"\x00", b"\x00\x00", b"\xff", b"a"]
    await fill(storage, SESSIONS, [Session(1, token) for token in tokens])

    found = [session.token for session in await storage.range(SESSIONS, (1,))]

    assert found == sorted(tokens, reverse=True)


async def test_numbers_sort_as_numbers_to_both_ends(storage):
    numbers = [0, HIGHEST, LOWEST, -1, 10, 9, HIGHEST - 1, LOWEST + 1]
    await fill(storage, LINES, [Line(1, number, number) for number in numbers])

    up = await storage.range(LINES, (1,), reverse=True)
    assert [line.id for line in up] == sorted(numbers)
    above = await storage.range(LINES, (1,), above=(HIGHEST - 1,))
    assert [line.id for line in above] == [HIGHEST]
    below = await storage.range(LINES, (1,), below=(LOWEST + 1, LOWEST + 1))
    assert [line.id for line in below] == [LOWEST]


async def test_bounds_are_exclusive_whatever_the_direction(storage):
    await fill(storage, LINES, [Line(1, at, 0) for at in range(6)])

    for reverse in (False, True):
        found = await storage.range(LINES, (1,), above=(1, 0), below=(4, 0), reverse=reverse)
        assert [line.at_ms for line in found] == ([2, 3] if reverse else [3, 2])


async def test_a_bound_that_names_fewer_columns_excludes_all_that_share_them(storage):
    await fill(storage, LINES, [Line(1, at, n) for at in (1, 2, 3) for n in (LOWEST, 0, HIGHEST)])

    above = await storage.range(LINES, (1,), above=(2,))
    below = await storage.range(LINES, (1,), below=(2,))

    assert {line.at_ms for line in above} == {3}
    assert {line.at_ms for line in below} == {1}
    assert len(above) == len(below) == 3


async def test_bounds_of_different_lengths_work_together(storage):
    await fill(storage, LINES, [Line(1, at, n) for at in (1, 2, 3) for n in (1, 2, 3)])

    found = await storage.range(LINES, (1,), above=(1, 2), below=(3,))

    assert [(line.at_ms, line.id) for line in found] == [(2, 3), (2, 2), (2, 1), (1, 3)]


async def test_a_bound_compares_column_by_column_not_each_alone(storage):
    await fill(storage, LINES, [Line(1, at, n) for at in (1, 2, 3) for n in (1, 5, 9)])

    found = await storage.range(LINES, (1,), above=(2, 5))

    assert [(line.at_ms, line.id) for line in found] == [(3, 9), (3, 5), (3, 1), (2, 9)]


async def test_a_prefix_may_reach_into_the_clustering_columns(storage):
    rows = [
        Book(1, "s", n, title, mark)
        for n, title, mark in itertools.product((1, 2), ("", "a", "b"), (b"", b"\x00", b"x"))
    ]
    await fill(storage, BOOKS, rows)

    assert await storage.range(BOOKS, (1, "s", 2)) == [row for row in rows if row.n == 2]
    assert await storage.range(BOOKS, (1, "s", 2, "a")) == rows[12:15]
    assert await storage.range(BOOKS, (1, "s", 2, "a", b"x")) == [rows[14]]
    assert await storage.range(BOOKS, (1, "s", 2, "a"), above=(b"",)) == rows[13:15]
    assert await storage.range(BOOKS, (1, "s", 2), below=("a", b"x")) == rows[9:14]
    assert await storage.range(BOOKS, (1, "s", 2), above=("a",), reverse=True) == rows[15:18][::-1]


async def test_pages_follow_each_other_without_gap_or_repeat(storage):
    rows = [Line(1, at, n) for at in range(5) for n in range(5)]
    await fill(storage, LINES, rows)

    met: list[Line] = []
    below = None
    while page := await storage.range(LINES, (1,), below=below, limit=4):
        met += page
        below = (page[-1].at_ms, page[-1].id)

    assert met == rows[::-1]


async def test_a_page_stays_in_place_while_newer_rows_arrive(storage):
    await fill(storage, LINES, [Line(1, at, 0) for at in range(4)])
    first = await storage.range(LINES, (1,), limit=2)

    await fill(storage, LINES, [Line(1, 9, 0)])
    second = await storage.range(LINES, (1,), below=(first[-1].at_ms, first[-1].id), limit=2)

    assert [line.at_ms for line in first + second] == [3, 2, 1, 0]


async def test_bounds_that_cross_or_touch_hold_nothing(storage):
    await fill(storage, LINES, [Line(1, at, 0) for at in range(4)])

    assert await storage.range(LINES, (1,), above=(2,), below=(1,)) == []
    assert await storage.range(LINES, (1,), above=(2, 0), below=(2, 0)) == []
    assert await storage.range(LINES, (1,), above=(1,), below=(2,)) == []


async def test_a_bound_need_not_be_a_row(storage):
    await fill(storage, LINES, [Line(1, at, 0) for at in (1, 5)])

    assert await storage.range(LINES, (1,), above=(3, 7)) == [Line(1, 5, 0)]


async def test_a_limit_of_nothing_gives_nothing(storage):
    await fill(storage, LINES, [Line(1, 1, 1)])

    assert await storage.range(LINES, (1,), limit=0) == []


async def test_the_usual_limit_is_forty(storage):
    await storage.commit("owner:1", [Put(LINES, Line(1, at, 0)) for at in range(50)])

    assert len(await storage.range(LINES, (1,))) == 40


async def test_a_range_over_a_table_without_clustering_is_its_row(storage):
    await fill(storage, NOTES, [Note(1), Note(2)])

    assert await storage.range(NOTES, (1,)) == [Note(1)]


async def test_rebuildable_rows_are_read_the_same_way(storage):
    writes = [Put(FEED, FeedRow(1, n, 0)) for n in (3, 1, 2)]
    await storage.rebuild("feeds", 1, writes)

    assert [row.id for row in await storage.range(FEED, (1,), below=(3,))] == [2, 1]


@pytest.mark.parametrize(
    ("code", "table", "prefix", "bounds"),
    [
        ("partition_incomplete", LINES, (), {}),
        ("partition_incomplete", BOOKS, (1,), {}),
        ("key_does_not_fit", LINES, ("1",), {}),
        ("key_does_not_fit", LINES, (1, 2, 3, 4), {}),
        ("key_does_not_fit", LINES, (1, 2.0), {}),
        ("bound_does_not_fit", LINES, (1,), {"above": ()}),
        ("bound_does_not_fit", LINES, (1,), {"below": ("1",)}),
        ("bound_does_not_fit", LINES, (1,), {"below": (1, 2, 3)}),
        ("bound_does_not_fit", LINES, (1, 2, 3), {"below": (1,)}),
        ("bound_does_not_fit", LINES, (1,), {"above": (2**63,)}),
        ("limit_negative", LINES, (1,), {"limit": -1}),
    ],
)
async def test_what_cql_could_not_answer_is_refused(storage, code, table, prefix, bounds):
    with pytest.raises(Refused) as refused:
        await storage.range(table, prefix, **bounds)
    assert refused.value.code == code
