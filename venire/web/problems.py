"""What went wrong, as people are told: a page in their language, with the stable code."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import Match

from venire.kernel.errors import Problem, Throttled, Unauthenticated
from venire.kernel.i18n import catalogue_keys
from venire.web import problem_words

if TYPE_CHECKING:
    from venire.web.visit import Visit

STATUS = {
    "invalid": 422,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "too_large": 413,
    "throttled": 429,
    "unavailable": 503,
}
"""By kind of problem; any other kind is ours, and a 500."""

_METHOD_NOT_ALLOWED = 405
OURS = 500
_SIGN_IN_MAY_HELP = frozenset({401, 403, 404})


class SignInNeeded(Unauthenticated):
    """A stranger asked for what only members may do: led to the sign-in page."""

    def __init__(self) -> None:
        super().__init__("sign_in_needed", "Sign in first")


def status_of(problem: Problem) -> int:
    """The HTTP status of a problem."""
    if problem.code == "method_not_allowed":
        return _METHOD_NOT_ALLOWED
    return STATUS.get(problem.kind, OURS)


def sentence_of(problem: Problem, visit: Visit) -> str:
    """The problem in one sentence: by its code, else its hint where it can be read, else its kind.

    Of a fault of ours nothing but that it is one: internal text never reaches a browser.
    """
    if status_of(problem) == OURS:
        return visit.t(problem_words.PROBLEM_KINDS["ours"])
    known = problem_words.PROBLEMS.get(problem.code)
    if known is not None:
        return visit.t(known)
    hint = problem.hint
    if hint and (visit.language == "en" or hint in catalogue_keys(visit.language)):
        text = visit.t(hint)
        return text[:1].upper() + text[1:]
    return visit.t(
        problem_words.PROBLEM_KINDS.get(problem.kind, problem_words.PROBLEM_KINDS["invalid"])
    )


def _page_before(visit: Visit) -> str:
    """The page of this site whose form went wrong, where it can be opened again; else empty."""
    request = visit.request
    left = urlsplit(request.headers.get("referer", ""))
    own = left.netloc == request.headers.get("host")
    # Two slashes, of whichever kind, would lead to another site.
    if request.method != "POST" or not own or left.path[1:2] in {"", "/", "\\"}:
        return ""
    opened = {**request.scope, "method": "GET", "path": left.path, "root_path": ""}
    routes = getattr(request.scope.get("router"), "routes", ())
    return left.path if any(one.matches(opened)[0] is Match.FULL for one in routes) else ""


def problem_response(visit: Visit, problem: Problem) -> Response:
    """The page that says so."""
    status = status_of(problem)
    code = problem.code if status != OURS else "internal_error"
    response = visit.page(
        "problem.html",
        status,
        strangers_may_sign_in=visit.viewer is None and status in _SIGN_IN_MAY_HELP,
        ours=status == OURS,
        page_before=_page_before(visit),
        title=visit.t(problem_words.PROBLEM_TITLES.get(status, problem_words.PROBLEM_TITLES[422])),
        sentence=sentence_of(problem, visit),
        code=code,
        request_id=str(visit.request.scope.get("state", {}).get("request_id", "")),
    )
    if isinstance(problem, Throttled):
        response.headers["Retry-After"] = str(problem.data.get("retry_after_s", 60))
    if status == _METHOD_NOT_ALLOWED:
        response.headers["Allow"] = str(problem.data.get("allow", "GET"))
    return response
