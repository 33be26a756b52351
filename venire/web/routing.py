"""What a page is, and what happens around every one of them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Awaitable, Callable
from typing import Literal
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from venire.cases.court import Court
from venire.kernel.errors import Problem, Refused
from venire.web.forms import check_genuine, read_form, spooled_form
from venire.web.limits import WebLimits
from venire.web.problems import SignInNeeded, problem_response
from venire.web.settings import WebSettings
from venire.web.visit import Visit, open_visit

_log = logging.getLogger(__name__)

Handler = Callable[[Visit], Awaitable[Response]]
KIBIBYTE = 1 << 10


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """One line of the list of pages.

    `path` is Starlette's. `who`, checked before the body is read: anyone, member, moderator.
    `limit` names a row of `limits.LIMITS`. Every POST carries a form token, checked before its
    handler runs; `body_bytes` is the most that its body may have. `spools`: its files are large
    and lie on disk while it is answered. `signed`: its address is signed and says all that it does,
    so that a mail service can send it (RFC 8058): no token, no cookie is looked at.
    """

    method: str
    path: str
    handler: Handler
    who: Literal["anyone", "member", "moderator"] = "anyone"
    limit: str = ""
    body_bytes: int = 256 * KIBIBYTE
    spools: bool = False
    signed: bool = False

    def __post_init__(self) -> None:
        if self.method not in {"GET", "POST"} or not self.path.startswith("/"):
            raise Refused("page_badly_declared", method=self.method, path=self.path)


def route_of(page: Page, court: Court, settings: WebSettings, limits: WebLimits | None) -> Route:
    """The Starlette route of a page."""

    async def endpoint(request: Request) -> Response:
        visit = await open_visit(court, settings, limits, request)
        return visit.dressed(await _answer(page, visit))

    return Route(page.path, endpoint, methods=[page.method])


async def _answer(page: Page, visit: Visit) -> Response:
    try:
        return await _handle(page, visit)
    except SignInNeeded:
        return visit.redirect(f"/sign-in?to={quote(_way_back(visit.request), safe='/')}")
    except ClientDisconnect:
        raise
    except Problem as problem:
        if isinstance(problem, Refused):
            _log.exception("page_refused", extra={"path": page.path})
        return problem_response(visit, problem)
    except Exception:  # noqa: BLE001 - a person gets a page whatever happens; the log has the rest
        _log.exception("page_failed", extra={"path": page.path})
        return problem_response(visit, Refused("internal_error"))


async def _handle(page: Page, visit: Visit) -> Response:
    """Who asks, how often, with a form of ours; then the page's own handler."""
    if page.who != "anyone":
        visit.member()
    if page.who == "moderator":
        visit.moderator()
    if page.limit:
        await visit.count(page.limit)
    if page.spools:
        async with spooled_form(visit.request, page.body_bytes) as form:
            visit.form = form
            check_genuine(visit, form)
            return await page.handler(visit)
    if page.method == "POST":
        visit.form = await read_form(visit.request, page.body_bytes)
        if not page.signed:
            check_genuine(visit, visit.form)
    return await page.handler(visit)


def _way_back(request: Request) -> str:
    """Where to go after signing in: the page itself, or for a form the page that it was on."""
    if request.method != "POST":
        query = f"?{request.url.query}" if request.url.query else ""
        return f"{request.url.path}{query}"
    return "/"
