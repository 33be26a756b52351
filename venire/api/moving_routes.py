"""Routes of moving: imports, exports, aliases, the notice of a move. They are ours, not Mastodon's.

An archive holds more than any one scope lets an app do: it takes the whole of `write`, or `read`.
"""

from __future__ import annotations

from venire.api import moving
from venire.api.routing import MEBIBYTE, Options, Route
from venire.posts.moving.opening import ARCHIVE_BYTES

_I, _E, _A = "/api/v1/imports", "/api/v1/exports", "/api/v1/accounts"
_ARCHIVE = Options(body_bytes=ARCHIVE_BYTES + MEBIBYTE)
_STILL = Options(while_suspended=True)

MOVING = (
    Route("GET", _I, moving.show_imports, "read"),
    Route("POST", _I, moving.create_import, "write", "media", options=_ARCHIVE),
    Route("GET", f"{_I}/{{id}}", moving.show_import, "read"),
    Route("DELETE", f"{_I}/{{id}}", moving.stop_import, "write", options=_STILL),
    Route("GET", f"{_I}/{{id}}/failures.csv", moving.show_failures, "read"),
    Route("GET", _E, moving.show_exports, "read"),
    Route("POST", _E, moving.create_export, "read", "media", options=_STILL),
    Route("GET", f"{_E}/{{id}}", moving.show_export, "read"),
    Route("POST", f"{_E}/{{id}}/link", moving.create_link, "read", "sign_in", options=_STILL),
    Route("GET", f"{_E}/open/{{secret}}", moving.open_export, "open", "sign_in"),
    Route("GET", f"{_E}/files/{{name}}", moving.show_ties, "read"),
    Route("GET", f"{_A}/aliases", moving.show_aliases, "read:accounts"),
    Route("POST", f"{_A}/aliases", moving.add_alias, "write:accounts"),
    Route("DELETE", f"{_A}/aliases", moving.drop_alias, "write:accounts"),
    Route("POST", f"{_A}/move", moving.move, "write:accounts", "sign_in"),
    Route("DELETE", f"{_A}/move", moving.stay, "write:accounts"),
)
