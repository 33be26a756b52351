"""Lists that are kept by month: which month, which part of it, how to reach what came before."""

from __future__ import annotations

import re
from typing import NamedTuple

from venire.cases import month_lists, views
from venire.kernel.clock import DAY_MS, parse_iso_ms
from venire.kernel.ids import parse_id
from venire.web.visit import Visit

_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")


class Month(NamedTuple):
    """A month as its list names it (`YYYY-MM`), the one before it, and whether it runs now."""

    name: str
    before: str
    now: bool


def asked_month(visit: Visit) -> Month:
    """The month in the address, else the one that runs."""
    running = views.month_of(visit.world.now_ms())
    asked = visit.request.query_params.get("month", "")
    name = asked if _MONTH.fullmatch(asked) and asked > "1970" else running
    return Month(name, views.month_of(_first_ms(name) - DAY_MS), name == running)


def asked_span(visit: Visit) -> month_lists.Span:
    """The part of the month that the address asks for: its newest, else what is below an id."""
    return month_lists.Span(below=parse_id(visit.request.query_params.get("below", "")))


def _first_ms(name: str) -> int:
    return parse_iso_ms(f"{name}-01T00:00:00Z")
