"""What a member signs in with besides a password, and its changes.

Whoever holds a token sees what there is. To change it they show first who they are
(`POST .../confirmation`), and that holds for ten minutes and this token.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Forbidden, NotFound
from venire.people import confirmations, factor_rows, factors, own_passkeys, passkeys, totp
from venire.people.model import Account
from venire.people.own_passkeys import Ceremony
from venire.people.passkeys import Party, party_of
from venire.people.second_step import PASSKEY
from venire.people.store import load_account
from venire.storage.tables.factors import PasskeyRow

_NOT_KEPT = {"Cache-Control": "private, no-store"}
_CREDENTIAL_CHARACTERS = 16_384
_REASON_CHARACTERS = 2_000


def _holder(request: ApiRequest) -> str:
    return confirmations.of_token(0 if request.viewer is None else request.viewer.token_id)


async def _me(court: Court, request: ApiRequest) -> Account:
    account = await load_account(court.world, request.account_id)
    if account is None:
        raise NotFound("record_not_found", "Record not found")
    return account


async def _shown(court: Court, request: ApiRequest) -> int:
    """Who asks, where they have shown it lately. Forbidden `confirmation_needed`."""
    await confirmations.require(court.world, request.account_id, _holder(request))
    return request.account_id


def _party(court: Court, request: ApiRequest) -> Party:
    """Invalid `passkey_refused` at an address for which there are none."""
    found = party_of(court.world.site, request.raw.headers.get("host", ""))
    if found is None:
        raise passkeys.refused()
    return found


def _passkey(row: PasskeyRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "domain": row.party,
        "created_at": iso_ms(row.made_at_ms),
        "used_at": None if row.used_at_ms is None else iso_ms(row.used_at_ms),
    }


async def show(court: Court, request: ApiRequest) -> Response:
    """What there is; no secret and no code is in it."""
    account_id = request.account_id
    held = await factor_rows.load(court.world, account_id)
    keys = await own_passkeys.passkeys_of(court.world, account_id)
    confirmed = await confirmations.confirmed(court.world, account_id, _holder(request))
    paused = factor_rows.paused_until_ms(held.mail_at_ms, court.world.now_ms())
    body = {
        "needed": held.needed,
        "passkeys": [_passkey(row) for row in keys],
        "totp_since": None if held.totp_at_ms is None else iso_ms(held.totp_at_ms),
        "mail_code_since": None if held.mail_at_ms is None else iso_ms(held.mail_at_ms),
        "mail_code_paused_until": None if paused is None else iso_ms(paused),
        "text_code_since": None if held.text_at_ms is None else iso_ms(held.text_at_ms),
        "recovery_codes_left": held.codes_left,
        "passkey_domains": list(court.world.site.passkey_domains),
        "confirmed": confirmed,
    }
    return json_response(body, headers=_NOT_KEPT)


async def begin_confirmation(court: Court, request: ApiRequest) -> Response:
    """What a passkey is asked to show who the viewer is."""
    party = _party(court, request)
    keys = await own_passkeys.passkeys_of(court.world, request.account_id)
    options = passkeys.using_options(court.world, passkeys.AGAIN, party, keys, _holder(request))
    return json_response(options, headers=_NOT_KEPT)


async def confirm(court: Court, request: ApiRequest) -> Response:
    """Show who the viewer is, by one of: password, code, recovery_code, credential.

    Forbidden `confirmation_wrong`.
    """
    await request.take("second_step", f"account:{request.account_id}")
    form = await request.form()
    world, holder = court.world, _holder(request)
    credential = form.fields.get("credential")
    if credential is not None:
        ceremony = Ceremony(_credential(form), _party(court, request), holder)
        good = await confirmations.confirm_by_passkey(world, request.account_id, holder, ceremony)
    else:
        way, said = _said(form)
        good = await confirmations.confirm(world, request.account_id, holder, way, said)
    if not good:
        raise Forbidden("confirmation_wrong", "That was not right")
    until_ms = world.now_ms() + confirmations.LASTS_MS
    return json_response({"until": iso_ms(until_ms)}, headers=_NOT_KEPT)


_FIELDS = {"password": "password", "code": "totp", "recovery_code": "recovery"}


def _said(form: Form) -> tuple[str, str]:
    for name, way in _FIELDS.items():
        said = form.text(name, limit=1_000)
        if said:
            return way, said
    return "password", form.required("password")


def _credential(form: Form) -> dict[str, Any]:
    """A passkey's answer, as an object or as its JSON. Invalid `passkey_refused`."""
    sent = form.fields.get(PASSKEY if PASSKEY in form else "credential")
    text = sent if isinstance(sent, str) else msgspec.json.encode(sent).decode()
    return passkeys.read_credential(text[: _CREDENTIAL_CHARACTERS + 1])


async def begin_passkey(court: Court, request: ApiRequest) -> Response:
    """What a browser is asked to make a passkey for this address."""
    await _shown(court, request)
    account, party = await _me(court, request), _party(court, request)
    keys = await own_passkeys.passkeys_of(court.world, account.id)
    options = passkeys.making_options(court.world, account, party, keys, _holder(request))
    return json_response(options, headers=_NOT_KEPT)


async def add_passkey(court: Court, request: ApiRequest) -> Response:
    """Keep a passkey under a name; `recovery_codes` are there with the first factor, this once."""
    await _shown(court, request)
    form = await request.form()
    name = form.required("name", limit=200)
    ceremony = Ceremony(_credential(form), _party(court, request), _holder(request))
    account = await _me(court, request)
    row, codes = await own_passkeys.add_passkey(court.world, account, ceremony, name)
    body = {"passkey": _passkey(row), "recovery_codes": codes}
    return json_response(body, headers=_NOT_KEPT)


async def remove_passkey(court: Court, request: ApiRequest) -> Response:
    """Take a passkey away."""
    passkey_id = request.path("id")
    await _shown(court, request)
    await own_passkeys.remove_passkey(court.world, request.account_id, passkey_id)
    return json_response({})


async def begin_totp(court: Court, request: ApiRequest) -> Response:
    """A secret for an app; it counts once `POST .../totp/confirm` had its first code."""
    account_id = await _shown(court, request)
    account = await _me(court, request)
    secret = await factors.begin_totp(court.world, account_id)
    uri = totp.address(secret, account.username, court.world.site.title)
    return json_response({"secret": totp.shown(secret), "uri": uri}, headers=_NOT_KEPT)


async def confirm_totp(court: Court, request: ApiRequest) -> Response:
    """Count an app by its first code. Invalid `code_wrong`."""
    account_id = await _shown(court, request)
    await request.take("second_step", f"account:{account_id}")
    code = (await request.form()).required("code", limit=100)
    codes = await factors.confirm_totp(court.world, account_id, code)
    return json_response({"recovery_codes": codes}, headers=_NOT_KEPT)


async def remove_totp(court: Court, request: ApiRequest) -> Response:
    """Take the app away."""
    await factors.remove_totp(court.world, await _shown(court, request))
    return json_response({})


async def add_mail_code(court: Court, request: ApiRequest) -> Response:
    """Ask for a code by e-mail at sign-in."""
    account_id = await _shown(court, request)
    codes = await factors.choose_mail(court.world, account_id, wanted=True)
    return json_response({"recovery_codes": codes}, headers=_NOT_KEPT)


async def remove_mail_code(court: Court, request: ApiRequest) -> Response:
    """Ask for none any more."""
    await factors.choose_mail(court.world, await _shown(court, request), wanted=False)
    return json_response({})


async def add_text_code(court: Court, request: ApiRequest) -> Response:
    """Let a text to the viewer's phone do as well. Conflict `text_alone`, `no_phone`."""
    await factors.choose_texts(court.world, await _shown(court, request), wanted=True)
    return json_response({})


async def remove_text_code(court: Court, request: ApiRequest) -> Response:
    """Send none any more."""
    await factors.choose_texts(court.world, await _shown(court, request), wanted=False)
    return json_response({})


async def renew_codes(court: Court, request: ApiRequest) -> Response:
    """Ten new recovery codes, this once; the old ones end. Conflict `no_factor`."""
    account_id = await _shown(court, request)
    await request.take("second_step", f"account:{account_id}")
    codes = await factors.renew_recovery(court.world, account_id)
    return json_response({"recovery_codes": codes}, headers=_NOT_KEPT)


async def clear(court: Court, request: ApiRequest) -> Response:
    """Take every factor away from a member who lost them all; logged, and told to the member."""
    admin_id = check_admin(request)
    account_id = request.path("id")
    if await load_account(court.world, account_id) is None:
        raise NotFound("record_not_found", "Record not found")
    if account_id == admin_id:
        # By this door, too, a stolen token alone takes nothing away from whose it is.
        await _shown(court, request)
    reason = (await request.form()).required("reason", limit=_REASON_CHARACTERS)
    await factors.clear(court.world, account_id, actor_id=admin_id, reason=reason)
    return json_response({})
