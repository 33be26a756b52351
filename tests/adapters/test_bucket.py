"""What a store outside does wrong, and what is made of it: faults with a class, no texts."""

from __future__ import annotations

import asyncio
import io

import pytest
from obstore.store import LocalStore, MemoryStore, S3Store

from tests.adapters.faulty_store import faulty_store
from venire.adapters.objects import bucket
from venire.adapters.objects.bucket import Bucket, path_of
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

pytestmark = pytest.mark.anyio


def over(url: str, **more) -> Bucket:
    opened = S3Store(
        "venire",
        endpoint=url,
        region="us-east-1",
        access_key_id="a",
        secret_access_key="b",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "connect_timeout": "1s"},
        retry_config={"max_retries": 0},
    )
    return Bucket(opened, **more)


async def test_what_is_kept_lies_under_its_hash_and_is_written_once(tmp_path):
    store = Bucket(LocalStore(str(tmp_path), mkdir=True))
    key = await store.put(b"once")
    path = tmp_path / "sha256" / key[:2] / key[2:4] / key
    written = path.stat().st_mtime_ns
    await store.put(b"once")
    assert path.read_bytes() == b"once"
    assert path.stat().st_mtime_ns == written
    assert path_of(key) == str(path.relative_to(tmp_path))


async def test_a_look_tells_what_is_whole_from_what_is_not(tmp_path):
    store = Bucket(LocalStore(str(tmp_path), mkdir=True))
    key = await store.put(b"whole" * 1_000)
    path = tmp_path / path_of(key)
    assert await store.look(key) == "held"
    path.write_bytes(b"WHOLE" * 1_000)
    assert await store.look(key) == "spoilt"
    assert await store.get(key) is None
    with io.BytesIO(b"whole" * 1_000), (tmp_path / "file").open("w+b") as file:
        file.write(b"whole" * 1_000)
        file.flush()
        await store.replace_file(key, file)
    assert await store.look(key) == "held"
    await store.delete(key)
    assert await store.look(key) == "absent"


async def test_a_store_lists_its_keys_by_how_they_begin_and_nothing_else(tmp_path):
    opened = LocalStore(str(tmp_path), mkdir=True)
    store = Bucket(opened)
    kept = {await store.put(f"{n}".encode()): len(f"{n}") for n in range(40)}
    (tmp_path / "sha256" / "ab").mkdir(exist_ok=True)
    (tmp_path / "sha256" / "ab" / "stray").write_bytes(b"x")
    assert {key: size async for key, size in store.keys("")} == kept
    for start in {key[:2] for key in kept}:
        found = {key async for key, _ in store.keys(start)}
        assert found == {key for key in kept if key.startswith(start)}
    assert [one async for one in Bucket(MemoryStore()).keys("00")] == []


async def test_a_file_that_is_too_large_is_rejected(monkeypatch, tmp_path):
    monkeypatch.setattr(bucket, "MOST_BYTES", 3)
    store = Bucket(MemoryStore())
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"four")
        file.flush()
        with pytest.raises(Rejected, match="too_large"):
            await store.put_file(file)


async def test_what_is_too_large_for_memory_is_not_read_whole(monkeypatch):
    store = Bucket(MemoryStore())
    key = await store.put(b"four")
    monkeypatch.setattr(bucket, "WHOLE_BYTES", 3)
    with pytest.raises(Rejected, match="too_large"):
        await store.get(key)
    assert await store.read(key, 0, 99) == b"fou"


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("status", "text", "fault", "said"),
    [
        (403, "<Code>AccessDenied</Code>", AccountClosed, "forbidden"),
        (401, "", AccountClosed, "forbidden"),
        (429, "", VendorThrottled, "slow_down"),
        (503, "<Code>SlowDown</Code>", VendorThrottled, "slow_down"),
        (500, "the secret of somebody", VendorUnavailable, "failing"),
        (507, "", VendorUnavailable, "full"),
        (400, "<Code>QuotaExceeded</Code>", VendorUnavailable, "full"),
        (403, "<Code>RequestTimeTooSkewed</Code>", VendorUnavailable, "clock_skewed"),
        (302, "", VendorUnavailable, "failing"),
    ],
)
async def test_an_answer_becomes_a_fault_with_a_class_and_no_text(status, text, fault, said):
    async with faulty_store(status=status, body=text) as url:
        store = over(url)
        for asked in (store.put(b"x"), store.read("a" * 64, 0, 5)):
            with pytest.raises(VendorFault) as caught:
                await asked
            assert type(caught.value) is fault
            assert caught.value.said == said


@pytest.mark.loopback
async def test_a_store_that_hangs_is_left_after_its_time():
    async with faulty_store(hangs=True) as url:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(VendorUnavailable, match="timeout"):
            await over(url, deadline_s=0.2).size("a" * 64)
        assert asyncio.get_running_loop().time() - begun < 2


@pytest.mark.loopback
async def test_a_store_that_lies_about_a_write_is_found_out_at_once():
    async with faulty_store(forgets=True) as url:
        with pytest.raises(VendorUnavailable, match="write_not_kept"):
            await over(url).put(b"kept, they say")


@pytest.mark.loopback
async def test_a_store_that_hands_out_more_than_was_asked_is_not_believed():
    async with faulty_store(floods=True) as url:
        with pytest.raises(VendorFault):
            await over(url).read("a" * 64, 0, 10)
        assert await over(url).get("a" * 64) is None


@pytest.mark.loopback
async def test_nobody_there_is_unavailable_within_a_second():
    with pytest.raises(VendorUnavailable):
        await over("http://127.0.0.1:9").size("a" * 64)
