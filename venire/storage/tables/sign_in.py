"""Tables of the people room that hold ways in: apps, tokens, codes, sessions; only hashes."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class AppRow(msgspec.Struct, frozen=True):
    """A client program. `redirect_uris` is JSON; the secret is kept as SHA-256."""

    client_id: str
    id: int
    name: str
    website: str | None
    redirect_uris: bytes
    scopes: str
    secret_hash: bytes
    created_at_ms: int


class TokenRow(msgspec.Struct, frozen=True):
    """An access token, found by the SHA-256 of its text; without `account_id` it is an app's."""

    token_hash: bytes
    id: int
    account_id: int | None
    client_id: str
    scopes: str
    created_at_ms: int
    until_ms: int | None


class AccountTokenRow(msgspec.Struct, frozen=True):
    """The same token, found from the account that it opens."""

    account_id: int
    id: int
    token_hash: bytes


class CodeRow(msgspec.Struct, frozen=True):
    """An authorization code: spent once, kept until it lapses so that a second use is noticed."""

    code_hash: str
    account_id: int
    client_id: str
    redirect_uri: str
    scopes: str
    challenge: str
    spent: bool
    token_hash: bytes | None
    until_ms: int


class SessionRow(msgspec.Struct, frozen=True):
    """A signed-in browser, found by the SHA-256 of its cookie."""

    session_hash: bytes
    id: int
    account_id: int
    created_at_ms: int
    until_ms: int


class AccountSessionRow(msgspec.Struct, frozen=True):
    """The same session, found from its account."""

    account_id: int
    id: int
    session_hash: bytes


class LinkRow(msgspec.Struct, frozen=True):
    """A sign-in link that works once."""

    link_hash: str
    account_id: int
    spent: bool
    until_ms: int


APPS = Table(
    name="apps",
    row=AppRow,
    question="Which program is this client id?",
    partition=("client_id",),
    aggregate="app:{client_id}",
    guarded=True,
    retention="until removed by an operator",
)
TOKENS = Table(
    name="tokens",
    row=TokenRow,
    question="Whom does this token speak for?",
    partition=("token_hash",),
    aggregate="token:{id}",
    subject=("account_id",),
    retention="until revoked",
    expires=True,
)
ACCOUNT_TOKENS = Table(
    name="account_tokens",
    row=AccountTokenRow,
    question="Which tokens open this account?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="token:{id}",
    subject=("account_id",),
    retention="until revoked",
    expires=True,
)
CODES = Table(
    name="oauth_codes",
    row=CodeRow,
    question="What does this authorization code stand for?",
    partition=("code_hash",),
    aggregate="code:{code_hash}",
    guarded=True,
    subject=("account_id",),
    retention="10 minutes",
    expires=True,
)
SESSIONS = Table(
    name="sessions",
    row=SessionRow,
    question="Who is signed in with this cookie?",
    partition=("session_hash",),
    aggregate="session:{id}",
    subject=("account_id",),
    retention="30 days",
    expires=True,
)
ACCOUNT_SESSIONS = Table(
    name="account_sessions",
    row=AccountSessionRow,
    question="Where is this account signed in?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="session:{id}",
    subject=("account_id",),
    retention="30 days",
    expires=True,
)
LINKS = Table(
    name="sign_in_links",
    row=LinkRow,
    question="Whom does this sign-in link let in?",
    partition=("link_hash",),
    aggregate="link:{link_hash}",
    guarded=True,
    subject=("account_id",),
    retention="until spent, a day at most",
    expires=True,
)

TABLES = (APPS, TOKENS, ACCOUNT_TOKENS, CODES, SESSIONS, ACCOUNT_SESSIONS, LINKS)
