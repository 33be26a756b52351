"""What went wrong, as clients are told: the only place that chooses an HTTP status.

The body is `{"error": text, "code": stable code, "hint"?, "details"?, "data"?}`, always JSON.
`error` is in the caller's language; internal text, names of files and values of rows never go out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from venire.api.routing import json_response
from venire.kernel.errors import Problem, Throttled, Unauthenticated
from venire.kernel.i18n import translate

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
    "oauth": 400,
}
"""By kind of problem; any other kind is ours, and a 500."""

STATUS_BY_CODE = {
    "malformed_json": 400,
    "malformed_multipart": 400,
    "body_too_slow": 408,
    "invalid_client": 401,
    "method_not_allowed": 405,
    "user_required": 422,
    "unauthorized_client": 403,
    "site_moved": 421,
    "webhook_refused": 400,
}
"""Where HTTP or the OAuth and Mastodon documents ask for another one."""

PHRASES = {
    "access_token_invalid": "The access token is invalid",
    "account_suspended": "Your account is suspended: you cannot do this now",
    "body_too_large": "What you sent is too large",
    "body_too_slow": "What you sent did not come in time",
    "email_unconfirmed": "Your login is missing a confirmed e-mail address",
    "internal_error": "Something went wrong on our side",
    "malformed_json": "The body is not valid JSON",
    "method_not_allowed": "This method is not allowed here",
    "outside_scopes": "This action is outside the authorized scopes",
    "parameter_invalid": "A parameter has the wrong form",
    "parameter_missing": "A parameter is missing",
    "posting_stopped": "You cannot post until the verdict on your earlier post",
    "record_not_found": "Record not found",
    "registrations_closed": "This site takes no new members now",
    "role_required": "This action is not allowed",
    "site_moved": "The site has moved to another address",
    "site_moving": "The site is moving: try again in a moment",
    "text_too_long": "A text is too long",
    "throttled": "Too many requests",
    "unavailable": "This part of the site does not answer now",
    "user_required": "This method requires an authenticated user",
}
"""The sentence of a code; a code without one is told by its hint."""

_BY_KIND = {
    "not_found": "record_not_found",
    "throttled": "throttled",
    "unavailable": "unavailable",
}


def status_of(problem: Problem) -> int:
    """The HTTP status of a problem."""
    return STATUS_BY_CODE.get(problem.code) or STATUS.get(problem.kind, 500)


def phrase_of(problem: Problem, language: str) -> str:
    """The sentence of a problem in a language."""
    if status_of(problem) == 500:  # noqa: PLR2004 - HTTP
        return translate(language, PHRASES["internal_error"])
    text = PHRASES.get(problem.code) or problem.hint or PHRASES.get(_BY_KIND.get(problem.kind, ""))
    return translate(language, text) if text else problem.code.replace("_", " ").capitalize()


def problem_response(problem: Problem, *, language: str = "en", request_id: str = "") -> Response:
    """The answer to a request that met a problem."""
    status = status_of(problem)
    if status == 500:  # noqa: PLR2004 - HTTP
        body = {"error": phrase_of(problem, language), "code": "internal_error"}
        return json_response({**body, "request_id": request_id}, status)
    if problem.kind == "oauth":
        return _oauth_response(problem, status)
    text = phrase_of(problem, language)
    told: dict[str, Any] = {"error": text, "code": problem.code}
    if problem.hint and problem.hint != text:
        told["hint"] = problem.hint
    if status == 422:  # noqa: PLR2004 - HTTP
        told |= _validation(problem, text)
    elif details := problem.data.get("details") or problem.data:
        told["details"] = details
    return json_response(told, status, _headers(problem, text))


def _validation(problem: Problem, text: str) -> dict[str, Any]:
    """Mastodon's ValidationError: faults by field; what else a program may need is in `data`."""
    parameter = problem.data.get("parameter")
    faults = problem.data.get("details")
    if faults is None:
        fault = {"error": "ERR_INVALID", "description": problem.hint or text}
        faults = {} if parameter is None else {str(parameter): [fault]}
    data = {
        name: value for name, value in problem.data.items() if name not in {"details", "parameter"}
    }
    return {"details": faults, **({"data": data} if data else {})}


def _oauth_response(problem: Problem, status: int) -> Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if status == 401:  # noqa: PLR2004 - HTTP
        headers["WWW-Authenticate"] = 'Basic realm="Venire"'
    told = {"error": problem.code, "error_description": problem.hint, "code": problem.code}
    return json_response(told, status, headers)


def _headers(problem: Problem, text: str) -> Mapping[str, str]:
    if isinstance(problem, Throttled):
        return {"Retry-After": str(problem.data.get("retry_after_s", 60))}
    if isinstance(problem, Unauthenticated):
        plain = text if text.isascii() else "The access token is invalid"
        description = f'Bearer realm="Venire", error="invalid_token", error_description="{plain}"'
        return {"WWW-Authenticate": description}
    if problem.code == "site_moving":
        return {"Retry-After": "2"}
    if problem.code == "method_not_allowed":
        return {"Allow": str(problem.data.get("allow", "GET"))}
    return {}
