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
from venire.continuity.journal.lineage import Stretch, generation_path, stretches_in
from venire.continuity.journal.segments import (
    FIRST_CHAIN,
    HEADER_BYTES,
    SEGMENT_BYTES,
    Header,
    chained,
    encode_entries,
    read_header,
    whole,
)
from venire.continuity.journal.ship_states import FAR, State, cursor_of
from venire.continuity.journal.slices import Slice, Slices
from venire.continuity.journal.stores import Store
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Problem, Unavailable
from venire.kernel.vendors import AccountClosed, VendorFault
from venire.storage.world import World

_log = logging.getLogger(__name__)
_SHORT: Final = 8 * 1024
_RECENT: Final = 256
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 15.0
_GIVEN_UP_PAUSE_S: Final = 300.0
_PAGE: Final = 1_024
_JOURNAL_IS_KEPT_MS: Final = 6 * DAY_MS
"""The host keeps its journal for seven days at least, whatever has passed it."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """How a line moves. `gap_s`: from one segment's start to the next one's, at least."""

    gap_s: float = 0.1
    look_s: float = 10.0
    patience_s: float = 10.0
    given_up_ms: int = 7 * DAY_MS


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
        start: Callable[[Line], Awaitable[Place]],
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
        self._news = asyncio.Event()
        self._failing_since_ms: int | None = None
        self._failed_at_s: float | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._looked_s = 0.0
        self._noted: State | None = None
        self._base = 0

    def wake(self) -> None:
        """There is something new; harmless when there is not."""
        self._news.set()

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
        if later and found is not None:
            raise fenced(self.generation + 1, self.store.name)
        if later:
            return await self._refuse()
        if found is None:
            ours = await make_way(self.store, self.document, there)
            if not ours or not await self.store.create(mine, self.document):
                return await self._refuse()
        self.place = await self._found_place()
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
        if not there or self.state in {"lapsed", "refused"}:
            self.settled.set()
            place = await self._start(self)
            self._base = place.sequence
            await self._world.storage.advance(cursor_of(self.store.name), place.sequence)
            return place
        newest = max(there, key=lambda one: (one.last, -one.first))
        if not await self._is_whole(newest):
            # Cut when we were killed, or by a store that lies. Sent again.
            _log.error("segment_cut", extra={"store": self.store.name, "path": newest.path})
            await self.store.destroy([newest.path])
            return await self._found_place()
        self._recent.extend(one.path for one in there[-_RECENT:])
        header = await self._header(newest)
        if newest.last > cursor:
            await self._check_same(newest, header)
            await self._world.storage.advance(cursor_of(self.store.name), newest.last)
        elif newest.last < cursor:
            return await self._lost(header, cursor)
        return Place(newest.last, header.chain_bytes)

    async def _is_whole(self, stretch: Stretch) -> bool:
        content = await self.store.fetch(stretch.path, SEGMENT_BYTES) or b""
        return whole(content) is not None

    async def _lost(self, header: Header, cursor: int) -> Place:
        """The store has less than it had: it is sent again, as far as the journal is still here."""
        _log.critical("store_lost_segments", extra={"store": self.store.name})
        if header.at_ms > self._world.now_ms() - _JOURNAL_IS_KEPT_MS:
            return Place(header.last, header.chain_bytes)
        self._base = cursor
        return Place(cursor, FIRST_CHAIN)

    async def _header(self, stretch: Stretch) -> Header:
        """The header of a segment that is there; whole, since its name and ours must agree."""
        begin = await self.store.begin_of(stretch.path, _SHORT) or b""
        if b"\n" not in begin:
            begin = await self.store.begin_of(stretch.path, HEADER_BYTES) or b""
        return read_header(begin)

    async def _check_same(self, stretch: Stretch, header: Header) -> None:
        """Whether a segment that we do not remember holds our own commits."""
        chain, after = bytes.fromhex(header.previous), stretch.first - 1
        while after < stretch.last:
            entries = await self._world.storage.journal(after, _PAGE)
            mine = [one for one in entries if one.sequence <= stretch.last]
            if not mine or (after < stretch.first and mine[0].sequence != stretch.first):
                break
            chain, after = chained(chain, encode_entries(mine)), mine[-1].sequence
        if after != stretch.last or chain != header.chain_bytes:
            raise fenced(self.generation, self.store.name)

    # going on

    async def _step(self) -> None:
        loop = asyncio.get_running_loop()
        place = self.place
        if place is None:
            return
        began_s = loop.time()
        self._news.clear()
        due = await self._slices.after(place.sequence)
        if due is not None:
            await self._send(due, place)
            await self._well()
        if loop.time() - self._looked_s > self._pace.look_s:
            await self._look_for_others()
            await self._well()
        if due is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.gap_s):
                    await self._news.wait()
        elif not due.more and (rest_s := began_s + self._pace.gap_s - loop.time()) > 0:
            # What is committed meanwhile goes together: each object costs money.
            await asyncio.sleep(rest_s)

    async def flush(self) -> None:
        """Send what is left, once."""
        while self.place is not None and self.state == "working":
            due = await self._slices.after(self.place.sequence)
            if due is None:
                return
            await self._send(due, self.place)

    async def _send(self, due: Slice, place: Place) -> None:
        header, content = await asyncio.to_thread(
            self._slices.sealed, due, self.generation, place.chain
        )
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
        self.place = Place(header.last, header.chain_bytes)
        await self._world.storage.advance(cursor_of(self.store.name), header.last)

    def known(self, path: str) -> None:
        """A segment that is ours: another one is not."""
        self._recent.append(path)

    async def _compare(self, path: str, header: Header, content: bytes) -> int:
        """A segment of this name is there: ours from before a crash, half of it, or another's.

        Returns the size of what is there then.
        """
        there = await self.store.fetch(path, SEGMENT_BYTES) or b""
        found = whole(there)
        if found is not None:
            if found.chain != header.chain:
                raise fenced(self.generation, self.store.name)
            return len(there)
        _log.error("segment_cut", extra={"store": self.store.name, "path": path})
        await self.store.replace(path, content)
        return len(content)

    async def _check_alone(self) -> None:
        """Whether a later host has announced itself. Unavailable `fenced`."""
        if await self.store.size(generation_path(self.generation + 1)) is not None:
            raise fenced(self.generation + 1, self.store.name)

    async def _look_for_others(self) -> None:
        """Now and then: a copy of this folder writes segments that we know nothing of."""
        self._looked_s = asyncio.get_running_loop().time()
        mine = generation_path(self.generation)
        if any(one.name > mine for one in await self.store.names("generations/", mine)):
            raise fenced(self.generation + 1, self.store.name)
        after = self._recent[0] if self._recent else ""
        found = await self.store.names(f"journal/{self.generation:08d}/", after)
        known = set(self._recent)
        if any(one.name > after and one.name not in known for one in found):
            raise fenced(self.generation, self.store.name)

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
