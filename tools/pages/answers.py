"""What operations answer, as types: the one list, by method and path.

An operation that is not here answers JSON of any shape with 200; a path that no route has fails a
test. Statuses are written by hand in the API, piece by piece: `Status` is what the pieces make.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from tools.pages.operations import STREAMS, key_of
from venire.api.conversations import ConversationEntity
from venire.api.discovery import SuggestionEntity
from venire.api.entities.account import AccountEntity, CredentialAccountEntity, MutedAccountEntity
from venire.api.entities.announcement import AnnouncementEntity
from venire.api.entities.application import (
    ApplicationEntity,
    CredentialApplicationEntity,
    TokenEntity,
)
from venire.api.entities.filter import (
    FilterKeywordEntity,
    FilterResultEntity,
    FilterStatusEntity,
    FilterV1Entity,
    WholeFilterEntity,
)
from venire.api.entities.instance import RuleEntity
from venire.api.entities.list import ListEntity
from venire.api.entities.media import MediaAttachmentEntity
from venire.api.entities.moving import (
    BegunEntity,
    ExportEntity,
    ExportsEntity,
    ImportEntity,
    LinkEntity,
)
from venire.api.entities.notification_group import ResultsEntity
from venire.api.entities.poll import PollEntity
from venire.api.entities.profile import ProfileEntity
from venire.api.entities.relationship import RelationshipEntity
from venire.api.entities.status import EditEntity, SourceEntity
from venire.api.entities.status_body import StatusBody
from venire.api.entities.tag import FeaturedTagEntity, TagEntity
from venire.api.notification_policy import PolicyEntity, PolicyV1Entity, RequestEntity
from venire.api.push import SubscriptionEntity
from venire.api.reading import MarkerEntity


class QuoteApproval(msgspec.Struct, frozen=True):
    """Who may quote a post."""

    automatic: list[str]
    manual: list[str]
    current_user: str


class Quote(msgspec.Struct, frozen=True, omit_defaults=True):
    """A quoted post, or how the quote stands. A quote within a quote is an id."""

    state: str
    quoted_status: Status | None = None
    quoted_status_id: str | None = None


class Status(StatusBody, frozen=True, kw_only=True):
    """A post as a viewer sees it."""

    account: AccountEntity
    replies_count: int
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    favourited: bool
    reblogged: bool
    bookmarked: bool
    muted: bool
    pinned: bool
    quote_approval: QuoteApproval
    reblog: Status | None
    poll: PollEntity | None
    quote: Quote | None
    filtered: list[FilterResultEntity]


class Context(msgspec.Struct, frozen=True):
    """What stands around a post."""

    ancestors: list[Status]
    descendants: list[Status]


class Notification(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody was told."""

    id: str
    type: str
    group_key: str
    created_at: str
    account: AccountEntity
    status: Status | None = None


class Found(msgspec.Struct, frozen=True):
    """What a search found."""

    accounts: list[AccountEntity]
    statuses: list[Status]
    hashtags: list[Any]


class Nothing(msgspec.Struct, frozen=True):
    """An object without anything in it."""


class Unread(msgspec.Struct, frozen=True):
    """How many notifications were not read yet."""

    count: int


class Media(NamedTuple):
    """An answer that is not JSON of 200 alone; `refusals` that do not follow from what it is."""

    kind: str = "application/json"
    statuses: tuple[int, ...] = (200,)
    refusals: tuple[int, ...] = ()


File = Media("*/*", (200, 206, 304), (416,))
Image = Media("image/png")
Events = Media("text/event-stream")
Text = Media("text/plain")
Bytes = Media("application/octet-stream")
Page = Media("text/html", (200, 302, 303))

_A, _S, _N = "/api/v1/accounts/{id}", "/api/v1/statuses/{id}", "/api/v1/notifications"
_REACTIONS = "favourite unfavourite bookmark unbookmark reblog unreblog pin unpin mute unmute"
_TIES = "follow unfollow remove_from_followers block unblock mute unmute note endorse unendorse"
_TIES += " pin unpin"
_TAGS = "follow unfollow feature unfeature"

ANSWERS: dict[str, Any] = {
    "POST /oauth/token": TokenEntity,
    "POST /api/v1/apps": CredentialApplicationEntity,
    "GET /api/v1/apps/verify_credentials": ApplicationEntity,
    "GET /api/v1/instance/rules": list[RuleEntity],
    "POST /api/v1/accounts": TokenEntity,
    "GET /api/v1/accounts": list[AccountEntity],
    "GET /api/v1/accounts/verify_credentials": CredentialAccountEntity,
    "PATCH /api/v1/accounts/update_credentials": CredentialAccountEntity,
    "GET /api/v1/accounts/lookup": AccountEntity,
    "GET /api/v1/accounts/search": list[AccountEntity],
    "GET /api/v1/accounts/relationships": list[RelationshipEntity],
    f"GET {_A}": AccountEntity,
    f"GET {_A}/followers": list[AccountEntity],
    f"GET {_A}/following": list[AccountEntity],
    f"GET {_A}/statuses": list[Status],
    **{f"POST {_A}/{tie}": RelationshipEntity for tie in _TIES.split()},
    "GET /api/v1/blocks": list[AccountEntity],
    "GET /api/v1/mutes": list[MutedAccountEntity],
    "GET /api/v1/endorsements": list[AccountEntity],
    "GET /api/v1/directory": list[AccountEntity],
    "GET /api/v1/follow_requests": list[AccountEntity],
    "POST /api/v1/follow_requests/{id}/authorize": RelationshipEntity,
    "POST /api/v1/follow_requests/{id}/reject": RelationshipEntity,
    "GET /api/v1/markers": dict[str, MarkerEntity],
    "POST /api/v1/markers": dict[str, MarkerEntity],
    "GET /api/v1/statuses": list[Status],
    f"GET {_S}": Status,
    f"PUT {_S}": Status,
    f"GET {_S}/context": Context,
    f"GET {_S}/source": SourceEntity,
    f"GET {_S}/history": list[EditEntity],
    f"GET {_S}/favourited_by": list[AccountEntity],
    f"GET {_S}/reblogged_by": list[AccountEntity],
    f"GET {_S}/quotes": list[Status],
    **{f"POST {_S}/{reaction}": Status for reaction in _REACTIONS.split()},
    "GET /api/v1/bookmarks": list[Status],
    "GET /api/v1/favourites": list[Status],
    "GET /api/v1/polls/{id}": PollEntity,
    "POST /api/v1/polls/{id}/votes": PollEntity,
    "GET /api/v1/timelines/home": list[Status],
    "GET /api/v1/timelines/public": list[Status],
    "GET /api/v1/timelines/tag/{name}": list[Status],
    "GET /api/v1/timelines/list/{id}": list[Status],
    "GET /api/v2/search": Found,
    f"GET {_N}": list[Notification],
    f"GET {_N}/{{id}}": Notification,
    f"POST {_N}/clear": Nothing,
    f"POST {_N}/{{id}}/dismiss": Nothing,
    f"GET {_N}/policy": PolicyV1Entity,
    "GET /api/v2/notifications/policy": PolicyEntity,
    "PATCH /api/v2/notifications/policy": PolicyEntity,
    f"GET {_N}/requests": list[RequestEntity],
    "GET /api/v2/filters": list[WholeFilterEntity],
    "POST /api/v2/filters": WholeFilterEntity,
    "GET /api/v2/filters/{id}": WholeFilterEntity,
    "PUT /api/v2/filters/{id}": WholeFilterEntity,
    "DELETE /api/v2/filters/{id}": Nothing,
    "GET /api/v2/filters/{filter_id}/keywords": list[FilterKeywordEntity],
    "POST /api/v2/filters/{filter_id}/keywords": FilterKeywordEntity,
    "GET /api/v2/filters/{filter_id}/statuses": list[FilterStatusEntity],
    "POST /api/v2/filters/{filter_id}/statuses": FilterStatusEntity,
    "GET /api/v1/filters": list[FilterV1Entity],
    "POST /api/v1/filters": FilterV1Entity,
    "GET /api/v1/filters/{id}": FilterV1Entity,
    "PUT /api/v1/filters/{id}": FilterV1Entity,
    "GET /api/v2/filters/keywords/{id}": FilterKeywordEntity,
    "PUT /api/v2/filters/keywords/{id}": FilterKeywordEntity,
    "DELETE /api/v2/filters/keywords/{id}": Nothing,
    "GET /api/v2/filters/statuses/{id}": FilterStatusEntity,
    "DELETE /api/v2/filters/statuses/{id}": FilterStatusEntity,
    "DELETE /api/v1/filters/{id}": Nothing,
    "GET /api/v2/notifications": ResultsEntity,
    "GET /api/v2/notifications/{group_key}": ResultsEntity,
    "GET /api/v2/notifications/{group_key}/accounts": list[AccountEntity],
    "GET /api/v2/notifications/unread_count": Unread,
    "GET /api/v1/notifications/unread_count": Unread,
    "GET /api/v1/notifications/requests/{id}": RequestEntity,
    "GET /api/v1/push/subscription": SubscriptionEntity,
    "POST /api/v1/push/subscription": SubscriptionEntity,
    "PUT /api/v1/push/subscription": SubscriptionEntity,
    "DELETE /api/v1/push/subscription": Nothing,
    "GET /api/v1/lists": list[ListEntity],
    "POST /api/v1/lists": ListEntity,
    "GET /api/v1/lists/{id}": ListEntity,
    "PUT /api/v1/lists/{id}": ListEntity,
    "DELETE /api/v1/lists/{id}": Nothing,
    "GET /api/v1/lists/{id}/accounts": list[AccountEntity],
    "POST /api/v1/lists/{id}/accounts": Nothing,
    "DELETE /api/v1/lists/{id}/accounts": Nothing,
    f"GET {_A}/lists": list[ListEntity],
    **{f"POST /api/v1/tags/{{name}}/{act}": TagEntity for act in _TAGS.split()},
    "GET /api/v1/tags/{name}": TagEntity,
    "GET /api/v1/followed_tags": list[TagEntity],
    "GET /api/v1/featured_tags": list[FeaturedTagEntity],
    "POST /api/v1/featured_tags": FeaturedTagEntity,
    "DELETE /api/v1/featured_tags/{id}": Nothing,
    f"GET {_A}/featured_tags": list[FeaturedTagEntity],
    "GET /api/v1/trends/tags": list[TagEntity],
    "GET /api/v1/trends/statuses": list[Status],
    f"GET {_A}/endorsements": list[AccountEntity],
    "GET /api/v1/suggestions": list[AccountEntity],
    "GET /api/v2/suggestions": list[SuggestionEntity],
    "DELETE /api/v1/suggestions/{id}": Nothing,
    "GET /api/v1/domain_blocks": list[str],
    "POST /api/v1/domain_blocks": Nothing,
    "DELETE /api/v1/domain_blocks": Nothing,
    "GET /api/v1/profile": ProfileEntity,
    "PATCH /api/v1/profile": ProfileEntity,
    "GET /api/v1/announcements": list[AnnouncementEntity],
    "POST /api/v1/media": MediaAttachmentEntity,
    "PUT /api/v1/media/{id}": MediaAttachmentEntity,
    "DELETE /api/v1/media/{id}": Nothing,
    "GET /api/v1/conversations": list[ConversationEntity],
    "POST /api/v1/conversations/{id}/read": ConversationEntity,
    "POST /api/v1/conversations/{id}/unread": ConversationEntity,
    "GET /api/v1/imports": list[ImportEntity],
    "POST /api/v1/imports": BegunEntity,
    "GET /api/v1/imports/{id}": ImportEntity,
    "DELETE /api/v1/imports/{id}": ImportEntity,
    "GET /api/v1/exports": ExportsEntity,
    "POST /api/v1/exports": ExportEntity,
    "GET /api/v1/exports/{id}": ExportEntity,
    "POST /api/v1/exports/{id}/link": LinkEntity,
    "GET /api/v1/accounts/aliases": list[str],
    "POST /api/v1/accounts/aliases": list[str],
    "DELETE /api/v1/accounts/aliases": list[str],
    "POST /api/v1/accounts/move": CredentialAccountEntity,
    "DELETE /api/v1/accounts/move": CredentialAccountEntity,
}
"""The type of the answer 200, for msgspec to make a schema of."""

MEDIA: dict[str, Media] = {
    **{key_of(stream): Events for stream in STREAMS},
    "GET /api/v1/streaming/health": Text,
    "GET /oauth/authorize": Page,
    "POST /oauth/authorize": Page,
    "GET /oauth/authorize/native": Page,
    "GET /health": Text,
    "GET /.well-known/host-meta": Media("application/xrd+xml"),
    "GET /.well-known/webfinger": Media("application/jrd+json"),
    "GET /avatars/original/missing.png": Image,
    "GET /headers/original/missing.png": Image,
    "GET /thumbnail.png": Image,
    "GET /record/checkpoint": Text,
    "GET /.well-known/venire-beacon": Media("text/plain", refusals=(404,)),
    "GET /record/tile/{rest*}": Bytes,
    "GET /record/key": Text,
    "GET /record/former/{epoch}/checkpoint": Media("text/plain", refusals=(404,)),
    "GET /record/former/{epoch}/tile/{rest*}": Bytes,
    "GET /record/former/{epoch}/key": Text,
    "GET /media/revocations": Media("text/plain", refusals=(404,)),
    "GET /media/revocations/{page}": Text,
    "GET /media/{id}/{name}": File,
    "GET /avatars/{id}/{name}": File,
    "GET /headers/{id}/{name}": File,
    "GET /api/v1/imports/{id}/failures.csv": Media("text/csv"),
    "POST /api/v1/imports": Media(statuses=(202,)),
    "POST /api/v1/exports": Media(statuses=(202,)),
    "GET /api/v1/exports/open/{secret}": Media("application/gzip"),
    "GET /api/v1/exports/files/{name}": Media("text/csv"),
    "GET /api/v1/admin/treasury/files/{currency}/{id}": Media("application/xml"),
    "POST /api/v1/notices": Media(statuses=(200, 202)),
    "POST /api/v1/vendors/texts/{name}/{secret}": Media(statuses=(204,)),
    "POST /api/v2/media": Media(statuses=(200, 202)),
    "GET /api/v1/media/{id}": Media(statuses=(200, 206)),
    "GET /api/v1/push/subscription": Media(refusals=(404,)),
}
"""What is not JSON with 200; Media says what is."""
