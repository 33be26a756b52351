"""When the leader ships a snapshot: each hour, and at once for who could not read the last one."""

from __future__ import annotations

import asyncio
import itertools
import shutil

import msgspec
import pytest
from pyrage.x25519 import Identity

from tests.continuity.restore_kit import NAMING, Ground, sign
from venire.continuity.recovery import manifests, snapshots
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.server import snapshotting
from venire.server.settings import Settings, load_settings
from venire.server.shipping import DRILL_KEY, drill_recipient
from venire.server.snapshotting import stores_due

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ground(tmp_path):
    made = Ground(tmp_path, ("first", "second"))
    (made.data / "keys" / DRILL_KEY).unlink()
    settle(made)
    await made.begin()
    await made.write(3)
    await ship(made)
    yield made
    await made.close()


def settle(ground, *more: str) -> None:
    texts = ", ".join(f'"{text}"' for text in (str(ground.recipient), *more))
    (ground.data / "venire.toml").write_text(f"backup_recipients = [{texts}]\n")


def settings_of(ground) -> Settings:
    return load_settings({"data": str(ground.data)}, {})


async def ship(ground, stores=None) -> None:
    """As `venire snapshot --ship-only`."""
    origin = snapshots.Origin(site="example.org", generation=1, naming_key=NAMING)
    recipients = [ground.recipient, drill_recipient(ground.data, ground.chance)]
    now_ms = ground.clock.now_ms()
    await snapshots.take_physical(
        ground.data,
        stores or ground.stores,
        origin,
        recipients,
        now_ms=now_ms,
        chance=ground.chance,
        sign=sign,
    )


async def due(ground, stores=None) -> bool:
    now_ms = ground.clock.now_ms()
    return bool(await stores_due(settings_of(ground), stores or ground.stores, now_ms))


async def test_one_is_shipped_each_hour(ground):
    assert not await due(ground)
    ground.clock.advance(HOUR_MS)
    assert not await due(ground)
    ground.clock.advance(1)
    assert await due(ground)


async def test_a_key_that_is_named_later_gets_a_snapshot_at_once(ground):
    settle(ground, str(Identity.generate().to_public()))
    assert await due(ground)


async def test_a_restored_host_whose_drill_key_is_new_ships_one_at_once(ground):
    (ground.data / "keys" / DRILL_KEY).unlink()
    assert await due(ground)
    drill_recipient(ground.data, ground.chance)
    assert await due(ground)
    await ground.write(1)
    await ship(ground)
    assert not await due(ground)


async def test_a_clock_that_was_ahead_does_not_end_the_snapshots(ground):
    ground.clock.advance(40 * DAY_MS)
    await ground.write(1)
    await ship(ground)
    ground.clock.advance(-40 * DAY_MS)
    assert await due(ground)
    await ground.write(1)
    await ship(ground)
    assert not await due(ground)


async def test_a_manifest_that_was_cut_in_the_only_store_does_not_end_the_snapshots(ground):
    store = ground.stores[0]
    (found,) = manifests.find(await store.listing("snapshots/"))
    path = ground.folder / "first" / found.path
    path.write_bytes(path.read_bytes()[:100])
    assert await due(ground, [store])
    assert not await due(ground, ground.stores[1:])


@pytest.mark.parametrize("signature", ["", "AAAA"])
async def test_a_manifest_that_somebody_made_up_does_not_end_the_snapshots(ground, signature):
    store = ground.stores[0]
    (found,) = manifests.find(await store.listing("snapshots/"))
    ours = manifests.decode(await store.get(found.path), found.path)
    ground.clock.advance(2 * HOUR_MS)
    made_up = msgspec.structs.replace(
        ours, sequence=10**12, at_ms=ground.clock.now_ms(), signature=signature
    )
    await store.put(made_up.place, msgspec.json.encode(made_up))
    assert await due(ground, [store])
    await ground.write(1)
    await ship(ground)
    assert not await due(ground, [store])


async def due_names(ground) -> list[str]:
    return await stores_due(settings_of(ground), ground.stores, ground.clock.now_ms())


async def test_a_store_that_lost_its_own_is_due_alone(ground):
    shutil.rmtree(ground.folder / "second")
    assert await due_names(ground) == ["second"]
    ground.clock.advance(29 * MINUTE_MS)
    assert await due_names(ground) == ["second"]


async def test_stores_that_drifted_apart_are_sent_the_next_one_together(ground):
    ground.clock.advance(20 * MINUTE_MS)
    await ground.write(1)
    await ship(ground, ground.stores[1:])
    assert await due_names(ground) == []
    ground.clock.advance(40 * MINUTE_MS)
    assert await due_names(ground) == ["first", "second"]


class Beside:
    """What `run_beside` does, in this process; `asked` keeps to whom."""

    def __init__(self, ground) -> None:
        self.ground = ground
        self.asked = []
        self.status = 0
        self.forgets = ""

    async def run(self, *words: str) -> int:
        names = [name for flag, name in itertools.pairwise(words) if flag == "--store"]
        self.asked.append(names)
        if self.status == 0:
            stores = [one for one in self.ground.stores if one.name in names]
            await ship(self.ground, stores)
        for name in names:
            if name == self.forgets:
                shutil.rmtree(self.ground.folder / name / "snapshots")
        return self.status

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.asked) < count:  # noqa: ASYNC110 - another task asks
                await asyncio.sleep(0.01)


@pytest.fixture
async def beside(ground, monkeypatch):
    """The leader's loop at work, with looks that follow each other at once."""
    monkeypatch.setattr(snapshotting, "stores_of", lambda _settings: ground.stores)
    monkeypatch.setattr(snapshotting, "_LOOK_S", 0.02)
    monkeypatch.setattr(snapshotting, "_FIRST_PAUSE_S", 0.02)
    made = Beside(ground)
    monkeypatch.setattr(snapshotting, "run_beside", made.run)
    tasks = []

    def start():
        work = snapshotting.keep_snapshots(settings_of(ground), ground.clock)
        tasks.append(asyncio.create_task(work))

    made.start = start
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_store_that_comes_back_does_not_wait_for_what_another_was_sent(ground, beside):
    shutil.rmtree(ground.folder / "second")
    ground.clock.advance(HOUR_MS)
    (ground.folder / "second").write_text("a disk that is gone")
    ground.clock.advance(1)
    beside.start()
    await beside.wait(1)
    (ground.folder / "second").unlink()
    await beside.wait(2)
    assert beside.asked == [["first"], ["second"]]


async def test_a_store_that_forgets_what_it_was_sent_is_left_alone_and_the_others_are_not(
    ground, beside
):
    beside.forgets = "first"
    shutil.rmtree(ground.folder / "first")
    await ground.begin()
    beside.start()
    await beside.wait(1)
    ground.clock.advance(HOUR_MS + 1)
    await beside.wait(2)
    await asyncio.sleep(0.2)
    assert beside.asked == [["first"], ["second"]]


async def test_what_fails_is_tried_again_soon_and_then_less_often(ground, beside):
    beside.status = 1
    ground.clock.advance(HOUR_MS + 1)
    beside.start()
    await beside.wait(3)
    beside.status = 0
    await beside.wait(4)
    await asyncio.sleep(0.2)
    assert beside.asked == [["first", "second"]] * 4
