"""Routes of search."""

from __future__ import annotations

from venire.api import search
from venire.api.routing import Route

SEARCH = (
    Route("GET", "/api/v2/search", search.search, "read:search?"),
    Route("GET", "/api/v1/search", search.search_v1, "read:search?"),
    Route("GET", "/api/v1/accounts/search", search.search_accounts, "read:accounts"),
)
