"""The contract of an object store. A second adapter is added by naming it in `_STORES`."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from tests.adapters.object_counterparts import counterpart
from venire.adapters.objects.bucket import Bucket
from venire.adapters.objects.local import LocalObjects
from venire.kernel.errors import Refused, Unavailable

pytestmark = pytest.mark.anyio


def folder_bucket(folder: Path) -> Bucket:
    return Bucket(LocalStore(str(folder), mkdir=True))


def memory_bucket(_folder: Path) -> Bucket:
    return Bucket(MemoryStore())


def outside_bucket(name: str) -> Callable[[Path], Bucket]:
    """A bucket that `make test-vendors` started; under a prefix of its own for each test."""

    def opened(folder: Path) -> Bucket:
        address = os.environ[f"VENIRE_COUNTERPART_{name.upper()}"]
        return Bucket(counterpart(address, f"{folder.parent.name}-{os.getpid()}"))

    return opened


_OUTSIDE = ("versitygw_a", "versitygw_b", "azurite")
_STORES = [
    LocalObjects,
    folder_bucket,
    memory_bucket,
    *(
        pytest.param(
            outside_bucket(name),
            id=name,
            marks=pytest.mark.vendors(name),
        )
        for name in _OUTSIDE
    ),
]


@pytest.fixture(params=_STORES)
def store(request, tmp_path):
    return request.param(tmp_path / "objects")


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 4_096])
async def test_bytes_come_back_under_their_own_hash(store, content):
    key = await store.put(content)
    assert key == hashlib.sha256(content).hexdigest()
    assert await store.get(key) == content
    assert await store.put(content) == key


async def test_what_was_deleted_is_gone_and_deleting_again_is_harmless(store):
    key = await store.put(b"x")
    for _ in range(2):
        await store.delete(key)
        assert await store.get(key) is None


@pytest.mark.parametrize(
    "key", ["", "..", "../" * 5 + "etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"]
)
async def test_what_is_no_key_is_refused(store, key):
    with pytest.raises(Refused, match="object_key_invalid"):
        await store.get(key)
    with pytest.raises(Refused, match="object_key_invalid"):
        await store.delete(key)


async def test_the_same_bytes_put_at_once_are_kept(store):
    keys = await asyncio.gather(*(store.put(b"same") for _ in range(20)))
    assert len(set(keys)) == 1
    assert await store.get(keys[0]) == b"same"


async def test_spoilt_bytes_are_not_handed_out_and_can_be_put_again(tmp_path):
    store = LocalObjects(tmp_path)
    key = await store.put(b"whole")
    next(tmp_path.glob("*/*")).write_bytes(b"wh")
    assert await store.get(key) is None
    await store.put(b"whole")
    assert await store.get(key) == b"whole"


@pytest.mark.parametrize("size", [0, 1, 3 << 20, 9 << 20])
async def test_a_file_is_kept_as_its_bytes_are_and_read_in_parts(store, size, tmp_path):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        file.seek(size // 2)
        key = await store.put_file(file)
        assert await store.put_file(file) == key
    assert key == hashlib.sha256(content).hexdigest()
    assert await store.get(key) == content
    assert await store.size(key) == size
    for start, length in ((0, 5), (size // 2, 1_000), (size - 1, 99), (size, 5), (0, size)):
        if start >= 0:
            assert await store.read(key, start, length) == content[start : start + length]


async def test_what_is_not_there_has_no_size_and_no_part(store):
    assert await store.size("a" * 64) is None
    assert await store.read("a" * 64, 0, 10) == b""


async def test_a_spoilt_file_is_put_again(tmp_path):
    store = LocalObjects(tmp_path / "objects")
    path = tmp_path / "file"
    path.write_bytes(b"whole")
    with path.open("rb") as file:
        key = await store.put_file(file)
        for spoilt in (b"wh", b"WHOLE"):
            next((tmp_path / "objects").glob("*/*")).write_bytes(spoilt)
            await store.put_file(file)
            assert await store.get(key) == b"whole"


async def test_a_disk_that_fails_is_unavailable_and_says_no_more(tmp_path):
    folder = tmp_path / "objects"
    store = LocalObjects(folder)
    folder.rmdir()
    folder.write_bytes(b"no folder")
    for attempt in (store.put(b"x"), store.size("a" * 64), store.read("a" * 64, 0, 1)):
        with pytest.raises(Unavailable, match="objects_failing"):
            await attempt
