"""Which generations a site's journal runs through, and which segments to replay (pure).

Each generation says after which place of an earlier one it began. What an earlier one shipped past
that place never happened, as far as the site is concerned: its host was fenced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from venire.kernel.errors import Invalid

_GENERATION: Final = re.compile(r"generations/(?P<generation>[0-9]{8})\.json")
_SEGMENT: Final = re.compile(
    r"journal/(?P<generation>[0-9]{8})/(?P<first>[0-9]{20})-(?P<last>[0-9]{20})\.seg"
)
START_CHAIN: Final = bytes(32)


class After(msgspec.Struct, frozen=True):
    """The place of an earlier generation that one goes on from; `chain` in hex."""

    generation: int
    sequence: int
    chain: str


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One host's turn at shipping, as `generations/*.json` tells it."""

    generation: int
    started_at_ms: int
    site: str
    origin: str
    after: After | None
    schema: int
    program: str


class Stretch(msgspec.Struct, frozen=True, order=True):
    """A segment by its name."""

    generation: int
    first: int
    last: int

    @property
    def path(self) -> str:
        """Where it lies in a store."""
        return f"journal/{self.generation:08d}/{self.first:020d}-{self.last:020d}.seg"


def generation_path(generation: int) -> str:
    """Where a generation is told of."""
    return f"generations/{generation:08d}.json"


def decode_generation(content: bytes, path: str) -> Generation:
    """Read one. Invalid `generation_damaged`."""
    try:
        found = msgspec.json.decode(content, type=Generation)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("generation_damaged", "it cannot be read", path=path) from error
    if generation_path(found.generation) != path:
        raise Invalid("generation_damaged", "it does not belong here", path=path)
    return found


def generations_in(paths: Iterable[str]) -> list[int]:
    """The generations among the names of objects, rising."""
    found = (_GENERATION.fullmatch(path) for path in paths)
    return sorted(int(match["generation"]) for match in found if match)


def stretches_in(paths: Iterable[str]) -> list[Stretch]:
    """The segments among the names of objects, in order."""
    found = (_SEGMENT.fullmatch(path) for path in paths)
    return sorted(
        Stretch(int(match["generation"]), int(match["first"]), int(match["last"]))
        for match in found
        if match and int(match["first"]) <= int(match["last"])
    )


def cuts(generations: Mapping[int, Generation]) -> dict[int, int | None]:
    """The generations that the newest one goes back to, each with the last place that counts.

    None: all of it counts. One that no store tells of any more is still the one before.
    """
    if not generations:
        return {}
    at = max(generations)
    line: dict[int, int | None] = {at: None}
    while (after := generations[at].after) is not None:
        if after.generation >= at:
            break
        line[after.generation] = after.sequence
        at = after.generation
        if at not in generations:
            break
    return dict(sorted(line.items()))


def counts(line: Mapping[int, int | None], generation: int, sequence: int) -> bool:
    """Whether a place of a generation is part of the site's history."""
    if generation not in line:
        return False
    cut = line[generation]
    return cut is None or sequence <= cut


class Road:
    """The segments of one generation, asked for in rising order."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        self._left = sorted(stretches)
        self._at = 0

    def choices(self, position: int) -> list[Stretch]:
        """What may go on from a place, best first: the longest that begins at or before the next.

        Places have gaps, so where none does it is those that begin soonest after; whether
        something is missing between the two is for their chain to say.
        """
        while self._at < len(self._left) and self._left[self._at].last <= position:
            self._at += 1
        reaching: list[Stretch] = []
        at = self._at
        while at < len(self._left) and self._left[at].first <= position + 1:
            if self._left[at].last > position:
                reaching.append(self._left[at])
            at += 1
        if not reaching and at < len(self._left):
            soonest = self._left[at].first
            while at < len(self._left) and self._left[at].first == soonest:
                reaching.append(self._left[at])
                at += 1
        return sorted(reaching, key=lambda one: (-one.last, one.first))
