"""Deleting an account from any browser, and a guardian's answer: pages that need no sign-in."""

from __future__ import annotations

from starlette.responses import Response

from venire.kernel.clock import DAY_MS
from venire.people import actions, consent, departures
from venire.people.model import DELETED, Account
from venire.people.store import find_by_email, find_by_handle, load_account, load_login
from venire.web import words
from venire.web.visit import Visit

_UNFIT = 422


async def show(visit: Visit) -> Response:
    """What deleting an account means, and the form for it."""
    return _form(visit)


def _form(visit: Visit, *, name: str = "", error: str = "") -> Response:
    return visit.page(
        "leave.html",
        _UNFIT if error else 200,
        by_letter="",
        name=name,
        error=error,
        days=departures.GRACE_MS // DAY_MS,
    )


async def leave(visit: Visit) -> Response:
    """Delete an account by name and password, or the one that is signed in by its password."""
    form = visit.form
    name = form.text("name", most=320).strip()
    await visit.count("sign_in_name", f"name:{visit.viewer_id or name.lower()}")
    account = await _named(visit, name)
    password = form.text("password", most=10_000)
    good = await actions.check_password(visit.world, 0 if account is None else account.id, password)
    if account is None or not good:
        return _form(visit, name=name, error=words.FORM_ERRORS["wrong_password"])
    if not form.flag("understood"):
        return _form(visit, name=name, error=words.FORM_ERRORS["not_understood"])
    await actions.delete_account(visit.world, account.id)
    visit.sign_in("")
    return visit.page("left.html", days=departures.GRACE_MS // DAY_MS)


async def _named(visit: Visit, name: str) -> Account | None:
    if visit.viewer is not None:
        return visit.viewer
    find = find_by_email if "@" in name else find_by_handle
    account = await find(visit.world, name) if name else None
    return None if account is None or account.state == DELETED else account


async def show_consent(visit: Visit) -> Response:
    """What a guardian is asked: whose account, and what that means."""
    row = await consent.consent_asked(visit.world, visit.request.path_params["token"])
    account = await load_account(visit.world, row.account_id)
    login = await load_login(visit.world, row.account_id)
    return visit.page(
        "consent.html",
        username="" if account is None else account.username,
        year=None if login is None else login.birth_year,
        until_ms=row.until_ms,
    )


async def answer_consent(visit: Visit) -> Response:
    """Take a guardian's answer, once."""
    row = await consent.consent_asked(visit.world, visit.request.path_params["token"])
    given = visit.form.text("answer", most=10) == "yes"
    if given:
        await consent.give_consent(visit.world, row.account_id)
    else:
        account_id = await consent.refuse_consent(visit.world, row.account_id)
        if account_id is not None:
            await departures.leave(visit.world, account_id, returnable=False)
    return visit.page("consented.html", given=given)
