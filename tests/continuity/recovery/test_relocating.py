"""A running site moves: a short freeze, nothing acknowledged lost, whoever dies in the middle."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from tests.continuity.moving_kit import TO, Killed, die, goes_on
from tests.continuity.restore_kit import Ground, sign
from venire.continuity.journal import lineage, segments
from venire.continuity.recovery import claiming, moves, relocating, restoring, staging
from venire.continuity.recovery.following import Following
from venire.continuity.recovery.relocating import Relocation
from venire.continuity.recovery.restoring import Asked
from venire.kernel.clock import HOUR_MS, SystemClock
from venire.kernel.errors import Conflict, Problem, Unavailable
from venire.storage.engines import sqlite_freeze
from venire.storage.engines.sqlite_replay import SqliteReplay
from venire.storage.migrations import SCHEMA_VERSION

pytestmark = pytest.mark.anyio


async def test_a_standby_looks_at_settings_and_keys_before_it_says_that_it_is_ready(site):
    standby, seen = site.standby(), []

    def inspect(stage) -> None:
        seen.append((standby.ready.is_set(), (stage / "venire.toml").read_text()))

    standby.inspect = inspect
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert seen == [(False, 'title = "Example"\n')]


async def test_nothing_that_was_acknowledged_is_lost_and_the_freeze_is_short(site):
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    before = len(site.acknowledged)
    moved = await site.relocation().run()
    there = await asyncio.wait_for(following, 20)
    at_freeze = len(site.acknowledged)
    await asyncio.sleep(0.1)
    assert len(site.acknowledged) == at_freeze > before > 0
    assert site.refused
    assert await site.missing_there() == set()
    assert there.generation == moved.generation == 2
    assert there.sequence == moved.through
    assert moved.frozen_s < 5
    assert relocating.read(site.data).state == "moved"


async def test_without_a_standby_the_site_stays_and_takes_writes(site):
    with pytest.raises(Unavailable) as refused:
        await site.relocation().run()
    assert refused.value.code == "standby_not_ready"
    await goes_on(site)


async def test_a_standby_for_another_address_or_that_fell_silent_is_none(site, monkeypatch):
    standby = site.standby()
    standby.to = "https://elsewhere.example.org"
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    with pytest.raises(Unavailable, match="stands by for"):
        await site.relocation().run()
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    heard = await moves.heard(site.stores[0])
    monkeypatch.setattr(moves, "FRESH_MS", site.clock.now_ms() - heard.at_ms - 1_000)
    with pytest.raises(Unavailable, match="silent"):
        await site.relocation().run()
    await goes_on(site)


async def test_a_standby_that_died_with_its_clock_ahead_does_not_look_alive(site):
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    heard = await moves.heard(site.stores[0])
    ahead = msgspec.structs.replace(heard, at_ms=site.clock.now_ms() + HOUR_MS)
    await moves.say(site.stores[0], ahead)
    with pytest.raises(Unavailable, match="clocks"):
        await site.relocation().run()
    await goes_on(site)


@pytest.mark.parametrize("at", ["_shipped", "decide", "write", "_taken"])
async def test_the_old_host_killed_anywhere_either_side_has_it_all_and_only_one(
    site, monkeypatch, at
):
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    with monkeypatch.context() as patched:
        if at == "decide":
            patched.setattr(moves, "decide", die)
        elif at == "write":
            real = relocating.write

            def write(data, step, chance):
                if step.state == "moving":
                    raise Killed
                real(data, step, chance)

            patched.setattr(relocating, "write", write)
        else:
            patched.setattr(Relocation, at, die)
        with pytest.raises(Killed):
            await site.relocation().run()
    assert sqlite_freeze.is_frozen(site.data)
    decided = at in {"write", "_taken"}
    found = await relocating.settle(site.data, site.stores[0], site.clock, site.chance)
    if decided:
        assert found == "moved"
        await asyncio.wait_for(following, 20)
        assert await site.missing_there() == set()
        again = await relocating.settle(site.data, site.stores[0], site.clock, site.chance)
        assert (again, relocating.read(site.data).state) == ("moved", "moved")
        assert sqlite_freeze.is_frozen(site.data)
    else:
        assert found == "here"
        await goes_on(site)
        moved = await site.relocation().run()
        await asyncio.wait_for(following, 20)
        assert moved.generation == 2
        assert await site.missing_there() == set()


async def test_the_leader_clears_up_after_a_mover_that_died(site, monkeypatch):
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    with monkeypatch.context() as patched:
        patched.setattr(Relocation, "_shipped", die)
        with pytest.raises(Killed):
            await site.relocation().run()
    keeping = asyncio.create_task(
        relocating.keep_settled(site.data, site.stores, site.clock, site.chance)
    )
    site.tasks += [keeping, following]
    for _ in range(100):
        if relocating.read(site.data) is None:
            break
        await asyncio.sleep(0.05)
    await goes_on(site)


@pytest.mark.parametrize("at", ["finish", "settle", "claim", "mark_whole"])
async def test_the_new_host_killed_in_its_turn_takes_it_at_its_next_start(site, monkeypatch, at):
    def dying(*_given: object, **_named: object) -> None:
        raise Killed

    standby = site.standby()
    with monkeypatch.context() as patched:
        if at == "finish":
            patched.setattr(SqliteReplay, "finish", dying)
        elif at == "settle":
            patched.setattr(restoring, "settle", die)
        elif at == "claim":
            patched.setattr(claiming, "claim_exactly", die)
        else:
            patched.setattr(staging, "mark_whole", dying)
        following = asyncio.create_task(standby.run())
        await asyncio.wait_for(standby.ready.wait(), 20)
        patched.setattr(relocating, "_TAKEN_S", 1.0)
        moving = asyncio.create_task(site.relocation().run())
        with pytest.raises(Killed):
            await following
        with contextlib.suppress(Problem):
            await moving
    assert not (site.folder / "there" / "venire.db").exists()
    assert sqlite_freeze.is_frozen(site.data)
    done = await asyncio.wait_for(site.standby().run(), 20)
    assert done.complete
    assert await site.missing_there() == set()


async def test_a_store_that_does_not_get_the_last_commits_keeps_the_site_here(site, monkeypatch):
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    site.tasks[0].cancel()
    await asyncio.gather(site.tasks[0], return_exceptions=True)
    monkeypatch.setattr(relocating, "_SHIPPED_S", 0.2)
    with pytest.raises(Unavailable) as refused:
        await site.relocation().run()
    assert refused.value.code == "store_behind"
    await goes_on(site)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_two_movers_at_once_are_one(site):
    with sqlite_freeze.moving(site.data), pytest.raises(Unavailable) as refused:
        await site.relocation().run()
    assert refused.value.code == "move_under_way"


async def test_a_standby_whose_site_went_elsewhere_says_so(site):
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    await site.restore("elsewhere", clock=site.clock)
    with pytest.raises(Conflict) as refused:
        await asyncio.wait_for(following, 20)
    assert refused.value.code == "moved_elsewhere"


async def test_a_standby_finds_what_was_compacted_while_it_did_not_look(tmp_path):
    ground = Ground(tmp_path)
    await ground.begin()
    await ground.write(5)
    (first,) = await ground.ship()
    await ground.snapshot()
    shelf = ground.stores[0]
    asked = Asked(
        data=tmp_path / "there", shelves=(shelf,), identities=(ground.identity,), program="0"
    )
    standby = Following(asked, TO, SystemClock(), ground.chance, lambda _n: lambda _d, _t: None)
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    # Elsewhere, so that the standby sees none of it before all of it is done.
    chain, spare = ground.chain, Ground(tmp_path / "spare").stores[0]
    await ground.write(5)
    (second,) = await ground.ship(stores=[spare])
    entries = await ground.storage.journal(0, 10)
    links = [(1, 5, chain.hex()), (6, 10, ground.chain.hex())]
    plain = segments.encode_entries(entries)
    _, long = segments.seal(
        entries,
        plain,
        segments.encrypt(plain, [ground.recipient]),
        generation=1,
        schema=SCHEMA_VERSION,
        previous=segments.FIRST_CHAIN,
        links=links,
        sign=sign,
    )
    await shelf.put(lineage.Stretch(1, 1, 10).path, long)
    await shelf.remove(first)
    await ground.write(5)
    await ground.ship()
    for _ in range(100):
        if (await moves.heard(shelf)).through == 15:
            break
        await asyncio.sleep(0.1)
    assert second not in await shelf.listing("journal/")
    assert (await moves.heard(shelf)).through == 15
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await ground.close()
