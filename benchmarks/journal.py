"""What it costs to ship the journal, and what is lost with the host and one store.

`python -m benchmarks.journal [SECONDS] [--versitygw PATH]`: the same load without shipping, with it
to two folders, and to two S3 servers where the program is there; then `kill -9` of everything at
200 commits a second and the loss of one store, counted in the other. Rates are by the clock on the
wall; the runs take turns, several times, since the disk's own speed moves.
"""

# ruff: noqa: INP001 - a command, not a package

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from pyrage.x25519 import Identity, Recipient
from rich.console import Console
from rich.table import Table as Printed

from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal.lineage import stretches_in
from venire.continuity.journal.offsite import Stores
from venire.continuity.journal.segments import check_follows, open_segment
from venire.continuity.journal.shipper import Shipper
from venire.continuity.journal.slices import Slices
from venire.continuity.journal.stores import Store
from venire.events import CaseChanged, Event
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.journal import Durable
from venire.storage.tables.every import ALL
from venire.storage.tables.outbox import TIMERS, TimerRow
from venire.storage.verbs import Put
from venire.storage.world import Site, World

ROUNDS = 4
WRITERS = 64
RATE = 200
KEY_ID, SECRET = "bench", "benchbench"
_EVENTS = msgspec.msgpack.Decoder(list[tuple[int, Event]])
_BODY = "a row of ordinary length, as most are, with a little more to say than nothing" * 2


def world_in(folder: Path) -> tuple[World, SqliteStorage]:
    """A site's storage in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    ids = Ids(clock, node=0)
    storage = SqliteStorage(folder, clock, ids, ALL)
    site = Site("bench.test", "http://bench.test")
    return World(storage, clock, SystemChance(), ids, site), storage


def stores_at(places: Sequence[str]) -> list[Store]:
    """The stores at these addresses."""
    return [
        Store(
            f"store-{number}",
            open_store(
                _at_server(place) if place.startswith("http") else Place(url=f"file://{place}")
            ),
        )
        for number, place in enumerate(places)
    ]


def _at_server(place: str) -> Place:
    endpoint, _, run = place.rpartition("/")
    return Place(
        url=f"s3://bench/run-{run}",
        endpoint=endpoint,
        key_id=KEY_ID,
        secret=SECRET,
        allow_http=True,
    )


async def one_commit(world: World, number: int, durable: Durable = "local") -> None:
    """A row of about 200 bytes and an event."""
    aggregate = f"case:{number}"
    row = TimerRow(0, number, "bench", f"{number}:{_BODY}", aggregate)
    await world.storage.commit(
        aggregate, [Put(TIMERS, row)], [CaseChanged(number)], durable=durable
    )


class Load(msgspec.Struct):
    """Commits a second, CPU microseconds of each, and how far the stores were behind: half, p95."""

    rate: float
    cpu_us: float
    half_ms: float
    behind_ms: float


async def _behind(world: World, stores: Sequence[Store]) -> float:
    """Milliseconds between the oldest commit that a store has not, and now."""
    positions = [await world.storage.position(f"ship:{store.name}") for store in stores]
    missing = await world.storage.journal(min(positions), 1)
    return float(world.now_ms() - missing[0].at_ms) if missing else 0.0


async def throughput(folder: Path, places: Sequence[str], seconds: float) -> Load:
    """What a site takes in, with shipping or without."""
    world, storage = world_in(folder)
    shipping: asyncio.Task[None] | None = None
    stores = stores_at(places)
    if stores:
        shipper = Shipper(
            world,
            stores,
            Slices(world.storage, [Identity.generate().to_public()]),
            origin="bench.test/record",
        )
        storage.on_commit(shipper.wake)
        shipping = asyncio.create_task(shipper.run())
        await asyncio.sleep(0.3)
    behind: list[float] = []
    count, until = 0, time.perf_counter() + seconds
    began, cpu = time.perf_counter(), time.process_time()

    async def writer() -> None:
        nonlocal count
        while time.perf_counter() < until:
            count += 1
            await one_commit(world, count)

    async def look() -> None:
        while stores and time.perf_counter() < until:
            await asyncio.sleep(0.1)
            behind.append(await _behind(world, stores))

    await asyncio.gather(look(), *(writer() for _ in range(WRITERS)))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    if shipping is not None:
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)
    await storage.close()
    late = statistics.quantiles(behind or [0, 0], n=20)
    return Load(count / took, used / count * 1e6, late[9], late[-1])


async def idle(folder: Path, places: Sequence[str], seconds: float) -> float:
    """CPU seconds an hour of a shipper whose site takes nothing in."""
    world, storage = world_in(folder)
    slices = Slices(world.storage, [Identity.generate().to_public()])
    shipper = Shipper(world, stores_at(places), slices, origin="bench.test/record")
    storage.on_commit(shipper.wake)
    shipping = asyncio.create_task(shipper.run())
    await one_commit(world, 1)
    await asyncio.sleep(1)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    used = (time.process_time() - cpu) / (time.perf_counter() - began) * 3600
    shipping.cancel()
    await asyncio.gather(shipping, return_exceptions=True)
    await storage.close()
    return used


async def latency(folder: Path, places: Sequence[str], count: int = 40) -> tuple[float, float]:
    """Median and worst milliseconds of a commit that waits for a store, beside a usual load."""
    world, storage = world_in(folder)
    stores = stores_at(places)
    shipper = Shipper(
        world,
        stores,
        Slices(world.storage, [Identity.generate().to_public()]),
        origin="bench.test/record",
    )
    offsite = storage.offsite = Stores(world.storage, [store.name for store in stores])
    offsite.on_wait(shipper.hurry)
    storage.on_commit(shipper.wake)
    shipping = asyncio.create_task(shipper.run())
    await one_commit(world, 0, "remote")
    took: list[float] = []
    for number in range(1, count):
        began = time.perf_counter()
        await one_commit(world, number, "remote")
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.013)
    shipping.cancel()
    await asyncio.gather(shipping, return_exceptions=True)
    await storage.close()
    return statistics.median(took), max(took)


# what is lost


async def child(folder: Path, places: Sequence[str], key: str, durable: Durable) -> None:
    """Commit numbers at a steady rate until killed; say each with its moment once acknowledged."""
    world, storage = world_in(folder)
    stores = stores_at(places)
    slices = Slices(world.storage, [Recipient.from_str(key)])
    shipper = Shipper(world, stores, slices, origin="bench.test/record")
    offsite = storage.offsite = Stores(world.storage, [store.name for store in stores])
    offsite.on_wait(shipper.hurry)
    storage.on_commit(shipper.wake)
    shipping = asyncio.create_task(shipper.run())
    tasks: set[asyncio.Task[None]] = set()

    async def one(number: int) -> None:
        await one_commit(world, number, durable)
        os.write(1, f"{number} {world.now_ms()}\n".encode())

    number, next_s = 0, time.perf_counter()
    while not shipping.done():
        number += 1
        task = asyncio.create_task(one(number))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        next_s += 1 / RATE
        await asyncio.sleep(max(0.0, next_s - time.perf_counter()))
    await shipping


async def numbers_in(store: Store, key: Identity) -> set[int]:
    """What one store alone has, proven by its chain."""
    found: set[int] = set()
    chain = bytes(32)
    names = [one.name for one in await store.names("journal/")]
    for stretch in stretches_in(names):
        content = await store.fetch(stretch.path)
        segment = open_segment(content or b"", [key])
        check_follows(segment.header, chain)
        chain = segment.header.chain_bytes
        for entry in segment.entries:
            if entry.events:
                events = [event for _, event in _EVENTS.decode(entry.events)]
                found |= {event.case_id for event in events if isinstance(event, CaseChanged)}
    return found


def _killed(command: list[str], seconds: float) -> list[tuple[int, int]]:
    """What a child acknowledged, and when, before it was killed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    time.sleep(seconds + 2)
    process.kill()
    said, _ = process.communicate()
    lines = [line.split() for line in said.splitlines()]
    return [(int(number), int(at_ms)) for number, at_ms in lines]


async def lost(folder: Path, places: Sequence[str], durable: Durable, seconds: float) -> str:
    """Kill the site, lose the first store, and count in the second."""
    key = Identity.generate()
    arguments = [str(folder), str(key.to_public()), durable, *places]
    command = [sys.executable, "-m", "benchmarks.journal", "--child", *arguments]
    said = await asyncio.to_thread(_killed, command, seconds)
    kept = await numbers_in(stores_at(places)[1], key)
    gone = [at_ms for number, at_ms in said if number not in kept]
    window = (said[-1][1] - min(gone)) / 1000 if gone else 0.0
    return f"{len(gone)} of {len(said)} acknowledged, {window:.2f} s"


# S3 servers on this machine


@contextlib.contextmanager
def servers(program: Path, folder: Path) -> Iterator[list[str]]:
    """Two S3 servers with a bucket each; their endpoints."""
    processes: list[subprocess.Popen[bytes]] = []
    endpoints: list[str] = []
    for name in "ab":
        root, side = folder / name, folder / f"side-{name}"
        (root / "bench").mkdir(parents=True)
        side.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {**os.environ, "ROOT_ACCESS_KEY": KEY_ID, "ROOT_SECRET_KEY": SECRET}
        environment.pop("AWS_CA_BUNDLE", None)
        # As a vendor's do; by itself it ends a connection with each answer.
        command = [str(program), "--keep-alive", "--port", f"127.0.0.1:{port}"]
        command += ["posix", "--sidecar", str(side), str(root)]
        processes.append(
            subprocess.Popen(  # noqa: S603 - the operator's own program
                command,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        endpoints.append(f"http://127.0.0.1:{port}")
    time.sleep(2)
    try:
        yield endpoints
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def measure(
    printed: Printed, name: str, root: Path, seconds: float, endpoints: Sequence[str]
) -> None:
    """The figures of one kind of stores: folders, or the servers at these endpoints."""
    run = 0

    def places() -> list[str]:
        return (
            [f"{one}/{run}" for one in endpoints]
            if endpoints
            else [str(root / name / str(run) / store) for store in "ab"]
        )

    plain: list[Load] = []
    shipped: list[Load] = []
    for turn in range(2 * ROUNDS):
        run += 1
        folder = root / name / str(run) / "data"
        # One first, then the other first: the disk is slower after the one before.
        if turn % 4 in {0, 3}:
            plain.append(await throughput(folder, [], seconds))
        else:
            shipped.append(await throughput(folder, places(), seconds))
    rates = [statistics.median(load.rate for load in one) for one in (plain, shipped)]
    costs = [statistics.median(load.cpu_us for load in one) for one in (plain, shipped)]
    printed.add_row(name, "commits/s without, with", f"{rates[0]:,.0f}, {rates[1]:,.0f}")
    for word, loads in (("without", plain), ("with", shipped)):
        printed.add_row(name, f"each run {word}", "  ".join(f"{one.rate:,.0f}" for one in loads))
    printed.add_row(name, "cost of shipping", f"{(1 - rates[1] / rates[0]) * 100:.0f} %")
    printed.add_row(name, "CPU us a commit", f"{costs[0]:.1f}, {costs[1]:.1f}")
    late_ms = [f"{one.half_ms:,.0f}, {one.behind_ms:,.0f}" for one in shipped]
    printed.add_row(name, "behind at full load, p50, p95 ms", "  ".join(late_ms))
    run += 1
    used_s = await idle(root / name / str(run) / "idle", places(), 4 * seconds)
    printed.add_row(name, "CPU s an hour while idle", f"{used_s:.1f}")
    run += 1
    median, worst = await latency(root / name / str(run) / "waits", places())
    printed.add_row(name, "durable=remote, ms", f"{median:.0f} (worst {worst:.0f})")
    wanted: tuple[Durable, ...] = ("local", "local", "local", "strict", "strict", "strict")
    for durable in wanted:
        run += 1
        said = await lost(root / name / str(run) / "killed", places(), durable, 3.0)
        printed.add_row(name, f"lost at kill -9 and one store, {durable}", said)


async def main(seconds: float, program: Path | None, root: Path) -> None:
    """Measure folders, then servers where there are any."""
    printed = Printed("stores", "figure", "value", title="The journal outside the host")
    await measure(printed, "folders", root, seconds, [])
    if program is not None:
        with servers(program, root) as endpoints:
            await measure(printed, "versitygw", root, seconds, endpoints)
    Console(width=110).print(printed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=4.0)
    parser.add_argument("--versitygw", default="build/counterparts/bin/versitygw")
    parser.add_argument("--folder", default=None, help="where the data is written to")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    if given.child:
        folder, key, durable, *places = given.child
        asyncio.run(child(Path(folder), places, key, durable))
    else:
        with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
            there = Path(given.versitygw)
            program = there if there.exists() else None
            asyncio.run(main(given.seconds, program, Path(temporary)))
