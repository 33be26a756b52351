"""A running site that can be moved, with members who write to it all the while."""

from __future__ import annotations

import asyncio

from tests.continuity.restore_kit import NAMING, ORIGIN, SIGNER, Ground, marker, sign
from venire.continuity.journal.news import Pace
from venire.continuity.journal.shipper import Shipper
from venire.continuity.journal.slices import Slices
from venire.continuity.recovery import relocating, restoring
from venire.continuity.recovery.following import Following
from venire.continuity.recovery.relocating import Relocation
from venire.continuity.recovery.restoring import Asked
from venire.continuity.recovery.snapshots import Origin, take_physical
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Unavailable
from venire.kernel.ids import Ids
from venire.storage.engines import sqlite_freeze
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.every import ALL
from venire.storage.tables.people import MARKERS

TO = "https://new.example.org"


class Running(Ground):
    """A site with a shipper, and members who write without a pause."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.acknowledged: list[int] = []
        self.refused = 0
        self.clock = SystemClock()

    async def start(self) -> None:
        """Run: ship, and be written to."""
        await self.storage.close()
        self.open()
        self.begin_shipping()
        await self.settled()
        self.write_on()

    def begin_shipping(self) -> None:
        slices = Slices(self.storage, [self.recipient], sign)
        pace = Pace(gap_s=0.02, look_s=0.5)
        self.shipper = Shipper(self.world, self.stores, slices, origin=ORIGIN, pace=pace)
        self.storage.on_commit(self.shipper.wake)
        self.tasks = [asyncio.create_task(self.shipper.run())]

    async def settled(self) -> None:
        """A store that has a generation and a snapshot."""
        while not self.shipper.lines[0].place:  # noqa: ASYNC110 - it has no event for that
            await asyncio.sleep(0.02)
        await self.storage.put(MARKERS, marker(1, "first", 1))
        origin = Origin(site="example.org", naming_key=NAMING)
        await take_physical(
            self.data,
            self.stores,
            origin,
            [self.recipient],
            now_ms=self.clock.now_ms(),
            chance=self.chance,
            sign=sign,
        )

    def write_on(self) -> None:
        """Four members who write on and on, and keep what they were told stands."""

        async def member(account: int) -> None:
            number = 0
            while True:
                number += 1
                row = marker(account, f"t{number}", number)
                try:
                    await self.storage.put(MARKERS, row)
                except Unavailable as problem:
                    self.refused += problem.code == "site_moving"
                    await asyncio.sleep(0.01)
                else:
                    self.acknowledged.append(account * 1_000_000 + number)
                await asyncio.sleep(0)

        self.tasks += [asyncio.create_task(member(account)) for account in range(10, 14)]

    def standby(self) -> Following:
        asked = Asked(
            data=self.folder / "there",
            shelves=tuple(self.stores),
            identities=(self.identity,),
            check=restoring.record_check(str(SIGNER.verifier)),
            program="0",
        )
        return Following(asked, TO, self.clock, self.chance, lambda _n: lambda _d, _t: None)

    def relocation(self) -> Relocation:
        return Relocation(
            data=self.data,
            storage=self.storage,
            shelf=self.stores[0],
            to=TO,
            clock=self.clock,
            chance=self.chance,
        )

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.close()

    async def missing_there(self, name: str = "there") -> set[int]:
        """What was acknowledged and is not on the new host."""
        storage = SqliteStorage(self.folder / name, self.clock, Ids(self.clock, node=3), ALL)
        there: set[int] = set()
        for account in range(10, 14):
            rows = await storage.range(MARKERS, (account,), limit=1_000_000)
            there |= {account * 1_000_000 + int(row.timeline[1:]) for row in rows}
        await storage.put(MARKERS, marker(99, "new", 1))
        await storage.close()
        return set(self.acknowledged) - there


async def goes_on(site) -> None:
    """Commits are taken, and nothing is left of a move."""
    before = len(site.acknowledged)
    assert not sqlite_freeze.is_frozen(site.data)
    assert relocating.read(site.data) is None
    await asyncio.sleep(0.1)
    assert len(site.acknowledged) > before


class Killed(BaseException):
    """What kill -9 looks like from inside."""


async def die(*_given: object, **_named: object) -> None:
    raise Killed
