"""Bucket A is gone, and the folder with it: read from B, A filled again, on real S3 servers."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import time

import pytest

from tests.adapters.object_counterparts import counterpart
from tests.continuity.object_kit import SECRET
from tests.counterparts.objects import versitygw
from venire.adapters.objects.bucket import Bucket
from venire.adapters.objects.local import LocalObjects
from venire.adapters.objects.sealing import Seal
from venire.continuity.objects import object_book
from venire.continuity.objects.mirrored_objects import MirroredObjects
from venire.continuity.objects.object_manifests import compare
from venire.continuity.objects.object_mirroring import Mirroring
from venire.kernel.clock import HOUR_MS

pytestmark = [pytest.mark.anyio, pytest.mark.vendors("versitygw_a", "versitygw_b")]
COUNT = 20
LARGE = bytes(range(256)) * 40_000


@pytest.fixture
def two(tmp_path):
    started = [versitygw(tmp_path / name, name) for name in ("a", "b")]
    yield started
    for process, _ in started:
        process.stop()


def objects_over(world, folder, addresses):
    stores = {
        name: Bucket(counterpart(address, "site/objects/media"), deadline_s=5)
        for name, address in zip("ab", addresses, strict=True)
    }
    media = MirroredObjects(world, "media", LocalObjects(folder), stores, Seal(SECRET, "media"))
    return media, Mirroring(world, {"media": media})


async def test_bucket_a_and_the_folder_are_lost_and_nothing_else(
    world, tmp_path, clock, two, record_property
):
    (first, address), (_, other) = two
    media, mirroring = objects_over(world, tmp_path / "media", (address, other))
    contents = [f"picture {n}".encode() * 3_000 for n in range(COUNT)] + [LARGE]
    keys = [await media.put(content) for content in contents]
    while await mirroring.work():
        pass
    for key in keys:
        assert (await object_book.load(world, "media", key)).stores == "a,b"
    first.kill()
    for lost in (tmp_path / "media", tmp_path / "a"):
        shutil.rmtree(lost)
    begun = time.monotonic()
    assert await media.read(keys[0], 0, 9) == b"picture 0"
    read_s = time.monotonic() - begun
    for key, content in zip(keys, contents, strict=True):
        assert hashlib.sha256(await media.get(key)).hexdigest() == key
        assert await media.read(key, len(content) - 5, 99) == content[-5:]
    await media.close()
    port = int(address.rpartition(":")[2].partition("/")[0])
    again, _ = versitygw(tmp_path / "a", "a", port)
    try:
        clock.advance(HOUR_MS)
        begun = time.monotonic()
        media, mirroring = objects_over(world, tmp_path / "media", (address, other))
        found = await compare(world, media, tmp_path / "manifests")
        assert found.stores["a"].lost == len(keys)
        while await mirroring.work():
            pass
        filled_s = time.monotonic() - begun
        for key in keys:
            row = await object_book.load(world, "media", key)
            assert await media.vendors.services["a"].look(row.sealed_key) == "held"
        assert sum(1 for _ in (tmp_path / "media").glob("??/*")) == len(keys)
    finally:
        again.stop()
    figure = f"first read from B {read_s:.2f} s, A filled again {filled_s:.2f} s"
    record_property("figure", figure)
    assert read_s < 2


async def test_a_store_that_hangs_costs_a_read_no_more_than_its_budget(
    world, tmp_path, two, record_property
):
    (first, address), (_, other) = two
    media, mirroring = objects_over(world, tmp_path / "media", (address, other))
    key = await media.put(LARGE)
    while await mirroring.work():
        pass
    shutil.rmtree(tmp_path / "media")
    first.pause()
    try:
        begun = asyncio.get_running_loop().time()
        assert await media.read(key, 70_000, 256) == LARGE[70_000:70_256]
        took_s = asyncio.get_running_loop().time() - begun
    finally:
        first.resume()
    await media.close()
    record_property("figure", f"read beside a store that hangs {took_s:.2f} s")
    assert 0.3 <= took_s < 1.5
