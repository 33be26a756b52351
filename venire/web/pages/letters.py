"""What letters lead to: an address confirmed, a new password, a sign-in, an account deleted.

Opening a link does nothing, since mail programs open links by themselves; its form does.
"""

from __future__ import annotations

from starlette.responses import Response

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid
from venire.people import actions, departures, factor_rows, factors, letters, suppression
from venire.people.model import DELETED, PENDING, UNCONFIRMED, Account
from venire.people.rules import check_password
from venire.people.second_step import BY_MAILBOX, BY_PASSWORD
from venire.people.store import find_by_email, find_by_handle, load_account, load_login
from venire.storage.tables.letters import LetterRow
from venire.web import entering, words
from venire.web.visit import Visit, waits

_UNFIT = 422


async def show(visit: Visit) -> Response:
    """The form by which somebody asks for a letter."""
    return visit.page("letter_asking.html", sent=visit.world.site.letters)


async def ask(visit: Visit) -> Response:
    """Ask for a letter. The answer is the same whether or not there is such an account."""
    form = visit.form
    name = form.text("name", most=320).strip()
    kind = form.text("kind", most=20)
    if kind not in letters.ASKED:
        raise Invalid("parameter_invalid", "A field has the wrong form", field="kind")
    await visit.count("letter_name", f"name:{name.lower()}")
    find = find_by_email if "@" in name else find_by_handle
    account = await find(visit.world, name) if name else None
    if account is not None and account.state == DELETED:
        account = None
    if visit.world.site.letters:
        await letters.ask(visit.world, None if account is None else account.id, kind)
    return visit.page("letter_asked.html")


async def _linked(visit: Visit, kind: str) -> tuple[LetterRow, Account]:
    return await letters.read_link(visit.world, kind, visit.request.path_params["token"])


async def show_confirm(visit: Visit) -> Response:
    """Ask for the button by which an address is confirmed."""
    _, account = await _linked(visit, letters.CONFIRM)
    return visit.page("letter_confirm.html", username=account.username)


async def confirm(visit: Visit) -> Response:
    """Confirm the address of an account."""
    row, account = await _linked(visit, letters.CONFIRM)
    account = await actions.confirm_contact(visit.world, account.id)
    login = await load_login(visit.world, account.id)
    if login is not None:
        await suppression.lift(visit.world, login.email)
    # After it: stopped in between, the link still works.
    await letters.spend_link(visit.world, row)
    return visit.page("letter_confirmed.html", waits=account.state == PENDING)


async def show_password(visit: Visit) -> Response:
    """The form for a new password."""
    row, account = await _linked(visit, letters.RESET)
    return await _password_form(visit, row, account, "")


async def _password_form(visit: Visit, row: LetterRow, account: Account, fault: str) -> Response:
    held = await factor_rows.load(visit.world, account.id)
    return visit.page(
        "letter_password.html",
        _UNFIT if fault else 200,
        username=account.username,
        fault=fault,
        codes_by_mail=held.mail_at_ms is not None and row.state != letters.BY_HAND,
        beside=bool(held.passkeys or held.totp_at_ms),
        days=factor_rows.PAUSE_MS // DAY_MS,
    )


async def set_password(visit: Visit) -> Response:
    """Set a new password: whoever has the letter has the mailbox, and is signed in."""
    row, account = await _linked(visit, letters.RESET)
    password = visit.form.text("password", most=10_000)
    faults = check_password(password)
    if faults:
        said = words.FAULTS.get(faults[0].error, words.FAULTS["ERR_INVALID"])
        return await _password_form(visit, row, account, said)
    await letters.spend_link(visit.world, row)
    if row.state != letters.BY_HAND:
        await factors.mailbox_was_used(visit.world, account.id)
    await actions.change_password(visit.world, account.id, password)
    if account.state == UNCONFIRMED and row.state != letters.BY_HAND:
        await actions.confirm_contact(visit.world, account.id)
    first = BY_PASSWORD if row.state == letters.BY_HAND else BY_MAILBOX
    return await _enter(visit, account, "password_changed", first=first)


async def show_sign_in(visit: Visit) -> Response:
    """Ask for the button by which somebody signs in."""
    await _linked(visit, letters.SIGN_IN)
    return visit.page("link.html", to="/")


async def sign_in(visit: Visit) -> Response:
    """Sign in by a letter, once."""
    row, account = await _linked(visit, letters.SIGN_IN)
    await letters.spend_link(visit.world, row)
    return await _enter(visit, account, "", first=BY_MAILBOX)


async def _enter(visit: Visit, account: Account, said: str, *, first: str) -> Response:
    now = await load_account(visit.world, account.id)
    if now is None or waits(now, visit.settings):
        return visit.page("waiting.html", state=(now or account).state)
    return await entering.enter(visit, now, entering.done("/", said), first=first)


async def show_leave(visit: Visit) -> Response:
    """What deleting an account means, and the form for it."""
    _, account = await _linked(visit, letters.LEAVE)
    return _leave_form(visit, account, "")


def _leave_form(visit: Visit, account: Account, error: str) -> Response:
    return visit.page(
        "leave.html",
        _UNFIT if error else 200,
        by_letter=account.username,
        error=error,
        days=departures.GRACE_MS // DAY_MS,
    )


async def leave(visit: Visit) -> Response:
    """Delete an account by a letter."""
    row, account = await _linked(visit, letters.LEAVE)
    if not visit.form.flag("understood"):
        return _leave_form(visit, account, words.FORM_ERRORS["not_understood"])
    await letters.spend_link(visit.world, row)
    await actions.delete_account(visit.world, account.id)
    if visit.viewer_id == account.id:
        visit.sign_in("")
    return visit.page("left.html", days=departures.GRACE_MS // DAY_MS)
