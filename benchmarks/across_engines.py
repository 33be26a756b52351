"""A site restored from a store onto Cassandra: `python -m benchmarks.across_engines [MB] [FOLDER]`.

One node of Cassandra beside it on the same machine, as a host of its own would run one: compiled
fully, 3 GB of heap, every write synced before it is acknowledged (`group`). Its tables are made
ahead (`venire restore --prepare`). Time begins at the store and ends when the keyspace holds every
row; a thousand posts are then read back and compared.
In the same run: the same to SQLite alone. Java and the node's jars: see `make test-cluster`.
"""

# ruff: noqa: INP001 - a command, not a package

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import apsw
from pyrage.x25519 import Identity
from rich.console import Console
from rich.table import Table as Printed

from benchmarks.restore import MB, make_site
from tests.cluster.node import AS_A_HOST, Node, cpu_s
from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal.stores import Store
from venire.continuity.recovery import snapshots
from venire.continuity.recovery.restoring import Asked, restore
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.ids import Ids
from venire.server.cluster_restoring import Filled, fill, prepare
from venire.storage.engines.cql import CqlStorage
from venire.storage.engines.cql_driver import Contact
from venire.storage.tables.every import ALL
from venire.storage.tables.posts import POSTS

_LOOKED_AT = 1_000
_KEYSPACE = "across"


async def _ship(folder: Path, identity: Identity) -> Store:
    store = Store("first", open_store(Place(url=f"file://{folder / 'store'}")))
    origin = snapshots.Origin(site="example.org", generation=1, naming_key=b"n" * 32)
    now_ms, chance = SystemClock().now_ms(), SystemChance()
    await snapshots.take_physical(
        folder / "data", [store], origin, [identity.to_public()], now_ms=now_ms, chance=chance
    )
    return store


async def _compare(data: Path, contact: Contact) -> int:
    """How many of a thousand posts, evenly taken, the keyspace has as the file has them."""
    connection = apsw.Connection(str(data / "venire.db"), flags=apsw.SQLITE_OPEN_READONLY)
    count = int(connection.execute("SELECT count(*) FROM posts").get)
    names = ", ".join(column.name for column in POSTS.columns)
    step = max(1, count // _LOOKED_AT)
    rows = connection.execute(f"SELECT {names} FROM posts WHERE id % {step} = 0").fetchall()  # noqa: S608
    connection.close()
    clock = SystemClock()
    storage = await CqlStorage.open(contact, clock, Ids(clock), ALL)
    found = await storage.get_many(POSTS, [(row[0],) for row in rows])
    await storage.close()
    return sum(
        one is not None and tuple(getattr(one, column.name) for column in POSTS.columns) == row
        for one, row in zip(found, rows, strict=True)
    )


def _note(name: str):  # noqa: ANN202 - what restore() wants
    last = [time.monotonic()]

    def told(done: int, total: int) -> None:
        if time.monotonic() - last[0] > 5:  # noqa: PLR2004 - seconds
            last[0] = time.monotonic()
            sys.stderr.write(f"{name}: {done} of {total}\n")

    return told


def main(megabytes: int, parent: str | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        posts = make_site(folder / "data", megabytes)
        size = (folder / "data" / "venire.db").stat().st_size
        identity, clock, chance = Identity.generate(), SystemClock(), SystemChance()
        store = asyncio.run(_ship(folder, identity))
        node = Node(folder / "node", sync="group", shape=AS_A_HOST)
        node.start()
        try:
            where = f"{node.address}:{node.port}/{_KEYSPACE}"
            began = time.perf_counter()
            asyncio.run(prepare(where, clock, chance, make=True))
            tables_s = time.perf_counter() - began
            spent, own, began = cpu_s(node.pid), time.process_time(), time.perf_counter()
            asked = Asked(data=folder / "new", shelves=(store,), identities=(identity,))
            asyncio.run(restore(asked, clock, chance, _note))
            file_s = time.perf_counter() - began
            filled: Filled = asyncio.run(fill(folder / "new", where, clock, chance, _note))
            took_s = time.perf_counter() - began
            spent, own = cpu_s(node.pid) - spent, time.process_time() - own
            contact = Contact((node.address,), node.port, _KEYSPACE)
            same = asyncio.run(_compare(folder / "data", contact))
        finally:
            node.stop()
        printed = Printed(title=f"{size >> 20} MB, {posts} posts, {len(ALL)} tables")
        for heading in (
            "tables s",
            "SQLite s",
            "Cassandra s",
            "s a GB",
            "rows",
            "its CPU s",
            "our CPU s",
            "same",
        ):
            printed.add_column(heading, justify="right")
        a_gigabyte = took_s / size * 1e9
        figures = (
            f"{tables_s:.1f}",
            f"{file_s:.1f}",
            f"{took_s:.1f}",
            f"{a_gigabyte:.0f}",
            str(filled.rows),
        )
        printed.add_row(*figures, f"{spent:.0f}", f"{own:.0f}", str(same))
        Console().print(printed)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else MB,
        sys.argv[2] if len(sys.argv) > 2 else None,  # noqa: PLR2004 - the folder
    )
