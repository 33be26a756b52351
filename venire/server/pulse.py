"""How far the workers have come, known in every process of a site."""

from __future__ import annotations

import mmap
import struct

from venire.storage.pace import Pace
from venire.storage.relay import Relay
from venire.storage.verbs import Storage

_PLACE = struct.Struct("=q")


class Board:
    """A place in the journal, in memory that the processes of a site were forked with."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self.write(-1)

    def write(self, position: int) -> None:
        """Note that everything up to a place has been heard."""
        _PLACE.pack_into(self._memory, 0, position)

    def read(self) -> int:
        """The place; -1 while nobody leads."""
        return int(_PLACE.unpack_from(self._memory, 0)[0])


class Pulse:
    """Whether the workers have caught up, asked of the relay or of what the leader wrote down."""

    def __init__(self, storage: Storage, board: Board) -> None:
        self.relay: Relay | None = None
        self.pace = Pace()
        self._storage = storage
        self._board = board

    async def drained(self) -> bool:
        """See `cases.court.Pulse`."""
        if self.relay is not None:
            return await self.relay.drained()
        position = self._board.read()
        return position >= 0 and not await self._storage.tail(position, 1)

    def beat(self) -> None:
        """The leader: write down how far every subscriber has come."""
        if self.relay is not None:
            self._board.write(self.relay.heard_through())
