"""What was worked out from rows, kept until one of the partitions it came from is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from venire.storage.verbs import Key, Storage, Table

V = TypeVar("V")
Row = TypeVar("Row")

Source = tuple[Table[Any], Key]


class Memory(Generic[V]):
    """Values by key, at most `most` of each storage; two sites in one process share nothing.

    A value must follow from the rows of its sources alone: not from the clock, not from a row that
    lapses by itself.
    """

    def __init__(self, most: int = 4_096) -> None:
        self._most = most
        self._kept: WeakKeyDictionary[
            Storage, dict[Hashable, tuple[tuple[object | None, ...], V]]
        ] = WeakKeyDictionary()

    async def recall(
        self,
        storage: Storage,
        key: Hashable,
        sources: Sequence[Source],
        work_out: Callable[[], Awaitable[V]],
    ) -> V:
        """The value of a key, worked out anew where a source has changed."""
        kept = self._kept.get(storage)
        if kept is None:
            kept = self._kept[storage] = {}
        # Before the rows are read: a write in between makes the value short-lived, not wrong.
        stamps = tuple([storage.stamp(table, partition) for table, partition in sources])
        there = kept.get(key)
        if there is not None and there[0] == stamps:
            return there[1]
        value = await work_out()
        if None not in stamps:
            if len(kept) >= self._most:
                for old in list(kept)[: self._most // 10 + 1]:
                    del kept[old]
            kept[key] = (stamps, value)
        return value


class Decoded(Generic[Row, V]):
    """What rows say, by key: as long as storage gives the same row object, the same value.

    Identity is enough: two sites in one process have different row objects.
    """

    def __init__(self, decode: Callable[[Row], V], most: int = 10_000) -> None:
        self._decode = decode
        self._most = most
        self._kept: dict[Hashable, tuple[Row, V]] = {}

    def of(self, key: Hashable, row: Row) -> V:
        """The value of a row."""
        there = self._kept.get(key)
        if there is not None and there[0] is row:
            return there[1]
        value = self._decode(row)
        if len(self._kept) >= self._most:
            for old in list(self._kept)[: self._most // 10 + 1]:
                del self._kept[old]
        self._kept[key] = (row, value)
        return value
