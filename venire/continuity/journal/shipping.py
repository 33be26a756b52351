"""One store's line: from its own place in the journal to its end, segment by segment.

A segment counts once the store has told its size anew and no later host has announced itself; then
the cursor moves. Killed between the two, the next start finds the segment, compares its chain with
the journal, and goes on. What is there and not ours means that there are two of us: fenced.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from venire.continuity.journal import ship_states
from venire.continuity.journal.generations import fenced, make_way
from venire.continuity.journal.held import Belongings, is_older, is_ours
from venire.continuity.journal.lineage import Stretch, generation_path, stretches_in
from venire.continuity.journal.news import Ear, Pace
from venire.continuity.journal.segments import (
    FIRST_CHAIN,
    HEADER_BYTES,
    Header,
)
from venire.continuity.journal.ship_states import FAR, State, cursor_of
from venire.continuity.journal.slices import Slice, Slices
from venire.continuity.journal.stores import Store
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Problem, Unavailable
from venire.kernel.vendors import AccountClosed, VendorFault
from venire.storage.world import World

_log = logging.getLogger(__name__)
_RECENT: Final = 256
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 15.0
_GIVEN_UP_PAUSE_S: Final = 300.0
_IDLE_LOOKS: Final = 6
"""While nothing is sent, only one look in so many is more than at the next generation's name."""
_JOURNAL_IS_KEPT_MS: Final = 6 * DAY_MS
"""The host keeps its journal for seven days at least, whatever has passed it."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Somewhere in the journal, and the chain there."""

    sequence: int
    chain: bytes


class Line:
    """Ships to one store. `start`: where a store that has nothing yet begins."""

    def __init__(
        self,
        world: World,
        store: Store,
        slices: Slices,
        pace: Pace,
        *,
        start: Callable[[Line], Awaitable[Place]],
        ear: Ear,
    ) -> None:
        self.store = store
        self.state: State = "working"
        self.said = ""
        self.place: Place | None = None
        self.generation = 0
        self.document = b""
        self._world = world
        self._slices = slices
        self._pace = pace
        self._start = start
        self.settled = asyncio.Event()
        """Whether it is known where it is, or that this is not known for now."""
        self._ear = ear
        self._failing_since_ms: int | None = None
        self._failed_at_s: float | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._looked_s = 0.0
        self._looks = 0
        self._sent = True
        """Whether anything was sent since others were last looked for in earnest."""
        self._noted: State | None = None
        self._base = 0
        self.belongings = Belongings(store, slices.check)
        self._owed: Slice | None = None
        """What was begun: the same again until it is there, since a store may yet take it."""

    async def run(self) -> None:
        """Ship for ever. Unavailable `fenced` where another host has taken this one's place."""
        await self._remember()
        while True:
            try:
                if self.place is None and not await self._attach():
                    await asyncio.sleep(_GIVEN_UP_PAUSE_S)
                    continue
                await self._step()
            except VendorFault as fault:
                await self._failed(fault)
            except Unavailable as problem:
                if problem.code == "fenced":
                    raise
                await self._stumbled(problem)
            except Problem as problem:
                await self._stumbled(problem)

    async def note_unreached(self) -> None:
        """Nobody could be asked whose turn it is: then nobody has to wait for this store."""
        if await ship_states.load(self._world.storage, self.store.name) is None:
            self.said = "not_reached"
            await self._note("failing")

    async def _stumbled(self, problem: Problem) -> None:
        """The host's own disk or a damaged object: neither is the store's fault."""
        _log.error("shipping_stumbled", extra={"store": self.store.name, "code": problem.code})
        await asyncio.sleep(1)

    async def _remember(self) -> None:
        """What is known of the store from before."""
        row = await ship_states.load(self._world.storage, self.store.name)
        if row is not None:
            self._noted = self.state = row.state  # type: ignore[assignment]
            self._base = row.base
            if row.state in {"failing", "closed", "lapsed"}:
                self._failing_since_ms = row.since_ms
        if self.state == "lapsed":
            await self._world.storage.advance(cursor_of(self.store.name), FAR)
        elif await self._world.storage.position(cursor_of(self.store.name)) == 0:
            # Written down at once: else the journal would be pruned before it was shipped.
            await self._world.storage.advance(cursor_of(self.store.name), 0)

    # beginning

    async def _attach(self) -> bool:
        """Find out where the store is. False where it is not to be written to."""
        there = {one.name: one.size for one in await self.store.names("generations/")}
        mine = generation_path(self.generation)
        found = await self.store.fetch(mine, HEADER_BYTES) if mine in there else None
        if found is not None and found != self.document:
            return await self._refuse()
        later = [name for name in there if name > mine]
        if later and found is None:
            return await self._refuse()
        await self.belongings.yield_to(later)
        if found is None:
            ours = await make_way(self.store, self.document, there, self._slices.sign)
            if not ours or not await self.store.create(mine, self.document):
                return await self._refuse()
        self.place, self._owed = await self._found_place(), None
        self.settled.set()
        self._looked_s = asyncio.get_running_loop().time()
        return True

    async def _refuse(self) -> bool:
        """The store holds what is not ours: never written to."""
        _log.critical(
            "store_in_use",
            extra={
                "store": self.store.name,
                "hint": "it holds the journal of another site or host: name another prefix",
            },
        )
        self.said = "store_in_use"
        self.settled.set()
        await self._note("refused")
        await self._world.storage.advance(cursor_of(self.store.name), FAR)
        return False

    async def _found_place(self) -> Place:
        """Where to go on: behind the newest segment of this generation, checked against ours."""
        cursor = await self._world.storage.position(cursor_of(self.store.name))
        names = [one.name for one in await self.store.names(f"journal/{self.generation:08d}/")]
        there = stretches_in(names)
        anew = self.state in {"lapsed", "refused"}
        header = None if anew else await self.belongings.newest(there)
        if header is None:
            self.settled.set()
            place = await self._start(self)
            self._base = place.sequence
            await self._world.storage.advance(cursor_of(self.store.name), place.sequence)
            return place
        self._recent.extend(one.path for one in there[-_RECENT:])
        if header.last > cursor:
            if not await is_ours(self._world.storage, header):
                raise fenced(self.generation, self.store.name)
            await self._world.storage.advance(cursor_of(self.store.name), header.last)
        elif header.last < cursor:
            return await self._lost(header, cursor)
        return Place(header.last, header.chain_bytes)

    async def _lost(self, header: Header, cursor: int) -> Place:
        """The store has less than it had: it is sent again, as far as the journal is still here."""
        _log.critical("store_lost_segments", extra={"store": self.store.name})
        if header.at_ms > self._world.now_ms() - _JOURNAL_IS_KEPT_MS:
            return Place(header.last, header.chain_bytes)
        self._base = cursor
        return Place(cursor, FIRST_CHAIN)

    # going on

    async def _step(self) -> None:
        loop = asyncio.get_running_loop()
        place = self.place
        if place is None:
            return
        self._ear.listen()
        due = await self._due(place)
        if due is not None:
            await self._send(due)
            await self._well()
        if loop.time() - self._looked_s >= self._pace.look_s:
            await self._look_for_others()
            await self._well()
        if due is None:
            await self._ear.wait(self._looked_s + self._pace.look_s - loop.time())
        elif not self._slices.is_behind(due):
            # What is committed meanwhile goes together: each object costs money.
            await self._ear.rest(due.cut_s, self._pace.gap_s)

    async def flush(self) -> None:
        """Send what is left, once."""
        while self.place is not None and self.state == "working":
            place = self.place
            due = await self._due(place)
            if due is None:
                return
            await self._send(due)

    async def _due(self, place: Place) -> Slice | None:
        if self._owed is None:
            sliced = self._slices.after(place.sequence, self.generation, place.chain)
            self._owed = await sliced
        return self._owed

    async def _send(self, due: Slice) -> None:
        header, content = due.header, due.content
        path = Stretch(self.generation, header.first, header.last).path
        size = len(content)
        if not await self.store.write_new(path, content):
            size = await self._compare(path, header, content)
        told = await asyncio.gather(
            self._check_alone(), self.store.check_kept(path, size), return_exceptions=True
        )
        for fault in told:
            if isinstance(fault, BaseException):
                raise fault
        self.known(path)
        self.place, self._owed = Place(header.last, header.chain_bytes), None
        await self._world.storage.advance(cursor_of(self.store.name), header.last)

    def known(self, path: str) -> None:
        """A segment that is ours: another one is not."""
        self._recent.append(path)
        self.belongings.strange.discard(path)
        self._sent = True

    async def _compare(self, path: str, header: Header, content: bytes) -> int:
        """A segment of this name is there: ours from before a crash, half of it, or another's.

        Returns the size of what is there then.
        """
        found = await self.belongings.held(Stretch(self.generation, header.first, header.last))
        if found is not None:
            if found.header.chain != header.chain:
                raise fenced(self.generation, self.store.name)
            return found.size
        _log.error("segment_cut", extra={"store": self.store.name, "path": path})
        await self.store.replace(path, content)
        return len(content)

    async def _check_alone(self) -> None:
        """Whether a later host has announced itself. Unavailable `fenced`."""
        following = generation_path(self.generation + 1)
        if await self.store.size(following) is not None:
            await self.belongings.yield_to([following])

    async def _look_for_others(self) -> None:
        """Now and then: a copy of this folder writes segments that we know nothing of."""
        self._looked_s = asyncio.get_running_loop().time()
        self._looks += 1
        if not self._sent and self._looks % _IDLE_LOOKS:
            # A list costs as much as a write, a look at one name a tenth of it.
            await self._check_alone()
            return
        self._sent = False
        mine = generation_path(self.generation)
        told = await self.store.names("generations/", mine)
        await self.belongings.yield_to(one.name for one in told if one.name > mine)
        after = self._recent[0] if self._recent else ""
        found = await self.store.names(f"journal/{self.generation:08d}/", after)
        known = {*self._recent, *self.belongings.strange}
        for path in [one.name for one in found if one.name > after and one.name not in known]:
            await self._check_stray(path)

    async def _check_stray(self, path: str) -> None:
        """Ours, which a store took after we were started anew; or another host's."""
        stretch = next(iter(stretches_in([path])), None)
        if stretch is None:
            self.belongings.pass_over("segment_foreign", [path])
            return
        found = await self.belongings.held(stretch)
        if found is None:
            # Of half a one nothing can be told yet: whoever sends it sends it whole.
            return
        if not await is_ours(self._world.storage, found.header):
            if not await is_older(self._world.storage, found.header):
                raise fenced(self.generation, self.store.name)
            self.belongings.pass_over("segment_foreign", [path])
            return
        self.known(path)

    # how the store does

    async def _well(self) -> None:
        self._failing_since_ms, self._pause_s, self.said = None, _FIRST_PAUSE_S, ""
        self._failed_at_s = None
        if self._noted != "working":
            _log.info("store_working", extra={"store": self.store.name})
            await self._note("working")

    async def _failed(self, fault: VendorFault) -> None:
        self.settled.set()
        now_ms, now_s = self._world.now_ms(), asyncio.get_running_loop().time()
        self.said = fault.said
        if self._failing_since_ms is None:
            self._failing_since_ms = now_ms
            _log.warning("store_failing", extra={"store": self.store.name, "said": fault.said})
        if self._failed_at_s is None:
            self._failed_at_s = now_s
        if now_ms - self._failing_since_ms >= self._pace.given_up_ms:
            await self._give_up()
        elif isinstance(fault, AccountClosed):
            await self._closed()
            return
        elif now_s - self._failed_at_s >= self._pace.patience_s and self._noted != "failing":
            _log.error("store_fails", extra={"store": self.store.name, "said": fault.said})
            await self._note("failing", since_ms=self._failing_since_ms)
        longest_s = _GIVEN_UP_PAUSE_S if self.state == "lapsed" else _LONGEST_PAUSE_S
        share = int.from_bytes(self._world.chance.token(1), "big") / 512
        await asyncio.sleep(self._pause_s * (0.75 + share))
        self._pause_s = min(self._pause_s * 2, longest_s)

    async def _closed(self) -> None:
        """Our account is refused: asked again only when a person has looked, or at a new start."""
        _log.critical("store_closed", extra={"store": self.store.name, "said": self.said})
        since_ms = self._failing_since_ms or self._world.now_ms()
        await self._note("closed", since_ms=since_ms)
        while True:
            await asyncio.sleep(self._pace.look_s)
            row = await ship_states.load(self._world.storage, self.store.name)
            if row is None or row.state != "closed":
                self._noted, self._failing_since_ms = None, None
                return
            if self._world.now_ms() - since_ms >= self._pace.given_up_ms:
                await self._give_up()
                return

    async def _give_up(self) -> None:
        """The disk is not filled for a store that is away for so long."""
        if self._noted == "lapsed":
            return
        _log.critical("store_given_up", extra={"store": self.store.name, "said": self.said})
        await self._note("lapsed", since_ms=self._failing_since_ms)
        await self._world.storage.advance(cursor_of(self.store.name), FAR)
        self.place = None

    async def _note(self, state: State, *, since_ms: int | None = None) -> None:
        """Write how the store does; where the host's disk fails too, later."""
        self.state = state
        now_ms = self._world.now_ms() if since_ms is None else since_ms
        with contextlib.suppress(Problem):
            await ship_states.note(
                self._world.storage,
                self.store.name,
                state,
                now_ms,
                said=self.said,
                base=self._base,
            )
            self._noted = state
