"""Ids: 64 bits, ordered by time, a decimal string in JSON.

48 bits of milliseconds since the Unix epoch, 5 bits of node, 11 bits of sequence (Snowflake's
shape, Twitter 2010). Clients sort ids by length and then as text, so they stay decimal digits.
"""

from __future__ import annotations

from typing import NewType

from venire.kernel.clock import Clock
from venire.kernel.errors import Refused

AccountId = NewType("AccountId", int)
PostId = NewType("PostId", int)
CaseId = NewType("CaseId", int)
NoticeId = NewType("NoticeId", int)

NODES = 32
IMPORT_NODE = 31
"""Posts brought from elsewhere keep their dates, so they get a node part of their own."""
_SEQUENCE = 1 << 11
_SHIFT = 16


class Ids:
    """The source of new ids of one process.

    `node` is leased (0..30), so that two processes never give the same id. `floor` is the highest
    id that a restored site has seen; nothing at or below it is given again.
    """

    def __init__(self, clock: Clock, *, node: int = 0, floor: int = 0) -> None:
        if not 0 <= node < NODES:
            raise Refused("node_out_of_range", "a node part is 0 to 31", node=node)
        self._clock = clock
        self._node = node
        self._last_ms = floor >> _SHIFT
        self._sequence = _SEQUENCE - 1 if floor else 0

    def raise_floor(self, floor: int) -> None:
        """Give nothing at or below an id that is known to have been given.

        A machine that starts with its clock set back would otherwise give old ids again.
        """
        if floor >> _SHIFT >= self._last_ms:
            self._last_ms, self._sequence = floor >> _SHIFT, _SEQUENCE - 1

    def next(self) -> int:
        """Return an id higher than all before it from this source."""
        now_ms = self._clock.now_ms()
        if now_ms > self._last_ms:
            self._last_ms, self._sequence = now_ms, 0
        else:
            # The clock stood still or went back: go on within the last millisecond seen, and
            # borrow the next one when its sequence is used up.
            self._sequence += 1
            if self._sequence == _SEQUENCE:
                self._last_ms, self._sequence = self._last_ms + 1, 0
        return (self._last_ms << _SHIFT) | (self._node << 11) | self._sequence


def id_at(at_ms: int) -> int:
    """The lowest id of a moment: a bound for ranges by time."""
    return at_ms << _SHIFT


def id_ms(identifier: int) -> int:
    """The moment in which an id was given."""
    return identifier >> _SHIFT


def imported_id(at_ms: int, sequence: int) -> int:
    """An id for what was made elsewhere at a moment; `sequence` is taken modulo 2048."""
    return (at_ms << _SHIFT) | (IMPORT_NODE << 11) | (sequence % _SEQUENCE)


def is_imported(identifier: int) -> bool:
    """Whether an id is that of something brought from elsewhere."""
    return (identifier >> 11) % NODES == IMPORT_NODE


def parse_id(text: str) -> int | None:
    """Read an id from outside: decimal digits within 63 bits, else None."""
    if not text.isascii() or not text.isdigit() or len(text) > 19:  # noqa: PLR2004 - digits of 2**63
        return None
    value = int(text)
    return value if value < 1 << 63 else None
