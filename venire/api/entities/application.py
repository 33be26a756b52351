"""Mastodon's `Application`, `CredentialApplication` and `Token`."""

from __future__ import annotations

import msgspec

from venire.people.model import App, Granted


class ApplicationEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An app as it may see itself; an empty `vapid_key` says that there is no push."""

    id: str
    name: str
    website: str | None
    scopes: tuple[str, ...]
    redirect_uri: str
    redirect_uris: tuple[str, ...]
    vapid_key: str = ""


class CredentialApplicationEntity(ApplicationEntity, frozen=True, kw_only=True):
    """A new app with the secret that is shown once; 0: it does not expire."""

    client_id: str
    client_secret: str
    client_secret_expires_at: int = 0


class TokenEntity(msgspec.Struct, frozen=True):
    """A token; `created_at` is in seconds."""

    access_token: str
    token_type: str
    scope: str
    created_at: int


def build_application(app: App, vapid_key: str = "") -> ApplicationEntity:
    """The entity of an app. `vapid_key`: what its devices subscribe to pushes with."""
    return ApplicationEntity(
        id=str(app.id),
        name=app.name,
        website=app.website,
        scopes=app.scopes,
        # Old clients read one text with a line for each address.
        redirect_uri="\n".join(app.redirect_uris),
        redirect_uris=app.redirect_uris,
        vapid_key=vapid_key,
    )


def build_credentials(app: App, secret: str, vapid_key: str = "") -> CredentialApplicationEntity:
    """The entity of a new app."""
    return CredentialApplicationEntity(
        **msgspec.structs.asdict(build_application(app, vapid_key)),
        client_id=app.client_id,
        client_secret=secret,
    )


def build_token(granted: Granted) -> TokenEntity:
    """The entity of a new token."""
    return TokenEntity(
        access_token=granted.access_token,
        token_type="Bearer",  # noqa: S106 - the name of a scheme (RFC 6750)
        scope=" ".join(granted.scopes),
        created_at=granted.created_at_ms // 1000,
    )
