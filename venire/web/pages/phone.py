"""A member's phone number and a juror's chat addresses: named, proved by a code, taken away."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from starlette.responses import Response

from venire.jury import chats
from venire.kernel.errors import Conflict, Invalid, NotFound, Problem, Throttled, Unavailable
from venire.people import codes, phones
from venire.people.codes import Asker
from venire.people.phone_rules import masked
from venire.web.problems import status_of
from venire.web.visit import Visit

PLACE: Final = "/settings/phone"
_SERVICE: Final = 32


def _asker(visit: Visit) -> Asker:
    # Only a mark of the session is ever kept.
    return Asker(visit.member().id, f"browser:{visit.session}", visit.address, visit.language)


async def show(visit: Visit) -> Response:
    """The number, masked, and where alerts come by chat."""
    return await _page(visit)


async def _page(visit: Visit, problem: Problem | None = None) -> Response:
    world, court, asker = visit.world, visit.court, _asker(visit)
    phone = await phones.phone_of(world, asker.account_id)
    waiting = await codes.waiting(world, asker)
    known = {one.service: one for one in await chats.chats_of(world, asker.account_id)}
    return visit.page(
        "phone.html",
        200 if problem is None else status_of(problem),
        error="" if problem is None else problem.hint,
        number=None if phone is None else masked(phone.e164),
        waiting=None if waiting is None else masked(waiting.e164),
        countries=() if court.phones is None else court.phones.policy.countries,
        unproved=await codes.needs_challenge(world, asker.account_id),
        services=[
            (name, known.get(name))
            for name in (() if court.chats is None else court.chats.services)
        ],
    )


async def _done(visit: Visit, work: Awaitable[object], said: str) -> Response:
    try:
        await work
    except (Conflict, Invalid, NotFound, Throttled, Unavailable) as problem:
        return await _page(visit, problem)
    return visit.redirect(PLACE, done=said)


async def ask(visit: Visit) -> Response:
    """Send a code to a number."""
    await visit.writer()
    number, region = visit.form.text("number", most=60), visit.form.text("region", most=2)
    asker = _asker(visit)
    work = codes.ask(visit.world, visit.court.phones, asker, number, region=region)
    return await _done(visit, work, "code_sent")


async def verify(visit: Visit) -> Response:
    """Say the code that came."""
    work = codes.verify(visit.world, _asker(visit), visit.form.text("code", most=20))
    return await _done(visit, work, "phone_added")


async def remove(visit: Visit) -> Response:
    """Take the number away."""
    await codes.take_away(visit.world, visit.member().id)
    return visit.redirect(PLACE, done="phone_removed")


async def name_chat(visit: Visit) -> Response:
    """Name an address at a chat service."""
    await visit.writer()
    service = visit.form.text("service", most=_SERVICE)
    recipient = visit.form.text("recipient", most=255).strip()
    work = chats.begin(
        visit.world,
        visit.court.chats,
        visit.member().id,
        service,
        recipient,
        language=visit.language,
    )
    return await _done(visit, work, "code_sent")


async def prove_chat(visit: Visit) -> Response:
    """Say the code that came there."""
    service = visit.form.text("service", most=_SERVICE)
    code = visit.form.text("code", most=20).strip()
    work = chats.prove(visit.world, visit.member().id, service, code)
    return await _done(visit, work, "chat_added")


async def forget_chat(visit: Visit) -> Response:
    """Take an address back."""
    service = visit.form.text("service", most=_SERVICE)
    await chats.forget(visit.world, visit.member().id, service)
    return visit.redirect(PLACE, done="chat_removed")
