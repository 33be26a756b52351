"""Tables of the posts room: posts and where they are listed, feeds, notifications, counts."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class PostRow(msgspec.Struct, frozen=True):
    """A post. `mentions` and `tags` are JSON; `html` holds a placeholder for the site's address.

    `state` is visible, held, removed or deleted; `state_case_id` and `state_rule` say by which case
    and under which rule it was last changed. `attachments`, `poll` and `application` are JSON: what
    they were when the post was made or last edited. A post with `reblog_of_id` shows another one
    and says nothing itself. `quote_state` is pending, accepted, rejected or revoked; `quote_policy`
    says who may quote this post, `reply_policy` who may answer it. `withheld_in`: the countries in
    which an authority's order keeps it from being shown, with spaces between. `label`: the words of
    a rule that a verdict has put before it; `demoted`: whether one keeps it from public pages.
    """

    id: int
    version: int
    author_id: int
    text: str
    html: str
    spoiler: str
    visibility: str
    language: str | None
    sensitive: bool
    in_reply_to_id: int | None
    in_reply_to_account_id: int | None
    conversation_id: int
    mentions: bytes
    tags: bytes
    uri: str
    created_at_ms: int
    edited_at_ms: int | None
    state: str
    state_case_id: int | None
    state_rule: int | None
    state_at_ms: int | None
    reblog_of_id: int | None
    reblog_author_id: int | None
    attachments: bytes
    poll: bytes | None
    quoted_id: int | None
    quoted_author_id: int | None
    quote_state: str | None
    quote_policy: str
    reply_policy: str
    local_only: bool
    application: bytes | None
    withheld_in: str = ""
    label: str = ""
    demoted: bool = False


class PostVersionRow(msgspec.Struct, frozen=True):
    """What a post said before an edit: `version` and `at_ms` are those it had then."""

    post_id: int
    version: int
    author_id: int
    text: str
    spoiler: str
    sensitive: bool
    mentions: bytes
    at_ms: int
    attachments: bytes
    poll: bytes | None


class AccountPostRow(msgspec.Struct, frozen=True):
    """A post on its author's page."""

    account_id: int
    year: int
    post_id: int
    visibility: str
    in_reply_to_account_id: int | None
    reblog_of_id: int | None
    reblog_author_id: int | None
    has_media: bool


class AccountYearRow(msgspec.Struct, frozen=True):
    """A year in which an account has posted, written before the first post of that year is."""

    account_id: int
    year: int


class ThreadPostRow(msgspec.Struct, frozen=True):
    """A post in its conversation; buckets double in length from the conversation's first day."""

    conversation_id: int
    bucket: int
    post_id: int
    in_reply_to_id: int | None
    author_id: int


class PublicPostRow(msgspec.Struct, frozen=True):
    """A public post on the day (days since 1970, UTC) it was made."""

    scope: str
    day: int
    shard: int
    post_id: int
    author_id: int
    has_media: bool


class IdempotencyRow(msgspec.Struct, frozen=True):
    """The post that a key of its author was spent on; `key_hash` is the key's SHA-256."""

    author_id: int
    key_hash: bytes
    post_id: int


class FeedRow(msgspec.Struct, frozen=True):
    """A post as it arrived in someone's home: what is needed to filter it without loading it."""

    owner_id: int
    entry_id: int
    author_id: int
    in_reply_to_account_id: int | None
    reblog_of_id: int | None
    reblog_author_id: int | None


class FeedStartRow(msgspec.Struct, frozen=True):
    """From which id on a feed is whole; below it the home is read from its source."""

    owner_id: int
    since_id: int


class PulledAuthorRow(msgspec.Struct, frozen=True):
    """An author with more followers than are written to: its posts are merged in at read."""

    shard: int
    author_id: int


class NotificationRow(msgspec.Struct, frozen=True):
    """A notification; its id is that of the event it follows from. `data` is JSON."""

    account_id: int
    month: int
    id: int
    type: str
    from_id: int
    post_id: int | None
    data: bytes | None


class DismissalRow(msgspec.Struct, frozen=True):
    """A notification that its owner put away: kept apart, so that a retelling changes nothing."""

    account_id: int
    month: int
    id: int


class ToldRow(msgspec.Struct, frozen=True):
    """By which event someone named in an edit was told of it: an edit of an edit tells nobody."""

    post_id: int
    account_id: int
    event_id: int


class ClearedRow(msgspec.Struct, frozen=True):
    """Up to which id an account has cleared its notifications."""

    account_id: int
    through_id: int


class PostCountsRow(msgspec.Struct, frozen=True):
    """How often a post was replied to."""

    post_id: int
    version: int
    replies: int


class CountedReplyRow(msgspec.Struct, frozen=True):
    """Whether a reply is in its parent's count: makes counting the same however often heard."""

    post_id: int
    reply_id: int
    counted: bool


POSTS = Table(
    name="posts",
    row=PostRow,
    question="What does this post say, and may it be shown?",
    partition=("id",),
    aggregate="post:{id}",
    subject=("author_id",),
    version="version",
    retention="until erased with its account; the text of a deleted post until no case needs it",
    wide=True,
)
POST_VERSIONS = Table(
    name="post_versions",
    row=PostVersionRow,
    question="What did this post say before it was edited?",
    partition=("post_id",),
    clustering=("version",),
    aggregate="post:{post_id}",
    subject=("author_id",),
    retention="as the post",
    wide=True,
)
ACCOUNT_POSTS = Table(
    name="account_posts",
    row=AccountPostRow,
    question="What has this account posted?",
    partition=("account_id", "year"),
    clustering=("post_id",),
    descending=True,
    aggregate="post:{post_id}",
    subject=("account_id",),
    retention="as the post",
)
ACCOUNT_YEARS = Table(
    name="account_years",
    row=AccountYearRow,
    question="In which years has this account posted?",
    partition=("account_id",),
    clustering=("year",),
    descending=True,
    aggregate="account_year:{account_id}:{year}",
    subject=("account_id",),
    retention="until the account is erased",
)
THREAD_POSTS = Table(
    name="thread_posts",
    row=ThreadPostRow,
    question="Which posts belong to this conversation?",
    partition=("conversation_id", "bucket"),
    clustering=("post_id",),
    aggregate="post:{post_id}",
    subject=("author_id",),
    retention="as the post",
)
PUBLIC_POSTS = Table(
    name="public_posts",
    row=PublicPostRow,
    question="What was posted publicly on this day?",
    partition=("scope", "day", "shard"),
    clustering=("post_id",),
    descending=True,
    aggregate="post:{post_id}",
    subject=("author_id",),
    retention="30 days",
    expires=True,
)
IDEMPOTENCY = Table(
    name="post_keys",
    row=IdempotencyRow,
    question="Which post was made under this idempotency key?",
    partition=("author_id", "key_hash"),
    aggregate="post:{post_id}",
    guarded=True,
    subject=("author_id",),
    retention="1 hour; for ever where a message of the site was sent under it",
    expires=True,
)
FEEDS = Table(
    name="feeds",
    row=FeedRow,
    question="What is new from those whom this account follows?",
    partition=("owner_id",),
    clustering=("entry_id",),
    descending=True,
    aggregate="feed:{owner_id}",
    subject=("owner_id",),
    retention="until the file is rebuilt",
    rebuildable=True,
)
FEED_STARTS = Table(
    name="feed_starts",
    row=FeedStartRow,
    question="From where on is this feed whole?",
    partition=("owner_id",),
    aggregate="feed:{owner_id}",
    subject=("owner_id",),
    retention="until the file is rebuilt",
    rebuildable=True,
)
PULLED_AUTHORS = Table(
    name="pulled_authors",
    row=PulledAuthorRow,
    question="Whose posts are not written to feeds?",
    partition=("shard",),
    clustering=("author_id",),
    aggregate="pulled:{author_id}",
    subject=("author_id",),
    retention="until the file is rebuilt",
    rebuildable=True,
)
NOTIFICATIONS = Table(
    name="notifications",
    row=NotificationRow,
    question="What has this account been told?",
    partition=("account_id", "month"),
    clustering=("id",),
    descending=True,
    aggregate="notification:{account_id}:{id}",
    subject=("account_id", "from_id"),
    retention="180 days",
    expires=True,
)
DISMISSALS = Table(
    name="notification_dismissals",
    row=DismissalRow,
    question="Which notifications has this account put away?",
    partition=("account_id", "month"),
    clustering=("id",),
    descending=True,
    aggregate="notification:{account_id}:{id}",
    subject=("account_id",),
    retention="180 days",
    expires=True,
)
TOLD = Table(
    name="told_by_edit",
    row=ToldRow,
    question="Was this account told that an edit of this post names it?",
    partition=("post_id",),
    clustering=("account_id",),
    aggregate="told:{post_id}:{account_id}",
    guarded=True,
    subject=("account_id",),
    retention="as the post",
)
CLEARED = Table(
    name="notifications_cleared",
    row=ClearedRow,
    question="Up to where has this account cleared its notifications?",
    partition=("account_id",),
    aggregate="notifications:{account_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
POST_COUNTS = Table(
    name="post_counts",
    row=PostCountsRow,
    question="How many replies has this post?",
    partition=("post_id",),
    aggregate="post_counts:{post_id}",
    version="version",
    retention="as the post; recounted nightly",
)
COUNTED_REPLIES = Table(
    name="counted_replies",
    row=CountedReplyRow,
    question="Which replies are in this post's count?",
    partition=("post_id",),
    clustering=("reply_id",),
    aggregate="post_counts:{post_id}",
    retention="as the post",
)

TABLES = (
    POSTS,
    POST_VERSIONS,
    ACCOUNT_POSTS,
    ACCOUNT_YEARS,
    THREAD_POSTS,
    PUBLIC_POSTS,
    IDEMPOTENCY,
    FEEDS,
    FEED_STARTS,
    PULLED_AUTHORS,
    NOTIFICATIONS,
    DISMISSALS,
    TOLD,
    CLEARED,
    POST_COUNTS,
    COUNTED_REPLIES,
)
