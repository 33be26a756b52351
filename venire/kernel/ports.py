"""Everything asked of the outside, on one page. Adapters implement these; rooms see only these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec


class Document(msgspec.Struct, frozen=True):
    """A post as the search index holds it."""

    post_id: int
    author_id: int
    handle: str
    text: str
    created_at_ms: int


class SearchIndex(Protocol):
    """Full text over posts: rebuildable, fed from events. Removed posts stay in, to be located."""

    async def index(self, documents: Sequence[Document]) -> None:
        """Add or replace documents; found by the next call."""

    async def remove(self, post_ids: Sequence[int]) -> None:
        """Forget documents: for erasure, not for moderation."""

    async def indexed_through(self) -> int:
        """The id of the last event that the index follows from."""

    async def set_indexed_through(self, event_id: int) -> None:
        """Note the last event that the index follows from."""

    async def candidates(
        self, terms: Sequence[str], match: Literal["any", "all"], limit: int
    ) -> list[int]:
        """Post ids whose folded text has any or all of the terms, best first.

        A term is a word, or with three or more characters a part of one.
        """


class ObjectStore(Protocol):
    """Bytes by content: the key is the SHA-256 of the bytes, in hex."""

    async def put(self, content: bytes) -> str:
        """Keep bytes; return their key."""

    async def get(self, key: str) -> bytes | None:
        """Return the bytes of a key."""

    async def delete(self, key: str) -> None:
        """Forget the bytes of a key."""
