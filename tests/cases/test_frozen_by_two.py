"""Two processes freeze a pool in the same moment: an operator's, and the clock of the leader."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.cases.test_drawing import a_house
from venire.jury import freezing, pool, store

pytestmark = pytest.mark.anyio


@pytest.fixture
def apart(monkeypatch):
    """As in two processes: no lock between them, and no long waits."""
    monkeypatch.setattr(freezing, "_freezing", contextlib.AsyncExitStack())
    monkeypatch.setattr(freezing, "_OTHERS_S", 0.05)


async def freeze(house, frozen_by):
    court = house.court
    return await freezing.freeze(house.world, court.sequencer, court.policy, frozen_by=frozen_by)


async def check_members(house, row) -> set[int]:
    """Who stands in a pool is who its root was made of; they."""
    if row.members_of not in {-1, row.epoch}:
        # The same members on new sheets.
        entered = await store.epoch(house.world.storage, row.members_of)
        assert row.root == entered.root
        row = entered
    members = await store.members(house.world.storage, row.epoch, row.size)
    nonces = {one.account_id: one.nonce for one in await store.everyone(house.world.storage)}
    accounts = {member.account_id for member in members}
    made = pool.freeze(row.epoch, row.salt, {account: nonces[account] for account in accounts})
    assert made.root == row.root
    assert [entry.pseudonym for entry in made.entries] == [one.pseudonym.hex() for one in members]
    return accounts


@pytest.mark.parametrize("ways", [("clock", "admin"), ("clock", "clock"), ("admin", "draw")])
async def test_who_is_in_a_pool_is_who_its_root_says_whoever_freezes_it(
    tmp_path, monkeypatch, apart, ways
):
    async with a_house(tmp_path) as house:
        late = await house.site.member("late")
        real, looks = freezing._fit, []

        async def fit(*given):
            found = await real(*given)
            looks.append(found)
            if len(looks) == 1:
                # Between the looks of the two somebody signs up.
                (await late.post("/api/v1/jury/opt_in", json={"consent": True})).raise_for_status()
                await asyncio.sleep(0.3)
            return found

        monkeypatch.setattr(freezing, "_fit", fit)
        before = (await store.newest_epochs(house.world.storage, 1))[0].epoch
        if "draw" in ways:
            monkeypatch.setattr(freezing, "_sheets_of", lambda _row: 0)
        first = asyncio.create_task(freeze(house, ways[0]))
        await asyncio.sleep(0.1)
        rows = await asyncio.gather(first, freeze(house, ways[1]))
        frozen = await store.newest_epochs(house.world.storage, 10)
        assert {row.state for row in frozen} == {"frozen"}
        found = [await check_members(house, row) for row in frozen if row.epoch > before]
        assert {row.epoch for row in rows} <= {row.epoch for row in frozen}
        assert len(looks) > 1
        assert late.id in found[0]


async def test_freezing_at_once_by_many_ends_with_every_pool_whole(tmp_path, apart):
    async with a_house(tmp_path) as house:
        before = (await store.newest_epochs(house.world.storage, 1))[0].epoch
        rows = await asyncio.gather(*(freeze(house, "admin") for _ in range(4)))
        assert all(row.state == "frozen" for row in rows)
        for row in await store.newest_epochs(house.world.storage, 10):
            if row.epoch > before:
                await check_members(house, row)
