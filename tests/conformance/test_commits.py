"""commit: all or nothing, one aggregate, one condition, bounded, on every engine."""

from __future__ import annotations

import anyio
import pytest

from tests.conformance.tables import (
    BODIES,
    CLAIMS,
    FEED,
    HEADS,
    LINES,
    MARKS,
    NOTES,
    Body,
    Claim,
    FeedRow,
    Head,
    Line,
    Mark,
    Note,
)
from venire.events import AccountCreated, CaseChanged
from venire.kernel.errors import Conflict, Refused
from venire.storage.verbs import Delete, Put

pytestmark = pytest.mark.anyio


async def everything(storage):
    return [(await storage.scan(table))[0] for table in (NOTES, BODIES, HEADS, LINES, MARKS)]


async def refused_with(storage, code, *arguments, error=Refused, **named):
    before = await everything(storage), await storage.tail(0)
    with pytest.raises(error) as raised:
        await storage.commit(*arguments, **named)
    assert raised.value.code == code
    assert (await everything(storage), await storage.tail(0)) == before


async def test_rows_of_one_aggregate_are_written_together_in_several_tables(storage):
    await storage.put(MARKS, Mark(1, "old"))

    await storage.commit(
        "owner:1",
        [
            Put(HEADS, Head(1, 1, "ana")),
            Put(LINES, Line(1, 5, 5)),
            Put(CLAIMS, Claim("ana", 1)),
            Delete(MARKS, Mark(1, "old")),
        ],
        [AccountCreated(1)],
    )

    assert await storage.get(HEADS, (1,)) == Head(1, 1, "ana")
    assert await storage.range(LINES, (1,)) == [Line(1, 5, 5)]
    assert await storage.get(CLAIMS, ("ana",)) == Claim("ana", 1)
    assert await storage.range(MARKS, (1,)) == []
    assert [envelope.event for envelope in await storage.tail(0)] == [AccountCreated(1)]


async def test_a_row_of_another_aggregate_is_refused(storage):
    writes = [Put(LINES, Line(1, 5, 5)), Put(LINES, Line(2, 5, 5))]
    await refused_with(storage, "foreign_aggregate", "owner:1", writes, [AccountCreated(1)])
    await refused_with(storage, "foreign_aggregate", "owner:1", [Delete(LINES, Line(2, 5, 5))])
    await refused_with(storage, "foreign_aggregate", "owner:01", [Put(LINES, Line(1, 5, 5))])


async def test_a_hundred_rows_are_a_commit_and_one_more_is_not(storage):
    writes = [Put(LINES, Line(1, at, 0)) for at in range(101)]
    await refused_with(storage, "commit_too_large", "owner:1", writes)

    await storage.commit("owner:1", writes[:100])

    assert len(await storage.range(LINES, (1,), limit=200)) == 100


async def test_more_than_64_kilobytes_are_not_a_commit(storage):
    writes = [Put(BODIES, Body(1, part, "x" * 10_000)) for part in range(7)]
    await refused_with(storage, "commit_too_large", "note:1", writes)

    await storage.commit("note:1", writes[:6])

    assert len(await storage.range(BODIES, (1,))) == 6


async def test_a_rebuildable_row_is_not_part_of_a_commit(storage):
    await refused_with(storage, "wrong_shelf", "feed:1", [Put(FEED, FeedRow(1, 2, 3))])


async def test_a_row_that_does_not_fit_takes_the_whole_commit_down(storage):
    writes = [Put(NOTES, Note(1)), Put(BODIES, Body(1, 2**63, ""))]
    await refused_with(storage, "row_does_not_fit", "note:1", writes)


async def test_two_head_rows_are_refused(storage):
    writes = [Put(HEADS, Head(1, 1)), Put(HEADS, Head(1, 2))]
    await refused_with(storage, "two_heads", "owner:1", writes)


async def test_of_two_writes_with_one_key_the_later_holds(storage):
    await storage.commit(
        "owner:1",
        [
            Put(LINES, Line(1, 1, 1, seen=True)),
            Put(LINES, Line(1, 1, 1, seen=False)),
            Put(MARKS, Mark(1, "gone")),
            Delete(MARKS, Mark(1, "gone")),
            Delete(MARKS, Mark(1, "kept")),
            Put(MARKS, Mark(1, "kept")),
        ],
    )

    assert await storage.range(LINES, (1,)) == [Line(1, 1, 1, seen=False)]
    assert await storage.range(MARKS, (1,)) == [Mark(1, "kept")]


async def test_the_first_version_expects_that_nobody_was_there(storage):
    await storage.commit("owner:1", [Put(HEADS, Head(1, 1))], expect=0)

    again = [Put(HEADS, Head(1, 1, "other")), Put(MARKS, Mark(1, "m"))]
    await refused_with(
        storage, "version_moved", "owner:1", again, [CaseChanged(1)], expect=0, error=Conflict
    )


async def test_a_version_moves_one_step_at_a_time(storage):
    for version in (1, 2, 3):
        await storage.commit("owner:1", [Put(HEADS, Head(1, version))], expect=version - 1)

    stale = [Put(HEADS, Head(1, 3, "late")), Put(MARKS, Mark(1, "late"))]
    await refused_with(storage, "version_moved", "owner:1", stale, expect=2, error=Conflict)
    ahead = [Put(HEADS, Head(1, 6))]
    await refused_with(storage, "version_moved", "owner:1", ahead, expect=5, error=Conflict)


async def test_a_conflict_says_which_version_is_there(storage):
    await storage.commit("owner:1", [Put(HEADS, Head(1, 1))], expect=0)

    with pytest.raises(Conflict) as conflict:
        await storage.commit("owner:1", [Put(HEADS, Head(1, 1))], expect=0)

    assert conflict.value.data["aggregate"] == "owner:1"


async def test_expect_needs_the_head_row_with_the_next_version(storage):
    mark = Put(MARKS, Mark(1, "m"))
    await refused_with(storage, "head_missing", "owner:1", [mark], expect=0)
    await refused_with(
        storage, "head_missing", "owner:1", [Delete(HEADS, Head(1, 0)), mark], expect=0
    )
    await refused_with(
        storage, "head_version_wrong", "owner:1", [Put(HEADS, Head(1, 1)), mark], expect=1
    )


async def test_of_many_who_expect_the_same_version_one_wins(storage):
    won: list[int] = []

    async def attempt(number: int) -> None:
        writes = [Put(HEADS, Head(1, 1, str(number))), Put(MARKS, Mark(1, str(number)))]
        try:
            await storage.commit("owner:1", writes, [CaseChanged(number)], expect=0)
        except Conflict:
            return
        won.append(number)

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(attempt, number)

    assert len(won) == 1
    assert await storage.get(HEADS, (1,)) == Head(1, 1, str(won[0]))
    assert await storage.range(MARKS, (1,)) == [Mark(1, str(won[0]))]
    assert [envelope.event for envelope in await storage.tail(0)] == [CaseChanged(won[0])]


async def test_of_many_who_claim_a_name_one_wins_and_the_others_see_who(storage):
    answers: dict[int, Claim | None] = {}

    async def attempt(owner: int) -> None:
        answers[owner] = await storage.put_if_absent(CLAIMS, Claim("ana", owner))

    async with anyio.create_task_group() as group:
        for owner in range(40):
            group.start_soon(attempt, owner)

    winner = await storage.get(CLAIMS, ("ana",))
    assert [owner for owner, there in answers.items() if there is None] == [winner.owner]
    assert all(there == winner for owner, there in answers.items() if owner != winner.owner)


async def test_of_many_who_compare_and_set_one_wins(storage):
    await storage.put(NOTES, Note(1, "free"))
    won: list[int] = []

    async def attempt(number: int) -> None:
        if await storage.compare_and_set(NOTES, Note(1, "free"), Note(1, f"taken by {number}")):
            won.append(number)

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(attempt, number)

    assert len(won) == 1
    assert await storage.get(NOTES, (1,)) == Note(1, f"taken by {won[0]}")


async def test_a_refusal_harms_none_of_its_neighbours(storage):
    async def attempt(number: int) -> None:
        row = Note(number, data=b"x" * (70_000 if number == 7 else 1))
        try:
            await storage.put(NOTES, row)
        except Refused:
            assert number == 7

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(attempt, number)

    assert {row.id for row in (await storage.scan(NOTES))[0]} == set(range(20)) - {7}


async def test_an_event_may_be_told_without_a_row(storage):
    await storage.commit("case:1", [], [CaseChanged(1)])

    assert [envelope.aggregate for envelope in await storage.tail(0)] == ["case:1"]
