"""The routes of continuity: whom the site depends on, and how that stands."""

from __future__ import annotations

from venire.api import beacon, vendors
from venire.api.routing import Route

_READ, _WRITE = "admin:read", "admin:write"
_V = "/api/v1/admin/vendors"

CONTINUITY = (
    Route("GET", "/api/v1/continuity", vendors.show, "open"),
    Route("GET", "/.well-known/venire-beacon", beacon.show, "open"),
    Route("POST", "/api/v1/admin/beacon", beacon.publish, _WRITE, doc="admins alone"),
    Route("GET", _V, vendors.index, _READ, doc="admins alone"),
    Route("POST", f"{_V}/{{kind}}/{{name}}/reset", vendors.reset, _WRITE, doc="admins alone"),
    Route("POST", f"{_V}/{{kind}}/{{name}}/used", vendors.used, _WRITE, doc="admins alone"),
)
