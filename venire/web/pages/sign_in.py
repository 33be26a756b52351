"""Coming in and going out: by password, by a link that works once, by joining."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.kernel.errors import Forbidden, Gone, Invalid
from venire.people import actions, joining, sessions
from venire.people.model import SignUp
from venire.people.second_step import BY_PASSWORD
from venire.people.store import load_account
from venire.web import entering, words
from venire.web.entering import come_in, done, enter, scripted, within
from venire.web.pages.second_step import enter_options
from venire.web.visit import Visit, waits

_UNFIT = 422


async def show(visit: Visit) -> Response:
    """The sign-in form."""
    to = within(visit.request.query_params.get("to", "/"))
    if visit.viewer is not None:
        return visit.redirect(to)
    return _form(visit, to=to)


def _form(visit: Visit, *, to: str, name: str = "", error: str = "") -> Response:
    options = enter_options(visit)
    page = visit.page(
        "sign_in.html",
        _UNFIT if error else 200,
        to=to,
        name=name,
        error=error,
        joinable=visit.settings.registrations != "closed",
        options=options,
    )
    return page if options is None else scripted(page)


async def sign_in(visit: Visit) -> Response:
    """Sign in by name and password."""
    to = within(visit.form.text("to", "/", most=entering.TO_CHARACTERS))
    name = visit.form.text("name", most=320).strip()
    await visit.count("sign_in_name", f"name:{name.lower()}")
    password = visit.form.text("password", most=10_000)
    account = await actions.sign_in(visit.world, name, password)
    if account is None:
        return _form(visit, to=to, name=name, error=words.FORM_ERRORS["wrong_password"])
    if waits(account, visit.settings):
        return visit.page("waiting.html", state=account.state)
    return await enter(visit, account, to, first=BY_PASSWORD)


async def leave(visit: Visit) -> Response:
    """Sign out."""
    if visit.session:
        await sessions.end_session(visit.world, visit.session)
    visit.sign_in("")
    return visit.redirect("/", done="signed_out")


async def show_link(visit: Visit) -> Response:
    """Ask before a link is used: a preview that follows it must not spend it."""
    return visit.page("link.html", to=within(visit.request.query_params.get("to", "/")))


async def use_link(visit: Visit) -> Response:
    """Sign in by a link, once."""
    account_id = await sessions.spend_sign_in_link(visit.world, visit.request.path_params["secret"])
    account = None if account_id is None else await load_account(visit.world, account_id)
    if account is None or account.state == "deleted":
        raise Gone("link_spent", "This link was used already, or its day is over")
    # By the operator's own hand, who can take every factor away.
    return await come_in(
        visit, account.id, within(visit.form.text("to", "/", most=entering.TO_CHARACTERS))
    )


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
    return await come_in(visit, account.id, done("/", "welcome"))


def _faults(problem: Invalid) -> dict[str, str]:
    """What is wrong by field, in our own sentences."""
    details: Any = problem.data.get("details")
    if not isinstance(details, dict):
        return {}
    return {
        field: words.FAULTS.get(found[0]["error"], words.FAULTS["ERR_INVALID"])
        for field, found in details.items()
    }
