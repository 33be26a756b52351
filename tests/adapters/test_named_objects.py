"""The contract of a store of named objects, and what its failures are called."""

from __future__ import annotations

import asyncio
import os

import pytest
from obstore.store import MemoryStore

from tests.adapters.object_counterparts import counterpart
from venire.adapters.objects.named import NamedStore, Place, open_store
from venire.kernel.errors import Conflict, Invalid, Refused, TooLarge
from venire.kernel.vendors import AccountClosed, Rejected, VendorThrottled, VendorUnavailable

pytestmark = pytest.mark.anyio

_OUTSIDE = ("versitygw_a", "versitygw_b", "azurite")


def _folder(path):
    return open_store(Place(url=f"file://{path}/deep/store"))


def _memory(_path):
    return NamedStore(MemoryStore())


def _outside(name):
    def opened(path):
        address = os.environ[f"VENIRE_COUNTERPART_{name.upper()}"]
        return NamedStore(counterpart(address, f"named-{path.name}-{os.getpid()}"))

    return opened


@pytest.fixture(
    params=[
        _folder,
        _memory,
        *(
            pytest.param(_outside(name), id=name, marks=pytest.mark.vendors(name))
            for name in _OUTSIDE
        ),
    ]
)
def store(request, tmp_path):
    return request.param(tmp_path)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 4_096])
async def test_what_was_put_comes_back(store, content):
    await store.put("a/b-1.seg", content)

    assert await store.get("a/b-1.seg", len(content)) == content
    assert await store.size("a/b-1.seg") == len(content)
    assert await store.read("a/b-1.seg", 10) == content[:10]


async def test_what_is_not_there_is_none(store):
    assert await store.get("a/b", 10) is None
    assert await store.size("a/b") is None
    assert await store.read("a/b", 10) is None
    assert await store.listing("a/") == []
    await store.delete(["a/b", "c"])


async def test_a_name_is_created_once(store):
    await store.put("a/b", b"first", create=True)
    with pytest.raises(Conflict) as refused:
        await store.put("a/b", b"second", create=True)

    assert refused.value.code == "object_exists"
    assert await store.get("a/b", 100) == b"first"
    await store.put("a/b", b"third")
    assert await store.get("a/b", 100) == b"third"


async def test_of_many_who_create_a_name_one_does(store):
    tries = [store.put("a/b", b"%d" % n, create=True) for n in range(12)]
    answers = await asyncio.gather(*tries, return_exceptions=True)

    won = [n for n, answer in enumerate(answers) if answer is None]
    assert len(won) == 1
    assert await store.get("a/b", 100) == b"%d" % won[0]


async def test_a_listing_is_by_name_below_a_prefix_and_after_a_place(store):
    for name in ("a/2", "a/1", "a/3/x", "ab/1", "b"):
        await store.put(name, name.encode())

    assert [(one.name, one.size) for one in await store.listing("a/")] == [
        ("a/1", 3),
        ("a/2", 3),
        ("a/3/x", 5),
    ]
    assert [one.name for one in await store.listing("a/", "a/1")] == ["a/2", "a/3/x"]
    assert len(await store.listing("")) == 5
    assert all(one.at_ms > 1_500_000_000_000 for one in await store.listing(""))


async def test_what_was_deleted_is_gone_and_the_rest_is_not(store):
    for n in range(20):
        await store.put(f"a/{n:02d}", b"x")
    await store.delete([f"a/{n:02d}" for n in range(15)] + ["a/none"])

    assert [one.name for one in await store.listing("a/")] == [f"a/{n:02d}" for n in range(15, 20)]


async def test_more_than_one_wants_is_not_read(store):
    await store.put("a", bytes(1000))

    with pytest.raises(TooLarge):
        await store.get("a", 999)


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "../a", "a/../b", "a//b", "a b", "a\n", "ä", ".a"]
)
async def test_what_is_no_name_is_refused(store, name):
    with pytest.raises(Refused):
        await store.put(name, b"x")
    with pytest.raises(Refused):
        await store.get(name, 10)


async def test_a_folder_that_fails_says_so_and_no_more(tmp_path):
    store = open_store(Place(url=f"file://{tmp_path}/store"))
    (tmp_path / "store" / "a").write_bytes(b"a file where a folder should be")

    with pytest.raises(VendorUnavailable) as fault:
        await store.put("a/b", b"x")
    assert str(tmp_path) not in str(fault.value)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(Invalid):
        open_store(Place(url=f"file://{tmp_path}/file/store"))


def s3(endpoint, **more):
    values = {"key_id": "key", "secret": "very secret", "allow_http": True, **more}
    return open_store(Place(url="s3://bucket/site", endpoint=endpoint, **values))


@pytest.fixture
async def answering():
    """A server that answers each request with one status; 0: never."""
    servers = []

    async def opened(status):
        async def answer(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            if not status:
                await reader.read()
            head = (
                f"HTTP/1.1 {status or 500} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            writer.write(head.encode())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield opened
    for server in servers:
        server.close()


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AccountClosed),
        (403, AccountClosed),
        (429, VendorThrottled),
        (400, Rejected),
        (500, VendorUnavailable),
        (503, VendorUnavailable),
    ],
)
async def test_what_a_store_answers_is_one_of_four_faults(answering, status, kind):
    store = s3(await answering(status))

    for call in (store.put("a", b"x"), store.size("a"), store.listing("a/"), store.get("a", 9)):
        with pytest.raises(kind) as fault:
            await call
        told = f"{fault.value!r} {fault.value.said}"
        assert "secret" not in told
        assert "127.0.0.1" not in told


@pytest.mark.loopback
async def test_who_does_not_answer_is_unavailable_and_can_be_left_waiting(answering):
    with pytest.raises(VendorUnavailable):
        await s3("http://127.0.0.1:9").put("a", b"x")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await s3(await answering(0)).put("a", b"x")


def test_a_place_never_shows_its_secret():
    place = Place(url="s3://bucket/site", key_id="key", secret="very secret")

    assert "secret" not in repr(place).replace("Place", "")
    for wrong in ("gs://bucket/x", "az://container"):
        with pytest.raises(Invalid) as refused:
            open_store(Place(url=wrong, secret="very secret", key_id=""))
        assert "very secret" not in str(refused.value)
