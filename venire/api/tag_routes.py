"""Routes of hashtags and of what is much used."""

from __future__ import annotations

from venire.api import absences, tags
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_T = "/api/v1/tags/{name}"
_F = "/api/v1/featured_tags"

TAGS = (
    Route("GET", _T, tags.show_tag, "public"),
    Route("POST", f"{_T}/follow", tags.follow_tag, "write:follows"),
    Route("POST", f"{_T}/unfollow", tags.unfollow_tag, "write:follows", options=_STILL),
    Route("POST", f"{_T}/feature", tags.feature_tag, "write:accounts"),
    Route("POST", f"{_T}/unfeature", tags.unfeature_tag, "write:accounts", options=_STILL),
    Route("GET", "/api/v1/followed_tags", tags.followed_tags, "read:follows"),
    Route("GET", _F, tags.featured_tags, "read:accounts"),
    Route("POST", _F, tags.create_featured_tag, "write:accounts"),
    Route("GET", f"{_F}/suggestions", tags.suggested_tags, "read:accounts"),
    Route("DELETE", f"{_F}/{{id}}", tags.delete_featured_tag, "write:accounts", options=_STILL),
    Route(
        "GET", "/api/v1/accounts/{id}/featured_tags", tags.account_featured_tags, "read:accounts?"
    ),
    Route("GET", "/api/v1/timelines/tag/{name}", tags.tag_timeline, "read:statuses?"),
    Route("GET", "/api/v1/trends", tags.trending_tags, "public"),
    Route("GET", "/api/v1/trends/tags", tags.trending_tags, "public"),
    Route("GET", "/api/v1/trends/statuses", tags.trending_statuses, "public"),
    # No link is counted, so none is a trend.
    Route("GET", "/api/v1/trends/links", absences.nothing, "public"),
)
