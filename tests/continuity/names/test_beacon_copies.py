from __future__ import annotations

import asyncio
import shutil

import pytest

from tests.continuity.restore_kit import folder_store
from venire.continuity.names import beacon_copies, whereabouts
from venire.continuity.names.beacon import Whereabouts, write
from venire.kernel.clock import DAY_MS
from venire.record.note import Signer, sign_note

pytestmark = pytest.mark.anyio

_SIGNERS = [Signer(f"keeper-{number}", bytes([number]) * 32) for number in range(1, 4)]


def _signed(world, sequence: int) -> bytes:
    now_ms = world.now_ms()
    said = Whereabouts(
        world.site.domain, sequence, now_ms, now_ms + DAY_MS, (f"https://{sequence}.example.net",)
    )
    return sign_note(write(said), _SIGNERS[:2])


async def test_what_is_published_lies_in_every_store_and_reaches_one_that_was_away(world, tmp_path):
    keys = tuple(str(signer.verifier) for signer in _SIGNERS)
    object.__setattr__(world.site, "beacon_signers", keys)
    stores = [folder_store(tmp_path, name) for name in "ab"]
    there: dict[str, bytes] = {}
    await beacon_copies.copy(world, stores, there)
    assert there == {}
    first = _signed(world, 1)
    await whereabouts.publish(world, first)
    await beacon_copies.copy(world, stores, there)
    assert [await store.get("beacon") for store in stores] == [first, first]
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").write_text("no folder any more")
    second = _signed(world, 2)
    await whereabouts.publish(world, second)
    await beacon_copies.copy(world, stores, there)
    assert there == {"a": first, "b": second}
    (tmp_path / "a").unlink()
    await beacon_copies.copy(world, stores, there)
    assert await stores[0].get("beacon") == second


async def test_a_store_that_lost_it_or_shows_an_older_one_gets_it_again(
    world, tmp_path, monkeypatch
):
    keys = tuple(str(signer.verifier) for signer in _SIGNERS)
    object.__setattr__(world.site, "beacon_signers", keys)
    monkeypatch.setattr(beacon_copies, "LOOK_S", 0.01)
    monkeypatch.setattr(beacon_copies, "_ANEW", 3)
    stores = [folder_store(tmp_path, name) for name in "ab"]
    first, second = _signed(world, 1), _signed(world, 2)
    await whereabouts.publish(world, first)
    await whereabouts.publish(world, second)
    copying = asyncio.create_task(beacon_copies.keep_copied(world, stores))

    async def are(wanted: list[bytes | None]) -> None:
        async with asyncio.timeout(10):
            while [await one.fetch("beacon") for one in stores] != wanted:  # noqa: ASYNC110 - a disk
                await asyncio.sleep(0.01)

    await are([second, second])
    (tmp_path / "a" / "beacon").unlink()
    await stores[1].replace("beacon", first)
    await are([second, second])
    copying.cancel()
    await asyncio.gather(copying, return_exceptions=True)
