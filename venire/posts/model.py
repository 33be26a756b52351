"""Nouns: a post, what a member hands in to make one, a page of them, a notification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from venire.kernel.ids import AccountId, PostId
from venire.posts.media.model import Attachment

T = TypeVar("T")

PUBLIC: Final = "public"
UNLISTED: Final = "unlisted"
PRIVATE: Final = "private"
DIRECT: Final = "direct"
VISIBILITIES: Final = (PUBLIC, UNLISTED, PRIVATE, DIRECT)
"""From the widest to the narrowest: everyone, everyone who looks, followers, those mentioned."""
LISTED: Final = frozenset({PUBLIC, UNLISTED})
"""What detectors, the search index, audits and panels may read."""

VISIBLE: Final = "visible"
HELD: Final = "held"
REMOVED: Final = "removed"
DELETED: Final = "deleted"

ANYONE: Final = "anyone"
FOLLOWERS: Final = "followers"
MENTIONED: Final = "mentioned"
REPLY_POLICIES: Final = (ANYONE, FOLLOWERS, MENTIONED)
"""Who may answer a post, from the widest to the narrowest; its author always may."""
NOBODY: Final = "nobody"
QUOTE_POLICIES: Final = (PUBLIC, FOLLOWERS, NOBODY)
"""Who may quote a post, in Mastodon's words."""

PENDING: Final = "pending"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
REVOKED: Final = "revoked"
"""What a quoted post's author said to being quoted."""


class Mention(msgspec.Struct, frozen=True):
    """An account that a post names; usernames do not change."""

    id: AccountId
    username: str


class Application(msgspec.Struct, frozen=True):
    """The client program that a post was written with."""

    name: str
    website: str | None = None


class Poll(msgspec.Struct, frozen=True):
    """The question of a post. Its id is the post's; an edit of it begins a new `round` of votes."""

    options: tuple[str, ...]
    multiple: bool
    ends_at_ms: int
    hide_totals: bool = False
    round: int = 1


class Post(msgspec.Struct, frozen=True):
    """A post as it is stored, whatever its state. `tags` are in lower case, without the sign.

    One with `reblog_of_id` shows another post to its author's followers and says nothing itself.
    """

    id: PostId
    version: int
    author_id: AccountId
    text: str
    html: str
    spoiler: str
    visibility: str
    language: str | None
    sensitive: bool
    in_reply_to_id: PostId | None
    in_reply_to_account_id: AccountId | None
    conversation_id: int
    mentions: tuple[Mention, ...]
    tags: tuple[str, ...]
    uri: str
    created_at_ms: int
    edited_at_ms: int | None = None
    state: str = VISIBLE
    state_case_id: int | None = None
    state_rule: int | None = None
    state_at_ms: int | None = None
    reblog_of_id: PostId | None = None
    reblog_author_id: AccountId | None = None
    attachments: tuple[Attachment, ...] = ()
    poll: Poll | None = None
    quoted_id: PostId | None = None
    quoted_author_id: AccountId | None = None
    quote_state: str | None = None
    quote_policy: str = PUBLIC
    reply_policy: str = ANYONE
    local_only: bool = False
    application: Application | None = None
    withheld_in: frozenset[str] = frozenset()
    """Countries in which an authority's order keeps it from being shown."""
    label: str = ""
    """The words that a verdict has put before it, as a content warning; empty for none."""
    demoted: bool = False
    """Whether a verdict keeps it from public pages, hashtags, search and trends."""

    @property
    def warning(self) -> str:
        """What stands before it: the words of a verdict, and its author's own."""
        if not self.label:
            return self.spoiler
        return f"{self.label} · {self.spoiler}" if self.spoiler else self.label

    @property
    def mentioned_ids(self) -> frozenset[AccountId]:
        """Whom it names."""
        return frozenset(mention.id for mention in self.mentions)

    @property
    def replies_to_other(self) -> bool:
        """Whether it answers somebody else: such posts stay off public pages."""
        return self.in_reply_to_account_id not in {None, self.author_id}


class PollDraft(msgspec.Struct, frozen=True):
    """A question as it is handed in: open for so many seconds."""

    options: tuple[str, ...]
    expires_in_s: int
    multiple: bool = False
    hide_totals: bool = False


class Draft(msgspec.Struct, frozen=True):
    """What a member hands in. None leaves a choice to their preferences."""

    text: str
    spoiler: str = ""
    visibility: str | None = None
    language: str | None = None
    sensitive: bool | None = None
    in_reply_to_id: int | None = None
    idempotency_key: str | None = None
    media_ids: tuple[int, ...] = ()
    poll: PollDraft | None = None
    quoted_id: int | None = None
    quote_policy: str | None = None
    reply_policy: str | None = None
    local_only: bool = False
    application: Application | None = None


class MediaChange(msgspec.Struct, frozen=True):
    """What an edit changes of an attached medium; None leaves a thing as it is."""

    id: int
    description: str | None = None
    focus: tuple[float, float] | None = None


class Edit(msgspec.Struct, frozen=True):
    """What an author changes; None leaves a thing as it is."""

    text: str | None = None
    spoiler: str | None = None
    language: str | None = None
    sensitive: bool | None = None
    media_ids: tuple[int, ...] | None = None
    media_changes: tuple[MediaChange, ...] = ()
    poll: PollDraft | None = None
    quote_policy: str | None = None


class Version(msgspec.Struct, frozen=True):
    """What a post said from `at_ms` on, until the next version."""

    html: str
    spoiler: str
    sensitive: bool
    at_ms: int
    attachments: tuple[Attachment, ...] = ()
    poll: Poll | None = None


class Relation(msgspec.Struct, frozen=True):
    """What stands between a viewer and an author, as far as it decides what is shown."""

    following: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False


class Entry(msgspec.Struct, frozen=True):
    """A post as a list has it: what is needed to pass it over without loading it."""

    id: int
    author_id: int
    in_reply_to_account_id: int | None = None
    visibility: str = PUBLIC
    reblog_of_id: int | None = None
    reblog_author_id: int | None = None
    has_media: bool = False

    @property
    def replies_to_other(self) -> bool:
        """Whether it answers somebody else."""
        return self.in_reply_to_account_id not in {None, self.author_id}


class Window(msgspec.Struct, frozen=True):
    """Which part of a list a client asks for: ids, exclusive, as Mastodon has them.

    `max_id`: below it. `since_id`: the newest above it. `min_id`: those just above it.
    """

    limit: int = 20
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @property
    def rising(self) -> bool:
        """Whether it is filled from the bottom."""
        return self.min_id is not None

    @property
    def above(self) -> int | None:
        """The lower bound."""
        bounds = [bound for bound in (self.min_id, self.since_id) if bound is not None]
        return max(bounds) if bounds else None


class Stretch(msgspec.Struct, frozen=True):
    """Part of a list: `count` entries with above < id < below, from its bottom or its top."""

    above: int | None
    below: int | None
    count: int
    rising: bool = False

    @property
    def above_key(self) -> tuple[int] | None:
        """The lower bound as the storage verbs take it."""
        return None if self.above is None else (self.above,)

    @property
    def below_key(self) -> tuple[int] | None:
        """The upper bound as the storage verbs take it."""
        return None if self.below is None else (self.below,)

    def fewer(self, found: int) -> Stretch:
        """The same with `found` entries less to find."""
        return msgspec.structs.replace(self, count=self.count - found)

    def beyond(self, last: int) -> Stretch:
        """What follows an entry."""
        if self.rising:
            return msgspec.structs.replace(self, above=last)
        return msgspec.structs.replace(self, below=last)

    def within(self, *, above: int | None = None, below: int | None = None) -> Stretch:
        """The part of it between two more bounds."""
        lows = [bound for bound in (self.above, above) if bound is not None]
        highs = [bound for bound in (self.below, below) if bound is not None]
        return msgspec.structs.replace(
            self, above=max(lows, default=None), below=min(highs, default=None)
        )


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page, newest first, and where the neighbouring ones begin (None: there is none).

    `older` is the `max_id` of the next page, `newer` the `min_id` of the one before.
    """

    items: Sequence[T]
    older: int | None
    newer: int | None


class Context(msgspec.Struct, frozen=True):
    """What a post answers, oldest first, and what answers it, in reading order."""

    ancestors: Sequence[Post]
    descendants: Sequence[Post]


class Notification(msgspec.Struct, frozen=True):
    """Something an account is told; `id` is that of the event it follows from."""

    id: int
    account_id: AccountId
    type: str
    from_id: AccountId
    post_id: PostId | None
    data: dict[str, object] | None
