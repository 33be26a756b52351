"""The routes of the fast lane: what does not wait for a jury. See `routes.py`."""

from __future__ import annotations

from venire.api import fast_lane
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_P = "/api/v1/admin/cases/{case}/packets"

FAST_LANE: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/cases/{case}/police_copy",
        fast_lane.show_police_copy,
        "read:statuses",
        options=_STILL,
    ),
    Route("POST", "/api/v1/statuses/{id}/hide", fast_lane.hide, "write:mutes", options=_STILL),
    Route("POST", "/api/v1/statuses/{id}/unhide", fast_lane.unhide, "write:mutes", options=_STILL),
    Route("POST", "/api/v1/jury/holds", fast_lane.hold, "juror", "report"),
    Route("GET", "/api/v1/judgement/figures", fast_lane.figures, "open"),
    Route(
        "POST",
        "/api/v1/admin/jurors/{id}/hold_key",
        fast_lane.grant_hold_key,
        "admin:write:accounts",
    ),
    Route("GET", "/api/v1/admin/packets", fast_lane.list_packets, "admin:read:reports"),
    Route("GET", _P, fast_lane.case_packets, "admin:read:reports"),
    Route("POST", _P, fast_lane.prepare_packet, "admin:write:reports"),
    Route("POST", f"{_P}/{{id}}/release", fast_lane.release_packet, "admin:write:reports"),
)
"""Of the site itself: Mastodon's API knows none of it."""
