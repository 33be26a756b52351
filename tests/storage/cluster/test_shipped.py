"""The journal of a cluster on its way out: in order, whole, waited for from any process."""

from __future__ import annotations

import asyncio

import pytest

from tests.cluster.keyspace import open_again, open_empty
from tests.conformance.tables import NOTES, TABLES, Note
from tests.continuity.shipping_kit import QUICK, Moody, caught_up, journal_in, shipping, store
from venire.continuity.journal.offsite import Stores
from venire.events import CaseChanged
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.ids import Ids
from venire.storage.tables.shipping import TABLES as SHIPPING
from venire.storage.verbs import Put
from venire.storage.world import Site, World

pytestmark = [pytest.mark.anyio, pytest.mark.cluster]

KEYSPACE = "shipping"
ALL = (*TABLES, *SHIPPING)


@pytest.fixture
async def site():
    clock = SystemClock()
    storage = await open_empty(clock, ALL, KEYSPACE)
    site = Site("venire.test", "http://venire.test")
    yield World(storage, clock, SystemChance(), Ids(clock, node=0), site)
    await storage.close()


@pytest.fixture
async def other(site):
    """A second process of the same site."""
    opened = await open_again(SystemClock(), ALL, KEYSPACE, node=1)
    yield opened
    await opened.close()


async def test_what_two_processes_commit_is_shipped_in_order_and_waited_for(site, other):
    objects = Moody()
    for storage in (site.storage, other):
        storage.offsite = Stores(storage, ("first",), patience_s=10)
    async with shipping(site, store(objects, call_s=5), pace=QUICK):
        for number in range(10):
            await site.storage.commit("note:1", [Put(NOTES, Note(1))], [CaseChanged(number)])
            await asyncio.wait_for(
                other.commit("case:2", [], [CaseChanged(number)], durable="strict"), 10
            )
            assert (await journal_in(objects))[-1].sequence >= other._journal.newest_own
        await site.storage.put_if_absent(NOTES, Note(5))
        await asyncio.wait_for(site.storage.kept_elsewhere(strict=True), 10)
        await caught_up(site, objects)
        shipped = await journal_in(objects)
        mine = await site.storage.journal(0, 10_000)
        assert shipped == mine[: len(shipped)]
        assert sum(one.events is not None for one in shipped) == 20
