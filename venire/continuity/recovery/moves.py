"""What two hosts tell each other while a site moves: three small objects in the store they share.

    standby.json                    the new host: how far it has come, and where it will be reached
    moves/GENERATION-ATTEMPT.json   the decision, created once: the site is there, or it stays here
    generations/GENERATION+1.json   the new host's turn: from here on it serves

The decision is a name that is created where none is: of the old host that moves and whoever finds
it dead and calls the move off, one is first, and both know which. The old host takes no commit
from before the decision until it is called off, so nothing acknowledged is ever on one side alone.
It is signed as the site's turns are: a store's owner could else have a standby be the site early,
and what was acknowledged after that would be lost.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from venire.continuity.journal.segments import Check
from venire.continuity.recovery.claiming import Hand
from venire.continuity.recovery.snapshots import Shelf
from venire.kernel.errors import Invalid, NotFound

STANDBY: Final = "standby.json"
FRESH_MS: Final = 10_000
"""A standby that was not heard of for longer does not stand by."""
_DECISION: Final = re.compile(r"moves/(?P<generation>[0-9]{8})-(?P<attempt>[0-9]{4})\.json")
_NOTE_BYTES: Final = 4_096
_SIGNED_AS: Final = b"venire move decision 1\n"
_log = logging.getLogger(__name__)


class Standby(msgspec.Struct, frozen=True, kw_only=True):
    """A warm copy. `ready`: it has all that the store has, and can be the site at once."""

    token: str
    generation: int
    through: int
    at_ms: int
    to: str
    ready: bool


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt. `moved`: to the standby of this token, through this place."""

    outcome: Literal["moved", "called_off"]
    generation: int
    attempt: int
    at_ms: int
    token: str = ""
    through: int = 0
    to: str = ""
    signature: str = ""

    def message(self) -> bytes:
        """What is signed."""
        bare = msgspec.structs.replace(self, signature="")
        return _SIGNED_AS + msgspec.json.encode(bare, order="sorted")

    def is_ours(self, generation: int, attempt: int, check: Check | None) -> bool:
        """Whether a host of this site decided this attempt. `check` None: anybody is believed."""
        if (self.generation, self.attempt) != (generation, attempt):
            return False
        if check is None:
            return True
        try:
            return check(self.message(), base64.b64decode(self.signature, validate=True))
        except (binascii.Error, ValueError):
            return False


def decision_path(generation: int, attempt: int) -> str:
    """Where an attempt is decided."""
    return f"moves/{generation:08d}-{attempt:04d}.json"


def attempts_in(paths: Iterable[str], generation: int) -> list[int]:
    """The attempts of a generation that are decided, rising."""
    found = (_DECISION.fullmatch(path) for path in paths)
    return sorted(
        int(match["attempt"]) for match in found if match and int(match["generation"]) == generation
    )


async def say(shelf: Shelf, standby: Standby) -> None:
    """Tell the old host how far this one is."""
    await shelf.put(STANDBY, msgspec.json.encode(standby))


async def heard(shelf: Shelf) -> Standby | None:
    """What a standby last said; None where there never was one. Invalid `standby_unreadable`."""
    try:
        content = await shelf.get(STANDBY)
    except NotFound:
        return None
    try:
        return msgspec.json.decode(content[:_NOTE_BYTES], type=Standby)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("standby_unreadable", "what the standby says cannot be read") from error


async def decide(shelf: Shelf, decision: Decision, hand: Hand) -> Decision | None:
    """Decide an attempt, unless it is decided already; what holds. None: a stranger was there."""
    if hand.sign is not None:
        signature = base64.b64encode(hand.sign(decision.message())).decode()
        decision = msgspec.structs.replace(decision, signature=signature)
    path = decision_path(decision.generation, decision.attempt)
    if await shelf.add(path, msgspec.json.encode(decision)):
        return decision
    return await decided(shelf, decision.generation, decision.attempt, hand.check)


async def decided(
    shelf: Shelf, generation: int, attempt: int, check: Check | None
) -> Decision | None:
    """A decision that is there; None where no host of this site made it."""
    path = decision_path(generation, attempt)
    content = await shelf.get(path)
    try:
        found = msgspec.json.decode(content[:_NOTE_BYTES], type=Decision)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if found is None or not found.is_ours(generation, attempt, check):
        _log.error("decision_foreign", extra={"store": shelf.name, "path": path})
        return None
    return found


async def newest_move(shelf: Shelf, generation: int, check: Check | None) -> Decision | None:
    """The move of this generation, if it was decided on by a host of this site."""
    for attempt in reversed(attempts_in(await shelf.listing("moves/"), generation)):
        found = await decided(shelf, generation, attempt, check)
        if found is not None and found.outcome == "moved":
            return found
    return None
