"""Workers that cannot do their work say so once, and once that they can again."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter

import pytest
from pyrage.x25519 import Identity

from tests.continuity.restore_kit import SIGNER
from venire.continuity.objects import revocations
from venire.events import AccountReturned
from venire.kernel.chance import SeededChance
from venire.kernel.clock import HOUR_MS, ManualClock
from venire.kernel.errors import Unavailable
from venire.kernel.ids import Ids
from venire.server import object_stores
from venire.server.settings import Settings
from venire.server.store_settings import StoreSettings
from venire.storage import relay as relays
from venire.storage import timers as timing
from venire.storage.engines import sqlite_freeze
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.relay import Relay, Subscription
from venire.storage.tables.every import ALL
from venire.storage.timers import Timers, timer
from venire.storage.world import Site, World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path):
    clock = ManualClock()
    ids = Ids(clock, node=0)
    (tmp_path / "data").mkdir()
    storage = SqliteStorage(tmp_path / "data", clock, ids, ALL)
    yield World(storage, clock, SeededChance("quiet"), ids, Site("venire.test", "http://v.test"))
    await storage.close()


@pytest.fixture
async def start():
    """Starts workers, and ends them."""
    tasks = []
    yield lambda work: tasks.append(asyncio.create_task(work))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def told(caplog) -> Counter:
    """How often each event stands in the log, and how often as over."""
    over = [one.message + "-over" for one in caplog.records if hasattr(one, "over")]
    return Counter([one.message for one in caplog.records if not hasattr(one, "over")] + over)


class Moving:
    """Commits, as a host whose site has moved sees them."""

    def __init__(self, storage) -> None:
        self._storage = storage
        self.gone = False
        self.refused = 0

    def __getattr__(self, name):
        return getattr(self._storage, name)

    async def commit(self, *args, **more):
        self._refuse()
        return await self._storage.commit(*args, **more)

    async def advance(self, *args):
        self._refuse()
        return await self._storage.advance(*args)

    def _refuse(self) -> None:
        if self.gone:
            self.refused += 1
            raise Unavailable("site_moving", "the site is moving")


async def until(good) -> None:
    async with asyncio.timeout(20):
        while not good():  # noqa: ASYNC110 - workers have no event for that
            await asyncio.sleep(0.02)


async def test_a_host_that_was_left_says_of_each_worker_once_that_it_stands_still(
    world, tmp_path, caplog, start, monkeypatch
):
    for module, name in ((revocations, "_LOOK_S"), (timing, "_PAUSE_S")):
        monkeypatch.setattr(module, name, 0.01)
    looks = Counter()

    async def refused(key: str) -> None:
        looks["timer"] += 1
        await world.storage.commit("owner:1", [timer("owner:1", "bell", "b", 1)])

    await world.storage.commit("owner:1", [timer("owner:1", "bell", "a", world.now_ms())])
    sqlite_freeze.freeze(tmp_path / "data", 1)
    start(revocations.keep_issued(world, SIGNER, "venire.test", 0))
    start(Timers(world.storage, world.clock, {"bell": refused}).run())
    await until(lambda: looks["timer"] > 30)
    assert told(caplog) == {"revocations_not_signed": 1, "timer_failed": 1}


async def test_workers_that_go_on_again_say_so_once(world, caplog, start, monkeypatch):
    monkeypatch.setattr(revocations, "_LOOK_S", 0.01)
    moving = Moving(world.storage)
    site = World(moving, world.clock, world.chance, world.ids, world.site)
    moving.gone = True
    start(revocations.keep_issued(site, SIGNER, "venire.test", 0))
    await until(lambda: moving.refused > 5)
    moving.gone = False
    await until(lambda: told(caplog)["revocations_not_signed-over"])
    assert await revocations.newest(world)
    assert told(caplog) == {"revocations_not_signed": 1, "revocations_not_signed-over": 1}


async def test_a_subscriber_whose_cursor_cannot_be_kept_says_so_once(
    world, caplog, start, monkeypatch
):
    monkeypatch.setattr(relays.asyncio, "sleep", quick(asyncio.sleep))
    moving = Moving(world.storage)
    heard = []

    async def hear(envelope) -> None:
        heard.append(envelope)

    relay = Relay(moving, [Subscription("bell", hear, (AccountReturned,))])
    event = AccountReturned(account_id=world.ids.next())
    await world.storage.commit("account:1", [], [event])
    moving.gone = True
    relay.start()
    await until(lambda: moving.refused > 3)
    moving.gone = False
    await until(lambda: told(caplog)["relay_stumbled-over"])
    await relay.stop()
    assert told(caplog) == {"relay_stumbled": 1, "relay_stumbled-over": 1}


def quick(sleep):
    """Sleeps no longer than a moment."""
    return lambda seconds, *more: sleep(min(seconds, 0.02), *more)


@pytest.fixture
def stores(world, tmp_path):
    return object_stores.open_object_stores(
        Settings(
            data=str(tmp_path / "data"),
            backup_recipients=(str(Identity.generate().to_public()),),
            stores=(StoreSettings(name="one", url=f"file://{tmp_path}/one"),),
        ),
        world,
    )


async def test_a_first_start_is_no_loss_and_a_loss_is_told_once(  # noqa: PLR0917 - fixtures
    world, stores, tmp_path, caplog, start, monkeypatch
):
    monkeypatch.setattr(object_stores, "_LOOK_S", 0.02)
    key = tmp_path / "one" / "objects" / "objects.key.age"
    start(object_stores.keep_mirrored(world, stores))
    await until(key.exists)
    await asyncio.sleep(0.2)
    assert told(caplog) == {}
    for times in (1, 2):
        world.clock.advance(HOUR_MS)
        shutil.rmtree(key.parent)
        await until(key.exists)
        await until(lambda times=times: told(caplog)["store_without_key-over"] == times)
        assert told(caplog)["store_without_key"] == times
    await stores.close()
