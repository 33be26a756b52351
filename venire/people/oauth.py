"""OAuth 2: apps, authorization codes with PKCE, and what turns into a token.

Sources: RFC 6749 (framework), RFC 7636 (PKCE, S256 only), RFC 7009 (revocation), and what Mastodon
clients rely on: one app has many tokens, several redirect URIs, and an out-of-band page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Invalid
from venire.kernel.ids import AccountId
from venire.people import scopes as scope_rules
from venire.people.model import App, Granted
from venire.people.tokens import (
    fits_password,
    issue_token,
    new_secret,
    new_secret_of,
    revoke_token_hash,
    secret_hash,
)
from venire.storage.tables.sign_in import APPS, CODES, AppRow, CodeRow
from venire.storage.world import World

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
CODE_MS = 10 * MINUTE_MS
NAME_LENGTH = 100
URI_LENGTH = 2_000
URIS = 20

_REFUSED_SCHEMES = frozenset(
    {"javascript", "data", "vbscript", "file", "blob", "about", "view-source"}
)
"""A browser that is redirected to one of these runs or reads something on our behalf."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class OAuthError(Invalid):
    """Refused as RFC 6749 section 5.2 names it; `code` is the OAuth error itself."""

    kind = "oauth"


class Consent(msgspec.Struct, frozen=True):
    """What an app asks a member for, already checked."""

    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str


def _refused_uri(uri: str) -> bool:
    parts = urlsplit(uri)
    if not _SCHEME.fullmatch(parts.scheme.lower()) or parts.scheme.lower() in _REFUSED_SCHEMES:
        return True
    web = parts.scheme.lower() in {"http", "https"}
    # Browsers end a URL at control characters and read "\" as "/": either could redirect elsewhere.
    odd = any(character <= " " or character in '\\<>"\x7f' for character in uri)
    return odd or bool(parts.fragment) or (web and not parts.hostname)


def check_redirect_uris(uris: Sequence[str]) -> tuple[str, ...]:
    """The redirect URIs of a new app. Invalid `redirect_uri_invalid`."""
    cleaned = tuple(dict.fromkeys(uri.strip() for uri in uris if uri.strip()))
    if not cleaned or len(cleaned) > URIS:
        raise Invalid(
            "redirect_uri_invalid", f"Validation failed: an app has 1 to {URIS} redirect URIs"
        )
    for uri in cleaned:
        try:
            bad = len(uri) > URI_LENGTH or (uri != OUT_OF_BAND and _refused_uri(uri))
        except ValueError:
            bad = True
        if bad:
            raise Invalid(
                "redirect_uri_invalid", "Validation failed: Redirect URI must be an absolute URI."
            )
    return cleaned


async def create_app(
    world: World,
    *,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    website: str | None,
) -> tuple[App, str]:
    """Register an app; return it and its secret, which is not kept."""
    if not name.strip() or len(name) > NAME_LENGTH:
        raise Invalid(
            "app_name_invalid", f"Validation failed: an app name has 1 to {NAME_LENGTH} characters"
        )
    if scope_rules.unknown(scopes):
        raise Invalid("scopes_unknown", "Scopes doesn't match configured on the server.")
    if website is not None and (
        len(website) > URI_LENGTH or urlsplit(website).scheme not in {"http", "https"}
    ):
        raise Invalid("website_invalid", "Validation failed: Website must be a valid URL")
    uris = check_redirect_uris(redirect_uris)
    secret = new_secret(world)
    row = AppRow(
        client_id=new_secret(world),
        id=world.ids.next(),
        name=name.strip(),
        website=website,
        redirect_uris=msgspec.json.encode(uris),
        scopes=" ".join(scopes),
        secret_hash=secret_hash(secret),
        created_at_ms=world.now_ms(),
    )
    await world.storage.put(APPS, row)
    return _app(row), secret


def _app(row: AppRow) -> App:
    return App(
        id=row.id,
        client_id=row.client_id,
        name=row.name,
        website=row.website,
        redirect_uris=msgspec.json.decode(row.redirect_uris, type=tuple[str, ...]),
        scopes=tuple(row.scopes.split()),
        secret_hash=row.secret_hash,
    )


async def load_app(world: World, client_id: str) -> App | None:
    """An app by its client id."""
    row = await world.storage.get(APPS, (client_id,)) if client_id else None
    return None if row is None else _app(row)


async def own_app(world: World, name: str, scopes: Sequence[str]) -> App:
    """An app of the site itself, made at first use: for tokens that the operator gives out."""
    client_id = f"venire-{name}"
    found = await load_app(world, client_id)
    if found is not None:
        return found
    row = AppRow(
        client_id=client_id,
        id=world.ids.next(),
        name=name,
        website=None,
        redirect_uris=msgspec.json.encode([OUT_OF_BAND]),
        scopes=" ".join(scopes),
        # The hash of a secret that nobody has: this app signs nobody in.
        secret_hash=secret_hash(new_secret(world)),
        created_at_ms=world.now_ms(),
    )
    return _app(await world.storage.put_if_absent(APPS, row) or row)


async def authenticate_app(world: World, client_id: str, client_secret: str) -> App:
    """An app by id and secret. OAuthError `invalid_client`."""
    app = await load_app(world, client_id)
    expected = app.secret_hash if app is not None else bytes(32)
    if not hmac.compare_digest(expected, secret_hash(client_secret)) or app is None:
        raise OAuthError(
            "invalid_client",
            "Client authentication failed due to unknown client, no client authentication"
            " included, or unsupported authentication method.",
        )
    return app


def check_scopes(app: App, wanted: Sequence[str]) -> tuple[str, ...]:
    """The scopes to grant: those asked for, or `read`, never past the app's own."""
    scopes = tuple(wanted) or scope_rules.DEFAULT
    if scope_rules.unknown(scopes) or not scope_rules.within(scopes, app.scopes):
        raise OAuthError("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
    return scopes


def check_challenge(challenge: str, method: str) -> str:
    """A PKCE challenge, empty where the client uses none. Only S256: `plain` proves nothing."""
    if not challenge:
        return ""
    if method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code challenge must be made with S256.")
    return challenge


async def issue_code(world: World, consent: Consent, account_id: AccountId) -> str:
    """Note that a member agreed; return the code that the app turns into a token within 10 min.

    A new password ends it, as it ends every token.
    """
    secret = await new_secret_of(world, account_id)
    until_ms = world.now_ms() + CODE_MS
    row = CodeRow(
        code_hash=secret_hash(secret).hex(),
        account_id=account_id,
        client_id=consent.app.client_id,
        redirect_uri=consent.redirect_uri,
        scopes=" ".join(consent.scopes),
        challenge=consent.challenge,
        spent=False,
        token_hash=None,
        until_ms=until_ms,
    )
    await world.storage.put(CODES, row, expires_at_ms=until_ms)
    return secret


def invalid_grant() -> OAuthError:
    """The one answer to every grant that does not hold: which part was wrong is not said."""
    return OAuthError(
        "invalid_grant",
        "The provided authorization grant is invalid, expired, revoked, does not match the"
        " redirection URI used in the authorization request, or was issued to another client.",
    )


def _verifier_fits(challenge: str, verifier: str) -> bool:
    if not challenge:
        return True
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(made, challenge)


async def exchange_code(
    world: World, app: App, *, code: str, redirect_uri: str, verifier: str
) -> Granted:
    """Turn a code into a token, once.

    A second use means that the code was stolen, by the first user or by the second: the token made
    from it is revoked (RFC 6749 section 4.1.2).
    """
    row = await world.storage.get(CODES, (secret_hash(code).hex(),))
    if row is None or row.until_ms <= world.now_ms() or row.client_id != app.client_id:
        raise invalid_grant()
    if row.spent:
        if row.token_hash is not None:
            await revoke_token_hash(world, row.token_hash)
        raise invalid_grant()
    if not await fits_password(world, row.account_id, code):
        raise invalid_grant()
    if row.redirect_uri != redirect_uri or not _verifier_fits(row.challenge, verifier):
        raise invalid_grant()
    secret = new_secret(world)
    spent = msgspec.structs.replace(row, spent=True, token_hash=secret_hash(secret))
    if not await world.storage.compare_and_set(CODES, row, spent):
        raise invalid_grant()
    # The exchange keeps no end: without this the spent row would stay for ever.
    await world.storage.put(CODES, spent, expires_at_ms=row.until_ms)
    return await issue_token(
        world,
        client_id=app.client_id,
        scopes=row.scopes.split(),
        account_id=row.account_id,
        secret=secret,
    )
