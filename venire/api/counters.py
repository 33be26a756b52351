"""Counters that the processes of one site share: a table in memory that they were forked with.

Two processes that count the same caller in the same microsecond may count once: a limit is a
measure, not an account. A table that is full forgets what would have lapsed first.
"""

from __future__ import annotations

import hashlib
import mmap
import struct

from limits.aio.storage import Storage

from venire.kernel.clock import Clock

_SLOT = struct.Struct("=Qqq")
"""Hash of the key, when it lapses (ms), how many."""
_SLOTS = 1 << 16
_PROBES = 8


class SharedCounters(Storage):
    """Storage for `limits`, in an anonymous map that a fork shares."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._table = mmap.mmap(-1, _SLOTS * _SLOT.size)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here fails in a way of its own."""
        return ValueError

    def _find(self, key: str) -> tuple[int, int, int, int]:
        """Offset of a key's slot, its hash, when it lapses, its count; a free slot has 0 and 0."""
        wanted = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") | 1
        now_ms = self._clock.now_ms()
        free: tuple[int, int] | None = None
        for probe in range(_PROBES):
            offset = ((wanted + probe) % _SLOTS) * _SLOT.size
            there, lapses_ms, count = _SLOT.unpack_from(self._table, offset)
            if there == wanted and lapses_ms > now_ms:
                return offset, wanted, lapses_ms, count
            rank = 0 if lapses_ms <= now_ms else lapses_ms
            if free is None or rank < free[1]:
                free = (offset, rank)
        return (0 if free is None else free[0]), wanted, 0, 0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; a first count lapses after `expiry` seconds."""
        offset, wanted, lapses_ms, count = self._find(key)
        lapses_ms = lapses_ms or self._clock.now_ms() + round(expiry * 1_000)
        _SLOT.pack_into(self._table, offset, wanted, lapses_ms, count + amount)
        return count + amount

    async def get(self, key: str) -> int:
        """How many were counted."""
        return self._find(key)[3]

    async def get_expiry(self, key: str) -> float:
        """When a count lapses, in seconds since 1970; now where there is none."""
        return (self._find(key)[2] or self._clock.now_ms()) / 1_000

    async def check(self) -> bool:
        """Whether it can be used."""
        return True

    async def reset(self) -> int | None:
        """Forget everything."""
        self._table[:] = bytes(len(self._table))
        return None

    async def clear(self, key: str) -> None:
        """Forget a key."""
        offset, wanted, lapses_ms, _ = self._find(key)
        # The slot of a key that is not counted may be another's.
        if lapses_ms:
            _SLOT.pack_into(self._table, offset, wanted, 0, 0)
