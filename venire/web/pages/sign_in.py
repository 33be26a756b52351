"""Coming in and going out: by password, by a link that works once, by joining."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from venire.kernel.errors import Forbidden, Gone, Invalid
from venire.people import actions, joining, sessions
from venire.people.model import Account, SignUp
from venire.people.store import load_account
from venire.web import words
from venire.web.visit import Visit, waits

_UNFIT = 422
_WITHIN = re.compile(r"/(?![/\\])[\x21-\x7e]*")


def _within(path: str) -> str:
    """A path of this site, or the timeline: a link must not lead away through our sign-in page."""
    return path if _WITHIN.fullmatch(path) and "\\" not in path else "/"


async def show(visit: Visit) -> Response:
    """The sign-in form."""
    to = _within(visit.request.query_params.get("to", "/"))
    if visit.viewer is not None:
        return visit.redirect(to)
    return _form(visit, to=to)


def _form(visit: Visit, *, to: str, name: str = "", error: str = "") -> Response:
    return visit.page(
        "sign_in.html",
        _UNFIT if error else 200,
        to=to,
        name=name,
        error=error,
        joinable=visit.settings.registrations != "closed",
    )


async def enter(visit: Visit) -> Response:
    """Sign in by name and password."""
    to = _within(visit.form.text("to", "/", most=2_000))
    name = visit.form.text("name", most=320).strip()
    await visit.count("sign_in_name", f"name:{name.lower()}")
    password = visit.form.text("password", most=10_000)
    account = await actions.sign_in(visit.world, name, password)
    if account is None:
        return _form(visit, to=to, name=name, error=words.FORM_ERRORS["wrong_password"])
    if waits(account, visit.settings):
        return visit.page("waiting.html", state=account.state)
    return await _enter(visit, account, to)


async def _enter(visit: Visit, account: Account, to: str, **query: str) -> Response:
    if visit.session:
        await sessions.end_session(visit.world, visit.session)
    visit.sign_in(await sessions.start_session(visit.world, account.id))
    return visit.redirect(to, **query)


async def leave(visit: Visit) -> Response:
    """Sign out."""
    if visit.session:
        await sessions.end_session(visit.world, visit.session)
    visit.sign_in("")
    return visit.redirect("/", done="signed_out")


async def show_link(visit: Visit) -> Response:
    """Ask before a link is used: a preview that follows it must not spend it."""
    return visit.page("link.html", to=_within(visit.request.query_params.get("to", "/")))


async def use_link(visit: Visit) -> Response:
    """Sign in by a link, once."""
    account_id = await sessions.spend_sign_in_link(visit.world, visit.request.path_params["secret"])
    account = None if account_id is None else await load_account(visit.world, account_id)
    if account is None or account.state == "deleted":
        raise Gone("link_spent", "This link was used already, or its day is over")
    return await _enter(visit, account, _within(visit.form.text("to", "/", most=2_000)))


async def show_sign_up(visit: Visit) -> Response:
    """The form to join."""
    if visit.viewer is not None:
        return visit.redirect("/")
    _check_open(visit)
    return _sign_up_form(visit, SignUp("", "", "", agreement=False), {})


def _check_open(visit: Visit) -> None:
    if visit.settings.registrations == "closed":
        raise Forbidden("registrations_closed", "This site takes no new members now")


def _sign_up_form(visit: Visit, given: SignUp, faults: dict[str, str]) -> Response:
    return visit.page(
        "sign_up.html",
        _UNFIT if faults else 200,
        given=given,
        faults=faults,
        minimum_age=visit.settings.minimum_age,
        asks_reason=visit.settings.registrations == "approval",
    )


async def join(visit: Visit) -> Response:
    """Join; who may come in at once is signed in."""
    _check_open(visit)
    form = visit.form
    given = SignUp(
        username=form.text("username", most=1_000).strip(),
        email=form.text("email", most=1_000),
        password=form.text("password", most=10_000),
        agreement=form.flag("agreement"),
        locale=visit.language,
        born=form.text("born", most=20) or None,
        reason=form.text("reason") or None,
        address=visit.address,
        country=form.text("country", most=10),
        guardian_email=form.text("guardian_email", most=1_000),
    )
    try:
        account = await joining.join(visit.world, given, visit.settings)
    except Invalid as problem:
        faults = _faults(problem)
        if not faults:
            raise
        return _sign_up_form(visit, given, faults)
    if waits(account, visit.settings):
        return visit.page("waiting.html", state=account.state)
    return await _enter(visit, account, "/", done="welcome")


def _faults(problem: Invalid) -> dict[str, str]:
    """What is wrong by field, in our own sentences."""
    details: Any = problem.data.get("details")
    if not isinstance(details, dict):
        return {}
    return {
        field: words.FAULTS.get(found[0]["error"], words.FAULTS["ERR_INVALID"])
        for field, found in details.items()
    }
