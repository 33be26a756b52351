"""A standby: a restore that does not end, until the site is moved to it.

It keeps what it has in the stage; there is no site in the folder before it takes its turn. Killed
at any point it begins again, and finds the decision where it was.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from venire.continuity.journal import lineage
from venire.continuity.journal.lineage import After
from venire.continuity.journal.segments import Check
from venire.continuity.recovery import claiming, moves, restoring, sources, staging
from venire.continuity.recovery.moves import Decision, Standby
from venire.continuity.recovery.replaying import Place, Walk
from venire.continuity.recovery.restoring import Asked, Begun, Handed, Note, Restored
from venire.continuity.recovery.snapshots import Shelf
from venire.kernel.chance import Chance
from venire.kernel.clock import Clock
from venire.kernel.errors import Conflict, Problem, Unavailable
from venire.storage.engines.sqlite_replay import SqliteReplay
from venire.storage.engines.sqlite_upkeep import FACTS, saying_full
from venire.storage.tables.every import ALL

_log = logging.getLogger(__name__)
_LOOK_S: Final = 0.2
_SAY_MS: Final = 1_000


@dataclasses.dataclass
class Following:
    """A warm copy of a site, from one store, to be reached at `to`."""

    asked: Asked
    to: str
    clock: Clock
    chance: Chance
    note: Note
    ready: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    """Set once it has all that the store has."""
    _check: Check | None = None
    inspect: Callable[[Path], None] = lambda _stage: None
    """Told where the settings and keys lie, before anybody may move a site here."""

    async def run(self) -> Restored:
        """Follow until the site is moved here; then it is this host's turn, and there is a site.

        As `restore`; Conflict `moved_elsewhere` where another host took the turn.
        """
        if await self._decided():
            return await restoring.restore(self.asked, self.clock, self.chance, self.note)
        with staging.own_folder(self.asked.data) as stage:
            earlier = staging.left_whole(stage)
            if earlier is not None:
                staging.put_in_place(stage)
                return msgspec.json.decode(earlier, type=Restored)
            begun = await restoring.choose(self.asked, self.note)
            staging.begin(stage)
            try:
                with saying_full(stage):
                    done = await self._follow(begun, stage)
            except OSError as error:
                raise restoring.full(error, stage) from error
            staging.mark_whole(stage, msgspec.json.encode(done))
            staging.put_in_place(stage)
            return done

    async def _decided(self) -> bool:
        """Whether the site was moved here already, and this host died before it had its turn."""
        shelf = self.asked.shelves[0]
        known = lineage.generations_in(await shelf.listing("generations/"))
        for number in known[-2:]:
            move = await moves.newest_move(shelf, number, self.asked.check)
            if move is not None and self.asked.check is None:
                check = restoring.own_check(await restoring.files_of(self.asked, self.note))
                move = await moves.newest_move(shelf, number, check)
            if move is not None and move.to == self.to and number >= known[-1] - 1:
                return True
        return False

    async def _follow(self, begun: Begun, stage: Path) -> Restored:
        loaded = await restoring.load(self.asked, begun, stage, self.note)
        staging.write_files(stage, loaded.files)
        self.inspect(stage)
        manifest = loaded.manifest
        place = Place(manifest.generation, manifest.sequence, manifest.newest_ms, None)
        replay = await asyncio.to_thread(SqliteReplay, stage / FACTS, ALL)
        self._check = self.asked.check or restoring.own_check(loaded.files)
        try:
            place, move, applied = await self._until_moved(begun, replay, place)
            await asyncio.to_thread(replay.finish)
        except BaseException:
            replay.close()
            raise
        after = After(place.generation, place.sequence, (place.chain or bytes(32)).hex())
        handed = Handed(
            public=loaded.files.get("record.pub", b"").decode(errors="replace"),
            seed=loaded.files.get("keys/record.key"),
            notes=(),
            after=after,
        )
        record = await restoring.settle(stage, handed, self.clock, self.chance)
        number = move.generation + 1
        await claiming.claim_exactly(
            self.asked.shelves[0],
            number,
            after,
            site=manifest.site,
            origin=record.origin,
            program=self.asked.program,
            now_ms=self.clock.now_ms(),
            hand=claiming.hand_of(handed.public, handed.seed),
        )
        done = restoring.report_of(self.asked.data, loaded, place, record, applied)
        return msgspec.structs.replace(done, generation=number)

    async def _until_moved(
        self, begun: Begun, replay: SqliteReplay, place: Place
    ) -> tuple[Place, Decision, int]:
        """Apply what comes until the decision has come and all before it is applied."""
        told = self.note("Following the journal")
        shelf = self.asked.shelves[0]
        token, said_ms, applied = self.chance.token(8).hex(), 0, 0
        inventories = begun.inventories
        whole = False
        while True:
            move: Decision | None = None
            try:
                move = await moves.newest_move(shelf, place.generation, self._check)
                found = await _fresh(shelf, inventories[0], place, whole=whole)
                inventories = tuple(sources.believed([found], self._check))
                walk = Walk(
                    stores=sources.OfStores(inventories),
                    line={place.generation: None if move is None else move.through},
                    generations=sources.known_generations(inventories),
                    identities=self.asked.identities,
                    check=self._check,
                )
                place = await walk.run(replay, place)
                # What was compacted meanwhile begins before this place: it is looked for anew.
                whole = walk.gap is not None or move is not None
                applied += walk.applied
                told(applied, applied)
                if move is not None and place.sequence >= move.through:
                    return place, move, applied
                now_ms = self.clock.now_ms()
                if now_ms - said_ms >= _SAY_MS:
                    ready = walk.gap is None
                    status = Standby(
                        token=token,
                        generation=place.generation,
                        through=place.sequence,
                        at_ms=now_ms,
                        to=self.to,
                        ready=ready,
                    )
                    await moves.say(shelf, status)
                    if ready:
                        self.ready.set()
                    said_ms = now_ms
            except Unavailable as problem:
                if problem.code != "store_unreachable":
                    raise
                _log.warning("store_unreachable", extra={"store": shelf.name})
            _refuse_later(inventories, place)
            await asyncio.sleep(_LOOK_S)


def _refuse_later(inventories: tuple[sources.Inventory, ...], place: Place) -> None:
    later = [n for one in inventories for n in one.generations if n > place.generation]
    if later:
        raise Conflict(
            "moved_elsewhere",
            "another host is this site now: begin this standby again in an empty folder",
            generation=max(later),
        )


async def _fresh(
    shelf: Shelf, known: sources.Inventory, place: Place, *, whole: bool
) -> sources.Inventory:
    """What has come to the store behind what is applied."""
    prefix = f"journal/{place.generation:08d}/"
    after = f"{prefix}{place.sequence:020d}"
    names = await shelf.listing(prefix, "" if whole else after)
    stretches = frozenset(lineage.stretches_in(names))
    # The one that reaches over the present place begins before it.
    reaching = frozenset(one for one in known.stretches if one.last > place.sequence)
    generations, told = dict(known.generations), dict(known.told)
    following = place.generation + 1
    path = lineage.generation_path(following)
    if path in await shelf.listing("generations/"):
        try:
            content = await shelf.get(path)
            generations[following] = lineage.decode_generation(content, path)
            told[following] = content
        except Problem:
            _log.warning("generation_unreadable", extra={"path": path})
    return msgspec.structs.replace(
        known, stretches=stretches | reaching, generations=generations, told=told
    )
