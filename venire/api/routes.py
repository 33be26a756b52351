"""Every route of the API, in one list. A path that is not here does not exist.

Add a line to the block of its area; a new area is a new block and one more name in `ROUTES`.
What the columns mean: `routing.Route`.
"""

from __future__ import annotations

from venire.api import (
    absences,
    accounts,
    apps,
    authorize,
    instance,
    oauth,
    reading,
    relationships,
    statuses,
    timelines,
)
from venire.api.admin_routes import DOOR, MASTODON_ADMIN
from venire.api.continuity_routes import CONTINUITY
from venire.api.conversation_routes import CONVERSATIONS
from venire.api.discovery_routes import DISCOVERY
from venire.api.factor_routes import FACTORS
from venire.api.fast_lane_routes import FAST_LANE
from venire.api.filter_routes import FILTERS
from venire.api.judgement_routes import JUDGEMENT
from venire.api.list_routes import LISTS
from venire.api.media_routes import MEDIA, PICTURES_BYTES
from venire.api.money_routes import MONEY
from venire.api.moving_routes import MOVING
from venire.api.notification_routes import EMAILS, NOTIFICATIONS, PUSH
from venire.api.office_routes import OFFICE
from venire.api.phone_routes import PHONES
from venire.api.reaction_routes import REACTIONS
from venire.api.routing import Options, Route
from venire.api.scheduled_routes import SCHEDULED
from venire.api.search_routes import SEARCH
from venire.api.site_routes import ABSENT_PARTS, SITE
from venire.api.tag_routes import TAGS

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
    Route(
        "PATCH",
        f"{_A}/update_credentials",
        accounts.update_credentials,
        "write:accounts",
        options=Options(body_bytes=PICTURES_BYTES),
    ),
    Route("GET", f"{_A}/lookup", accounts.lookup, "read:accounts?"),
    Route("GET", f"{_A}/relationships", relationships.show_relationships, "read:follows"),
    Route("GET", f"{_A}/{{id}}", accounts.show_account, "read:accounts?"),
    Route("GET", f"{_A}/{{id}}/followers", accounts.followers, "read:accounts?"),
    Route("GET", f"{_A}/{{id}}/following", accounts.following, "read:accounts?"),
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
)

TIMELINES = (
    Route("GET", "/api/v1/timelines/home", timelines.home, "read:statuses"),
    Route("GET", "/api/v1/timelines/public", timelines.public, "read:statuses?"),
    Route("GET", f"{_A}/{{id}}/statuses", timelines.account_statuses, "read:statuses?"),
)

ABSENCES = (Route("GET", "/api/v1/custom_emojis", absences.nothing, "open"),)

ROUTES: tuple[Route, ...] = (
    *OAUTH,
    *INSTANCE,
    *ACCOUNTS,
    *RELATIONSHIPS,
    *MASTODON_ADMIN,
    *DOOR,
    *STATUSES,
    *REACTIONS,
    *SCHEDULED,
    *TIMELINES,
    *MEDIA,
    *SEARCH,
    *NOTIFICATIONS,
    *PUSH,
    *EMAILS,
    *FILTERS,
    *CONVERSATIONS,
    *LISTS,
    *TAGS,
    *DISCOVERY,
    *SITE,
    *ABSENT_PARTS,
    *ABSENCES,
    *JUDGEMENT,
    *FAST_LANE,
    *OFFICE,
    *MOVING,
    *MONEY,
    *PHONES,
    *FACTORS,
    *CONTINUITY,
)
