"""Rows that lapse: the clock alone makes them go, a commit makes them stay."""

from __future__ import annotations

import pytest

from tests.conformance.tables import (
    CLAIMS,
    FEED,
    HEADS,
    LINES,
    SESSIONS,
    Claim,
    FeedRow,
    Head,
    Line,
    Session,
)
from venire.kernel.errors import Refused
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio

TEN_MINUTES = 600_000


async def test_a_row_is_there_until_its_moment_and_not_at_it(storage, clock):
    await storage.put(SESSIONS, Session(1, b"t"), expires_at_ms=clock.now_ms() + 100)

    clock.advance(99)
    assert await storage.get(SESSIONS, (1, b"t")) == Session(1, b"t")
    clock.advance(1)
    assert await storage.get(SESSIONS, (1, b"t")) is None


async def test_a_row_put_with_a_moment_in_the_past_was_never_there(storage, clock):
    await storage.put(SESSIONS, Session(1, b"t"), expires_at_ms=clock.now_ms())

    assert await storage.range(SESSIONS, (1,)) == []


async def test_a_row_without_a_moment_stays(storage, clock):
    await storage.put(SESSIONS, Session(1, b"t"))
    clock.advance(10**12)

    assert await storage.get(SESSIONS, (1, b"t")) == Session(1, b"t")


async def test_every_way_of_reading_passes_over_what_has_lapsed(storage, clock):
    now_ms = clock.now_ms()
    for n in range(6):
        lapses = now_ms + 10 if n % 2 else None
        await storage.put(SESSIONS, Session(1, bytes([n])), expires_at_ms=lapses)
        await storage.put(CLAIMS, Claim(f"n{n}", 1), expires_at_ms=lapses)
    clock.advance(10)

    left = [Session(1, bytes([n])) for n in (4, 2, 0)]
    assert await storage.range(SESSIONS, (1,)) == left
    assert await storage.range(SESSIONS, (1,), limit=2) == left[:2]
    assert set((await storage.scan(SESSIONS))[0]) == set(left)
    many = await storage.get_many(CLAIMS, [(f"n{n}",) for n in range(6)])
    assert [row is None for row in many] == [False, True] * 3


async def test_a_later_put_decides_anew_how_long_a_row_stays(storage, clock):
    now_ms = clock.now_ms()
    await storage.put(SESSIONS, Session(1, b"longer"), expires_at_ms=now_ms + 10)
    await storage.put(SESSIONS, Session(1, b"longer"), expires_at_ms=now_ms + 30)
    await storage.put(SESSIONS, Session(1, b"shorter"), expires_at_ms=now_ms + 30)
    await storage.put(SESSIONS, Session(1, b"shorter"), expires_at_ms=now_ms + 10)
    clock.advance(20)

    assert await storage.range(SESSIONS, (1,)) == [Session(1, b"longer")]


async def test_a_claim_lapses_by_itself(storage, clock):
    lapses = clock.now_ms() + TEN_MINUTES
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 1), expires_at_ms=lapses) is None
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2), expires_at_ms=lapses) is not None

    clock.advance(TEN_MINUTES)

    lapses = clock.now_ms() + TEN_MINUTES
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2), expires_at_ms=lapses) is None
    assert await storage.get(CLAIMS, ("ana",)) == Claim("ana", 2)


async def test_a_claim_that_a_commit_confirms_stays(storage, clock):
    lapses = clock.now_ms() + TEN_MINUTES
    await storage.put_if_absent(CLAIMS, Claim("ana", 1), expires_at_ms=lapses)
    clock.advance(TEN_MINUTES - 1)

    await storage.commit(
        "owner:1", [Put(CLAIMS, Claim("ana", 1)), Put(HEADS, Head(1, 1, "ana"))], expect=0
    )
    clock.advance(10 * TEN_MINUTES)

    assert await storage.get(CLAIMS, ("ana",)) == Claim("ana", 1)
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2)) == Claim("ana", 1)


async def test_a_commit_may_itself_write_what_lapses(storage, clock):
    lapses = clock.now_ms() + 10
    await storage.commit(
        "owner:1", [Put(SESSIONS, Session(1, b"t"), lapses), Put(LINES, Line(1, 1, 1))]
    )
    clock.advance(10)

    assert await storage.range(SESSIONS, (1,)) == []
    assert await storage.range(LINES, (1,)) == [Line(1, 1, 1)]


async def test_compare_and_set_sees_no_lapsed_row(storage, clock):
    await storage.put(CLAIMS, Claim("ana", 1), expires_at_ms=clock.now_ms() + 10)
    clock.advance(10)

    assert not await storage.compare_and_set(CLAIMS, Claim("ana", 1), Claim("ana", 2))
    assert await storage.get(CLAIMS, ("ana",)) is None


async def test_compare_and_set_leaves_the_moment_at_which_a_row_lapses(storage, clock):
    await storage.put(CLAIMS, Claim("lapses", 1), expires_at_ms=clock.now_ms() + 10)
    await storage.put(CLAIMS, Claim("stays", 1))

    assert await storage.compare_and_set(CLAIMS, Claim("lapses", 1), Claim("lapses", 2))
    assert await storage.compare_and_set(CLAIMS, Claim("stays", 1), Claim("stays", 2))
    clock.advance(9)
    assert await storage.get(CLAIMS, ("lapses",)) == Claim("lapses", 2)
    clock.advance(1)

    assert await storage.get(CLAIMS, ("lapses",)) is None
    assert await storage.get(CLAIMS, ("stays",)) == Claim("stays", 2)


async def test_a_lapsed_row_may_be_deleted(storage, clock):
    await storage.put(CLAIMS, Claim("ana", 1), expires_at_ms=clock.now_ms() + 10)
    clock.advance(10)
    await storage.delete(CLAIMS, Claim("ana", 1))

    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2)) is None


async def test_rebuildable_rows_lapse_too(storage, clock):
    lapses = clock.now_ms() + 10
    await storage.rebuild(
        "feeds", 1, [Put(FEED, FeedRow(1, 1, 1), lapses), Put(FEED, FeedRow(1, 2, 1))]
    )
    clock.advance(10)

    assert await storage.range(FEED, (1,)) == [FeedRow(1, 2, 1)]


async def test_a_moment_on_a_table_that_does_not_expire_is_refused(storage, clock):
    for write in (storage.put, storage.put_if_absent):
        with pytest.raises(Refused) as refused:
            await write(LINES, Line(1, 1, 1), expires_at_ms=clock.now_ms() + 10)
        assert refused.value.code == "table_does_not_expire"


async def test_a_moment_of_zero_is_a_moment(storage):
    await storage.put(SESSIONS, Session(1, b"t"), expires_at_ms=0)

    assert await storage.get(SESSIONS, (1, b"t")) is None
