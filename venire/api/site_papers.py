"""What the site says of itself: its terms, what it keeps about people, its weeks, its languages.

What is kept is read from the declarations of the tables, so it cannot say less than is true.
"""

from __future__ import annotations

import html
from typing import Any

from babel import Locale
from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import NotFound
from venire.kernel.i18n import translate
from venire.people.model import SITE_USERNAME
from venire.people.store import find_by_handle
from venire.posts.usage import week_start_ms, weeks
from venire.storage.tables.every import ALL
from venire.storage.world import World

_KEPT = {"Cache-Control": "public, max-age=3600"}
_CODE = 2
"""Letters of an ISO 639-1 code: what clients offer for a post."""


async def _begun_ms(world: World) -> int:
    """When the site began: its own account is made at the first start."""
    account = await find_by_handle(world, SITE_USERNAME)
    return world.now_ms() if account is None else account.created_at_ms


async def activity(court: Court, _request: ApiRequest) -> Response:
    """The last twelve weeks: posts, members who posted, members who joined."""
    rows = await weeks(court.world)
    body = [
        {
            "week": str(week_start_ms(row.week) // 1000),
            "statuses": str(row.statuses),
            "logins": str(row.active),
            "registrations": str(row.registrations),
        }
        for row in rows
    ]
    return json_response(body, headers=_KEPT)


async def languages(_court: Court, request: ApiRequest) -> Response:
    """Languages that a post may be in, by their names in the reader's."""
    names = Locale.parse(request.language).languages
    found = [
        {"code": str(code), "name": str(name)}
        for code, name in sorted(names.items())
        if len(str(code)) == _CODE
    ]
    return json_response(found)


async def privacy_policy(court: Court, request: ApiRequest) -> Response:
    """What is kept about people here, table by table, and for how long."""
    language, world = request.language, court.world
    rows = "".join(
        f"<li>{html.escape(table.question)} {html.escape(table.retention)}</li>"
        for table in sorted(ALL, key=lambda table: table.question)
        if table.subject
    )
    said = [
        translate(
            language,
            "What this site keeps about people, as questions that it can answer, "
            "and for how long it can:",
        ),
        translate(language, "A member may ask for all of it as a file, and have it erased."),
    ]
    content = f"<p>{html.escape(said[0])}</p><ul>{rows}</ul><p>{html.escape(said[1])}</p>"
    if request.settings.detectors_read:
        content += f"<p>{html.escape(request.settings.detectors_read)}</p>"
    if world.site.contact:
        content += f"<p>{html.escape(world.site.contact)}</p>"
    body = {"content": content, "updated_at": iso_ms(await _begun_ms(world))}
    return json_response(body, headers=_KEPT)


async def terms_of_service(court: Court, request: ApiRequest) -> Response:
    """The rules that members agree to; NotFound where there are none."""
    return json_response(await _terms(court, request), headers=_KEPT)


async def dated_terms(court: Court, request: ApiRequest) -> Response:
    """The same by the day from which they hold."""
    terms = await _terms(court, request)
    if request.path_text("date") != terms["effective_date"]:
        raise NotFound("record_not_found", "Record not found")
    return json_response(terms, headers=_KEPT)


async def _terms(court: Court, request: ApiRequest) -> dict[str, Any]:
    rules = request.settings.rules
    if not rules:
        raise NotFound("record_not_found", "Record not found")
    written = "".join(
        f"<li><p>{html.escape(text)}</p><p>{html.escape(hint)}</p></li>"
        for text, hint in (_rule_in(rule, request.language) for rule in rules)
    )
    return {
        "content": f"<ol>{written}</ol>",
        "effective": True,
        "effective_date": utc_day(await _begun_ms(court.world)),
        "succeeded_by": None,
    }


def _rule_in(rule: Any, language: str) -> tuple[str, str]:
    for code, text, hint in rule.translations:
        if code == language:
            return text, hint
    return rule.text, rule.hint


async def manifest(court: Court, _request: ApiRequest) -> Response:
    """How a browser installs the site as an app (W3C Web App Manifest)."""
    site = court.world.site
    return json_response(
        {
            "id": "/",
            "name": site.title,
            "short_name": site.title,
            "lang": site.language,
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "icons": [
                {"src": f"{site.base_url}/thumbnail.png", "sizes": "512x512", "type": "image/png"}
            ],
        },
        headers=_KEPT,
    )
