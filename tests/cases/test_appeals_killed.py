"""`kill -9` at any write of an appeal, and every event told again: one end, once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.cases.attacks import messages_to, points, report, seen_by_others
from tests.kit.courthouse import MILD, THREAT, open_courthouse
from tests.people.house import Killed, MortalStorage
from venire.cases import appeals_filing, appeals_told, effects, reporters, steps
from venire.events import CaseStepped
from venire.kernel.errors import Conflict
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio

_HANDLERS = (effects.on_case_stepped, appeals_told.on_case_stepped, reporters.on_case_stepped)


class MortalHere(MortalStorage):
    """Dies under whoever asks, not under the record's own worker, which would die with it."""

    def __getattr__(self, name):
        current = asyncio.current_task()
        if current is not None and current.get_name() == "sequencer":
            return getattr(self._storage, name)
        return super().__getattr__(name)


async def until_it_lives(house, what, seed):
    """Do something that is killed again and again, at another write each time, until it is done."""
    storage = house.world.storage
    for attempt in range(60):
        mortal = MortalHere(storage, (attempt + seed) % 9, after=bool((attempt + seed) % 2))
        object.__setattr__(house.world, "storage", mortal)
        try:
            await what()
        except Killed:
            continue
        finally:
            object.__setattr__(house.world, "storage", storage)
        return
    raise AssertionError("it was never done")


async def stepped(house):
    """Every step that was told, in order."""
    told = await house.site.storage.tail(0, 10_000)
    return [one for one in told if isinstance(one.event, CaseStepped)]


async def outcomes(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    headers = [decode_entry(row.entry).header for row in rows]
    return Counter(
        one["outcome"] if one["type"] == "appeal" else one["type"]
        for one in headers
        if one["type"] in {"appeal", "correction", "lift", "measure"}
    )


async def file(house, author, case_id, reason):
    async def filing():
        await steps.advance(house.court, case_id)
        try:
            statement = (await author.get("/api/v1/statements")).json()
            if statement:
                await appeals_filing.appeal_statement(
                    house.court, author.id, int(statement[0]["id"]), reason
                )
        except Conflict as refused:
            # Acknowledged or not, it was durable before the power failed.
            if refused.code != "appealed_already":
                raise
        await steps.advance(house.court, case_id)

    return filing


@pytest.mark.parametrize("seed", range(6))
async def test_an_appeal_killed_at_every_write_is_filed_judged_and_corrected_once(tmp_path, seed):
    async with open_courthouse(tmp_path, jurors=18) as house:
        author = await house.site.member("author")
        post = await house.post(author, THREAT)
        await house.vote("violates")
        case_id = (await house.case_on(post)).id
        await until_it_lives(house, await file(house, author, case_id, "A play."), seed)
        await house.settle()
        waiting = await house.summoned()
        assert len(waiting) == 11
        for number, (juror, summons) in enumerate(waiting, 1):
            path = f"/api/v1/jury/summons/{summons['id']}"
            await juror.post(f"{path}/accept")
            cast = await juror.post(f"{path}/ballot", json={"vote": "keeps"})
            assert cast.status_code == 200
            if number < len(waiting):
                await house.settle()
        await until_it_lives(house, lambda: steps.advance(house.court, case_id), seed)
        for envelope in await stepped(house):
            for handler in _HANDLERS:
                await until_it_lives(house, lambda h=handler, e=envelope: h(house.court, e), seed)
        await house.settle()
        for envelope in await stepped(house):
            for handler in _HANDLERS:
                await handler(house.court, envelope)
        await house.settle()
        assert await seen_by_others(house, post)
        assert await points(house, author) == 0
        assert await outcomes(house) == {
            "measure": 1,
            "filed": 1,
            "overturned": 1,
            "lift": 1,
            "correction": 1,
        }
        told = await messages_to(author)
        assert len(told) == len(set(told)) == 4
        kinds = Counter(one["kind"] for one in (await author.get("/api/v1/statements")).json())
        assert kinds == {"hold": 1, "measure": 1, "overturned": 1}


@pytest.mark.parametrize("seed", range(3))
async def test_a_withdrawal_killed_at_every_write_withdraws_once(tmp_path, seed):
    async with open_courthouse(tmp_path, jurors=18) as house:
        author, reporter = await house.site.member("author"), await house.site.member("reporter")
        post = await house.post(author, MILD)
        await report(house, reporter, author, post, 3)
        await house.vote("keeps")
        case = await house.case_on(post)
        await appeals_filing.appeal_case(house.court, reporter.id, case.public_id, "He means me.")
        await house.settle()
        decision = (await house.case_on(post)).appeal.decision

        async def withdrawing():
            await appeals_filing.end(
                house.court, case.id, decision, outcome="withdrawn", code="appellant_gone"
            )
            await steps.advance(house.court, case.id)

        await until_it_lives(house, withdrawing, seed)
        await house.settle()
        after = await house.case_on(post)
        assert (after.appeal, after.state, after.verdict) == (None, "decided", "keeps")
        assert await outcomes(house) == {"filed": 1, "withdrawn": 1}
        assert not await house.summoned()
