"""What is due: read the timers in order, hand each to its handler, then remove it.

Handlers are idempotent and look at the state they find: a timer may fire twice, and late.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from venire.kernel.clock import Clock
from venire.kernel.told_once import ToldOnce
from venire.storage.tables.outbox import TIMERS, TimerRow
from venire.storage.verbs import Delete, Put, Storage

_log = logging.getLogger(__name__)
_PAGE = 100
_PAUSE_S = 0.25

TimerHandler = Callable[[str], Awaitable[None]]


def timer(aggregate: str, kind: str, key: str, due_at_ms: int) -> Put[TimerRow]:
    """A timer as a write of its aggregate's commit."""
    return Put(TIMERS, TimerRow(0, due_at_ms, kind, key, aggregate))


def timer_gone(aggregate: str, kind: str, key: str, due_at_ms: int) -> Delete[TimerRow]:
    """The end of a timer as a write of its aggregate's commit."""
    return Delete(TIMERS, TimerRow(0, due_at_ms, kind, key, aggregate))


class Timers:
    """Runs what is due, in the leader."""

    def __init__(
        self, storage: Storage, clock: Clock, handlers: Mapping[str, TimerHandler]
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._handlers = handlers
        self._unheard: set[str] = set()
        self._stumbling = ToldOnce(_log, "timers_stumbled")
        self._failing = ToldOnce(_log, "timer_failed")

    async def run(self) -> None:
        """Fire timers until cancelled."""
        while True:
            try:
                await self.fire_due()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a worker outlives its work
                self._stumbling.is_so(error=error)
            else:
                self._stumbling.is_over()
            await asyncio.sleep(_PAUSE_S)

    async def fire_due(self) -> int:
        """Fire what is due now, in order; return how many were due."""
        # `below` is exclusive and may name fewer columns, so this is everything due up to now.
        now = (self._clock.now_ms() + 1,)
        count = 0
        after: tuple[int | str, ...] | None = None
        failed: set[str] = set()
        while True:
            # On from the last one seen: a page full of failing timers must not hide the rest.
            due = await self._storage.range(TIMERS, (0,), above=after, below=now, limit=_PAGE)
            for row in due:
                if not await self._fire(row):
                    failed.add(row.kind)
            count += len(due)
            if len(due) < _PAGE:
                self._failing.are_over(but=failed)
                return count
            after = (due[-1].due_at_ms, due[-1].kind, due[-1].key)

    async def _fire(self, row: TimerRow) -> bool:
        """Whether it did not fail."""
        handler = self._handlers.get(row.kind)
        if handler is None:
            # A deadline is a promise: it waits for a program that knows its kind.
            if row.kind not in self._unheard:
                self._unheard.add(row.kind)
                _log.error("timer_without_handler", extra={"kind": row.kind})
            return True
        try:
            await handler(row.key)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a worker outlives its work
            # Left in place: the next round tries again, others go on.
            self._failing.is_so(of=row.kind, error=error, kind=row.kind)
            return False
        await self._storage.delete(TIMERS, row)
        return True
