"""A small site that ships to stores, by hand: one that tests can break where they like."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from pyrage.x25519 import Identity

from tests.kit.blank import open_storage
from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal import lineage, segments, turns
from venire.continuity.journal.lineage import After, Generation
from venire.continuity.journal.stores import Store
from venire.continuity.recovery import snapshots
from venire.continuity.recovery.restoring import Asked, Restored, restore
from venire.kernel.chance import SystemChance
from venire.kernel.clock import Clock, ManualClock
from venire.kernel.ids import Ids
from venire.record.actions import Sequencer
from venire.record.entry import encode_entry
from venire.record.headers import hour_of
from venire.record.note import Signer
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.migrations import SCHEMA_VERSION
from venire.storage.tables.every import ALL
from venire.storage.tables.people import MARKERS
from venire.storage.world import Site, World

ORIGIN = "example.org/record"
SEED = b"r" * 32
NAMING = b"n" * 32
SIGNER = Signer(ORIGIN, SEED)
MARKER = MARKERS.row


def sign(message: bytes) -> bytes:
    """As the site signs what it ships."""
    return SIGNER._private.sign(message)


def folder_store(folder: Path, name: str = "first") -> Store:
    """A store in a folder."""
    return Store(name, open_store(Place(url=f"file://{folder / name}")))


class Ground:
    """A data folder with a record and a table to write to, and the stores that it ships to."""

    def __init__(self, folder: Path, names: Sequence[str] = ("first",)) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        (self.data / "keys").mkdir()
        (self.data / "keys" / "record.key").write_bytes(SEED)
        (self.data / "keys" / "backup-drill.key").write_text("never leaves\n")
        (self.data / "record.pub").write_text(f"{SIGNER.verifier}\n")
        (self.data / "venire.toml").write_text('title = "Example"\n')
        self.clock = ManualClock()
        self.chance = SystemChance()
        self.identity = Identity.generate()
        self.recipient = self.identity.to_public()
        self.stores = [folder_store(folder, name) for name in names]
        self.generation = 1
        self.shipped = 0
        self.chain = segments.FIRST_CHAIN
        self.open()

    def open(self) -> None:
        """Open the data."""
        self.ids = Ids(self.clock)
        self.storage = open_storage(self.data, self.clock, self.ids)
        self.world = World(
            self.storage, self.clock, self.chance, self.ids, Site("example.org", "https://e.org")
        )

    async def begin(self, after: After | None = None) -> None:
        """Tell the stores of this generation."""
        told = Generation(
            generation=self.generation,
            started_at_ms=self.clock.now_ms(),
            site="example.org",
            origin=ORIGIN,
            after=after,
            schema=SCHEMA_VERSION,
            program="0",
        )
        for store in self.stores:
            await store.put(lineage.generation_path(self.generation), turns.told(told, sign))

    async def write(self, count: int, account: int = 7) -> None:
        """So many commits, each of one row, a second apart."""
        for _ in range(count):
            self.clock.advance(1_000)
            number = self.ids.next()
            await self.storage.put(MARKERS, marker(account, f"t{number}", number))

    async def record(self, count: int) -> None:
        """So many entries of the record."""
        sequencer = Sequencer(self.world, SIGNER)
        sequencer.start()
        for _ in range(count):
            key = f"key:{self.ids.next()}"
            header = {"type": "disclosure", "hour": hour_of(self.clock.now_ms()), "rules": "1"}
            header |= {"category": "incitement", "automated": False}
            await sequencer.append(key, encode_entry(header, {}))
        await sequencer.stop()

    async def checkpoint(self) -> bytes:
        """The signed head of the record."""
        return await Sequencer(self.world, SIGNER).checkpoint()

    async def ship(self, limit: int = 5, stores: Sequence[Store] | None = None) -> list[str]:
        """Ship all there is, in segments of so many commits; their paths."""
        paths = []
        while entries := await self.storage.journal(self.shipped, limit):
            plain = segments.encode_entries(entries)
            header, content = segments.seal(
                entries,
                plain,
                segments.encrypt(plain, [self.recipient]),
                generation=self.generation,
                schema=SCHEMA_VERSION,
                previous=self.chain,
                sign=sign,
            )
            stretch = lineage.Stretch(self.generation, header.first, header.last)
            for store in self.stores if stores is None else stores:
                await store.put(stretch.path, content)
            paths.append(stretch.path)
            self.shipped, self.chain = header.last, header.chain_bytes
        return paths

    async def snapshot(self, stores: Sequence[Store] | None = None) -> list[snapshots.Shipped]:
        """Ship a snapshot now."""
        origin = snapshots.Origin(site="example.org", generation=self.generation, naming_key=NAMING)
        return await snapshots.take_physical(
            self.data,
            self.stores if stores is None else stores,
            origin,
            [self.recipient],
            now_ms=self.clock.now_ms(),
            chance=self.chance,
            sign=sign,
        )

    async def restore(self, name: str = "restored", **more: Any) -> Restored:
        """Restore into a folder beside."""
        clock: Clock = more.pop("clock", self.clock)
        asked = Asked(
            **{
                "data": self.folder / name,
                "shelves": tuple(self.stores),
                "identities": (self.identity,),
                "program": "0",
                **more,
            }
        )
        return await restore(asked, clock, self.chance, lambda _name: lambda _done, _total: None)

    async def close(self) -> None:
        """Close the data."""
        await self.storage.close()


def marker(account: int, name: str, number: int) -> Any:
    """A row of a table that any program has."""
    values: dict[str, Any] = {field.name: 0 for field in msgspec.structs.fields(MARKER)}
    kinds = {column.name: column.kind for column in MARKERS.columns}
    for column, kind in kinds.items():
        values[column] = {"int": number, "text": name, "blob": b"", "bool": False, "real": 0.0}[
            kind
        ]
    values[MARKERS.partition[0]] = account
    return MARKER(**values)


async def rows_of(folder: Path, clock: Clock) -> dict[str, list[str]]:
    """All rows of a site, but for those that opening it makes."""
    storage = SqliteStorage(folder, clock, Ids(clock), ALL)
    found: dict[str, list[str]] = {}
    for table in ALL:
        if not table.rebuildable and table.name != "ship_generations":
            rows, cursor = await storage.scan(table, None, 10_000)
            assert cursor is None
            if rows:
                found[table.name] = sorted(map(repr, rows))
    await storage.close()
    return found


def run(work: Any) -> Any:
    """Run a test's play."""
    return asyncio.run(work)
