"""Who asks, and whether they may: tokens, scopes, roles and standing, before any handler runs."""

from __future__ import annotations

from starlette.requests import Request

from venire.api.parameters import Viewer
from venire.api.routing import Route
from venire.api.settings import ApiSettings
from venire.kernel.errors import Forbidden, Unauthenticated
from venire.people.model import ADMIN, MODERATOR
from venire.people.rules import may_write
from venire.people.scopes import covers
from venire.people.standing import standing
from venire.people.tokens import authenticate, not_yet, usable
from venire.storage.world import World

POSTING = frozenset({"write:statuses", "write:media"})


def bearer_token(request: Request) -> str | None:
    """The token of an Authorization header. Never from the URL, which ends up in logs."""
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _invalid_token() -> Unauthenticated:
    return Unauthenticated("access_token_invalid", "The access token is invalid")


async def identify(world: World, request: Request, settings: ApiSettings) -> Viewer | None:
    """The viewer of a request; None without a token. Unauthenticated `access_token_invalid`."""
    token = bearer_token(request)
    if token is None:
        return None
    bearer = await authenticate(world, token)
    if bearer is None:
        raise _invalid_token()
    required = settings.confirmed_contact_required and not world.site.acceptance
    if bearer.account is not None and not usable(bearer, confirmed_contact_required=required):
        raise not_yet(bearer.account)
    account = bearer.account
    return Viewer(
        account_id=account.id if account is not None else None,
        token_id=bearer.token_id,
        scopes=bearer.scopes,
        role=account.role if account is not None else "",
        client_id=bearer.client_id,
    )


def authorise(route: Route, viewer: Viewer | None) -> None:
    """Refuse a viewer whom a route is not for; the scopes are those of `Route`.

    Unauthenticated `access_token_invalid`, `user_required`; Forbidden `outside_scopes`,
    `role_required`.
    """
    scope = route.scope.removesuffix("?")
    optional = scope != route.scope
    if scope in {"open", "public"} or (optional and viewer is None):
        return
    if viewer is None:
        raise _invalid_token()
    if scope == "app":
        return
    if viewer.account_id is None and not scope.startswith("app:"):
        if optional:
            return
        raise Unauthenticated("user_required", "This method requires an authenticated user")
    _check_scopes(_wanted(scope, route), viewer)


def _wanted(scope: str, route: Route) -> list[str]:
    if scope == "juror":
        return ["read" if route.reads else "write"]
    return scope.removeprefix("app:").split(",")


def _check_scopes(wanted: list[str], viewer: Viewer) -> None:
    if not any(covers(viewer.scopes, scope) for scope in wanted):
        raise Forbidden(
            "outside_scopes", "This action is outside the authorized scopes", scopes=wanted
        )
    if wanted[0].startswith("admin:") and viewer.role not in {MODERATOR, ADMIN}:
        raise Forbidden("role_required", "This action is not allowed")


async def check_standing(world: World, route: Route, viewer: Viewer | None) -> None:
    """Refuse a write of an account that may not write now. Never cached.

    Forbidden `account_suspended` (with `until`), `posting_stopped`.
    """
    if viewer is None or viewer.account_id is None or route.reads or route.options.while_suspended:
        return
    posting = route.scope in POSTING and route.method != "DELETE"
    stands = await standing(world, viewer.account_id)
    if may_write(stands, posting=posting, waived=world.site.acceptance):
        return
    if stands.suspended or stands.terminated:
        raise Forbidden("account_suspended", "Your account is suspended: you cannot do this now")
    raise Forbidden("posting_stopped", "You cannot post until the verdict on your earlier post")


def body_limit(route: Route, viewer: Viewer | None) -> int:
    """How many bytes a viewer may send: bodies lie in memory, so few may send large ones."""
    if viewer is not None and viewer.role in {MODERATOR, ADMIN}:
        return route.options.most_bytes
    return route.options.body_bytes
