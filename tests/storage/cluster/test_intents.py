"""What a dead writer left half done is finished; what was lost on the way is found out."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.cluster.checks import Lossy, dying, leave_half_done, lose, soon, told
from tests.cluster.writer import number, write_version
from tests.conformance.tables import CLAIMS, HEADS, LINES, NOTES, Claim, Head, Line, Note
from venire.events import CaseChanged
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Refused, Unavailable
from venire.storage.engines.cql_driver import InDoubtError
from venire.storage.verbs import Put

pytestmark = [pytest.mark.anyio, pytest.mark.cluster, pytest.mark.timeout(120)]


async def test_an_intent_that_a_dead_writer_left_is_finished_by_the_next_reader(storage, other):
    await leave_half_done(storage)
    other._claims.grace_s = 0.1
    assert await other.range(LINES, (1,)) == []

    assert await other.get(HEADS, (1,)) == Head(1, 1)

    assert await other.range(LINES, (1,)) == [Line(1, 1, 0)]
    assert await other.get(CLAIMS, ("1-1",)) == Claim("1-1", 1)

    async def heard():
        return await told(other) == {"owner:1": [number(1, 1)]}

    await soon(heard)
    await soon_cleared(other, HEADS, (1,))


async def soon_cleared(storage, table, key):
    async def cleared():
        return (await storage._claims.find(table, key)).intent is None

    await soon(cleared)


@pytest.mark.parametrize("way", ["range", "scan", "get_many", "commit"])
async def test_every_way_to_a_head_finishes_what_it_finds(way, storage, other):
    await leave_half_done(storage)
    other._claims.grace_s = 0.1

    if way == "range":
        await other.range(HEADS, (1,))
    elif way == "scan":
        await other.scan(HEADS)
    elif way == "get_many":
        await other.get_many(HEADS, [(1,)])
    else:
        await write_version(other, 1, 2)

    assert Line(1, 1, 0) in await other.range(LINES, (1,))


async def test_what_is_finished_late_is_told_to_those_who_had_passed_its_place(storage, other):
    await leave_half_done(storage)
    other._claims.grace_s = 0.1
    await other.commit("case:9", [], [CaseChanged(9)])

    async def passed():
        return bool(await other.tail(0))

    await soon(passed)
    after = (await other.tail(0))[-1].sequence

    await other.get(HEADS, (1,))

    async def heard():
        return [e.event for e in await other.tail(after)] == [CaseChanged(number(1, 1))]

    await soon(heard)


async def test_a_row_that_follows_a_commit_keeps_the_intent_of_another(storage, other):
    other._claims.grace_s = 0.1
    with dying(storage), pytest.raises(asyncio.CancelledError):
        await storage.commit("owner:1", [Put(CLAIMS, Claim("a", 1)), Put(LINES, Line(1, 1, 1))])

    await other.commit("owner:1", [Put(HEADS, Head(1, 1)), Put(CLAIMS, Claim("a", 1))], expect=0)
    await other.get(CLAIMS, ("a",))

    assert await other.range(LINES, (1,)) == [Line(1, 1, 1)]


async def test_of_many_readers_who_find_an_intent_one_finishes_it(storage, other):
    await leave_half_done(storage)
    other._claims.grace_s = 0.1

    await asyncio.gather(*(other.get(HEADS, (1,)) for _ in range(20)))

    async def heard():
        return await told(other) == {"owner:1": [number(1, 1)]}

    await soon(heard)


async def test_a_later_write_is_not_undone_by_finishing_an_earlier_commit(storage, other):
    """Neither of a plain row nor of a guarded one."""
    await leave_half_done(storage)
    other._claims.grace_s = 0.1
    lapses_ms = SystemClock().now_ms() + 60_000
    await other.delete(LINES, Line(1, 1, 0))
    await other.put(CLAIMS, Claim("1-1", 1), expires_at_ms=lapses_ms)

    await other.get(HEADS, (1,))

    assert await other.range(LINES, (1,)) == []
    assert (await other._claims.find(CLAIMS, ("1-1",))).lapses_at_ms == lapses_ms


async def test_a_deleted_guarded_row_is_journaled_and_may_be_claimed_again(storage):
    await storage.put_if_absent(CLAIMS, Claim("ana", 1))
    await storage.delete(CLAIMS, Claim("ana", 1))

    assert (await storage.scan(CLAIMS))[0] == []
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2)) is None
    assert await storage.get(CLAIMS, ("ana",)) == Claim("ana", 2)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("losses", [["after"], ["before"], ["before", "before", "after"]])
@pytest.mark.parametrize("where", ["cas", "batch"])
async def test_a_lost_answer_is_found_out(where, losses, storage):
    lose(storage, where, *losses)

    await write_version(storage, 1, 1)

    assert await storage.get(HEADS, (1,)) == Head(1, 1)
    assert await told(storage) == {"owner:1": [number(1, 1)]}


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("loss", ["after", "before"])
async def test_a_claim_whose_answer_was_lost_is_made_once(loss, storage):
    lose(storage, "cas", loss)

    assert await storage.put_if_absent(CLAIMS, Claim("ana", 1)) is None
    assert await storage.put_if_absent(CLAIMS, Claim("ana", 2)) == Claim("ana", 1)


async def test_a_lost_answer_is_found_out_though_others_moved_on(storage, other):
    """Applied, not answered, and superseded before it could be read again."""

    class Slow(Lossy):
        async def cas(self, text, values):
            await self._driver.cas(text, values)
            storage._claims._driver = self._driver
            other._claims.grace_s = 0.05
            await write_version(other, 1, 2)
            await write_version(other, 1, 3)
            raise InDoubtError("WriteTimeout")

    storage._claims._driver = Slow(storage._claims._driver, [])
    await write_version(storage, 1, 1)

    assert await storage.get(HEADS, (1,)) == Head(1, 3)
    lines = await storage.range(LINES, (1,), reverse=True)
    assert [line.at_ms for line in lines] == [1, 2, 3]


async def test_a_closed_engine_says_so(storage):
    await storage.close()
    await storage.close()

    for attempt in (storage.get(NOTES, (1,)), storage.put(NOTES, Note(1)), storage.tail(0)):
        with pytest.raises(Unavailable) as closed:
            await attempt
        assert closed.value.code == "storage_closed"


async def test_a_table_that_is_not_guarded_is_not_claimed(storage):
    for attempt in (
        storage.put_if_absent(LINES, Line(1, 1, 1)),
        storage.compare_and_set(LINES, Line(1, 1, 1), Line(1, 1, 1)),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "table_not_guarded"
