"""Showing again who one is before something dangerous: what a stolen session alone cannot do.

By a password, a code of one's app, a passkey or a recovery code; good for ten minutes, for the
browser or token that asked and no other.
"""

from __future__ import annotations

from typing import Final

from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Forbidden, Invalid
from venire.people import factors, passkeys
from venire.people.actions import check_password
from venire.people.own_passkeys import Ceremony, use_passkey
from venire.people.second_step import PASSKEY, RECOVERY, TOTP
from venire.people.tokens import secret_hash
from venire.storage.tables.factors import CONFIRMED, ConfirmedRow
from venire.storage.world import World

LASTS_MS: Final = 10 * MINUTE_MS
BY_PASSWORD: Final = "password"  # noqa: S105 - the name of a way


def of_session(secret: str) -> str:
    """The holder that a browser is."""
    return f"session:{secret_hash(secret).hex()}"


def of_token(token_id: int) -> str:
    """The holder that an app's token is."""
    return f"token:{token_id}"


async def confirm(world: World, account_id: int, holder: str, way: str, said: str) -> bool:
    """Whether somebody shows that they are this account's owner; noted for ten minutes."""
    if way == BY_PASSWORD:
        good = await check_password(world, account_id, said)
    elif way == TOTP:
        good = await factors.use_totp(world, account_id, said)
    elif way == RECOVERY:
        good = await factors.use_recovery(world, account_id, said)
    else:
        good = False
    if good:
        await _note(world, account_id, holder)
    return good


async def confirm_by_passkey(
    world: World, account_id: int, holder: str, ceremony: Ceremony
) -> bool:
    """The same by a passkey, whose challenge was bound to the holder."""
    try:
        good = await use_passkey(world, ceremony, purpose=passkeys.AGAIN) == account_id
    except Invalid:
        return False
    if good:
        await _note(world, account_id, holder)
    return good


async def _note(world: World, account_id: int, holder: str) -> None:
    until_ms = world.now_ms() + LASTS_MS
    await world.storage.put(
        CONFIRMED, ConfirmedRow(holder, account_id, until_ms), expires_at_ms=until_ms
    )


async def confirmed(world: World, account_id: int, holder: str) -> bool:
    """Whether a holder has shown this lately."""
    row = await world.storage.get(CONFIRMED, (holder,))
    return row is not None and row.account_id == account_id and row.until_ms > world.now_ms()


async def require(world: World, account_id: int, holder: str) -> None:
    """Forbidden `confirmation_needed` unless a holder has shown this lately."""
    if not await confirmed(world, account_id, holder):
        raise Forbidden("confirmation_needed", "Show first that it is you")


WAYS: Final = (BY_PASSWORD, TOTP, RECOVERY, PASSKEY)
"""In which ways somebody may show it."""
