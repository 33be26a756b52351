"""What opens an account: seen by whoever is signed in, changed by who shows that it is they."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.kernel.errors import Conflict, Invalid
from venire.people import (
    confirmations,
    factor_rows,
    factors,
    own_passkeys,
    passkeys,
    phones,
    sessions,
    suppression,
    totp,
)
from venire.people.own_passkeys import Ceremony
from venire.people.store import load_login
from venire.web import security_words
from venire.web.entering import party, scripted
from venire.web.scanning import scannable
from venire.web.visit import Visit

PLACE = "/settings/security"
_UNFIT = 422
_LINK_MS = 10 * MINUTE_MS


def _holder(visit: Visit) -> str:
    return confirmations.of_session(visit.session)


async def show(visit: Visit) -> Response:
    """What opens the account, and the forms to change it."""
    return await _page(visit)


async def _page(visit: Visit, error: str = "") -> Response:
    me, world, here = visit.member(), visit.world, party(visit)
    shown = await confirmations.confirmed(world, me.id, _holder(visit))
    keys = await own_passkeys.passkeys_of(world, me.id)
    held = await factor_rows.load(world, me.id)
    pending = await factors.pending_totp(world, me.id) if shown else None
    address = None if pending is None else totp.address(pending, me.username, world.site.title)
    login = await load_login(world, me.id)
    page = visit.page(
        "security.html",
        _UNFIT if error else 200,
        error=error,
        shown=shown,
        held=held,
        paused_until_ms=factor_rows.paused_until_ms(held.mail_at_ms, world.now_ms()),
        pause_days=factor_rows.PAUSE_MS // DAY_MS,
        keys=keys,
        options=_options(visit, keys, shown=shown),
        domain="" if here is None else here.domain,
        secret=None if pending is None else totp.shown(pending),
        address=address,
        picture=None if address is None else scannable(address),
        standby=world.site.passkey_domains,
        letters=world.site.letters,
        has_phone=visit.court.phones is not None and await phones.has_phone(world, me.id),
        stopped=None if login is None else await suppression.reason_of(world, login.email),
        most=own_passkeys.PASSKEYS_MOST,
    )
    return scripted(page)


def _options(visit: Visit, keys: list[Any], *, shown: bool) -> dict[str, Any] | None:
    """What a browser is asked for: a new passkey, or one of those here to show who it is."""
    here, me = party(visit), visit.member()
    if here is None:
        return None
    if shown:
        return passkeys.making_options(visit.world, me, here, keys, _holder(visit))
    there = [key for key in keys if key.party == here.domain]
    if not there:
        return None
    return passkeys.using_options(visit.world, passkeys.AGAIN, here, there, _holder(visit))


async def confirm(visit: Visit) -> Response:
    """Show who one is: by password, app, passkey or recovery code."""
    me, form = visit.member(), visit.form
    await visit.count("second_step", f"account:{me.id}")
    way, here = form.text("way", most=20), party(visit)
    if way == "passkey" and here is not None:
        try:
            credential = passkeys.read_credential(form.text("credential", most=20_000))
            ceremony = Ceremony(credential, here, _holder(visit))
            good = await confirmations.confirm_by_passkey(
                visit.world, me.id, _holder(visit), ceremony
            )
        except Invalid:
            good = False
    else:
        said = form.text("said", most=10_000)
        good = await confirmations.confirm(visit.world, me.id, _holder(visit), way, said)
    if not good:
        return await _page(visit, security_words.ERRORS["wrong_answer"])
    return visit.redirect(PLACE, done="shown")


async def _may(visit: Visit) -> bool:
    return await confirmations.confirmed(visit.world, visit.member().id, _holder(visit))


async def _not_shown(visit: Visit) -> Response:
    return await _page(visit, security_words.ERRORS["not_shown"])


async def add_passkey(visit: Visit) -> Response:
    """Keep a passkey that the browser has just made."""
    here = party(visit)
    if not await _may(visit):
        return await _not_shown(visit)
    if here is None:
        raise passkeys.refused()
    try:
        credential = passkeys.read_credential(visit.form.text("credential", most=20_000))
        ceremony = Ceremony(credential, here, _holder(visit))
        name = visit.form.text("name", most=200)
        _, codes = await own_passkeys.add_passkey(visit.world, visit.member(), ceremony, name)
    except (Invalid, Conflict) as problem:
        known = {"name_invalid": "name", "too_many_passkeys": "many"}
        return await _page(visit, security_words.ERRORS[known.get(problem.code, "passkey")])
    return _after(visit, codes, "passkey_added")


def _after(visit: Visit, codes: list[str], said: str) -> Response:
    """Recovery codes, this once, where some were made; else back to the page."""
    if codes:
        return visit.page("recovery_codes.html", codes=codes)
    return visit.redirect(PLACE, done=said)


async def remove_passkey(visit: Visit) -> Response:
    """Take a passkey away. NotFound `record_not_found`."""
    if not await _may(visit):
        return await _not_shown(visit)
    for passkey_id in visit.form.ids("passkey", most=1):
        await own_passkeys.remove_passkey(visit.world, visit.member().id, passkey_id)
    return visit.redirect(PLACE, done="passkey_removed")


async def begin_app(visit: Visit) -> Response:
    """Make a secret for an app; it counts once its first code was given. Conflict `totp_there`."""
    if not await _may(visit):
        return await _not_shown(visit)
    await factors.begin_totp(visit.world, visit.member().id)
    return visit.redirect(f"{PLACE}#app")


async def confirm_app(visit: Visit) -> Response:
    """Count an app by its first code."""
    if not await _may(visit):
        return await _not_shown(visit)
    await visit.count("second_step", f"account:{visit.member().id}")
    try:
        said = visit.form.text("code", most=100)
        codes = await factors.confirm_totp(visit.world, visit.member().id, said)
    except Invalid:
        return await _page(visit, security_words.ERRORS["wrong_code"])
    return _after(visit, codes, "app_added")


async def remove_app(visit: Visit) -> Response:
    """Take the app away."""
    if not await _may(visit):
        return await _not_shown(visit)
    await factors.remove_totp(visit.world, visit.member().id)
    return visit.redirect(PLACE, done="app_removed")


async def choose_mail(visit: Visit) -> Response:
    """Ask for a code by e-mail at sign-in, or no more."""
    if not await _may(visit):
        return await _not_shown(visit)
    wanted = visit.form.flag("wanted")
    try:
        codes = await factors.choose_mail(visit.world, visit.member().id, wanted=wanted)
    except Conflict as problem:
        if problem.code not in security_words.ERRORS:
            raise
        return await _page(visit, security_words.ERRORS[problem.code])
    return _after(visit, codes, "mail_on" if wanted else "mail_off")


async def choose_texts(visit: Visit) -> Response:
    """Let a text to one's phone do as well, or no more."""
    if not await _may(visit):
        return await _not_shown(visit)
    wanted = visit.form.flag("wanted")
    try:
        await factors.choose_texts(visit.world, visit.member().id, wanted=wanted)
    except Conflict as problem:
        if problem.code not in security_words.ERRORS:
            raise
        return await _page(visit, security_words.ERRORS[problem.code])
    return visit.redirect(PLACE, done="texts_on" if wanted else "texts_off")


async def new_codes(visit: Visit) -> Response:
    """Ten new recovery codes; the old ones end. Conflict `no_factor`."""
    if not await _may(visit):
        return await _not_shown(visit)
    await visit.count("second_step", f"account:{visit.member().id}")
    codes = await factors.renew_recovery(visit.world, visit.member().id)
    return visit.page("recovery_codes.html", codes=codes)


async def standby(visit: Visit) -> Response:
    """A link that opens a standby domain signed in, to make a passkey for it there."""
    if not await _may(visit):
        return await _not_shown(visit)
    domain = visit.form.text("domain", most=300)
    if domain not in visit.world.site.passkey_domains:
        raise Invalid("parameter_invalid", "A field has the wrong form", field="domain")
    me = visit.member()
    secret = await sessions.make_sign_in_link(visit.world, me.id, lasts_ms=_LINK_MS)
    link = f"https://{domain}/link/{secret}?to={PLACE}"
    return visit.page("security_standby.html", domain=domain, link=link)
