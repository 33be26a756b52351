"""The page on which a member lets an app in: GET and POST /oauth/authorize.

The only page of this face; it must work in any browser, without scripts, in both languages.
"""

from __future__ import annotations

import base64
import hmac
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jinja2
import msgspec
from starlette.responses import RedirectResponse, Response

from venire.api.errors import phrase_of, status_of
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.cases.court import Court
from venire.kernel.errors import Problem
from venire.kernel.i18n import negotiate, translate
from venire.people import oauth, scopes, second_step
from venire.people.actions import sign_in
from venire.people.model import CONSENT, PENDING, Account
from venire.people.oauth import OUT_OF_BAND, Consent
from venire.people.sessions import (
    SESSION_MS,
    form_token,
    form_token_fits,
    session_account,
    session_cookie,
    start_session,
)
from venire.people.store import WAITS
from venire.people.tokens import new_secret
from venire.storage.world import World

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9a-f:.]+\](?::[0-9]{1,5})?")
_CARRIED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "lang",
)

_MEANINGS = {
    "profile": "See who you are",
    "read": "Read everything that you can read",
    "write": "Post, and change everything that you can change",
    "follow": "Change whom you follow, block and mute",
    "push": "Send you push notifications",
    "admin:read": "Read what moderators read",
    "admin:write": "Act as moderator",
}


class _Asked(msgspec.Struct, frozen=True):
    """What a browser brought: the consent asked for, who is signed in, and its cookies."""

    consent: Consent
    account: Account | None
    session: str
    form_secret: str


def _form_cookie(world: World) -> str:
    secure = world.site.base_url.startswith("https://")
    return "__Host-venire_form" if secure else "venire_form"


async def _ask(world: World, request: ApiRequest, form: Form) -> _Asked:
    app = await oauth.load_app(world, form.text("client_id") or "")
    if app is None:
        raise oauth.OAuthError("invalid_client", "This app is not known here.")
    redirect_uri = form.text("redirect_uri") or ""
    if redirect_uri not in app.redirect_uris:
        # Never redirected to: whoever wrote this address may not be the app.
        raise oauth.OAuthError("invalid_request", "The redirect address is not one of this app's.")
    if (form.text("response_type") or "") != "code":
        raise oauth.OAuthError("unsupported_response_type", "The response type must be code.")
    consent = Consent(
        app=app,
        redirect_uri=redirect_uri,
        scopes=oauth.check_scopes(app, scopes.parse(form.text("scope") or "")),
        state=form.text("state", limit=2_000) or "",
        challenge=oauth.check_challenge(
            form.text("code_challenge") or "", form.text("code_challenge_method") or "S256"
        ),
    )
    session = request.raw.cookies.get(session_cookie(world.site.base_url), "")
    account = None if form.flag("force_login") else await session_account(world, session)
    return _Asked(
        consent=consent,
        account=account,
        session=session,
        form_secret=request.raw.cookies.get(_form_cookie(world), ""),
    )


async def show(court: Court, request: ApiRequest) -> Response:
    """Ask a member to sign in, if need be, and to let the app in."""
    form = request.query
    try:
        asked = await _ask(court.world, request, form)
    except Problem as problem:
        return _refusal(court.world, request, form, problem)
    return _page(court.world, request, form, asked)


async def decide(court: Court, request: ApiRequest) -> Response:
    """Take the member's answer: back to the app with a code, or with a refusal."""
    world = court.world
    form = await request.form()
    try:
        asked = await _ask(world, request, form)
        if not _genuine(world, request, form, asked):
            return _page(world, request, form, asked, error="This form is out of date: try again")
        if form.text("decision") == "deny":
            return _back(asked.consent, {"error": "access_denied"})
        return await _let_in(world, request, form, asked)
    except Problem as problem:
        return _refusal(world, request, form, problem)


async def _let_in(world: World, request: ApiRequest, form: Form, asked: _Asked) -> Response:
    account, session = asked.account, ""
    if account is None:
        account = await _signed_in(request, world, form)
        if account is None:
            return _page(world, request, form, asked, error="Wrong name or password")
    if account.state in WAITS and _waits(world, request, account):
        return _page(world, request, form, asked, error=_why(account))
    if asked.account is None:
        ticket = await second_step.begin(world, account.id, first=second_step.BY_PASSWORD)
        if ticket:
            return _second_step(world, form, ticket)
        session = await start_session(world, account.id)
    code = await oauth.issue_code(world, asked.consent, account.id)
    response = _back(asked.consent, {"code": code})
    if session:
        _set_cookie(world, response, session_cookie(world.site.base_url), session, SESSION_MS)
    return response


def _second_step(world: World, form: Form, ticket: str) -> Response:
    """Lead to the page of the second step, and from there back to this one, signed in."""
    back = f"/oauth/authorize?{urlencode(_carried(form))}"
    response = RedirectResponse(f"/sign-in/second?{urlencode({'to': back})}", 303)
    name = second_step.ticket_cookie(world.site.base_url)
    _set_cookie(world, response, name, ticket, second_step.LASTS_MS)
    return response


def _waits(world: World, request: ApiRequest, account: Account) -> bool:
    required = request.settings.confirmed_contact_required and not world.site.acceptance
    return account.state in {PENDING, CONSENT} or required


def _why(account: Account) -> str:
    if account.state == PENDING:
        return "Your account waits for a moderator"
    if account.state == CONSENT:
        return "Your account waits for the consent of a parent or guardian"
    return "Confirm your e-mail address first"


async def _signed_in(request: ApiRequest, world: World, form: Form) -> Account | None:
    name = (form.text("username", limit=320) or "").strip()
    await request.take("sign_in_name", name.lower())
    return await sign_in(world, name, form.text("password", limit=1_000) or "")


def _genuine(world: World, request: ApiRequest, form: Form, asked: _Asked) -> bool:
    """Whether the form is ours: made for this browser, and sent from our own page."""
    origin = request.raw.headers.get("origin")
    if origin is not None and not hmac.compare_digest(
        origin.encode(), world.site.base_url.encode()
    ):
        return False
    secret = asked.session if asked.account is not None else asked.form_secret
    return bool(secret) and form_token_fits(secret, form.text("form_token") or "")


def _back(consent: Consent, answer: dict[str, str]) -> Response:
    """Lead the browser back to the app, or to the page that shows the code."""
    if consent.state:
        answer["state"] = consent.state
    target = consent.redirect_uri
    if target == OUT_OF_BAND:
        target = "/oauth/authorize/native"
    joint = "&" if "?" in target else "?"
    return RedirectResponse(
        f"{target}{joint}{urlencode(answer)}", 302, headers={"Cache-Control": "no-store"}
    )


def _set_cookie(
    world: World, response: Response, name: str, value: str, lasts_ms: int | None
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=None if lasts_ms is None else lasts_ms // 1000,
        path="/",
        secure=world.site.base_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def _language(request: ApiRequest, form: Form) -> str:
    asked = form.text("lang", limit=35)
    return negotiate(asked or request.raw.headers.get("accept-language", ""))


def _page(
    world: World, request: ApiRequest, form: Form, asked: _Asked, *, error: str = ""
) -> Response:
    language = _language(request, form)
    secret = asked.session if asked.account is not None else asked.form_secret
    fresh = "" if secret else new_secret(world)
    response = _render(
        world,
        "authorize.html",
        language,
        422 if error else 200,
        to=asked.consent.redirect_uri,
        app=asked.consent.app,
        account=asked.account,
        error=translate(language, error),
        meanings=[_meaning(language, scope) for scope in asked.consent.scopes],
        carried=_carried(form),
        form_token=form_token(secret or fresh),
        other=f"/oauth/authorize?{urlencode([*_carried(form), ('force_login', 'true')])}",
        by_passkey=f"/sign-in?{urlencode({'to': f'/oauth/authorize?{urlencode(_carried(form))}'})}",
    )
    if fresh:
        _set_cookie(world, response, _form_cookie(world), fresh, None)
    return response


def _carried(form: Form) -> list[tuple[str, str]]:
    return [(name, form.text(name) or "") for name in _CARRIED if name in form]


def _meaning(language: str, scope: str) -> str:
    whole = _MEANINGS.get(scope)
    if whole is not None:
        return translate(language, whole)
    kind, _, what = scope.rpartition(":")
    return f"{translate(language, _MEANINGS[kind])}: {what.replace('_', ' ')}"


def _refusal(world: World, request: ApiRequest, form: Form, problem: Problem) -> Response:
    """Say why there is nothing to agree to: a page for a browser, JSON for a program."""
    if "text/html" not in request.raw.headers.get("accept", ""):
        raise problem
    language = _language(request, form)
    return _render(
        world,
        "refused.html",
        language,
        status_of(problem),
        error=translate(language, problem.hint)
        if problem.kind == "oauth"
        else phrase_of(problem, language),
    )


async def show_code(court: Court, request: ApiRequest) -> Response:
    """The out-of-band page: the code, to be carried to the app by hand."""
    form = request.query
    code = form.text("code", limit=100) or ""
    refused = form.text("error") is not None
    return _render(
        court.world, "code.html", _language(request, form), 200, code=code, refused=refused
    )


def _render(
    world: World, template: str, language: str, status: int, *, to: str = "", **values: Any
) -> Response:
    nonce = base64.b64encode(world.chance.token(16)).decode()
    body = _TEMPLATES.get_template(template).render(
        **values,
        language=language,
        site=world.site,
        nonce=nonce,
        t=lambda text, **data: translate(language, text, **data),
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {_form_targets(to)}"
    )
    return Response(
        body,
        status,
        headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"},
        media_type="text/html",
    )


def _form_targets(to: str) -> str:
    """Where a form may lead: browsers hold redirects after a form to this list as well."""
    parts = urlsplit(to)
    if parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.netloc):
        return f"'self' {parts.scheme}://{parts.netloc}"
    if parts.scheme and parts.scheme not in {"http", "https"} and to != OUT_OF_BAND:
        return f"'self' {parts.scheme}:"
    return "'self'"
