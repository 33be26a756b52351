"""Tokens and what clients may know before they ask: docs.joinmastodon.org/methods/oauth."""

from __future__ import annotations

import base64
import binascii

from starlette.responses import Response

from venire.api.entities.account import AVATAR
from venire.api.entities.application import build_token
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Forbidden, NotFound
from venire.people import oauth, scopes
from venire.people.actions import sign_in
from venire.people.model import App, Granted
from venire.people.store import load_account
from venire.people.tokens import issue_token, revoke_token, token_client
from venire.storage.world import World

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _client(request: ApiRequest, form: Form) -> tuple[str, str]:
    """Client id and secret, from the header (RFC 6749 section 2.3.1) or the body."""
    scheme, _, given = request.raw.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, secret = "", ""
        return name, secret
    return form.text("client_id") or "", form.text("client_secret") or ""


async def create_token(court: Court, request: ApiRequest) -> Response:
    """Turn a code, an app's own credentials or (in acceptance) a password into a token."""
    form = await request.form()
    world = court.world
    app = await oauth.authenticate_app(world, *_client(request, form))
    match form.text("grant_type") or "":
        case "authorization_code":
            granted = await oauth.exchange_code(
                world,
                app,
                code=form.text("code") or "",
                redirect_uri=form.text("redirect_uri") or "",
                verifier=form.text("code_verifier") or "",
            )
        case "client_credentials":
            granted = await issue_token(world, client_id=app.client_id, scopes=_scopes(app, form))
        case "password" if world.site.acceptance:
            granted = await _by_password(world, app, form)
        case _:
            raise oauth.OAuthError(
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            )
    return json_response(build_token(granted), headers=_NO_STORE)


def _scopes(app: App, form: Form) -> tuple[str, ...]:
    return oauth.check_scopes(app, scopes.parse(form.text("scope") or ""))


async def _by_password(world: World, app: App, form: Form) -> Granted:
    wanted = _scopes(app, form)
    account = await sign_in(world, form.text("username") or "", form.text("password") or "")
    if account is None:
        raise oauth.invalid_grant()
    return await issue_token(world, client_id=app.client_id, scopes=wanted, account_id=account.id)


async def revoke(court: Court, request: ApiRequest) -> Response:
    """End a token of one's own app; a token that is not there is as good as ended."""
    form = await request.form()
    app = await oauth.authenticate_app(court.world, *_client(request, form))
    token = form.text("token") or ""
    owner = await token_client(court.world, token)
    if owner is not None and owner != app.client_id:
        raise Forbidden("unauthorized_client", "You are not authorized to revoke this token")
    await revoke_token(court.world, token)
    return json_response({}, headers=_NO_STORE)


async def userinfo(court: Court, request: ApiRequest) -> Response:
    """Who the viewer is, in OpenID Connect's words."""
    account = await load_account(court.world, request.account_id)
    if account is None:
        raise NotFound("record_not_found", "Record not found")
    base_url = court.world.site.base_url
    return json_response(
        {
            "iss": f"{base_url}/",
            "sub": account.uri,
            "name": account.display_name or account.username,
            "preferred_username": account.username,
            "profile": f"{base_url}/@{account.username}",
            "picture": base_url + AVATAR,
        }
    )


async def metadata(court: Court, _request: ApiRequest) -> Response:
    """What this authorization server offers (RFC 8414)."""
    site = court.world.site
    grants = ["authorization_code", "client_credentials"]
    return json_response(
        {
            "issuer": f"{site.base_url}/",
            "service_documentation": "https://docs.joinmastodon.org/",
            "authorization_endpoint": f"{site.base_url}/oauth/authorize",
            "token_endpoint": f"{site.base_url}/oauth/token",
            "app_registration_endpoint": f"{site.base_url}/api/v1/apps",
            "revocation_endpoint": f"{site.base_url}/oauth/revoke",
            "userinfo_endpoint": f"{site.base_url}/oauth/userinfo",
            "scopes_supported": scopes.SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [*grants, "password"] if site.acceptance else grants,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
    )
