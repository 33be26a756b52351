"""A store that makes up what comes next neither shortens a restore nor leads a standby astray."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.continuity.restore_kit import ORIGIN, SIGNER, Ground, rows_of
from venire.continuity.journal import segments, turns
from venire.continuity.journal.lineage import After, Generation, Stretch, generation_path
from venire.continuity.recovery import moves
from venire.continuity.recovery.following import Following
from venire.continuity.recovery.restoring import Asked, record_check
from venire.kernel.errors import NotFound
from venire.storage.migrations import SCHEMA_VERSION

pytestmark = pytest.mark.anyio


def made_up(number: int, after: After) -> bytes:
    turn = Generation(
        generation=number,
        started_at_ms=0,
        site="example.org",
        origin=ORIGIN,
        after=after,
        schema=SCHEMA_VERSION,
        program="0",
    )
    return turns.told(turn, None)


@pytest.mark.parametrize("number", [2, 9, 99_999_999])
async def test_a_turn_that_one_store_made_up_shortens_no_restore(ground, number):
    wanted = await rows_of(ground.data, ground.clock)
    snapshot = (await ground.stores[0].listing("snapshots/")).keys()
    place = max(int(path.split("/")[2]) for path in snapshot)
    path = generation_path(number)
    await ground.stores[1].put(path, made_up(number, After(1, place + 1, "00" * 32)))
    done = await ground.restore()
    assert done.complete
    assert [(one.path, one.code) for one in done.damaged] == [(path, "turn_foreign")]
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted


async def test_a_turn_that_would_hide_every_snapshot_is_named_and_with_the_key_is_none(ground):
    wanted = await rows_of(ground.data, ground.clock)
    await ground.stores[1].put(generation_path(9), made_up(9, After(1, 0, "00" * 32)))
    with pytest.raises(NotFound) as failure:
        await ground.restore()
    assert failure.value.data["turns"] == {"first": [1], "second": [1, 9]}
    assert "--record-key" in failure.value.hint
    done = await ground.restore(check=record_check(str(SIGNER.verifier)))
    assert done.complete
    assert await rows_of(ground.folder / "restored", ground.clock) == wanted


async def test_a_document_nested_beyond_all_measure_ends_no_restore(ground):
    await ground.stores[1].put(generation_path(2), b'{"x":' + b"[" * 60_000)
    done = await ground.restore()
    assert done.complete
    assert done.damaged[0].code == "generation_damaged"


async def test_a_standby_applies_no_segment_that_the_site_did_not_sign(ground):
    asked = Asked(
        data=ground.folder / "there",
        shelves=tuple(ground.stores[:1]),
        identities=(ground.identity,),
    )
    standby = Following(asked, "https://new.example.org", ground.clock, ground.chance, quiet)
    task = asyncio.create_task(standby.run())
    try:
        await asyncio.wait_for(standby.ready.wait(), 20)
        place = (await moves.heard(ground.stores[0])).through
        await forge(ground)
        for _ in range(8):
            ground.clock.advance(2_000)
            await asyncio.sleep(0.3)
        heard = await moves.heard(ground.stores[0])
        assert not task.done()
        assert (heard.through, heard.ready) == (place, False)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def quiet(_name):
    return lambda _done, _total: None


async def forge(ground: Ground) -> None:
    """What anybody can make who can write to the store: the keys to encrypt to lie there."""
    (entry,) = await ground.storage.journal(ground.shipped - 1, 1)
    later = [msgspec.structs.replace(entry, sequence=ground.shipped + 1)]
    plain = segments.encode_entries(later)
    header, content = segments.seal(
        later,
        plain,
        segments.encrypt(plain, [ground.recipient]),
        generation=1,
        schema=SCHEMA_VERSION,
        previous=ground.chain,
    )
    await ground.stores[0].put(Stretch(1, header.first, header.last).path, content)
