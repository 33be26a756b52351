"""tail, cursors and rebuild, on every engine."""

from __future__ import annotations

import asyncio

import anyio
import msgspec
import pytest

from tests.conformance.tables import CLAIMS, FEED, LINES, NOTES, Claim, FeedRow, Line, Note
from venire.events import AccountCreated, CaseChanged, Followed
from venire.kernel.errors import Refused
from venire.storage.verbs import Delete, Put

pytestmark = pytest.mark.anyio


async def test_events_come_in_the_order_of_their_commits(storage, clock):
    first_ms = clock.now_ms()
    await storage.commit(
        "owner:1", [Put(LINES, Line(1, 1, 1))], [AccountCreated(1), Followed(1, 2)]
    )
    clock.advance(5)
    await storage.commit("case:2", [], [CaseChanged(2)])

    told = await storage.tail(0)

    assert [(e.aggregate, e.at_ms, e.event) for e in told] == [
        ("owner:1", first_ms, AccountCreated(1)),
        ("owner:1", first_ms, Followed(1, 2)),
        ("case:2", first_ms + 5, CaseChanged(2)),
    ]
    assert told[0].sequence == told[1].sequence < told[2].sequence
    assert len({envelope.id for envelope in told}) == 3


async def test_the_tail_goes_on_after_a_place(storage):
    for number in range(5):
        await storage.commit(f"case:{number}", [], [CaseChanged(number)])
    told = await storage.tail(0)

    assert await storage.tail(told[2].sequence) == told[3:]
    assert await storage.tail(told[-1].sequence) == []
    assert await storage.tail(told[1].sequence, 2) == told[2:4]


async def test_a_page_never_tears_a_commit_apart(storage):
    for number in range(3):
        await storage.commit(f"case:{number}", [], [CaseChanged(number), CaseChanged(number)])

    page = await storage.tail(0, 1)

    assert [envelope.event for envelope in page] == [CaseChanged(0), CaseChanged(0)]
    assert len(await storage.tail(page[-1].sequence, 2)) == 4


async def test_writes_without_events_are_not_in_the_tail(storage):
    await storage.put(NOTES, Note(1))
    await storage.put_if_absent(CLAIMS, Claim("ana", 1))
    await storage.commit("case:1", [], [CaseChanged(1)])
    await storage.compare_and_set(NOTES, Note(1), Note(1, "b"))
    await storage.delete(NOTES, Note(1))
    await storage.commit("owner:1", [Put(LINES, Line(1, 1, 1))])

    assert [envelope.event for envelope in await storage.tail(0, 1)] == [CaseChanged(1)]
    assert len(await storage.tail(0)) == 1


async def test_events_of_one_aggregate_keep_their_order_among_many(storage):
    async def speak(aggregate: int) -> None:
        for number in range(10):
            await storage.commit(f"case:{aggregate}", [], [Followed(aggregate, number)])

    async with anyio.create_task_group() as group:
        for aggregate in range(8):
            group.start_soon(speak, aggregate)

    told = await storage.tail(0)
    sequences = [envelope.sequence for envelope in told]
    assert sequences == sorted(set(sequences))
    for aggregate in range(8):
        said = [e.event.followee_id for e in told if e.aggregate == f"case:{aggregate}"]
        assert said == list(range(10))


async def test_what_is_acknowledged_is_in_the_tail_at_once(storage):
    for number in range(5):
        await storage.commit("case:1", [], [CaseChanged(number)])
        assert (await storage.tail(0))[-1].event == CaseChanged(number)


async def test_a_cursor_begins_at_nothing_and_is_where_it_was_put(storage):
    assert await storage.position("index") == 0

    await storage.advance("index", 7)
    await storage.advance("other", 2)

    assert await storage.position("index") == 7
    assert await storage.position("other") == 2


async def test_rebuilt_rows_and_their_cursor_move_together(storage):
    await storage.rebuild("feeds", 3, [Put(FEED, FeedRow(1, n, 0)) for n in range(3)])
    await storage.rebuild("feeds", 4, [Delete(FEED, FeedRow(1, 1, 0))])

    assert await storage.position("feeds") == 4
    assert [row.id for row in await storage.range(FEED, (1,))] == [2, 0]


async def test_a_rebuild_may_hold_more_than_a_commit_and_any_aggregate(storage):
    writes = [Put(FEED, FeedRow(owner, n, 0)) for n in range(30) for owner in range(10)]
    await storage.rebuild("feeds", 1, writes)

    assert len((await storage.scan(FEED))[0]) == 300


async def test_of_two_rebuilt_writes_with_one_key_the_later_holds(storage):
    row = FeedRow(1, 1, 0)
    await storage.rebuild(
        "feeds",
        1,
        [
            Put(FEED, FeedRow(1, 1, 5)),
            Put(FEED, FeedRow(1, 1, 6)),
            Put(FEED, FeedRow(2, 1, 0)),
            Delete(FEED, FeedRow(2, 1, 0)),
        ],
    )

    assert (await storage.scan(FEED))[0] == [FeedRow(1, 1, 6)]
    assert row not in (await storage.scan(FEED))[0]


async def test_rows_of_record_are_not_written_by_a_rebuild(storage):
    with pytest.raises(Refused) as refused:
        await storage.rebuild("feeds", 9, [Put(FEED, FeedRow(1, 1, 1)), Put(NOTES, Note(1))])

    assert refused.value.code == "wrong_shelf"
    assert await storage.position("feeds") == 0
    assert await storage.range(FEED, (1,)) == []


async def test_the_journal_holds_every_commit_with_events_or_none(storage, clock):
    await storage.put(NOTES, Note(1))
    clock.advance(3)
    await storage.put_if_absent(CLAIMS, Claim("ana", 1), expires_at_ms=clock.now_ms() + 9)
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2)) == Claim("ana", 1)
    await storage.commit("case:1", [], [CaseChanged(1)])
    assert not await storage.compare_and_set(NOTES, Note(1, "x"), Note(1, "c"))
    assert await storage.compare_and_set(NOTES, Note(1), Note(1, "b"))
    await storage.delete(NOTES, Note(1))

    told = await storage.journal(0)

    assert [[line[:2] for line in msgspec.msgpack.decode(one.writes)] for one in told] == [
        [["notes", "put"]],
        [["claims", "put"]],
        [],
        [["notes", "put"]],
        [["notes", "delete"]],
    ]
    assert [one.events is None for one in told] == [True, True, False, True, True]
    assert told[1].at_ms == told[0].at_ms + 3
    assert msgspec.msgpack.decode(told[1].writes)[0][3] == told[1].at_ms + 9
    assert [one.sequence for one in told] == sorted({one.sequence for one in told})


async def test_the_journal_goes_on_after_a_place(storage):
    for number in range(5):
        await storage.put(NOTES, Note(number))
    told = await storage.journal(0)

    assert await storage.journal(told[2].sequence) == told[3:]
    assert await storage.journal(told[1].sequence, 2) == told[2:4]
    assert await storage.journal(told[-1].sequence) == []
    with pytest.raises(Refused):
        await storage.journal(0, -1)


async def test_the_journal_and_the_tail_name_the_same_places(storage):
    for number in range(4):
        await storage.put(NOTES, Note(number))
        await storage.commit("case:1", [], [CaseChanged(number)])

    told = [one.sequence for one in await storage.journal(0) if one.events]

    assert [envelope.sequence for envelope in await storage.tail(0)] == told


async def test_without_a_store_a_remote_commit_is_a_local_one(storage):
    async with asyncio.timeout(5):
        await storage.commit("case:1", [], [CaseChanged(1)], durable="remote")
        await storage.commit("case:1", [], [CaseChanged(2)], durable="strict")
        await storage.kept_elsewhere(strict=True)

    assert len(await storage.tail(0)) == 2
