"""The e-mail address that a member has yet to confirm: https://docs.joinmastodon.org/methods/emails/.

Both are for those who cannot do anything else yet, so they look at the token themselves.
"""

from __future__ import annotations

from starlette.responses import Response

from venire.api.authentication import bearer_token
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Forbidden, Unauthenticated, Unavailable
from venire.people import letters, mailboxes
from venire.people.model import PENDING, UNCONFIRMED, Account
from venire.people.rules import normal_email
from venire.people.store import load_login
from venire.people.tokens import authenticate

_WAIT = frozenset({UNCONFIRMED, PENDING})


async def _member(court: Court, request: ApiRequest) -> Account:
    """Whose token it is, confirmed or not. Unauthenticated `access_token_invalid`."""
    secret = bearer_token(request.raw)
    bearer = None if secret is None else await authenticate(court.world, secret)
    if bearer is None or bearer.account is None:
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    return bearer.account


async def check_confirmation(court: Court, request: ApiRequest) -> Response:
    """Whether the member's address is confirmed."""
    account = await _member(court, request)
    return json_response(account.state != UNCONFIRMED)


async def send_again(court: Court, request: ApiRequest) -> Response:
    """Send the letter with the link again, to another address if one is given.

    In the acceptance profile nobody waits for it, and none is sent. Forbidden `email_confirmed`;
    Invalid `validation_failed`; Unavailable `mail_unavailable`.
    """
    account = await _member(court, request)
    login = await load_login(court.world, account.id)
    acceptance = court.world.site.acceptance
    waits = account.state in _WAIT or acceptance
    if login is None or login.confirmed_at_ms is not None or not waits:
        raise Forbidden(
            "email_confirmed",
            "This method is only available while the e-mail is awaiting confirmation",
        )
    if not court.world.site.letters and not acceptance:
        raise Unavailable(
            "mail_unavailable", "This site sends no letters: a moderator confirms your address"
        )
    form = await request.form()
    email = form.text("email", limit=1_000)
    if email and normal_email(email) != login.email:
        await mailboxes.change_waiting_address(court.world, account.id, email)
    if court.world.site.letters:
        await letters.ask(court.world, account.id, letters.CONFIRM)
    return json_response({})
