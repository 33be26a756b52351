"""From settings to stores: what is opened, the key that is left in each, how they stand."""

from __future__ import annotations

import asyncio
import shutil

import pyrage
import pytest
from pyrage.x25519 import Identity

from venire.adapters.objects.local import LocalObjects
from venire.continuity.objects.object_status import StoreState, status
from venire.kernel.chance import SeededChance
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.server.object_stores import (
    compare_now,
    keep_mirrored,
    open_object_stores,
)
from venire.server.settings import Settings
from venire.server.store_settings import StoreSettings
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.every import ALL
from venire.storage.world import Site, World

pytestmark = pytest.mark.anyio
OWNER = Identity.generate()


@pytest.fixture
async def world(tmp_path):
    clock = ManualClock()
    ids = Ids(clock, node=0)
    (tmp_path / "data").mkdir()
    storage = SqliteStorage(tmp_path / "data", clock, ids, ALL)
    yield World(storage, clock, SeededChance("stores"), ids, Site("venire.test", "http://v.test"))
    await storage.close()


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data=str(tmp_path / "data"),
        backup_recipients=(str(OWNER.to_public()),),
        stores=tuple(
            StoreSettings(name=name, url=f"file://{tmp_path}/{name}/site")
            for name in ("one", "two")
        ),
    )


async def test_without_stores_there_is_the_folder_alone(world, tmp_path):
    stores = open_object_stores(Settings(data=str(tmp_path / "data")), world)
    assert isinstance(stores.media, LocalObjects)
    assert isinstance(stores.evidence, LocalObjects)
    assert stores.mirroring is None
    assert not (tmp_path / "data" / "keys" / "objects.key").exists()
    await keep_mirrored(world, stores)


async def test_both_kinds_go_to_every_store_below_its_prefix(world, settings, tmp_path):
    stores = open_object_stores(settings, world)
    for objects in (stores.media, stores.evidence):
        await objects.put(b"the same bytes")
    while await stores.mirroring.work():
        pass
    for name in ("one", "two"):
        below = tmp_path / name / "site" / "objects"
        (medium,) = (below / "media").glob("sha256/??/??/*")
        (evidence,) = (below / "evidence").glob("sha256/??/??/*")
        assert medium.name != evidence.name
    assert len(list((tmp_path / "data" / "media").glob("??/*"))) == 1
    assert len(list((tmp_path / "data" / "objects").glob("??/*"))) == 1


async def test_whoever_has_one_store_and_a_backup_key_has_everything(world, settings, tmp_path):
    stores = open_object_stores(settings, world)
    key = await stores.media.put(b"all that is left")
    while await stores.mirroring.work():
        pass
    await compare_now(world, stores, "media")
    data = tmp_path / "data"
    secret = (data / "keys" / "objects.key").read_bytes()
    left = (tmp_path / "two" / "site" / "objects" / "objects.key.age").read_bytes()
    assert secret not in left
    assert pyrage.decrypt(left, [OWNER]) == secret
    for lost in (data / "media", data / "keys" / "objects.key", tmp_path / "one"):
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(left, [Identity.generate()])
    (data / "keys" / "objects.key").write_bytes(pyrage.decrypt(left, [OWNER]))
    again = open_object_stores(settings, world)
    assert await again.media.get(key) == b"all that is left"
    await again.close()


async def test_how_they_stand_is_told(world, settings, tmp_path):
    stores = open_object_stores(settings, world)
    await stores.media.put(b"waiting")
    told = await status(world)
    assert (told.waiting, told.oldest_ms) == (1, world.now_ms())
    assert told.stores == {}
    assert told.compared == {"evidence": None, "media": None}
    while await stores.mirroring.work():
        pass
    await compare_now(world, stores, "media")
    told = await status(world)
    assert (told.waiting, told.oldest_ms) == (0, None)
    assert told.compared["media"].stores["one"].held == 1
    assert told.stores == {name: StoreState("serving", "") for name in ("one", "two")}


async def test_the_leader_copies_and_compares_by_itself(world, settings, tmp_path):
    stores = open_object_stores(settings, world)
    await stores.media.local.put(b"from before there were stores")
    work = asyncio.create_task(keep_mirrored(world, stores))
    try:
        for _ in range(200):
            if list((tmp_path / "two" / "site" / "objects" / "media").glob("sha256/??/??/*")):
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("nothing came")
        assert (await status(world)).compared["media"].objects == 1
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_store_that_lost_everything_is_filled_again_at_the_next_look(
    world, settings, tmp_path
):
    stores = open_object_stores(settings, world)
    await stores.media.put(b"in both")
    while await stores.mirroring.work():
        pass
    await compare_now(world, stores, "evidence")
    await compare_now(world, stores, "media")
    shutil.rmtree(tmp_path / "one")
    work = asyncio.create_task(keep_mirrored(world, stores))
    try:
        for _ in range(200):
            if list((tmp_path / "one" / "site" / "objects" / "media").glob("sha256/??/??/*")):
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("it was not filled again")
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_store_that_is_emptied_soon_after_the_start_is_filled_within_the_next_look(
    world, settings, tmp_path, monkeypatch
):
    """A new store has no key at the first look either; that must not hide for an hour what goes."""
    monkeypatch.setattr("venire.server.object_stores._LOOK_S", 0.02)
    stores = open_object_stores(settings, world)
    await stores.media.put(b"the same bytes")
    keeping = asyncio.create_task(keep_mirrored(world, stores))
    first = tmp_path / "one" / "site" / "objects"

    async def filled() -> None:
        until_s = asyncio.get_running_loop().time() + 5
        wanted = ("objects.key.age", "media/sha256/*/*/*")
        while not all(any(first.glob(one)) for one in wanted):
            assert asyncio.get_running_loop().time() < until_s
            await asyncio.sleep(0.01)

    try:
        for _ in range(2):
            await filled()
            await asyncio.sleep(0.1)
            shutil.rmtree(first)
        await filled()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    await stores.close()
