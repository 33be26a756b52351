"""get, get_many, put, put_if_absent, compare_and_set, delete and scan, on every engine."""

from __future__ import annotations

import math

import msgspec
import pytest

from tests.conformance.tables import (
    BODIES,
    BOOKS,
    CLAIMS,
    FEED,
    JOTTINGS,
    LINES,
    MARKS,
    NOTES,
    SESSIONS,
    Body,
    Book,
    Claim,
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


async def test_a_row_that_was_never_put_is_not_there(storage):
    assert await storage.get(NOTES, (1,)) is None


@pytest.mark.parametrize("table", [NOTES, JOTTINGS], ids=lambda table: table.name)
async def test_a_row_comes_back_with_every_kind_of_value(storage, table):
    full = Note(
        1, "teks ☂", b"\x00\xff", flag=True, ratio=0.5,
        no_body="b", no_data=b"", no_flag=False, no_ratio=-1.5, no_number=7,
    )  # fmt: skip
    empty = Note(2)

    await storage.put(table, full)
    await storage.put(table, empty)

    found = await storage.get(table, (1,))
    assert found == full
    assert [type(value) for value in msgspec.structs.astuple(found)] == [
        int, str, bytes, bool, float, str, bytes, bool, float, int,
    ]  # fmt: skip
    assert await storage.get(table, (2,)) == empty


@pytest.mark.parametrize("table", [NOTES, JOTTINGS], ids=lambda table: table.name)
async def test_null_false_zero_and_empty_are_four_different_answers(storage, table):
    rows = [
        Note(1, no_flag=None, no_number=None, no_body=None, no_data=None),
        Note(2, no_flag=False, no_number=0, no_body="", no_data=b""),
        Note(3, no_flag=True, no_number=1, no_body="\x00", no_data=b"\x00"),
    ]
    for row in rows:
        await storage.put(table, row)

    assert await storage.get_many(table, [(1,), (2,), (3,)]) == rows


@pytest.mark.parametrize("table", [NOTES, JOTTINGS], ids=lambda table: table.name)
async def test_a_put_replaces_the_whole_row(storage, table):
    await storage.put(table, Note(1, "long", no_body="more", no_number=3))
    await storage.put(table, Note(1, "short"))

    assert await storage.get(table, (1,)) == Note(1, "short")


async def test_a_row_that_is_only_a_key_may_be_put_twice(storage):
    await storage.put(MARKS, Mark(1, "a"))
    await storage.put(MARKS, Mark(1, "a"))

    assert await storage.range(MARKS, (1,)) == [Mark(1, "a")]


@pytest.mark.parametrize("number", [LOWEST, LOWEST + 1, -1, 0, 2**53 + 1, HIGHEST])
async def test_numbers_of_64_bits_are_kept_exactly(storage, number):
    await storage.put(JOTTINGS, Note(number, no_number=number))

    assert await storage.get(JOTTINGS, (number,)) == Note(number, no_number=number)


@pytest.mark.parametrize("ratio", [0.1, -1e308, 5e-324, math.inf, -math.inf, 3.0])
async def test_real_numbers_are_kept_exactly(storage, ratio):
    await storage.put(JOTTINGS, Note(1, ratio=ratio))

    assert await storage.get(JOTTINGS, (1,)) == Note(1, ratio=ratio)


@pytest.mark.parametrize("text", ["", "\x00", "a\x00b", "é", "e\u0301", "😀", "İ", "'; --"])
async def test_text_is_kept_byte_for_byte(storage, text):
    await storage.put(NOTES, Note(1, text))
    await storage.put(MARKS, Mark(1, text))

    assert await storage.get(NOTES, (1,)) == Note(1, text)
    assert await storage.get(MARKS, (1, text)) == Mark(1, text)


async def test_names_that_differ_in_case_or_normal_form_are_different_keys(storage):
    names = ["Ana", "ana", "é", "e\u0301", "ana ", "ana\x00"]
    for n, name in enumerate(names):
        await storage.put(CLAIMS, Claim(name, n))

    assert [await storage.get(CLAIMS, (name,)) for name in names] == [
        Claim(name, n) for n, name in enumerate(names)
    ]


async def test_a_wide_row_comes_back(storage):
    row = Body(1, 0, "kata " * 8000)
    await storage.put(BODIES, row)

    assert await storage.get(BODIES, (1, 0)) == row


async def test_get_many_answers_in_the_order_asked_with_gaps_and_repeats(storage):
    for number in range(0, 200, 2):
        await storage.put(NOTES, Note(number))
    asked = [5, 4, 4, *range(150, -20, -1), 199, 198]

    found = await storage.get_many(NOTES, [(number,) for number in asked])

    assert [row and row.id for row in found] == [
        n if n % 2 == 0 and 0 <= n < 200 else None for n in asked
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 63, 64, 65, 129])
async def test_get_many_serves_any_number_of_keys(storage, count):
    await storage.commit("note:1", [Put(NOTES, Note(1))])

    found = await storage.get_many(NOTES, [(n,) for n in range(count)])

    assert found == [Note(1) if n == 1 else None for n in range(count)]


async def test_get_many_serves_keys_of_several_columns(storage):
    rows = [Line(1, 5, 5), Line(1, 5, 6), Line(2, 5, 5)]
    for row in rows:
        await storage.put(LINES, row)

    found = await storage.get_many(LINES, [(2, 5, 5), (1, 6, 5), (1, 5, 6), (1, 5, 5)])

    assert found == [rows[2], None, rows[1], rows[0]]


async def test_put_if_absent_writes_once_and_shows_who_was_first(storage):
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 1)) is None
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2)) == Claim("ana", 1)
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 1)) == Claim("ana", 1)

    assert await storage.get(CLAIMS, ("ana",)) == Claim("ana", 1)


async def test_compare_and_set_replaces_only_what_it_expects(storage):
    await storage.put(NOTES, Note(1, "a", no_number=1))

    assert not await storage.compare_and_set(NOTES, Note(1, "a"), Note(1, "b"))
    assert await storage.get(NOTES, (1,)) == Note(1, "a", no_number=1)
    assert await storage.compare_and_set(NOTES, Note(1, "a", no_number=1), Note(1, "b"))
    assert await storage.get(NOTES, (1,)) == Note(1, "b")


async def test_compare_and_set_does_not_make_a_row(storage):
    assert not await storage.compare_and_set(NOTES, Note(1), Note(1, "b"))
    assert await storage.get(NOTES, (1,)) is None


async def test_compare_and_set_compares_null_with_null(storage):
    await storage.put(NOTES, Note(1, no_body=None))

    assert not await storage.compare_and_set(NOTES, Note(1, no_body=""), Note(1, "b"))
    assert await storage.compare_and_set(NOTES, Note(1, no_body=None), Note(1, "b"))


async def test_compare_and_set_keeps_to_one_key(storage):
    with pytest.raises(Refused) as refused:
        await storage.compare_and_set(NOTES, Note(1), Note(2))
    assert refused.value.code == "key_changed"


async def test_a_deleted_row_is_gone_and_may_be_deleted_again(storage):
    await storage.put(NOTES, Note(1, "a"))
    await storage.put(NOTES, Note(2, "b"))

    await storage.delete(NOTES, Note(1, "whatever else"))
    await storage.delete(NOTES, Note(1))

    assert await storage.get_many(NOTES, [(1,), (2,)]) == [None, Note(2, "b")]


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
async def test_a_scan_meets_every_row_once_whatever_the_page(storage, limit):
    rows = [Book(o, s, n, "t", b"") for o in (1, 2) for s in ("", "x") for n in range(4)]
    for row in rows:
        await storage.put(BOOKS, row)

    met, cursor = [], None
    while True:
        page, cursor = await storage.scan(BOOKS, cursor, limit)
        assert len(page) <= limit
        met += page
        if cursor is None:
            break

    assert len(met) == len(rows)
    assert set(met) == set(rows)


async def test_a_scan_of_an_empty_table_ends_at_once(storage):
    assert await storage.scan(SESSIONS) == ([], None)


async def test_a_scan_of_rebuildable_rows_finds_them(storage):
    await storage.rebuild("feeds", 1, [Put(FEED, FeedRow(1, 2, 3))])

    assert (await storage.scan(FEED))[0] == [FeedRow(1, 2, 3)]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (NOTES, ()),
        (NOTES, (1, 2)),
        (NOTES, ("1",)),
        (NOTES, (True,)),
        (NOTES, (None,)),
        (NOTES, (2**63,)),
        (NOTES, (-(2**63) - 1,)),
        (LINES, (1, 2)),
        (CLAIMS, (b"ana",)),
        (SESSIONS, (1, "token")),
    ],
)
async def test_a_key_that_could_match_nothing_is_refused(storage, table, key):
    with pytest.raises(Refused) as refused:
        await storage.get(table, key)
    assert refused.value.code == "key_does_not_fit"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (NOTES, Note(2**63)),
        (NOTES, Note(1, no_number=-(2**63) - 1)),
        (NOTES, Note(id=True)),
        (NOTES, Note("1")),  # type: ignore[arg-type]
        (NOTES, Note(1, 5)),  # type: ignore[arg-type]
        (NOTES, Note(1, None)),  # type: ignore[arg-type]
        (NOTES, Note(1, b"bytes")),  # type: ignore[arg-type]
        (NOTES, Note(1, "\udc80")),
        (NOTES, Note(1, data="text")),  # type: ignore[arg-type]
        (NOTES, Note(1, flag=1)),  # type: ignore[arg-type]
        (NOTES, Note(1, ratio=math.nan)),
        (NOTES, Note(1, no_ratio=math.nan)),
        (NOTES, Note(1, ratio="1")),  # type: ignore[arg-type]
        (MARKS, Mark(1, None)),  # type: ignore[arg-type]
    ],
)
async def test_a_value_that_an_engine_would_alter_is_refused(storage, table, row):
    for write in (storage.put, storage.put_if_absent):
        with pytest.raises(Refused) as refused:
            await write(table, row)
        assert refused.value.code == "row_does_not_fit"
    assert await storage.scan(table) == ([], None)


async def test_an_empty_partition_key_is_refused_since_cql_has_none(storage):
    with pytest.raises(Refused) as refused:
        await storage.put(CLAIMS, Claim("", 1))
    assert refused.value.code == "key_empty"
    assert await storage.get(CLAIMS, ("",)) is None


async def test_an_empty_text_may_be_one_part_of_a_partition_key(storage):
    await storage.put(BOOKS, Book(1, "", 1, "", b""))

    assert await storage.range(BOOKS, (1, "")) == [Book(1, "", 1, "", b"")]


async def test_rebuildable_rows_are_not_written_by_the_other_verbs(storage):
    row = FeedRow(1, 2, 3)
    for attempt in (
        storage.put(FEED, row),
        storage.put_if_absent(FEED, row),
        storage.compare_and_set(FEED, row, row),
        storage.delete(FEED, row),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "wrong_shelf"


async def test_a_row_too_large_for_a_commit_is_refused_by_every_verb(storage):
    large = Body(1, 0, "x" * 70_000)
    for attempt in (
        storage.put(BODIES, large),
        storage.put_if_absent(BODIES, large),
        storage.compare_and_set(BODIES, large, large),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "commit_too_large"
    assert await storage.get(BODIES, (1, 0)) is None


async def test_a_row_of_sixty_kilobytes_is_accepted(storage):
    await storage.put(BODIES, Body(1, 0, "x" * 60_000))

    assert await storage.get(BODIES, (1, 0)) is not None


async def test_sessions_of_two_owners_do_not_mix(storage):
    await storage.put(SESSIONS, Session(1, b"a", "read"))
    await storage.put(SESSIONS, Session(2, b"a", "write"))
    await storage.delete(SESSIONS, Session(2, b"a"))

    assert await storage.get(SESSIONS, (1, b"a")) == Session(1, b"a", "read")
