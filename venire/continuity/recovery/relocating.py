"""The old host's side of a move: a short freeze, the last segment, the decision, the way on.

Every step stands in DATA/move.json before it is taken, so whoever finds the mover dead knows how
far it came. What was decided in the store holds; what was not is called off there first.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from venire.continuity.journal import generations, lineage, ship_states, turns
from venire.continuity.recovery import claiming, moves
from venire.continuity.recovery.claiming import Hand
from venire.continuity.recovery.moves import Decision, Standby
from venire.continuity.recovery.snapshots import Shelf
from venire.kernel.chance import Chance
from venire.kernel.clock import Clock
from venire.kernel.errors import Conflict, Problem, Unavailable
from venire.storage.engines import sqlite_freeze
from venire.storage.engines.sqlite_upkeep import sync
from venire.storage.verbs import Storage

FILE: Final = "move.json"
_LOOK_S: Final = 0.05
_SHIPPED_S: Final = 10.0
_TAKEN_S: Final = 300.0
_ANSWERS_S: Final = 120.0

Switcher = Callable[[str], Awaitable[None]]
"""Points something (a name, a beacon) at the new address."""
Answers = Callable[[str], Awaitable[bool]]
"""Whether a site answers at an address."""
Announce = Callable[[], Awaitable[object]]
"""Says where the site will be, while it still takes commits."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """How far a move has come, as the host that is left knows it."""

    state: Literal["freezing", "moving", "moved"]
    to: str
    store: str
    generation: int
    attempt: int
    token: str
    at_ms: int


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a move took.

    `frozen_s`: from the last commit taken here until the new host had its turn; `served_s`: until
    it answered, None where that was not seen. `not_switched`: codes.
    """

    to: str
    store: str
    generation: int
    through: int
    frozen_s: float
    served_s: float | None
    not_switched: tuple[str, ...] = ()


def read(data: Path) -> Step | None:
    """How far a move of this folder has come; None where there is none."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Step)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write(data: Path, step: Step, chance: Chance) -> None:
    """Note a step, on the disk when this returns."""
    fresh = data / f".{FILE}.{chance.token(6).hex()}"
    fresh.write_bytes(msgspec.json.encode(step))
    sync(fresh)
    fresh.replace(data / FILE)
    sync(data)


def forget(data: Path) -> None:
    """The move was called off."""
    (data / FILE).unlink(missing_ok=True)
    sync(data)


@dataclasses.dataclass
class Relocation:
    """One move of a running site to a standby that follows one of its stores."""

    data: Path
    storage: Storage
    shelf: Shelf
    to: str
    clock: Clock
    chance: Chance
    answers: Answers | None = None
    switchers: Sequence[Switcher] = ()
    announce: Announce | None = None
    """Done once a standby is there: until then nobody is sent anywhere."""

    async def run(self) -> Moved:
        """Move. Until it is decided, any failure leaves the site here, taking writes again.

        Unavailable `standby_not_ready`, `move_under_way`, `not_shipping_yet`, `store_behind`;
        Conflict `move_called_off`; after the decision Unavailable `standby_silent`: then the site
        is in the store, whole, and is restored from there.
        """
        with sqlite_freeze.moving(self.data) as mine:
            if not mine:
                raise Unavailable("move_under_way", "another command is moving this site")
            row = await generations.load(self.storage)
            if not row.number:
                raise Unavailable("not_shipping_yet", "the site ships no journal: start it first")
            standby = await self._ready(row.number)
            if self.announce is not None:
                await self.announce()
            attempts = moves.attempts_in(await self.shelf.listing("moves/"), row.number)
            step = Step(
                state="freezing",
                to=self.to,
                store=self.shelf.name,
                generation=row.number,
                attempt=max(attempts, default=0) + 1,
                token=standby.token,
                at_ms=self.clock.now_ms(),
            )
            write(self.data, step, self.chance)
            began_s = time.monotonic()
            through = await self._decide(step)
            step = msgspec.structs.replace(step, state="moving")
            write(self.data, step, self.chance)
            await self._taken(step)
            frozen_s = time.monotonic() - began_s
            write(self.data, msgspec.structs.replace(step, state="moved"), self.chance)
            not_switched = await self._switch()
            served_s = await self._answering(began_s)
            return Moved(
                to=self.to,
                store=self.shelf.name,
                generation=row.number + 1,
                through=through,
                frozen_s=round(frozen_s, 3),
                served_s=None if served_s is None else round(served_s, 3),
                not_switched=not_switched,
            )

    async def _ready(self, generation: int) -> Standby:
        """The standby, which has to be there and to keep up. Unavailable `standby_not_ready`."""
        standby = await moves.heard(self.shelf)
        why = ""
        if standby is None:
            why = "none was ever heard of in this store"
        elif abs(self.clock.now_ms() - standby.at_ms) > moves.FRESH_MS:
            # One whose clock is ahead would look alive for as long after it died.
            why = "it is silent, or the clocks of the two differ by more than ten seconds"
        elif standby.to != self.to:
            why = f"it stands by for {standby.to}"
        elif standby.generation != generation or not standby.ready:
            why = "it does not have the whole journal"
        if standby is None or why:
            raise Unavailable(
                "standby_not_ready",
                f"no host stands by for {self.to}: {why}. There: venire restore SOURCE --follow"
                f" --base-url {self.to} --data DIR --identity FILE",
                store=self.shelf.name,
            )
        return standby

    async def _decide(self, step: Step) -> int:
        """Freeze, have everything shipped, decide. What fails before that is called off."""
        try:
            through = await asyncio.to_thread(sqlite_freeze.freeze, self.data, step.at_ms)
            await self._shipped(through)
            decision = Decision(
                outcome="moved",
                generation=step.generation,
                attempt=step.attempt,
                at_ms=self.clock.now_ms(),
                token=step.token,
                through=through,
                to=step.to,
            )
            held = await moves.decide(self.shelf, decision, own_hand(self.data))
        except Problem:
            # Whether it was decided is not known where the store fell silent: settle says.
            if await settle(self.data, self.shelf, self.clock, self.chance) == "moved":
                return await self._decided_through(step)
            raise
        if held is None or held.outcome != "moved":
            sqlite_freeze.lift(self.data)
            forget(self.data)
            raise Conflict("move_called_off", "the move was called off meanwhile: try again")
        return held.through

    async def _decided_through(self, step: Step) -> int:
        check = own_hand(self.data).check
        found = await moves.decided(self.shelf, step.generation, step.attempt, check)
        if found is not None:
            return found.through
        return await self.storage.position(ship_states.cursor_of(self.shelf.name))

    async def _shipped(self, through: int) -> None:
        cursor = ship_states.cursor_of(self.shelf.name)
        until_s = time.monotonic() + _SHIPPED_S
        while await self.storage.position(cursor) < through:
            if time.monotonic() > until_s:
                raise Unavailable(
                    "store_behind",
                    "the last commits do not come to the store: the site stays here",
                    store=self.shelf.name,
                )
            await asyncio.sleep(_LOOK_S)

    async def _taken(self, step: Step) -> None:
        """Until the new host has its turn. Unavailable `standby_silent`."""
        until_s = time.monotonic() + _TAKEN_S
        while time.monotonic() < until_s:
            with contextlib.suppress(Unavailable):
                if await _is_taken(self.shelf, step, self.data):
                    return
            await asyncio.sleep(_LOOK_S)
        raise Unavailable(
            "standby_silent",
            "the move is decided and the standby does not take its turn: start it again there, or"
            " run venire restore from this store on another host; nothing is lost",
            store=self.shelf.name,
        )

    async def _switch(self) -> tuple[str, ...]:
        failed: list[str] = []
        for switcher in self.switchers:
            try:
                await switcher(self.to)
            except Problem as problem:
                failed.append(problem.code)
        return tuple(failed)

    async def _answering(self, began_s: float) -> float | None:
        until_s = time.monotonic() + _ANSWERS_S
        while self.answers is not None and time.monotonic() < until_s:
            if await self.answers(self.to):
                return time.monotonic() - began_s
            await asyncio.sleep(_LOOK_S)
        return None


async def settle(
    data: Path, shelf: Shelf, clock: Clock, chance: Chance
) -> Literal["none", "here", "moved"]:
    """Find out what became of a move whose mover is gone, and act on it.

    Nothing is lifted before it is certain that no standby takes the site: Unavailable
    `store_unreachable` as long as that cannot be known.
    """
    step = read(data)
    if step is None:
        sqlite_freeze.lift(data)
        return "none"
    if step.state == "freezing":
        off = Decision(
            outcome="called_off",
            generation=step.generation,
            attempt=step.attempt,
            at_ms=clock.now_ms(),
        )
        held = await moves.decide(shelf, off, own_hand(data))
        # Where a stranger wrote over the decision, the standby's turn says what it was.
        moved = held.outcome == "moved" if held else await _is_taken(shelf, step, data)
        if not moved:
            sqlite_freeze.lift(data)
            forget(data)
            return "here"
        step = msgspec.structs.replace(step, state="moving")
        write(data, step, chance)
    if step.state == "moving" and await _is_taken(shelf, step, data):
        write(data, msgspec.structs.replace(step, state="moved"), chance)
    return "moved"


def own_hand(data: Path) -> Hand:
    """How the site of a folder signs."""
    seed = data / "keys" / "record.key"
    if not seed.exists():
        return claiming.NOBODY
    return claiming.hand_of((data / "record.pub").read_text(encoding="utf-8"), seed.read_bytes())


async def _is_taken(shelf: Shelf, step: Step, data: Path) -> bool:
    """Whether the new host has its turn."""
    path = lineage.generation_path(step.generation + 1)
    if path not in await shelf.listing("generations/"):
        return False
    return turns.is_ours(await shelf.get(path), path, own_hand(data).check)


async def keep_settled(data: Path, shelves: Sequence[Shelf], clock: Clock, chance: Chance) -> None:
    """In the leader: clear up after a mover that died, until cancelled."""
    by_name = {shelf.name: shelf for shelf in shelves}
    while True:
        await asyncio.sleep(1.0)
        step = read(data) if os.path.exists(data / FILE) else None  # noqa: ASYNC240, PTH110 - a stat
        if step is None or step.state == "moved" or step.store not in by_name:
            continue
        with sqlite_freeze.moving(data) as mine:
            if mine:
                with contextlib.suppress(Problem):
                    await settle(data, by_name[step.store], clock, chance)
