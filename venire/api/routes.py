"""Every route of the API, in one list. A path that is not here does not exist.

Add a line to the block of its area; a new area is a new block and one more name in `ROUTES`.
What the columns mean: `routing.Route`.
"""

from __future__ import annotations

from venire.api import (
    absences,
    accounts,
    admin_accounts,
    apps,
    authorize,
    instance,
    notifications,
    oauth,
    reading,
    relationships,
    statuses,
    timelines,
)
from venire.api.judgement_routes import JUDGEMENT
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
"""Open to a suspended account too: it may leave, hide others and read on."""

OAUTH = (
    Route("GET", "/oauth/authorize", authorize.show, "open"),
    Route("POST", "/oauth/authorize", authorize.decide, "open", "sign_in"),
    Route("GET", "/oauth/authorize/native", authorize.show_code, "open"),
    Route("POST", "/oauth/token", oauth.create_token, "open", "sign_in"),
    Route("POST", "/oauth/revoke", oauth.revoke, "open"),
    Route("GET", "/oauth/userinfo", oauth.userinfo, "profile,read,read:accounts"),
    Route("POST", "/oauth/userinfo", oauth.userinfo, "profile,read,read:accounts", options=_STILL),
    Route("GET", "/.well-known/oauth-authorization-server", oauth.metadata, "open"),
    Route("POST", "/api/v1/apps", apps.create_app, "open", "app"),
    Route("GET", "/api/v1/apps/verify_credentials", apps.verify_app, "app"),
)

INSTANCE = (
    Route("GET", "/api/v2/instance", instance.show_instance, "open"),
    Route("GET", "/api/v1/instance", instance.show_instance_v1, "open"),
    Route("GET", "/api/v1/instance/rules", instance.rules, "open"),
    Route("GET", "/api/v1/instance/extended_description", instance.extended_description, "open"),
    Route("GET", "/.well-known/nodeinfo", instance.nodeinfo_index, "open"),
    Route("GET", "/nodeinfo/2.0", instance.nodeinfo, "open"),
    Route("GET", "/.well-known/host-meta", instance.host_meta, "open"),
    Route("GET", "/.well-known/webfinger", instance.webfinger, "open"),
    Route("GET", "/health", instance.health, "open", "none"),
    Route("GET", "/avatars/original/missing.png", instance.avatar, "open", "none"),
    Route("GET", "/headers/original/missing.png", instance.header, "open", "none"),
    Route("GET", "/thumbnail.png", instance.thumbnail, "open", "none"),
)

_A = "/api/v1/accounts"
_MINE = "profile,read,read:accounts"

ACCOUNTS = (
    Route("POST", _A, accounts.sign_up, "app:write:accounts", "sign_up"),
    Route("GET", _A, accounts.show_accounts, "read:accounts?"),
    Route("GET", f"{_A}/verify_credentials", accounts.verify_credentials, _MINE),
    Route("PATCH", f"{_A}/update_credentials", accounts.update_credentials, "write:accounts"),
    Route("GET", f"{_A}/lookup", accounts.lookup, "read:accounts?"),
    Route("GET", f"{_A}/search", accounts.search_accounts, "read:accounts"),
    Route("GET", f"{_A}/relationships", relationships.show_relationships, "read:follows"),
    Route("GET", f"{_A}/familiar_followers", absences.nothing, "read:follows"),
    Route("GET", f"{_A}/{{id}}", accounts.show_account, "read:accounts?"),
    Route("GET", f"{_A}/{{id}}/followers", accounts.followers, "read:accounts?"),
    Route("GET", f"{_A}/{{id}}/following", accounts.following, "read:accounts?"),
    Route("GET", f"{_A}/{{id}}/lists", absences.nothing, "read:lists"),
    Route("GET", f"{_A}/{{id}}/featured_tags", absences.nothing, "read:accounts?"),
    Route("GET", f"{_A}/{{id}}/endorsements", absences.nothing, "read:accounts?"),
    Route("GET", f"{_A}/{{id}}/identity_proofs", absences.nothing, "read:accounts?"),
    Route("GET", "/api/v1/preferences", reading.preferences, "read:accounts"),
    Route("GET", "/api/v1/markers", reading.show_markers, "read:statuses"),
    Route("POST", "/api/v1/markers", reading.save_markers, "write:statuses", options=_STILL),
)

RELATIONSHIPS = (
    Route("POST", f"{_A}/{{id}}/follow", relationships.follow, "write:follows"),
    Route("POST", f"{_A}/{{id}}/unfollow", relationships.unfollow, "write:follows", options=_STILL),
    Route(
        "POST",
        f"{_A}/{{id}}/remove_from_followers",
        relationships.remove_follower,
        "write:follows",
        options=_STILL,
    ),
    Route("POST", f"{_A}/{{id}}/block", relationships.block, "write:blocks", options=_STILL),
    Route("POST", f"{_A}/{{id}}/unblock", relationships.unblock, "write:blocks", options=_STILL),
    Route("POST", f"{_A}/{{id}}/mute", relationships.mute, "write:mutes", options=_STILL),
    Route("POST", f"{_A}/{{id}}/unmute", relationships.unmute, "write:mutes", options=_STILL),
    Route("POST", f"{_A}/{{id}}/note", relationships.set_note, "write:accounts", options=_STILL),
    Route("GET", "/api/v1/blocks", relationships.blocks, "read:blocks"),
    Route("GET", "/api/v1/mutes", relationships.mutes, "read:mutes"),
    Route("GET", "/api/v1/follow_requests", relationships.follow_requests, "read:follows"),
    Route(
        "POST",
        "/api/v1/follow_requests/{id}/authorize",
        relationships.accept_request,
        "write:follows",
    ),
    Route(
        "POST",
        "/api/v1/follow_requests/{id}/reject",
        relationships.reject_request,
        "write:follows",
        options=_STILL,
    ),
)

_S = "/api/v1/statuses"

STATUSES = (
    Route("POST", _S, statuses.create_status, "write:statuses", "post"),
    Route("GET", _S, statuses.show_statuses, "read:statuses?"),
    Route("GET", f"{_S}/{{id}}", statuses.show_status, "read:statuses?"),
    Route("PUT", f"{_S}/{{id}}", statuses.edit_status, "write:statuses", "post"),
    Route(
        "DELETE",
        f"{_S}/{{id}}",
        statuses.delete_status,
        "write:statuses",
        "delete",
        options=_STILL,
    ),
    Route("GET", f"{_S}/{{id}}/context", statuses.show_context, "read:statuses?"),
    Route("GET", f"{_S}/{{id}}/source", statuses.show_source, "read:statuses"),
    Route("GET", f"{_S}/{{id}}/history", statuses.show_history, "read:statuses?"),
    Route("GET", f"{_S}/{{id}}/favourited_by", absences.nothing, "read:statuses?"),
    Route("GET", f"{_S}/{{id}}/reblogged_by", absences.nothing, "read:statuses?"),
    Route("GET", "/api/v1/bookmarks", absences.nothing, "read:bookmarks"),
    Route("GET", "/api/v1/favourites", absences.nothing, "read:favourites"),
)

TIMELINES = (
    Route("GET", "/api/v1/timelines/home", timelines.home, "read:statuses"),
    Route("GET", "/api/v1/timelines/public", timelines.public, "read:statuses?"),
    Route("GET", f"{_A}/{{id}}/statuses", timelines.account_statuses, "read:statuses?"),
    Route("GET", "/api/v2/search", timelines.search, "read:search?"),
    Route("GET", "/api/v1/search", timelines.search, "read:search?"),
)

_N = "/api/v1/notifications"

NOTIFICATIONS = (
    Route("GET", _N, notifications.show_notifications, "read:notifications"),
    Route("GET", f"{_N}/unread_count", notifications.unread_count, "read:notifications"),
    Route("POST", f"{_N}/clear", notifications.clear, "write:notifications", options=_STILL),
    Route("GET", f"{_N}/{{id}}", notifications.show_notification, "read:notifications"),
    Route(
        "POST",
        f"{_N}/{{id}}/dismiss",
        notifications.dismiss,
        "write:notifications",
        options=_STILL,
    ),
)

_MEMBERS = "/api/v1/admin/accounts"

MEMBERS = (
    Route("GET", "/api/v2/admin/accounts", admin_accounts.waiting, "admin:read:accounts"),
    Route("GET", f"{_MEMBERS}/{{id}}", admin_accounts.show, "admin:read:accounts"),
    Route("POST", f"{_MEMBERS}/{{id}}/approve", admin_accounts.approve, "admin:write:accounts"),
    Route("POST", f"{_MEMBERS}/{{id}}/confirm", admin_accounts.confirm, "admin:write:accounts"),
)

ABSENCES = (
    Route("GET", "/api/v1/custom_emojis", absences.nothing, "open"),
    Route("GET", "/api/v1/announcements", absences.nothing, "public"),
    Route("GET", "/api/v1/instance/peers", absences.nothing, "open"),
    Route("GET", "/api/v1/instance/activity", absences.nothing, "open"),
    Route("GET", "/api/v1/instance/domain_blocks", absences.nothing, "open"),
    Route("GET", "/api/v1/instance/translation_languages", absences.no_entries, "open"),
    Route("GET", "/api/v1/directory", absences.nothing, "open"),
    Route("GET", "/api/v1/trends", absences.nothing, "public"),
    Route("GET", "/api/v1/trends/tags", absences.nothing, "public"),
    Route("GET", "/api/v1/trends/statuses", absences.nothing, "public"),
    Route("GET", "/api/v1/trends/links", absences.nothing, "public"),
    Route("GET", "/api/v1/filters", absences.nothing, "read:filters"),
    Route("GET", "/api/v2/filters", absences.nothing, "read:filters"),
    Route("GET", "/api/v1/lists", absences.nothing, "read:lists"),
    Route("GET", "/api/v1/endorsements", absences.nothing, "read:accounts"),
    Route("GET", "/api/v1/featured_tags", absences.nothing, "read:accounts"),
    Route("GET", "/api/v1/followed_tags", absences.nothing, "read:follows"),
    Route("GET", "/api/v1/domain_blocks", absences.nothing, "read:blocks"),
    Route("GET", "/api/v1/suggestions", absences.nothing, "read:accounts"),
    Route("GET", "/api/v2/suggestions", absences.nothing, "read:accounts"),
    Route("GET", "/api/v1/conversations", absences.nothing, "read:statuses"),
    Route("GET", "/api/v1/scheduled_statuses", absences.nothing, "read:statuses"),
)

ROUTES: tuple[Route, ...] = (
    *OAUTH,
    *INSTANCE,
    *ACCOUNTS,
    *RELATIONSHIPS,
    *MEMBERS,
    *STATUSES,
    *TIMELINES,
    *NOTIFICATIONS,
    *ABSENCES,
    *JUDGEMENT,
)
