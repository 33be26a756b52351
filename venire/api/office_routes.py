"""The routes of what persons decide in office: sealed cases, bulk acts, copyright, authorities."""

from __future__ import annotations

from venire.api import bulk, child_safety, copyright_desk, countries, orders
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_READ, _WRITE = "admin:read:reports", "admin:write:reports"

_S = "/api/v1/admin/sealed"
SEALED = (
    Route("GET", _S, child_safety.desk, _READ, doc="the named person alone"),
    Route("GET", f"{_S}/{{case}}", child_safety.show, _READ),
    Route("POST", f"{_S}/{{case}}/open", child_safety.open_text, _WRITE),
    Route("POST", f"{_S}/{{case}}/decide", child_safety.decide, _WRITE),
    Route("POST", f"{_S}/{{case}}/packet", child_safety.packet, _WRITE),
    Route("POST", f"{_S}/{{case}}/reported", child_safety.reported, _WRITE),
)

_B = "/api/v1/admin/bulk"
BULK = (
    Route("GET", _B, bulk.index, _READ),
    Route("POST", _B, bulk.create, _WRITE),
    Route("GET", f"{_B}/{{id}}", bulk.show, _READ),
    Route("POST", f"{_B}/{{id}}/go", bulk.go, _WRITE),
    Route("POST", f"{_B}/{{id}}/restore", bulk.restore, _WRITE),
    Route("POST", f"{_B}/{{id}}/drop", bulk.drop, _WRITE),
)

_C = "/api/v1/copyright/notices"
COPYRIGHT = (
    Route("POST", _C, copyright_desk.create, "open", "copyright"),
    Route("GET", _C, copyright_desk.index, _READ),
    Route("GET", f"{_C}/{{id}}", copyright_desk.show, "read:statuses", options=_STILL),
    Route("POST", f"{_C}/{{id}}/accept", copyright_desk.accept, _WRITE),
    Route("POST", f"{_C}/{{id}}/refuse", copyright_desk.refuse, _WRITE),
    Route("POST", f"{_C}/{{id}}/claimant", copyright_desk.claimant, "open", "copyright"),
    Route("POST", f"{_C}/{{id}}/withdraw", copyright_desk.withdraw, "open", "copyright"),
    Route("POST", f"{_C}/{{id}}/items/{{n}}/filed", copyright_desk.filed, "open", "copyright"),
    Route(
        "POST",
        f"{_C}/{{id}}/items/{{n}}/counter",
        copyright_desk.counter,
        "write:statuses",
        "report",
        options=_STILL,
    ),
)

_O = "/api/v1/admin/orders"
_D = "/api/v1/admin/data_demands"
ORDERS = (
    Route("POST", _O, orders.register, _WRITE),
    Route("GET", _O, orders.index, _READ),
    Route("GET", f"{_O}/{{id}}", orders.show, _READ),
    Route("POST", f"{_O}/{{id}}/approve", orders.approve, _WRITE),
    Route("POST", f"{_O}/{{id}}/refuse", orders.refuse, _WRITE),
    Route("POST", f"{_O}/{{id}}/dispute", orders.dispute, _WRITE),
    Route("POST", f"{_O}/{{id}}/lift", orders.lift, _WRITE),
    Route("POST", _D, orders.register_demand, "admin:write:accounts"),
    Route("GET", _D, orders.demands, "admin:read:accounts"),
    Route("GET", f"{_D}/{{id}}", orders.show_demand, "admin:read:accounts"),
    Route("POST", f"{_D}/{{id}}/review", orders.review_demand, "admin:write:accounts"),
)

COUNTRIES = (
    Route("GET", "/api/v1/accounts/country", countries.show, "read:accounts", options=_STILL),
    Route("PUT", "/api/v1/accounts/country", countries.say, "write:accounts", options=_STILL),
)

OFFICE: tuple[Route, ...] = (*SEALED, *BULK, *COPYRIGHT, *ORDERS, *COUNTRIES)
