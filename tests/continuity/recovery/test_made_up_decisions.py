"""Whoever can write to a store decides no move."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.continuity.moving_kit import TO, Killed, goes_on
from tests.continuity.restore_kit import SIGNER
from venire.continuity.recovery import moves, relocating, restoring
from venire.continuity.recovery.relocating import Relocation
from venire.kernel.errors import Conflict
from venire.storage.engines import sqlite_freeze

pytestmark = pytest.mark.anyio


def made_up(outcome: str, attempt: int) -> moves.Decision:
    """What anybody can write who can write to the store."""
    return moves.Decision(
        outcome=outcome, generation=1, attempt=attempt, at_ms=0, through=1, to=TO, signature="AA=="
    )


@pytest.mark.parametrize("known", [True, False])
async def test_a_decision_that_a_store_made_up_makes_no_standby_the_site(site, known):
    standby = site.standby()
    if not known:
        # Then only the key that came along tells.
        standby.asked = msgspec.structs.replace(standby.asked, check=None)
    forged = msgspec.json.encode(made_up("moved", 1))
    await site.stores[0].put(moves.decision_path(1, 1), forged)
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    await asyncio.sleep(0.6)
    assert not following.done()
    assert not await moves.newest_move(site.stores[0], 1, standby.asked.check or _checked)
    moved = await site.relocation().run()
    await asyncio.wait_for(following, 20)
    assert moved.generation == 2
    assert await site.missing_there() == set()


_checked = restoring.record_check(str(SIGNER.verifier))


@pytest.mark.parametrize("outcome", ["moved", "called_off"])
async def test_a_stranger_who_decides_first_calls_the_move_off_and_no_more(
    site, monkeypatch, outcome
):
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    real = Relocation._shipped

    async def shipped(relocation, through):
        await real(relocation, through)
        forged = msgspec.json.encode(made_up(outcome, 1))
        await site.stores[0].put(moves.decision_path(1, 1), forged)

    with monkeypatch.context() as patched:
        patched.setattr(Relocation, "_shipped", shipped)
        with pytest.raises(Conflict) as refused:
            await site.relocation().run()
    assert refused.value.code == "move_called_off"
    await goes_on(site)
    await site.relocation().run()
    await asyncio.wait_for(following, 20)
    assert await site.missing_there() == set()


async def test_a_decision_that_is_written_over_once_it_was_followed_is_still_a_move(
    site, monkeypatch
):
    following = asyncio.create_task((standby := site.standby()).run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    real = relocating.write

    def write(data, step, chance):
        if step.state == "moving":
            raise Killed
        real(data, step, chance)

    with monkeypatch.context() as patched:
        patched.setattr(relocating, "write", write)
        with pytest.raises(Killed):
            await site.relocation().run()
    await asyncio.wait_for(following, 20)
    forged = msgspec.json.encode(made_up("called_off", 1))
    await site.stores[0].put(moves.decision_path(1, 1), forged)
    found = await relocating.settle(site.data, site.stores[0], site.clock, site.chance)
    assert found == "moved"
    assert sqlite_freeze.is_frozen(site.data)
    assert await site.missing_there() == set()
