"""Routes of filters, version 2 and 1."""

from __future__ import annotations

from venire.api import filters
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
"""A suspended account still reads, and may still choose what it is spared."""
_F = "/api/v2/filters"
_F1 = "/api/v1/filters"
_R, _W = "read:filters", "write:filters"

FILTERS: tuple[Route, ...] = (
    Route("GET", _F, filters.show_filters, _R),
    Route("POST", _F, filters.create_filter, _W, options=_STILL),
    Route("GET", f"{_F}/{{id}}", filters.show_filter, _R),
    Route("PUT", f"{_F}/{{id}}", filters.edit_filter, _W, options=_STILL),
    Route("DELETE", f"{_F}/{{id}}", filters.delete_filter, _W, options=_STILL),
    Route("GET", f"{_F}/{{filter_id}}/keywords", filters.show_keywords, _R),
    Route("POST", f"{_F}/{{filter_id}}/keywords", filters.create_keyword, _W, options=_STILL),
    Route("GET", f"{_F}/keywords/{{id}}", filters.show_keyword, _R),
    Route("PUT", f"{_F}/keywords/{{id}}", filters.edit_keyword, _W, options=_STILL),
    Route("DELETE", f"{_F}/keywords/{{id}}", filters.delete_keyword, _W, options=_STILL),
    Route("GET", f"{_F}/{{filter_id}}/statuses", filters.show_statuses, _R),
    Route("POST", f"{_F}/{{filter_id}}/statuses", filters.create_status, _W, options=_STILL),
    Route("GET", f"{_F}/statuses/{{id}}", filters.show_status, _R),
    Route("DELETE", f"{_F}/statuses/{{id}}", filters.delete_status, _W, options=_STILL),
    Route("GET", _F1, filters.show_filters_v1, _R),
    Route("POST", _F1, filters.create_filter_v1, _W, options=_STILL),
    Route("GET", f"{_F1}/{{id}}", filters.show_filter_v1, _R),
    Route("PUT", f"{_F1}/{{id}}", filters.edit_filter_v1, _W, options=_STILL),
    Route("DELETE", f"{_F1}/{{id}}", filters.delete_filter_v1, _W, options=_STILL),
)
