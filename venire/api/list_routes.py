"""Routes of lists."""

from __future__ import annotations

from venire.api import lists
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_L = "/api/v1/lists"
_READ, _WRITE = "read:lists", "write:lists"

LISTS = (
    Route("GET", _L, lists.show_lists, _READ),
    Route("POST", _L, lists.create_list, _WRITE, options=_STILL),
    Route("GET", f"{_L}/{{id}}", lists.show_list, _READ),
    Route("PUT", f"{_L}/{{id}}", lists.change_list, _WRITE, options=_STILL),
    Route("DELETE", f"{_L}/{{id}}", lists.delete_list, _WRITE, options=_STILL),
    Route("GET", f"{_L}/{{id}}/accounts", lists.list_accounts, _READ),
    Route("POST", f"{_L}/{{id}}/accounts", lists.add_accounts, _WRITE, options=_STILL),
    Route("DELETE", f"{_L}/{{id}}/accounts", lists.remove_accounts, _WRITE, options=_STILL),
    Route("GET", "/api/v1/accounts/{id}/lists", lists.lists_with, _READ),
    Route("GET", "/api/v1/timelines/list/{id}", lists.list_timeline, _READ),
)
