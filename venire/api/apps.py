"""Apps: https://docs.joinmastodon.org/methods/apps/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.application import build_application, build_credentials
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Unauthenticated
from venire.people import oauth, scopes


async def create_app(court: Court, request: ApiRequest) -> Response:
    """Register a client program; its secret is shown this once."""
    form = await request.form()
    # One text may hold several addresses, a line or a space apart.
    uris = [uri for text in form.texts("redirect_uris") for uri in text.split()]
    app, secret = await oauth.create_app(
        court.world,
        name=form.required("client_name", limit=1_000),
        redirect_uris=uris,
        scopes=scopes.parse(form.text("scopes") or "") or scopes.DEFAULT,
        website=form.text("website") or None,
    )
    return json_response(build_credentials(app, secret, request.settings.vapid_public_key))


async def verify_app(court: Court, request: ApiRequest) -> Response:
    """Say which app a token belongs to."""
    viewer = request.viewer
    app = await oauth.load_app(court.world, viewer.client_id) if viewer is not None else None
    if app is None:
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    return json_response(build_application(app, request.settings.vapid_public_key))
