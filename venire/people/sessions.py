"""Signed-in browsers, and links that let someone in once."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.ids import AccountId
from venire.people.model import DELETED, Account
from venire.people.store import load_account
from venire.people.tokens import fits_password, new_secret, new_secret_of, secret_hash
from venire.storage.tables.sign_in import (
    ACCOUNT_SESSIONS,
    LINKS,
    SESSIONS,
    AccountSessionRow,
    LinkRow,
    SessionRow,
)
from venire.storage.verbs import Delete, Put
from venire.storage.world import World

SESSION_MS = 30 * DAY_MS
LINK_MS = DAY_MS


def session_cookie(base_url: str) -> str:
    """The name of the session's cookie. Over TLS its prefix binds it to this host (RFC 6265bis)."""
    return "__Host-venire_session" if base_url.startswith("https://") else "venire_session"


async def start_session(world: World, account_id: int) -> str:
    """Sign a browser in; return the secret for its cookie."""
    secret = new_secret(world)
    now_ms = world.now_ms()
    row = SessionRow(
        session_hash=secret_hash(secret),
        id=world.ids.next(),
        account_id=account_id,
        created_at_ms=now_ms,
        until_ms=now_ms + SESSION_MS,
    )
    index = AccountSessionRow(account_id, row.id, row.session_hash)
    await world.storage.commit(
        f"session:{row.id}",
        [Put(SESSIONS, row, row.until_ms), Put(ACCOUNT_SESSIONS, index, row.until_ms)],
    )
    return secret


async def session_account(world: World, secret: str | None) -> Account | None:
    """Who is signed in with this cookie."""
    if not secret:
        return None
    row = await world.storage.get(SESSIONS, (secret_hash(secret),))
    if row is None or row.until_ms <= world.now_ms():
        return None
    if row.created_at_ms < world.site.signed_out_before_ms:
        return None
    account = await load_account(world, row.account_id)
    if account is None or account.state == DELETED or account.disabled:
        return None
    return account


async def end_session(world: World, secret: str) -> None:
    """Sign a browser out."""
    row = await world.storage.get(SESSIONS, (secret_hash(secret),))
    if row is not None:
        await _remove(world, row)


async def end_all_sessions(world: World, account_id: AccountId) -> None:
    """Sign an account out everywhere."""
    while rows := await world.storage.range(ACCOUNT_SESSIONS, (account_id,), limit=100):
        for row in rows:
            await _remove(world, SessionRow(row.session_hash, row.id, account_id, 0, 0))


async def _remove(world: World, row: SessionRow) -> None:
    index = AccountSessionRow(row.account_id, row.id, row.session_hash)
    await world.storage.commit(
        f"session:{row.id}", [Delete(SESSIONS, row), Delete(ACCOUNT_SESSIONS, index)]
    )


def form_token(secret: str) -> str:
    """What a form of this session carries: another site can send the cookie, but not know this."""
    return hmac.new(secret.encode(), b"venire form", hashlib.sha256).hexdigest()


def form_token_fits(secret: str, token: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(form_token(secret).encode(), token.encode(errors="replace"))


async def make_sign_in_link(world: World, account_id: int, *, lasts_ms: int = LINK_MS) -> str:
    """A secret that signs someone in once: for the operator's own use, and for demonstrations.

    A new password ends it.
    """
    secret = await new_secret_of(world, account_id)
    until_ms = world.now_ms() + lasts_ms
    row = LinkRow(secret_hash(secret).hex(), account_id, spent=False, until_ms=until_ms)
    await world.storage.put(LINKS, row, expires_at_ms=until_ms)
    return secret


async def spend_sign_in_link(world: World, secret: str) -> AccountId | None:
    """Whom a link lets in, the first time only."""
    row = await world.storage.get(LINKS, (secret_hash(secret).hex(),))
    if row is None or row.spent or row.until_ms <= world.now_ms():
        return None
    if not await fits_password(world, row.account_id, secret):
        return None
    spent = msgspec.structs.replace(row, spent=True)
    if not await world.storage.compare_and_set(LINKS, row, spent):
        return None
    # The exchange keeps no end: without this the spent row would stay for ever.
    await world.storage.put(LINKS, spent, expires_at_ms=row.until_ms)
    return AccountId(row.account_id)
