"""A member's phone number: say it, prove it by a code, take it away. Operators see counts alone."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.people import codes, phones, texts
from venire.people.challenges import make_challenge
from venire.people.codes import Asker
from venire.people.model import ADMIN
from venire.people.phone_rules import masked

_NUMBER_CHARACTERS = 60
_CHALLENGE_CHARACTERS = 300


def asker_of(request: ApiRequest) -> Asker:
    """Who asks, with the token as the session that a code is bound to."""
    token = 0 if request.viewer is None else request.viewer.token_id
    return Asker(request.account_id, f"token:{token}", request.address, request.language)


async def phone_view(court: Court, asker: Asker) -> dict[str, Any]:
    """A member's number as its owner sees it, and a code that waits."""
    phone = await phones.phone_of(court.world, asker.account_id)
    waiting = await codes.waiting(court.world, asker)
    desk = court.phones
    return {
        "countries": [] if desk is None else list(desk.policy.countries),
        "challenge": await _challenge(court, asker),
        "phone": phone
        and {"number": masked(phone.e164), "verified_at": iso_ms(phone.verified_at_ms)},
        "waiting": waiting
        and {
            "number": masked(waiting.e164),
            "until": iso_ms(waiting.until_ms),
            "tries_left": waiting.tries_left,
        },
    }


async def _challenge(court: Court, asker: Asker) -> dict[str, Any] | None:
    if not await codes.needs_challenge(court.world, asker.account_id):
        return None
    made = await make_challenge(court.world)
    return {
        "challenge": made.challenge,
        "algorithm": "sha256",
        "bits": made.bits,
        "expires_at": iso_ms(made.until_ms),
    }


async def show(court: Court, request: ApiRequest) -> Response:
    """The viewer's own number, masked; `countries` is empty where the site sends no texts."""
    return json_response(await phone_view(court, asker_of(request)))


async def ask(court: Court, request: ApiRequest) -> Response:
    """Send a code to a number: the same answer whether or not it is known here.

    `region` says how a number without a plus is read; `challenge` and `challenge_answer` are for
    whoever has confirmed no e-mail address, and is shown one with their number.
    """
    form = await request.form()
    number = form.required("number", limit=_NUMBER_CHARACTERS)
    names = ("challenge", "challenge_answer")
    challenge, answer = (form.text(name, limit=_CHALLENGE_CHARACTERS) or "" for name in names)
    asked = await codes.ask(
        court.world,
        court.phones,
        asker_of(request),
        number,
        region=form.text("region", limit=2) or "",
        solved=(challenge, answer),
    )
    return json_response({"until": iso_ms(asked.until_ms), "again_at": iso_ms(asked.again_at_ms)})


async def verify(court: Court, request: ApiRequest) -> Response:
    """Say the code that came; the number is the viewer's from now on."""
    form = await request.form()
    await codes.verify(court.world, asker_of(request), form.required("code", limit=20))
    return await show(court, request)


async def remove(court: Court, request: ApiRequest) -> Response:
    """Take the number away; forgotten at once, and free for others."""
    await codes.take_away(court.world, request.account_id)
    return await show(court, request)


# for operators


async def figures(court: Court, request: ApiRequest) -> Response:
    """Texts by day and dial code, what they cost this hour, and alarms: no number, no person.

    An admin is shown where vendors say what became of texts, for those that are told by hand.
    """
    shown = await texts.figures(court.world, court.phones)
    if request.viewer is not None and request.viewer.role == ADMIN and court.phones is not None:
        names = court.phones.reporters
        shown["report_addresses"] = {
            name: texts.report_address(court.world, name) for name in names
        }
    return json_response(shown, headers={"Cache-Control": "private, no-store"})


async def switch(court: Court, request: ApiRequest) -> Response:
    """Stop all texts with `stopped`, or let them go again; in every process from the next on."""
    actor_id = check_admin(request)
    form = await request.form()
    await texts.stop(court.world, stopped=form.flag("stopped") is not False, actor_id=actor_id)
    return await figures(court, request)
