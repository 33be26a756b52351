"""When the leader ships a snapshot: each hour, and at once for who could not read the last one."""

from __future__ import annotations

import pytest
from pyrage.x25519 import Identity

from tests.continuity.restore_kit import NAMING, Ground, sign
from venire.continuity.recovery import manifests, snapshots
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.server.settings import Settings, load_settings
from venire.server.shipping import DRILL_KEY, drill_recipient
from venire.server.snapshotting import snapshot_due

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


async def ship(ground) -> None:
    """As `venire snapshot --ship-only`."""
    origin = snapshots.Origin(site="example.org", generation=1, naming_key=NAMING)
    recipients = [ground.recipient, drill_recipient(ground.data, ground.chance)]
    now_ms = ground.clock.now_ms()
    await snapshots.take_physical(
        ground.data,
        ground.stores,
        origin,
        recipients,
        now_ms=now_ms,
        chance=ground.chance,
        sign=sign,
    )


async def due(ground, stores=None) -> bool:
    now_ms = ground.clock.now_ms()
    return await snapshot_due(settings_of(ground), stores or ground.stores, now_ms)


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
