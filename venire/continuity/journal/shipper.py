"""The shipper: in the leader process, a line to each store, the generation, tidying up behind.

It ends by raising Unavailable `fenced` where another host has taken this one's place; nothing else
ends it. What a store does or is holds up no other store, and nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

import msgspec

from venire.continuity.journal import generations, ship_states, turns
from venire.continuity.journal.generations import check_ours, generation_of
from venire.continuity.journal.lineage import generations_in
from venire.continuity.journal.news import News, Pace
from venire.continuity.journal.segments import FIRST_CHAIN
from venire.continuity.journal.shipping import Line, Place
from venire.continuity.journal.slices import Slices
from venire.continuity.journal.stores import Store
from venire.continuity.journal.tidying import tidy
from venire.kernel.errors import Problem, first_in
from venire.kernel.vendors import VendorFault
from venire.storage.tables.shipping import ShipGenerationRow
from venire.storage.world import World

_log = logging.getLogger(__name__)
_TIDY_S: Final = 3_600.0
_FIRST_TIDY_S: Final = 600.0
_AGAIN_S: Final = 5.0
_OTHERS_S: Final = 15.0
_TURNS: Final = 100


@runtime_checkable
class _Versioned(Protocol):
    """Storage that says by a number whether anybody has committed."""

    def data_version(self) -> int: ...


class StoreStatus(msgspec.Struct, frozen=True):
    """How one store does, for the operator. `behind_ms`: None where nothing was shipped yet."""

    store: str
    owner: str
    country: str
    state: str
    since_ms: int | None
    said: str
    position: int


class Shipper:
    """Ships the journal to all stores until it is cancelled, or fenced."""

    def __init__(
        self,
        world: World,
        stores: Sequence[Store],
        slices: Slices,
        *,
        origin: str,
        pace: Pace | None = None,
    ) -> None:
        self._world = world
        self._origin = origin
        self._slices = slices
        self._pace = pace or Pace()
        self._after = Place(0, FIRST_CHAIN)
        news = News()
        self.wake, self.hurry = news.tell, news.hurry
        """Something was committed; somebody waits until it is in a store. Both harmless."""
        self.lines = [
            Line(world, store, slices, self._pace, start=self._start, ear=news.ear())
            for store in stores
        ]

    async def run(self) -> None:
        """Ship. Raises Unavailable `fenced`."""
        await check_ours(self._world.storage)
        names = [line.store.name for line in self.lines]
        await ship_states.forget_absent(self._world.storage, names, self._world.now_ms())
        if not self.lines:
            return
        row = await self._turn()
        after = generation_of(row).after
        if after is not None:
            self._after = Place(after.sequence, bytes.fromhex(after.chain))
        try:
            async with asyncio.TaskGroup() as group:
                for line in self.lines:
                    line.generation, line.document = row.number, row.document
                    group.create_task(line.run(), name=f"ship:{line.store.name}")
                    group.create_task(self._tidy(line), name=f"tidy:{line.store.name}")
                group.create_task(self._glance(), name="ship:glance")
        except BaseExceptionGroup as failures:
            problem = first_in(failures)
            if isinstance(problem, Problem) and problem.code == "fenced":
                _log.critical("fenced", extra=dict(problem.data))
                await generations.note_fenced(
                    self._world.storage, int(str(problem.data.get("generation", row.number)))
                )
            raise problem from failures

    async def flush(self) -> None:
        """After `run` was ended: send what is left, so that a host that is switched off owes none.

        Faults are not tried again: the next start does.
        """
        await asyncio.gather(*(line.flush() for line in self.lines), return_exceptions=True)

    async def _start(self, beginner: Line) -> Place:
        """Where a store begins that has nothing of this generation: where the others are.

        One that was given up has missed a part that may be gone: where there are no others, its
        chain begins anew, and what lies before it takes a snapshot.
        """
        others = [line for line in self.lines if line is not beginner]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OTHERS_S):
                await asyncio.gather(*(line.settled.wait() for line in others))
        places = [line.place for line in others if line.place is not None]
        if places:
            return max(places, key=lambda one: one.sequence)
        if beginner.state == "working":
            return self._after
        oldest = await self._world.storage.journal(0, 1)
        return Place(oldest[0].sequence - 1 if oldest else 0, FIRST_CHAIN)

    async def _glance(self) -> None:
        """See what other processes committed without telling; for as good as nothing if none did.

        Sooner than the next segment is cut nothing comes of it.
        """
        pause_s = max(self._pace.glance_s, self._pace.gap_s)
        storage = self._world.storage
        seen: int | None = None
        while True:
            await asyncio.sleep(pause_s)
            version = storage.data_version() if isinstance(storage, _Versioned) else None
            if version is None or version != seen:
                seen = version
                self.wake()

    # whose turn it is

    async def _turn(self) -> ShipGenerationRow:
        """The site's generation; a new one where it has none, above all that any store tells of."""
        row = await generations.load(self._world.storage)
        while not row.number:
            highest, asked = await self._highest()
            if asked:
                restored = bool(row.version)
                number = highest + 1 if restored or highest == 0 else 0
                # A folder that was never restored, and a store that holds a journal: not ours.
                sign = self._slices.sign
                row = await generations.begin(self._world, number or 1, self._origin, sign)
                break
            _log.error("no_store_reached", extra={"stores": len(self.lines)})
            for line in self.lines:
                await line.note_unreached()
            await asyncio.sleep(min(_AGAIN_S, self._pace.patience_s))
        return row

    async def _highest(self) -> tuple[int, bool]:
        """The latest generation that any store tells of; whether any was reached."""
        found = await asyncio.gather(
            *(self._told_in(line.store) for line in self.lines), return_exceptions=True
        )
        answers = [one for one in found if not isinstance(one, BaseException)]
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, VendorFault):
                raise one
        return max((n for one in answers for n in one), default=0), bool(answers)

    async def _told_in(self, store: Store) -> list[int]:
        """The turns of this site that a store tells of.

        Of those that nobody of us signed only such as may be: above the last number none begins.
        """
        names = sorted(one.name for one in await store.names("generations/"))
        ours = await turns.ours_among(store, names[-_TURNS:], self._slices.check)
        most = max(ours, default=0) + _TURNS
        return [number for number in generations_in(names) if number <= most]

    # tidying

    async def _tidy(self, line: Line) -> None:
        pause_s = _FIRST_TIDY_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = _TIDY_S
            try:
                await tidy(self._world, line, self._slices)
            except VendorFault as fault:
                _log.warning("tidying_failed", extra={"store": line.store.name, "said": fault.said})
            except Problem as problem:
                _log.error("tidying_failed", extra={"store": line.store.name, "code": problem.code})

    # what the operator sees

    async def status(self) -> list[StoreStatus]:
        """How each store does."""
        return await status_of(self._world, [line.store for line in self.lines])


async def status_of(world: World, stores: Sequence[Store]) -> list[StoreStatus]:
    """How stores do, asked in any process of the site."""
    rows = await ship_states.load_all(world.storage, [store.name for store in stores])
    return [
        StoreStatus(
            store=store.name,
            owner=store.owner,
            country=store.country,
            state="untried" if row is None else row.state,
            since_ms=None if row is None else row.since_ms,
            said="" if row is None else row.said,
            position=await world.storage.position(ship_states.cursor_of(store.name)),
        )
        for store, row in zip(stores, rows, strict=True)
    ]
