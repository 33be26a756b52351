"""A site's storage and shipper as a process of its own, to be killed.

`python -m tests.continuity.shipping_child FOLDER KEY FIRST DURABLE`: commits numbered events and
prints each number once it is acknowledged. FOLDER holds `data`, and the stores `first`, `second`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from pyrage.x25519 import Recipient

from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal.news import Pace
from venire.continuity.journal.offsite import Stores
from venire.continuity.journal.shipper import Shipper
from venire.continuity.journal.slices import Slices
from venire.continuity.journal.stores import Store
from venire.events import CaseChanged
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.every import ALL
from venire.storage.world import Site, World

ROOT = Path(__file__).parents[2]
WRITERS = 4


def start(folder: Path, key: str, number: int, durable: str) -> subprocess.Popen[str]:
    """Start a child; its standard output is a pipe."""
    arguments = [str(folder), key, str(number), durable]
    command = [sys.executable, "-m", "tests.continuity.shipping_child", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def open_world(folder: Path) -> World:
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    ids = Ids(clock, node=0)
    storage = SqliteStorage(data, clock, ids, ALL)
    site = Site("venire.test", "http://venire.test")
    return World(storage, clock, SystemChance(), ids, site)


def open_shipper(world: World, folder: Path, key: str) -> Shipper:
    stores = [
        Store(name, open_store(Place(url=f"file://{folder / name}")))
        for name in ("first", "second")
    ]
    slices = Slices(world.storage, [Recipient.from_str(key)])
    pace = Pace(gap_s=0.02)
    return Shipper(world, stores, slices, origin="venire.test/record", pace=pace)


async def main(folder: Path, key: str, first: int, durable: str) -> None:
    world = open_world(folder)
    assert isinstance(world.storage, SqliteStorage)
    shipper = open_shipper(world, folder, key)
    world.storage.offsite = Stores(world.storage, ("first", "second"))
    world.storage.on_commit(shipper.wake)
    shipping = asyncio.create_task(shipper.run())
    numbers = iter(range(first, 1_000_000))

    async def writer() -> None:
        for number in numbers:
            await world.storage.commit(
                f"case:{number}",
                [],
                [CaseChanged(number)],
                durable=durable,  # type: ignore[arg-type]
            )
            # Unbuffered: a line that is told must not die with the process.
            os.write(1, f"{number}\n".encode())
            await asyncio.sleep(0.002)

    await asyncio.gather(shipping, *(writer() for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
