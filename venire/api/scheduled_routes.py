"""Routes of planned posts."""

from __future__ import annotations

from venire.api import scheduled
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_P = "/api/v1/scheduled_statuses"

SCHEDULED = (
    Route("GET", _P, scheduled.show_plans, "read:statuses"),
    Route("GET", f"{_P}/{{id}}", scheduled.show_plan, "read:statuses"),
    Route("PUT", f"{_P}/{{id}}", scheduled.move_plan, "write:statuses", "post"),
    Route("DELETE", f"{_P}/{{id}}", scheduled.take_back_plan, "write:statuses", options=_STILL),
)
