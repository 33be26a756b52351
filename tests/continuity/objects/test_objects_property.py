"""In whatever order things go wrong: what is kept is everywhere at last, what is erased nowhere.

Uploads, erasures, stores that go away and lose everything, processes that are killed between any
two rows; then all is well again, a day passes, and the stores are compared.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.continuity.object_kit import Place, place_at
from venire.continuity.objects import object_book
from venire.continuity.objects.object_manifests import compare
from venire.continuity.vendors import vendor_states
from venire.continuity.vendors.breaker import reset
from venire.kernel.chance import SeededChance
from venire.kernel.clock import DAY_MS, MINUTE_MS, ManualClock
from venire.kernel.errors import Problem
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables import objects, outbox, vendors
from venire.storage.world import Site, World

FEW = (*outbox.TABLES, *objects.TABLES, *vendors.TABLES)
CONTENTS = [f"object {n}".encode() * (n * 9_000 + 1) for n in range(4)]
KEYS = [hashlib.sha256(content).hexdigest() for content in CONTENTS]
STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 3)),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("work"), st.integers(0, 1)),
    st.tuples(st.just("killed"), st.integers(0, 6)),
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["well", "away", "closed", "full"])),
    st.tuples(st.just("lose"), st.sampled_from(["a", "b"])),
    st.tuples(st.just("wait"), st.integers(1, 90)),
)


class KilledError(BaseException):
    """`kill -9`."""


async def killed_after(place: Place, rows: int) -> Place:
    """Let the worker write so many rows, and kill the process."""
    usual, left = object_book._moved, rows

    async def dying(*given):
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1
        return await usual(*given)

    object_book._moved = dying
    try:
        await place.mirroring.work()
    except BaseExceptionGroup:
        pass
    finally:
        object_book._moved = usual
    return place.restarted()


async def step(place: Place, kept: set[int], act: str, much: int | str) -> Place:
    match act:
        case "put":
            assert await place.media.put(CONTENTS[much]) == KEYS[much]
            kept.add(much)
        case "delete":
            await place.media.delete(KEYS[much])
            kept.discard(much)
        case "work":
            await place.mirroring.work()
        case "killed":
            return await killed_after(place, much)
        case "a" | "b":
            getattr(place, act).mood = much
        case "lose":
            getattr(place, much).lose_everything()
        case "wait":
            place.world.clock.advance(much * MINUTE_MS)
    for one in kept:
        assert await place.media.get(KEYS[one]) == CONTENTS[one]
    return place


async def at_last(place: Place, folder: Path) -> None:
    """All is well again, for a day."""
    clock = place.world.clock
    for name in ("a", "b"):
        getattr(place, name).mood = "well"
        await vendor_states.change(
            place.world, "objects", name, lambda health: reset(health, clock.now_ms())
        )
    place = place.restarted()
    for _ in range(3):
        clock.advance(DAY_MS)
        await place.settle()
        await compare(place.world, place.media, folder / "manifests")
    await place.settle()


async def run(steps: list[tuple[str, int | str]], folder: Path) -> None:
    clock = ManualClock()
    ids = Ids(clock, node=0)
    storage = SqliteStorage(folder, clock, ids, FEW)
    world = World(storage, clock, SeededChance("p"), ids, Site("venire.test", "http://v.test"))
    try:
        place, kept = place_at(world, folder / "kept"), set[int]()
        for act, much in steps:
            place = await step(place, kept, act, much)
        await at_last(place, folder)
        rows = [await object_book.load(world, "media", KEYS[one]) for one in sorted(kept)]
        assert {row.stores for row in rows} <= {"a,b"}
        wanted = {row.sealed_key for row in rows}
        for store in (place.a, place.b):
            found = await store.everything()
            assert found.keys() == wanted
        assert {path.name for path in place.files()} == {KEYS[one] for one in kept}
        assert await object_book.waiting(world, 100) == (0, None)
    finally:
        await storage.close()


@given(steps=st.lists(STEPS, max_size=14))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_what_is_kept_is_everywhere_and_what_is_erased_is_nowhere(steps):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(steps, Path(folder)))


def test_the_property_sees_a_store_that_forgets_an_erasure(monkeypatch, tmp_path):
    async def forgetting(*_: object) -> None:
        return None

    monkeypatch.setattr("tests.continuity.object_kit.Outside.delete", forgetting)
    with pytest.raises((AssertionError, Problem)):
        asyncio.run(run([("put", 1), ("work", 0), ("delete", 1)], tmp_path))
