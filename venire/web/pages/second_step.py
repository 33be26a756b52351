"""Signing in by a passkey alone, and the second step after a password or a letter."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.kernel.errors import Conflict, Invalid
from venire.people import passkeys, second_step
from venire.people.own_passkeys import Ceremony
from venire.people.second_step import MAIL, PASSKEY, TEXT, Waiting
from venire.people.store import load_account
from venire.web import entering, security_words
from venire.web.entering import party, scripted, within
from venire.web.forms import TOKEN_FIELD
from venire.web.visit import Visit, waits

_UNFIT = 422


def enter_options(visit: Visit) -> dict[str, Any] | None:
    """What a browser is asked for to sign in by a passkey alone; None where there is none here."""
    here = party(visit)
    if here is None:
        return None
    # Bound to the form: it was made for this browser, and answers for no other.
    return passkeys.using_options(visit.world, passkeys.ENTER, here, (), visit.form_token())


async def enter_by_passkey(visit: Visit) -> Response:
    """Sign in by a passkey alone. Invalid `passkey_refused`."""
    here = party(visit)
    if here is None:
        raise passkeys.refused()
    credential = passkeys.read_credential(visit.form.text("credential", most=20_000))
    ceremony = Ceremony(credential, here, visit.form.text(TOKEN_FIELD, most=200))
    account_id = await second_step.enter_by_passkey(visit.world, ceremony)
    account = await load_account(visit.world, account_id)
    if account is None or waits(account, visit.settings):
        return visit.page("waiting.html", state="" if account is None else account.state)
    return await entering.come_in(
        visit, account_id, within(visit.form.text("to", "/", most=entering.TO_CHARACTERS))
    )


async def _waiting(visit: Visit) -> Waiting | None:
    name = second_step.ticket_cookie(visit.world.site.base_url)
    ticket = visit.request.cookies.get(name, "")
    return await second_step.waiting(visit.world, ticket[:200], party(visit))


async def show(visit: Visit) -> Response:
    """The ways to go on."""
    to = within(visit.request.query_params.get("to", "/"))
    step = await _waiting(visit)
    return _over(visit, to) if step is None else await _page(visit, step, to)


def _over(visit: Visit, to: str) -> Response:
    return visit.redirect("/sign-in", to=to)


async def _page(visit: Visit, step: Waiting, to: str, error: str = "") -> Response:
    here = party(visit)
    options = None
    if here is not None and PASSKEY in step.ways:
        options = passkeys.using_options(
            visit.world, passkeys.SECOND, here, step.keys, step.row.ticket_hash
        )
    shut, shut_until_ms = await second_step.mail_shut(visit.world, step)
    page = visit.page(
        "second_step.html",
        _UNFIT if error else 200,
        to=to,
        ways=step.ways,
        options=options,
        shut=shut,
        shut_until_ms=shut_until_ms,
        sent=bool(step.row.letters),
        texted=await second_step.text_sent(visit.world, step),
        may_send=step.row.letters < second_step.LETTERS,
        username=step.account.username,
        error=error,
    )
    return scripted(page) if options is not None else page


async def answer(visit: Visit) -> Response:
    """Take an answer to the second step: in, or once more."""
    to = within(visit.form.text("to", "/", most=entering.TO_CHARACTERS))
    step = await _waiting(visit)
    if step is None:
        return _over(visit, to)
    await visit.count("second_step", f"account:{step.account.id}")
    way = visit.form.text("way", most=20)
    said = visit.form.text("credential" if way == PASSKEY else "code", most=20_000)
    try:
        good = await second_step.answer(visit.world, step, way, said, party(visit))
    except Invalid:
        good = False
    if not good:
        again = await _waiting(visit)
        error = security_words.ERRORS["wrong_answer"]
        return _over(visit, to) if again is None else await _page(visit, again, to, error)
    visit.set_cookie(second_step.ticket_cookie(visit.world.site.base_url), "", 0)
    if waits(step.account, visit.settings):
        return visit.page("waiting.html", state=step.account.state)
    return await entering.come_in(visit, step.account.id, to)


async def send_code(visit: Visit) -> Response:
    """Write a letter with a code. Throttled `too_many_codes`."""
    to = within(visit.form.text("to", "/", most=entering.TO_CHARACTERS))
    step = await _waiting(visit)
    if step is None or MAIL not in step.ways:
        return _over(visit, to)
    await visit.count("letter_name", f"code:{step.account.id}")
    try:
        await second_step.send_code(visit.world, step)
    except Conflict as problem:
        if problem.code not in security_words.ERRORS:
            raise
        return await _page(visit, step, to, security_words.ERRORS[problem.code])
    return visit.redirect("/sign-in/second", to=to, done="code_sent")


async def send_text(visit: Visit) -> Response:
    """Send a text with a code, to who has chosen that. As `codes.ask`."""
    to = within(visit.form.text("to", "/", most=entering.TO_CHARACTERS))
    step = await _waiting(visit)
    if step is None or TEXT not in step.ways:
        return _over(visit, to)
    await visit.count("letter_name", f"text:{step.account.id}")
    await second_step.send_text(
        visit.world, visit.court.phones, step, address=visit.address, language=visit.language
    )
    return visit.redirect("/sign-in/second", to=to, done="text_sent")
