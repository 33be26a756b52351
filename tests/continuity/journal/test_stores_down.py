"""Real stores that are away for twenty seconds under commits: nothing lost, in order, caught up.

Each is a versitygw of its own, ended with `kill -9` and started again over what it had, or stopped
in the middle of what it does (a connection that is taken and never answered).
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.continuity.shipping_kit import Pace, journal_in, shipping, until
from tests.counterparts import objects
from tests.counterparts.process import Process, free_port
from venire.adapters.objects.named import NamedStore, Place, open_store
from venire.continuity.journal import ship_states
from venire.continuity.journal.offsite import Stores
from venire.continuity.journal.stores import Store
from venire.events import CaseChanged

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.vendors("versitygw_a"),
    pytest.mark.timeout(240),
]
DOWN_S = 22.0
NAMES = ("first", "second")
_WRITERS = 4
_MB = 1 << 20


class Bucket:
    """A store that is a process of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.name = name
        self.port = free_port()
        self.process: Process
        self.opened: NamedStore
        self.start()

    def start(self) -> None:
        self.process, url = objects.versitygw(self.folder, self.name, self.port)
        parts = urlsplit(url)
        place = Place(
            url=f"s3:/{parts.path}",
            endpoint=f"http://{parts.hostname}:{parts.port}",
            region="us-east-1",
            key_id=parts.username or "",
            secret=parts.password or "",
            allow_http=True,
        )
        self.opened = open_store(place)

    def go(self, how: str) -> None:
        if how == "ended":
            self.process.kill()
        else:
            self.process.pause()

    def come_back(self, how: str) -> None:
        if how == "ended":
            self.start()
        else:
            self.process.resume()


@pytest.fixture
def buckets(tmp_path):
    with contextlib.ExitStack() as stack:
        made = [Bucket(tmp_path, name) for name in NAMES]
        for one in made:
            stack.callback(lambda one=one: one.process.stop())
        yield made


@dataclasses.dataclass
class Writers:
    """Commits, one after another, from several at once; how long each waited."""

    world: object
    durable: str
    waits: list[float] = dataclasses.field(default_factory=list)
    done: list[int] = dataclasses.field(default_factory=list)
    stop: bool = False

    async def write(self, writer: int) -> None:
        number = writer
        while not self.stop:
            began_s = time.monotonic()
            event = [CaseChanged(number)]
            await self.world.storage.commit(f"case:{writer}", [], event, durable=self.durable)
            self.waits.append(time.monotonic() - began_s)
            self.done.append(number)
            number += _WRITERS
            await asyncio.sleep(0.005)


def memory() -> int:
    """Bytes that this process has in memory (proc(5), statm)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def disk(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.glob("*.db*"))


async def newest(world) -> int:
    # Past what a line writes of itself while it catches up.
    return (await world.storage.journal(0, 1_000_000))[-1].sequence


@pytest.mark.parametrize(
    ("durable", "how", "gone"),
    [
        ("local", "ended", NAMES[:1]),
        ("remote", "ended", NAMES[:1]),
        ("remote", "stopped", NAMES[:1]),
        ("local", "ended", NAMES),
        ("remote", "ended", NAMES),
    ],
)
async def test_a_store_that_is_away_for_twenty_seconds_loses_nothing_and_catches_up(  # noqa: PLR0917 - fixtures
    world, tmp_path, buckets, durable, how, gone, record_property
):
    stores = [Store(one.name, one.opened) for one in buckets]
    world.storage.offsite = offsite = Stores(world.storage, NAMES)
    writers = Writers(world, durable)
    async with shipping(world, *stores, pace=Pace()) as (at_work, _):
        world.storage.on_commit(at_work.wake)
        writing = [asyncio.create_task(writers.write(number)) for number in range(_WRITERS)]
        await until(lambda: working(world, NAMES), 20)
        await asyncio.sleep(2)
        before, memory_before, disk_before = len(writers.waits), memory(), disk(tmp_path)
        away = [one for one in buckets if one.name in gone]
        for one in away:
            one.go(how)
        await asyncio.sleep(DOWN_S)
        told = [one for one in gone if not await working(world, (one,))]
        assert told == list(gone), "the operator hears of it within the patience of 10 s"
        waited = writers.waits[before:]
        grown, used = memory() - memory_before, disk(tmp_path) - disk_before
        for one in away:
            await asyncio.to_thread(one.come_back, how)
        back_s = time.monotonic()
        await until(lambda: working(world, NAMES), 60)
        writers.stop = True
        await asyncio.gather(*writing)
        last = await newest(world)
        await until(lambda: holds(world, last), 60)
        caught_up_s = time.monotonic() - back_s
    await check_whole(world, buckets, writers, last)
    assert grown < 64 * _MB
    assert used < 64 * _MB
    if durable == "local" or gone != NAMES:
        # One that works is enough: nobody is told that it lies on this host alone.
        assert offsite.fallen_back == 0
        assert max(waited) < 10
    record_property("figure", figure(waited, caught_up_s, grown, used))


async def check_whole(world, buckets, writers, last) -> None:
    """Nothing that was acknowledged is missing anywhere, nor out of order."""
    mine = await world.storage.journal(0, 1_000_000)
    for one in buckets:
        shipped = await journal_in(one.opened)
        assert shipped == mine[: len(shipped)]
        assert shipped[-1].sequence >= last
    told_of = [one.event for one in await world.storage.tail(0, 1_000_000)]
    numbers = [one.case_id for one in told_of if isinstance(one, CaseChanged)]
    assert sorted(numbers) == sorted(writers.done)
    for writer in range(_WRITERS):
        own = [number for number in numbers if number % _WRITERS == writer]
        assert own == sorted(own)


def figure(waited, caught_up_s, grown, used) -> str:
    waited = sorted(waited)
    return (
        f"{len(waited)} commits in {DOWN_S:.0f} s, half within {1e3 * waited[len(waited) // 2]:.0f}"
        f" ms, 99% {1e3 * waited[len(waited) * 99 // 100]:.0f} ms, the slowest {waited[-1]:.2f} s;"
        f" caught up {caught_up_s:.2f} s after; {grown / _MB:.1f} MB of memory,"
        f" {used / _MB:.1f} MB of disk"
    )


async def working(world, names) -> bool:
    rows = await ship_states.load_all(world.storage, names)
    return all(row is not None and row.state == "working" for row in rows)


async def holds(world, last: int) -> bool:
    positions = [await world.storage.position(ship_states.cursor_of(name)) for name in NAMES]
    return min(positions) >= last
