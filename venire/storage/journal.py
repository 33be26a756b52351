"""The journal as others carry it: whole commits, and how far outside of the host they have come."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Durable = Literal["local", "remote", "strict"]
"""Where a commit must lie before it is acknowledged.

Local: on this host, or on the cluster. Remote: besides, in a store outside of it, where one is set
up; while every store fails, local does. Strict: as remote, but then Unavailable
`not_kept_elsewhere` is raised, though the commit stands: who asks again finds it done.
"""


class JournalEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A commit as the outbox keeps it, events or not.

    `writes` is msgpack of (table, "put"|"delete", values|key, expires_at_ms), `events` of
    (event id, event): both as they were written, never decoded on the way.
    """

    sequence: int
    at_ms: int
    aggregate: str
    events: bytes | None
    writes: bytes


class Offsite(Protocol):
    """Knows how far the journal has come outside of the host."""

    async def shipped(self, sequence: int, *, strict: bool) -> None:
        """Return once the journal up to a place is in a store, read back; see `Durable`."""
