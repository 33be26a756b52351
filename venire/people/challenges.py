"""A challenge of the sign-up: a second of work for one person, a machine for a flood of accounts.

The challenge is signed and carries its end, so nothing is kept until it is answered; an answered
one is kept until it ends, so that it lets nobody else in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from venire.kernel.clock import MINUTE_MS
from venire.people.store import site_salt
from venire.storage.tables.defences import CHALLENGES, ChallengeRow
from venire.storage.world import World

LASTS_MS = 10 * MINUTE_MS
BITS = 18
"""Leading zero bits of the hash: about 260,000 tries, half a second in a browser."""
MOST_BITS = 32
_NONCE = 16
_LONGEST = 200


class Challenge(msgspec.Struct, frozen=True):
    """What is asked: an `answer` such that SHA-256(`challenge:answer`) begins with `bits` zeros."""

    challenge: str
    bits: int
    until_ms: int


async def make_challenge(world: World, bits: int = BITS) -> Challenge:
    """A challenge that ends in ten minutes."""
    until_ms = world.now_ms() + LASTS_MS
    body = f"{bits}.{until_ms}.{_text(world.chance.token(_NONCE))}"
    return Challenge(f"{body}.{_text(await _signature(world, body))}", bits, until_ms)


async def spend_challenge(world: World, challenge: str, answer: str, bits: int = BITS) -> bool:
    """Whether a challenge of ours is answered, for the first time and before its end."""
    body, _, signature = challenge.rpartition(".")
    if not body or len(challenge) > _LONGEST or len(answer) > _LONGEST:
        return False
    if not hmac.compare_digest(_bytes(signature), await _signature(world, body)):
        return False
    # Signed, so it is as it was made: three parts, two of them numbers.
    asked, until, _ = body.split(".")
    if int(until) <= world.now_ms() or int(asked) < bits:
        return False
    if not solves(challenge, answer, int(asked)):
        return False
    spent = ChallengeRow(hashlib.sha256(challenge.encode()).hexdigest(), int(until))
    return await world.storage.put_if_absent(CHALLENGES, spent, expires_at_ms=int(until)) is None


def solves(challenge: str, answer: str, bits: int) -> bool:
    """Whether an answer has the leading zeros."""
    digest = hashlib.sha256(f"{challenge}:{answer}".encode(errors="replace")).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


async def _signature(world: World, body: str) -> bytes:
    salt = await site_salt(world, "sign_up_challenges")
    return hmac.digest(salt, body.encode(errors="replace"), "sha256")[:_NONCE]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
