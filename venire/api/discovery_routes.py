"""Routes by which members find each other, and of what the site tells them."""

from __future__ import annotations

from venire.api import announcements, discovery
from venire.api.media_routes import PICTURES_BYTES
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_A = "/api/v1/accounts"
_N = "/api/v1/announcements"

DISCOVERY = (
    Route("POST", f"{_A}/{{id}}/endorse", discovery.endorse_account, "write:accounts"),
    Route("POST", f"{_A}/{{id}}/pin", discovery.endorse_account, "write:accounts"),
    Route(
        "POST",
        f"{_A}/{{id}}/unendorse",
        discovery.unendorse_account,
        "write:accounts",
        options=_STILL,
    ),
    Route(
        "POST", f"{_A}/{{id}}/unpin", discovery.unendorse_account, "write:accounts", options=_STILL
    ),
    Route("GET", f"{_A}/{{id}}/endorsements", discovery.account_endorsements, "read:accounts?"),
    Route("GET", "/api/v1/endorsements", discovery.endorsements, "read:accounts"),
    Route("GET", f"{_A}/familiar_followers", discovery.show_familiar_followers, "read:follows"),
    Route("GET", "/api/v1/directory", discovery.directory, "public"),
    Route("GET", "/api/v1/suggestions", discovery.suggestions_v1, "read:accounts"),
    Route("GET", "/api/v2/suggestions", discovery.suggestions, "read:accounts"),
    Route(
        "DELETE",
        "/api/v1/suggestions/{id}",
        discovery.dismiss_suggestion,
        "read:accounts,write:accounts",
        options=_STILL,
    ),
    Route("GET", "/api/v1/domain_blocks", discovery.show_domain_blocks, "read:blocks"),
    Route("POST", "/api/v1/domain_blocks", discovery.block_domain, "write:blocks", options=_STILL),
    Route(
        "DELETE", "/api/v1/domain_blocks", discovery.unblock_domain, "write:blocks", options=_STILL
    ),
    Route("GET", "/api/v1/domain_blocks/preview", discovery.preview_domain_block, "read:blocks"),
    Route("GET", "/api/v1/profile", discovery.show_profile, "profile,read,read:accounts"),
    Route(
        "PATCH",
        "/api/v1/profile",
        discovery.change_profile,
        "write:accounts",
        options=Options(body_bytes=PICTURES_BYTES),
    ),
    Route("GET", _N, announcements.show_announcements, "public"),
    Route("POST", f"{_N}/{{id}}/dismiss", announcements.dismiss, "write:accounts", options=_STILL),
    Route("PUT", f"{_N}/{{id}}/reactions/{{name}}", announcements.react, "write:favourites"),
    Route(
        "DELETE",
        f"{_N}/{{id}}/reactions/{{name}}",
        announcements.unreact,
        "write:favourites",
        options=_STILL,
    ),
)
