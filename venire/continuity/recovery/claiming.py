"""Taking the next generation: from then on nobody else ships to these stores.

The name is created where none is, so of two hosts that try at once one gets it.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from venire.continuity.journal import lineage, turns
from venire.continuity.journal.lineage import After, Generation
from venire.continuity.journal.segments import Check, Sign
from venire.continuity.recovery.snapshots import Shelf
from venire.kernel.errors import Conflict, Problem
from venire.record.note import Signer, parse_verifier_key
from venire.storage.migrations import SCHEMA_VERSION

_TRIES = 20
_MOST = 100


class Hand(NamedTuple):
    """How this site signs, and how it knows what it signed."""

    sign: Sign | None
    check: Check | None


NOBODY: Final = Hand(None, None)


def hand_of(public: str, seed: bytes | None) -> Hand:
    """With the record's key: as the site's hosts sign. Without, nobody stops by what is said."""
    if seed is None:
        return NOBODY
    signer = Signer(parse_verifier_key(public).name, seed)

    def sign(message: bytes) -> bytes:
        return signer.sign(message.decode()).signature

    return Hand(sign, lambda message, signature: hmac.compare_digest(sign(message), signature))


class Claimed(msgspec.Struct, frozen=True):
    """Which generation this host is now, and the stores that could not be told so."""

    generation: int
    refused: tuple[str, ...] = ()


async def claim(
    shelves: Sequence[Shelf],
    after: After,
    *,
    site: str,
    origin: str,
    program: str,
    now_ms: int,
    hand: Hand = NOBODY,
) -> Claimed:
    """Take a generation above all that any store tells of. Conflict `generation_contested`.

    A store that does not answer, or has something made up there, is named: whoever ships there is
    not stopped by this.
    """
    number = after.generation
    for shelf in shelves:
        try:
            there = lineage.generations_in(await shelf.listing("generations/"))
        except Problem:
            continue
        # What somebody made up far above is no host's.
        number = max([number, *(one for one in there if one <= after.generation + _MOST)])
    for _ in range(_TRIES):
        number += 1
        mine = Generation(
            generation=number,
            started_at_ms=now_ms,
            site=site,
            origin=origin,
            after=after,
            schema=SCHEMA_VERSION,
            program=program,
        )
        content = turns.told(mine, hand.sign)
        refused: list[str] = []
        taken, path = False, lineage.generation_path(number)
        for shelf in shelves:
            try:
                if await shelf.add(path, content):
                    continue
                if turns.is_ours(await shelf.get(path), path, hand.check):
                    taken = True
                else:
                    refused.append(shelf.name)
            except Problem:
                refused.append(shelf.name)
        if not taken:
            return Claimed(number, tuple(refused))
    raise Conflict("generation_contested", "other hosts take generations of this site: stop them")


async def claim_exactly(
    shelf: Shelf,
    number: int,
    after: After,
    *,
    site: str,
    origin: str,
    program: str,
    now_ms: int,
    hand: Hand = NOBODY,
) -> None:
    """Take this generation and no other. Conflict `moved_elsewhere` where somebody has it."""
    mine = Generation(
        generation=number,
        started_at_ms=now_ms,
        site=site,
        origin=origin,
        after=after,
        schema=SCHEMA_VERSION,
        program=program,
    )
    if not await shelf.add(lineage.generation_path(number), turns.told(mine, hand.sign)):
        raise Conflict("moved_elsewhere", "another host is this site now", generation=number)
