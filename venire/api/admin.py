"""What operators see of the whole: is it caught up, what is open, what was decided."""

from __future__ import annotations

import binascii

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import store, views
from venire.cases.court import Court
from venire.kernel.errors import Invalid, Problem
from venire.notices import actions as notices
from venire.people import letters

_PAGE = 200
_COUNTED = 100_000


async def health(court: Court, _request: ApiRequest) -> Response:
    """How far the house is behind what it was told, and what waits for whom."""
    rows = await store.open_cases(court.world.storage, limit=_COUNTED)
    post = await letters.post_of(court.world)
    waiting: dict[str, int] = {}
    for row in rows:
        waiting[row.waits_for or "next_step"] = waiting.get(row.waits_for or "next_step", 0) + 1
    return json_response(
        {
            "drained": await court.pulse.drained(),
            "open_cases": len(rows),
            "cases_for_operator": waiting.get("operator", 0),
            "waiting": waiting,
            "reading": await notices.reading(court.world),
            "record_size": await court.sequencer.size(),
            "letters_waiting": post.waiting,
            "letters_lost": len(post.lost),
        }
    )


async def cases(court: Court, request: ApiRequest) -> Response:
    """Every case with its outcome, page by page; `next` is null after the last."""
    cursor = _cursor(request.query.text("cursor") or "")
    try:
        found, following = await store.every_case(court.world.storage, cursor, _PAGE)
    except Problem:
        raise
    except Exception as error:
        if cursor is None:
            raise
        # Each engine has cursors of its own, and stumbles in its own way over any other bytes.
        raise _no_cursor() from error
    return json_response(
        {
            "cases": [views.outcome_view(case) for case in found if not case.asks],
            "next": None if following is None else following.hex(),
        }
    )


def _cursor(text: str) -> bytes | None:
    try:
        return binascii.unhexlify(text) if text else None
    except ValueError as error:
        raise _no_cursor() from error


def _no_cursor() -> Invalid:
    return Invalid("cursor_invalid", "cursor is what the page before called next")
