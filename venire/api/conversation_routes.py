"""Routes of direct conversations and muted threads."""

from __future__ import annotations

from venire.api import conversations
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_C = "/api/v1/conversations"
_W = "write:conversations"

CONVERSATIONS: tuple[Route, ...] = (
    Route("GET", _C, conversations.show_conversations, "read:statuses"),
    Route("DELETE", f"{_C}/{{id}}", conversations.remove, _W, options=_STILL),
    Route("POST", f"{_C}/{{id}}/read", conversations.mark_read, _W, options=_STILL),
    Route("POST", f"{_C}/{{id}}/unread", conversations.mark_unread, _W, options=_STILL),
    Route("POST", "/api/v1/statuses/{id}/mute", conversations.mute, "write:mutes", options=_STILL),
    Route(
        "POST", "/api/v1/statuses/{id}/unmute", conversations.unmute, "write:mutes", options=_STILL
    ),
)
