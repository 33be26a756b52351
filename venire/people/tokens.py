"""Access tokens: 256 random bits that the holder keeps; we keep the SHA-256. Many for one app.

A random secret of this length needs no slow hash: nobody can try 2**256 of them.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
from collections.abc import Sequence

from venire.events import TokenRevoked
from venire.kernel.errors import Forbidden
from venire.kernel.ids import AccountId
from venire.people.model import ACTIVE, CONSENT, PENDING, Account, Bearer, Granted
from venire.people.store import load_account, load_login
from venire.storage.memory import Memory
from venire.storage.tables.sign_in import ACCOUNT_TOKENS, TOKENS, AccountTokenRow, TokenRow
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

SECRET_BYTES = 32
_LONGEST = 128
_MARK = 16


def new_secret(world: World) -> str:
    """256 random bits as 43 characters that need no escaping anywhere."""
    return base64.urlsafe_b64encode(world.chance.token(SECRET_BYTES)).decode().rstrip("=")


async def new_secret_of(world: World, account_id: int) -> str:
    """A secret that counts as long as the account's password is the one of now.

    For what lets somebody in later, and of which no account has a list to end it by.
    """
    secret = new_secret(world)
    return secret + await _password_mark(world, account_id, secret)


async def fits_password(world: World, account_id: int, secret: str) -> bool:
    """Whether such a secret was given out under the account's password of now."""
    made, mark = secret[:-_MARK], secret[-_MARK:]
    expected = await _password_mark(world, account_id, made)
    return hmac.compare_digest(mark.encode(errors="replace"), expected.encode())


async def _password_mark(world: World, account_id: int, secret: str) -> str:
    login = await load_login(world, account_id)
    key = b"" if login is None else login.password_hash.encode()
    return hmac.new(key, secret.encode(errors="replace"), hashlib.sha256).hexdigest()[:_MARK]


def secret_hash(secret: str) -> bytes:
    """The form in which a secret is stored and looked up."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


async def issue_token(
    world: World,
    *,
    client_id: str,
    scopes: Sequence[str],
    account_id: int | None = None,
    until_ms: int | None = None,
    secret: str | None = None,
) -> Granted:
    """Make a token. `until_ms`: when it ends by itself, None for never."""
    secret = secret or new_secret(world)
    row = TokenRow(
        token_hash=secret_hash(secret),
        id=world.ids.next(),
        account_id=account_id,
        client_id=client_id,
        scopes=" ".join(scopes),
        created_at_ms=world.now_ms(),
        until_ms=until_ms,
    )
    writes: list[Write] = [Put(TOKENS, row, until_ms)]
    if account_id is not None:
        index = AccountTokenRow(account_id, row.id, row.token_hash)
        writes.append(Put(ACCOUNT_TOKENS, index, until_ms))
    await world.storage.commit(f"token:{row.id}", writes)
    return Granted(secret, tuple(scopes), row.created_at_ms)


_ROWS: Memory[TokenRow | None] = Memory()
_scopes = functools.lru_cache(256)(lambda text: frozenset(text.split()))


async def authenticate(world: World, secret: str) -> Bearer | None:
    """Whom a token speaks for; None when it is forged, lapsed, revoked, or its account is gone.

    The row is kept until it is written: a token revoked by any process is refused from the next
    request on.
    """
    if not secret or len(secret) > _LONGEST:
        return None
    key = (secret_hash(secret),)
    row = await _ROWS.recall(
        world.storage, key, ((TOKENS, key),), lambda: world.storage.get(TOKENS, key)
    )
    if row is None or (row.until_ms is not None and row.until_ms <= world.now_ms()):
        return None
    account = None
    if row.account_id is not None:
        if row.created_at_ms < world.site.signed_out_before_ms:
            return None
        account = await load_account(world, row.account_id)
        if account is None or account.state == "deleted":
            return None
    return Bearer(row.id, row.client_id, _scopes(row.scopes), account)


async def token_client(world: World, secret: str) -> str | None:
    """The client id for which a token was made."""
    row = await world.storage.get(TOKENS, (secret_hash(secret),))
    return None if row is None else row.client_id


async def token_stands(world: World, account_id: int, token_id: int) -> bool:
    """Whether a member's token was neither revoked nor has lapsed."""
    return await world.storage.get(ACCOUNT_TOKENS, (account_id, token_id)) is not None


async def revoke_token(world: World, secret: str) -> None:
    """End a token; one that does not exist is as good as ended."""
    await revoke_token_hash(world, secret_hash(secret))


async def revoke_token_hash(world: World, token_hash: bytes) -> None:
    """End a token by its stored form."""
    row = await world.storage.get(TOKENS, (token_hash,))
    if row is not None:
        await _remove(world, row)


async def _remove(world: World, row: TokenRow) -> None:
    writes: list[Write] = [Delete(TOKENS, row)]
    if row.account_id is not None:
        writes.append(
            Delete(ACCOUNT_TOKENS, AccountTokenRow(row.account_id, row.id, row.token_hash))
        )
    await world.storage.commit(f"token:{row.id}", writes, [TokenRevoked(row.id)])


async def revoke_all_tokens(world: World, account_id: AccountId) -> int:
    """End every token of an account: a new password, a stolen phone. Returns how many."""
    ended = 0
    while rows := await world.storage.range(ACCOUNT_TOKENS, (account_id,), limit=100):
        for row in rows:
            token = await world.storage.get(TOKENS, (row.token_hash,))
            if token is None:
                await world.storage.delete(ACCOUNT_TOKENS, row)
            else:
                await _remove(world, token)
            ended += 1
    return ended


def usable(bearer: Bearer, *, confirmed_contact_required: bool) -> bool:
    """Whether a member's token may be used yet."""
    if bearer.account is None:
        return True
    if bearer.account.disabled:
        return False
    state = bearer.account.state
    return state == ACTIVE or (state == "unconfirmed" and not confirmed_contact_required)


def not_yet(account: Account) -> Forbidden:
    """Why a token that is not `usable` opens nothing now."""
    if account.disabled:
        return Forbidden("login_disabled", "Your login is currently disabled")
    if account.state == PENDING:
        return Forbidden("approval_pending", "Your login is currently pending approval")
    if account.state == CONSENT:
        return Forbidden(
            "consent_pending", "Your account waits for the consent of a parent or guardian"
        )
    return Forbidden("email_unconfirmed", "Your login is missing a confirmed e-mail address")
