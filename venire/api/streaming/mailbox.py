"""What waits to go down one socket: bounded, so that a slow one costs itself and nobody else."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T", str, bytes)

ITEMS_MOST = 256
BYTES_MOST = 1 << 20


class Mailbox(Generic[T]):
    """A queue that ends instead of growing. What is in it is shared with other sockets."""

    __slots__ = ("_items", "_size", "_wake", "ended")

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self.ended = False

    @property
    def waits(self) -> bool:
        """Whether something in it is still to be sent."""
        return bool(self._items)

    def put(self, item: T) -> bool:
        """Add what is to be sent; False where there is no room left for it."""
        size = len(item)
        if self.ended or len(self._items) >= ITEMS_MOST or self._size + size > BYTES_MOST:
            return False
        self._items.append(item)
        self._size += size
        self._wake.set()
        return True

    def end(self) -> None:
        """Take nothing more; what is in it is not sent any more."""
        self.ended = True
        self._items.clear()
        self._size = 0
        self._wake.set()

    async def next(self) -> T | None:
        """The next to be sent; None at the end."""
        while not self._items:
            if self.ended:
                return None
            self._wake.clear()
            await self._wake.wait()
        item = self._items.popleft()
        self._size -= len(item)
        return item
