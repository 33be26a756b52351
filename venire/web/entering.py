"""From the first step of a sign-in to a session, by way of the second where there is one."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from starlette.responses import Response

from venire.people import second_step, sessions
from venire.people.model import Account
from venire.people.passkeys import Party, party_of
from venire.web.visit import CONTENT_POLICY, Visit

_WITHIN = re.compile(r"/(?![/\\])[\x21-\x7e]*")
TO_CHARACTERS = 8_000
"""Of the page to go to afterwards: an app's request with everything that it carries."""
SCRIPT_POLICY = f"{CONTENT_POLICY}; script-src 'self'"
"""Of the few pages that ask a browser for a passkey, which only a script can."""


def within(path: str) -> str:
    """A path of this site, or the timeline: a link must not lead away through our sign-in page."""
    return path if _WITHIN.fullmatch(path) and "\\" not in path else "/"


def party(visit: Visit) -> Party | None:
    """Whom a passkey is for at the address that this browser used."""
    return party_of(visit.world.site, visit.request.headers.get("host", ""))


async def enter(visit: Visit, account: Account, to: str, *, first: str) -> Response:
    """Go on after the first step: to the second, or in."""
    ticket = await second_step.begin(visit.world, account.id, first=first)
    if not ticket:
        return await come_in(visit, account.id, to)
    lasts_s = second_step.LASTS_MS // 1000
    visit.set_cookie(second_step.ticket_cookie(visit.world.site.base_url), ticket, lasts_s)
    return visit.redirect("/sign-in/second", to=to)


async def come_in(visit: Visit, account_id: int, to: str) -> Response:
    """Give this browser a session, in place of the one it may have."""
    if visit.session:
        await sessions.end_session(visit.world, visit.session)
    visit.sign_in(await sessions.start_session(visit.world, account_id))
    return visit.redirect(to)


def scripted(response: Response) -> Response:
    """The page with leave to run the site's own script."""
    response.headers["Content-Security-Policy"] = SCRIPT_POLICY
    return response


def done(path: str, said: str) -> str:
    """A path that says a sentence."""
    joint = "&" if "?" in path else "?"
    return f"{path}{joint}{urlencode({'done': said})}" if said else path
