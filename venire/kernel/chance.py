"""The only place that draws chance. What must be repeatable takes a seed instead."""

from __future__ import annotations

import hashlib
import secrets  # noqa: TID251 - this is the port
from typing import Protocol


class Chance(Protocol):
    """Bytes that nobody can foresee."""

    def token(self, size: int) -> bytes:
        """Return `size` bytes."""


class SystemChance:
    """The operating system's generator."""

    def token(self, size: int) -> bytes:
        """Return `size` bytes from the kernel."""
        return secrets.token_bytes(size)


class SeededChance:
    """The same bytes for the same seed, in order: for tests and drills, never for keys."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._drawn = 0

    def token(self, size: int) -> bytes:
        """Return the next `size` bytes of the stream."""
        self._drawn += 1
        return hashlib.shake_256(self._seed + self._drawn.to_bytes(8, "big")).digest(size)
