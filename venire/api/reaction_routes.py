"""Routes of what members do with posts."""

from __future__ import annotations

from venire.api import reactions
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_S = "/api/v1/statuses/{id}"

REACTIONS = (
    Route("POST", f"{_S}/favourite", reactions.favourite, "write:favourites"),
    Route("POST", f"{_S}/unfavourite", reactions.unfavourite, "write:favourites", options=_STILL),
    Route("POST", f"{_S}/bookmark", reactions.bookmark, "write:bookmarks", options=_STILL),
    Route("POST", f"{_S}/unbookmark", reactions.unbookmark, "write:bookmarks", options=_STILL),
    Route("POST", f"{_S}/reblog", reactions.reblog, "write:statuses", "post"),
    Route("POST", f"{_S}/unreblog", reactions.unreblog, "write:statuses", options=_STILL),
    Route("POST", f"{_S}/pin", reactions.pin, "write:accounts"),
    Route("POST", f"{_S}/unpin", reactions.unpin, "write:accounts", options=_STILL),
    Route("GET", f"{_S}/favourited_by", reactions.favourited_by, "read:accounts?"),
    Route("GET", f"{_S}/reblogged_by", reactions.reblogged_by, "read:accounts?"),
    Route("GET", f"{_S}/quotes", reactions.quotes_of, "read:statuses?"),
    Route(
        "POST",
        f"{_S}/quotes/{{quoting_id}}/revoke",
        reactions.revoke_quote,
        "write:statuses",
        options=_STILL,
    ),
    Route("PUT", f"{_S}/interaction_policy", reactions.set_interaction_policy, "write:statuses"),
    Route("GET", "/api/v1/bookmarks", reactions.bookmarks, "read:bookmarks"),
    Route("GET", "/api/v1/favourites", reactions.favourites, "read:favourites"),
    Route("GET", "/api/v1/polls/{id}", reactions.show_poll, "read:statuses?"),
    Route("POST", "/api/v1/polls/{id}/votes", reactions.vote, "write:statuses"),
)
