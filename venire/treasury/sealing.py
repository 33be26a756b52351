"""Where jurors' money goes, encrypted where it lies: whoever has the tables alone reads no account.

Sealed for one juror: a row moved to another opens for nobody.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.kernel.money import Destination
from venire.storage.world import World

_PURPOSE: Final = "payout destination"


def seal(world: World, to: Destination, juror_id: int) -> bytes:
    """A destination as it is kept."""
    plain = msgspec.json.encode(to)
    return world.vault.seal(world.chance, _PURPOSE, str(juror_id), plain)


def unseal(world: World, sealed: bytes, juror_id: int) -> Destination:
    """The destination. Raises Unavailable `secret_sealed_otherwise` under another key."""
    plain = world.vault.open(_PURPOSE, str(juror_id), sealed)
    return msgspec.json.decode(plain, type=Destination)
