"""Tables of hashtags: where posts stand under them, who follows and features them, their use."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class TagPostRow(msgspec.Struct, frozen=True):
    """A public post under one of its tags; `month` is counted from year 0."""

    tag: str
    month: int
    shard: int
    post_id: int
    author_id: int
    has_media: bool


class TagMonthRow(msgspec.Struct, frozen=True):
    """A month in which a tag was used."""

    tag: str
    month: int


class FollowedTagRow(msgspec.Struct, frozen=True):
    """A tag whose posts stand in an account's home."""

    account_id: int
    tag: str
    follow_id: int


class FeaturedTagRow(msgspec.Struct, frozen=True):
    """A tag on an account's profile, with how often that account used it."""

    account_id: int
    tag: str
    id: int
    statuses: int
    last_status_at_ms: int | None
    counted_through: int


class TagDayRow(msgspec.Struct, frozen=True):
    """How often a tag was used on a day (days since 1970, UTC), and by how many accounts."""

    tag: str
    day: int
    uses: int
    accounts: int
    counted_through: int


class TagUserRow(msgspec.Struct, frozen=True):
    """Who used a tag on a day; `sequence` is the journal place of their first use."""

    tag: str
    day: int
    account_id: int
    sequence: int


class LeadersRow(msgspec.Struct, frozen=True):
    """The most used of a kind on a day (0: lately), a few hundred at most, as JSON."""

    kind: str
    day: int
    body: bytes


class WeekRow(msgspec.Struct, frozen=True):
    """What happened on this site in a week (weeks since 1970, from Monday, UTC)."""

    site: str
    week: int
    statuses: int
    registrations: int
    active: int
    counted_through: int


class WeekAuthorRow(msgspec.Struct, frozen=True):
    """Who posted in a week; `sequence` is the journal place of their first post in it."""

    week: int
    shard: int
    account_id: int
    sequence: int


TAG_POSTS = Table(
    name="tag_posts",
    row=TagPostRow,
    question="Which public posts stand under this tag?",
    partition=("tag", "month", "shard"),
    clustering=("post_id",),
    descending=True,
    aggregate="post:{post_id}",
    subject=("author_id",),
    retention="as the post",
)
TAG_MONTHS = Table(
    name="tag_months",
    row=TagMonthRow,
    question="In which months was this tag used?",
    partition=("tag",),
    clustering=("month",),
    descending=True,
    aggregate="tag_month:{tag}:{month}",
    retention="for ever",
)
FOLLOWED_TAGS = Table(
    name="followed_tags",
    row=FollowedTagRow,
    question="Which tags does this account follow?",
    partition=("account_id",),
    clustering=("tag",),
    aggregate="followed_tag:{account_id}:{tag}",
    subject=("account_id",),
    retention="until followed no longer",
)
FEATURED_TAGS = Table(
    name="featured_tags",
    row=FeaturedTagRow,
    question="Which tags are on this account's profile?",
    partition=("account_id",),
    clustering=("tag",),
    aggregate="featured_tag:{account_id}:{tag}",
    guarded=True,
    subject=("account_id",),
    retention="until featured no longer",
)
TAG_DAYS = Table(
    name="tag_days",
    row=TagDayRow,
    question="How often was this tag used on each of the last days?",
    partition=("tag",),
    clustering=("day",),
    descending=True,
    aggregate="tag_day:{tag}:{day}",
    retention="9 days",
    expires=True,
)
TAG_USERS = Table(
    name="tag_users",
    row=TagUserRow,
    question="Has this account used this tag on this day?",
    partition=("tag", "day"),
    clustering=("account_id",),
    aggregate="tag_day:{tag}:{day}",
    subject=("account_id",),
    retention="2 days",
    expires=True,
)
LEADERS = Table(
    name="leaders",
    row=LeadersRow,
    question="What was used most on this day?",
    partition=("kind",),
    clustering=("day",),
    descending=True,
    aggregate="leaders:{kind}:{day}",
    retention="9 days",
    expires=True,
    wide=True,
)
WEEKS = Table(
    name="site_weeks",
    row=WeekRow,
    question="What happened on this site week by week?",
    partition=("site",),
    clustering=("week",),
    descending=True,
    aggregate="site_week:{site}:{week}",
    retention="for ever",
)
WEEK_AUTHORS = Table(
    name="week_authors",
    row=WeekAuthorRow,
    question="Has this account posted in this week?",
    partition=("week", "shard"),
    clustering=("account_id",),
    aggregate="week_author:{week}:{account_id}",
    subject=("account_id",),
    retention="2 weeks",
    expires=True,
)

TABLES = (
    TAG_POSTS,
    TAG_MONTHS,
    FOLLOWED_TAGS,
    FEATURED_TAGS,
    TAG_DAYS,
    TAG_USERS,
    LEADERS,
    WEEKS,
    WEEK_AUTHORS,
)
