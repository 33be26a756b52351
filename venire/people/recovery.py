"""Recovery codes: ten, on paper, one use each, for who lost everything else.

A code is its place among the ten and 60 random bits, `3-k7wq-hb2m-9xtd`: one slow hash tells
whether it is right, not ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from venire.people.passwords import hash_secret, verify_secret
from venire.storage.world import World

MANY: Final = 10
_SIGNS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_MISREAD: Final = str.maketrans("oil", "011")
"""32 signs; what is mistaken for another one is read as that."""
_LENGTH: Final = 12
_GROUP: Final = 4
_LONGEST: Final = 60


def _plain(code: str) -> str:
    read = code[:_LONGEST].lower().translate(_MISREAD)
    return "".join(sign for sign in read if sign in _SIGNS)


async def make(world: World) -> tuple[list[str], bytes]:
    """Ten new codes, and what is kept of them."""
    codes, hashes = [], []
    for place in range(MANY):
        drawn = world.chance.token(_LENGTH)
        secret = "".join(_SIGNS[byte % 32] for byte in drawn)
        parts = [secret[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP)]
        codes.append("-".join([str(place), *parts]))
        hashes.append(await hash_secret(world, secret))
    return codes, msgspec.json.encode(hashes)


def kept(recovery: bytes) -> list[str]:
    """The hashes by place; the empty text where a code was used."""
    return msgspec.json.decode(recovery, type=list[str]) if recovery else []


def left(recovery: bytes) -> int:
    """How many codes can still be used."""
    return sum(1 for one in kept(recovery) if one)


async def used(world: World, recovery: bytes, code: str) -> bytes | None:
    """What is kept once this code is used; None where it is none of those left.

    The same work whether or not there is a code at its place.
    """
    plain = _plain(code)
    hashes = kept(recovery)
    place = int(plain[0]) if plain[:1].isdigit() else MANY
    there = hashes[place] if place < len(hashes) else ""
    if not await verify_secret(world, there, plain[1:]):
        return None
    return msgspec.json.encode(_without(hashes, place))


def _without(hashes: Sequence[str], place: int) -> list[str]:
    return ["" if number == place else one for number, one in enumerate(hashes)]
