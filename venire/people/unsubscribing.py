"""Letters that nobody needs can be ended by one request, without signing in (RFC 8058).

The address of that request is signed and stands in the letter's header; it says whose letters and
of which kind, and can do nothing else. The same address takes it back.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final, NamedTuple

from venire.kernel.errors import NotFound
from venire.people.store import site_salt
from venire.storage.tables.suppression import LETTER_STOPS, LetterStopRow
from venire.storage.world import World

_MARK: Final = 16
_ID: Final = 8
_LONGEST: Final = 120


class Stop(NamedTuple):
    """Whose letters of which kind an address is about."""

    account_id: int
    kind: str


async def link(world: World, account_id: int, kind: str) -> str:
    """The address that ends letters of a kind to somebody."""
    body = account_id.to_bytes(_ID, "big") + kind.encode()
    signed = await _signature(world, body) + body
    token = base64.urlsafe_b64encode(signed).decode().rstrip("=")
    return f"{world.site.base_url}/unsubscribe/{token}"


async def _signature(world: World, body: bytes) -> bytes:
    salt = await site_salt(world, "unsubscribe_links")
    return hmac.digest(salt, body, "sha256")[:_MARK]


async def read(world: World, token: str) -> Stop:
    """What an address is about. NotFound `record_not_found` for one that is not ours."""
    try:
        signed = base64.urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token[:_LONGEST]) % 4))
    except (binascii.Error, ValueError):
        signed = b""
    mark, body = signed[:_MARK], signed[_MARK:]
    good = hmac.compare_digest(mark, await _signature(world, body))
    if not good or len(body) <= _ID:
        raise NotFound("record_not_found", "Record not found")
    return Stop(int.from_bytes(body[:_ID], "big"), body[_ID:].decode())


async def stop(world: World, asked: Stop) -> None:
    """End letters of a kind to somebody; again is once."""
    row = LetterStopRow(asked.account_id, asked.kind, world.now_ms())
    await world.storage.put(LETTER_STOPS, row)


async def resume(world: World, asked: Stop) -> None:
    """Send them again; harmless where they never ended."""
    row = await world.storage.get(LETTER_STOPS, (asked.account_id, asked.kind))
    if row is not None:
        await world.storage.delete(LETTER_STOPS, row)


async def has_stopped(world: World, account_id: int, kind: str) -> bool:
    """Whether somebody wants no more letters of a kind."""
    return await world.storage.get(LETTER_STOPS, (account_id, kind)) is not None
