"""Figures for operators: docs.joinmastodon.org/methods/admin/measures and its neighbours.

What this site counts is told; what it does not count is left out, rather than told as nought.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from starlette.responses import Response

from venire import __version__
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import report_desk
from venire.cases.court import Court
from venire.kernel.clock import DAY_MS, iso_ms, parse_iso_ms, utc_day
from venire.kernel.errors import Invalid, NotFound
from venire.people import roll

_DAYS_MOST = 366
_COUNTED_MOST = 10_000
_KEYS_MOST = 20


def _span(form: Form) -> tuple[int, int]:
    """Whole days from the first to the last that is asked for."""
    try:
        first = parse_iso_ms(form.required("start_at", limit=40).replace("Z", "+00:00"))
        last = parse_iso_ms(form.required("end_at", limit=40).replace("Z", "+00:00"))
    except (ValueError, OverflowError) as error:
        raise Invalid("date_invalid", "Validation failed: a date is not valid") from error
    first_ms, last_ms = first // DAY_MS * DAY_MS, last // DAY_MS * DAY_MS + DAY_MS
    if not 0 <= first_ms < last_ms <= first_ms + _DAYS_MOST * DAY_MS:
        raise Invalid("date_invalid", "Validation failed: ask for a year at most")
    return first_ms, last_ms


async def measures(court: Court, request: ApiRequest) -> Response:
    """Day by day: new accounts, reports filed, reports resolved."""
    form = await request.form()
    first_ms, last_ms = _span(form)
    found = []
    for key in form.texts("keys", limit=100)[:_KEYS_MOST]:
        if key in {"new_users", "opened_reports", "resolved_reports"}:
            moments = await _moments(court, key, first_ms - (last_ms - first_ms), last_ms)
            found.append(_measure(key, moments, first_ms, last_ms))
    return json_response(found)


async def _moments(court: Court, key: str, since_ms: int, until_ms: int) -> list[int]:
    since_ms = max(0, since_ms)
    if key == "new_users":
        return await roll.count_new(court.world, since_ms, until_ms, _COUNTED_MOST)
    return await report_desk.moments(
        court.world, since_ms, until_ms, resolved=key == "resolved_reports", most=_COUNTED_MOST
    )


def _measure(key: str, moments: list[int], first_ms: int, last_ms: int) -> dict[str, Any]:
    by_day = Counter(utc_day(moment) for moment in moments)
    days = range(first_ms, last_ms, DAY_MS)
    data = [{"date": iso_ms(day), "value": str(by_day[utc_day(day)])} for day in days]
    before = sum(moment < first_ms for moment in moments)
    return {
        "key": key,
        "unit": None,
        "total": str(len(moments) - before),
        "human_value": None,
        "previous_total": str(before),
        "data": data,
    }


async def dimensions(_court: Court, request: ApiRequest) -> Response:
    """What the site runs on; other dimensions are not counted and have no data."""
    form = await request.form()
    if "start_at" in form.fields or "end_at" in form.fields:
        _span(form)
    found = []
    for key in form.texts("keys", limit=100)[:_KEYS_MOST]:
        data: list[dict[str, str | None]] = []
        if key == "software_versions":
            python = ".".join(map(str, sys.version_info[:3]))
            data = [_version("venire", "Venire", __version__), _version("python", "Python", python)]
        found.append({"key": key, "data": data})
    return json_response(found)


def _version(key: str, name: str, version: str) -> dict[str, str | None]:
    return {
        "key": key,
        "human_key": name,
        "value": version,
        "unit": None,
        "human_value": version,
    }


async def retention(_court: Court, request: ApiRequest) -> Response:
    """Nothing: who comes back is not tracked here."""
    form = await request.form()
    _span(form)
    if (form.text("frequency", limit=10) or "day") not in {"day", "month"}:
        raise Invalid("frequency_unknown", "Validation failed: frequency is day or month")
    return json_response([])


async def no_trend(_court: Court, _request: ApiRequest) -> Response:
    """Nothing trends that a moderator would have to let through."""
    raise NotFound("record_not_found", "Record not found")
