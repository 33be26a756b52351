"""`durable="remote"`: whoever commits waits until the journal up to there is in a store.

In one at least; for the others that work it waits a quarter of a second more.
Works in every process of a site: what is waited for is the lines' cursors, which lie with the data.
Nobody waits longer than `patience_s`, nor at all while every store is known to fail: then a commit
counts when it is on this host (`go_on`), loudly logged, or is answered Unavailable (`refuse`, and
wherever `strict` is asked for: the vendor who sends money asks again).
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Sequence
from typing import Final

from venire.continuity.journal import ship_states
from venire.continuity.journal.ship_states import cursor_of
from venire.kernel.errors import Unavailable
from venire.storage.verbs import Storage

_log = logging.getLogger(__name__)
_LOOK_S: Final = 0.015
_OTHERS_S: Final = 0.25
"""How long it waits for the other stores once one has it: the first may be lost with the host."""
_SAID_EVERY_S: Final = 60.0


@dataclasses.dataclass
class _Waiting:
    sequence: int
    since_s: float | None = None


class Stores:
    """`storage.journal.Offsite` for the stores of these names."""

    def __init__(
        self,
        storage: Storage,
        names: Sequence[str],
        *,
        patience_s: float = 10.0,
        refuses: bool = False,
    ) -> None:
        self._storage = storage
        self._names = tuple(names)
        self._patience_s = patience_s
        self._refuses = refuses
        self._waiting: dict[asyncio.Future[None], _Waiting] = {}
        self._looking: asyncio.Task[None] | None = None
        self._said_s = float("-inf")
        self._hurries: list[Callable[[], None]] = []
        self.fallen_back = 0

    def on_wait(self, hurry: Callable[[], None]) -> None:
        """Call `hurry` when somebody begins to wait: the next segment is not put off then."""
        self._hurries.append(hurry)

    async def shipped(self, sequence: int, *, strict: bool) -> None:
        """See `Offsite.shipped`. Unavailable `not_kept_elsewhere`."""
        if not self._names or await self._holders(sequence) == len(self._names):
            return
        if await self._any_works():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[future] = _Waiting(sequence)
            for hurry in self._hurries:
                hurry()
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look(), name="offsite")
            try:
                async with asyncio.timeout(self._patience_s):
                    await future
            except TimeoutError:
                pass
            finally:
                self._waiting.pop(future, None)
        if not await self._holders(sequence):
            self._fall_back(sequence, strict=strict)

    def _fall_back(self, sequence: int, *, strict: bool) -> None:
        if strict or self._refuses:
            raise Unavailable(
                "not_kept_elsewhere",
                "no store outside of this host takes what it is sent: ask again in a minute",
            )
        self.fallen_back += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._said_s > _SAID_EVERY_S:
            self._said_s = now_s
            _log.critical(
                "kept_on_this_host_only",
                extra={"sequence": sequence, "hint": "every store fails: venire run says which"},
            )

    async def _look(self) -> None:
        """While anybody waits: one look for all of them."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(_LOOK_S)
            if not self._waiting:
                # Whoever waited has gone, and perhaps the storage with them.
                return
            upto, works = await self._upto(), await self._any_works()
            for future, one in list(self._waiting.items()):
                if future.done():
                    continue
                if not works:
                    future.set_result(None)
                elif (count := await self._holders(one.sequence, upto)) > 0:
                    one.since_s = one.since_s or loop.time()
                    late = loop.time() - one.since_s >= _OTHERS_S
                    if late or count >= await self._working():
                        future.set_result(None)

    async def _upto(self) -> list[int]:
        return [await self._storage.position(cursor_of(name)) for name in self._names]

    async def _holders(self, sequence: int, upto: Sequence[int] | None = None) -> int:
        """How many stores have all of the journal from their base to a place."""
        positions = await self._upto() if upto is None else upto
        if max(positions) < sequence:
            return 0
        # After the cursors: of a store that is given up the row is written first.
        rows = await ship_states.load_all(self._storage, self._names)
        return sum(
            position >= sequence
            and row is not None
            and row.state in {"working", "failing"}
            and row.base < sequence
            for position, row in zip(positions, rows, strict=True)
        )

    async def _working(self) -> int:
        rows = await ship_states.load_all(self._storage, self._names)
        return sum(row is not None and row.state == "working" for row in rows)

    async def _any_works(self) -> bool:
        rows = await ship_states.load_all(self._storage, self._names)
        return any(row is None or row.state == "working" for row in rows)
