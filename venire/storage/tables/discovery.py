"""Tables of what members decide about others at large, and what the site announces."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class DomainBlockRow(msgspec.Struct, frozen=True):
    """Another site of which a member wants to see nothing."""

    account_id: int
    domain: str
    block_id: int


class ProfileChoiceRow(msgspec.Struct, frozen=True):
    """What a member's profile page shows; `attribution_domains` is JSON."""

    account_id: int
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: bytes


class AnnouncementRow(msgspec.Struct, frozen=True):
    """Something the site tells all its members."""

    site: str
    id: int
    text: str
    starts_at_ms: int | None
    ends_at_ms: int | None
    all_day: bool
    published_at_ms: int
    updated_at_ms: int


class SeenAnnouncementRow(msgspec.Struct, frozen=True):
    """An announcement that a member has put away."""

    account_id: int
    announcement_id: int


class ReactionTallyRow(msgspec.Struct, frozen=True):
    """How often each sign was put under an announcement, as JSON."""

    announcement_id: int
    version: int
    counts: bytes


class ReactionRow(msgspec.Struct, frozen=True):
    """A sign that a member put under an announcement."""

    announcement_id: int
    account_id: int
    name: str


DOMAIN_BLOCKS = Table(
    name="domain_blocks",
    row=DomainBlockRow,
    question="Of which other sites does this account want to see nothing?",
    partition=("account_id",),
    clustering=("domain",),
    aggregate="domain_block:{account_id}:{domain}",
    guarded=True,
    subject=("account_id",),
    retention="until undone",
)
PROFILE_CHOICES = Table(
    name="profile_choices",
    row=ProfileChoiceRow,
    question="What does this account's profile page show?",
    partition=("account_id",),
    aggregate="profile_choice:{account_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
ANNOUNCEMENTS = Table(
    name="announcements",
    row=AnnouncementRow,
    question="What does the site tell its members?",
    partition=("site",),
    clustering=("id",),
    descending=True,
    aggregate="announcement:{id}",
    retention="until withdrawn",
    wide=True,
)
SEEN_ANNOUNCEMENTS = Table(
    name="seen_announcements",
    row=SeenAnnouncementRow,
    question="Which announcements has this account put away?",
    partition=("account_id",),
    clustering=("announcement_id",),
    descending=True,
    aggregate="seen_announcement:{account_id}:{announcement_id}",
    subject=("account_id",),
    retention="until the account is erased",
)
REACTION_TALLIES = Table(
    name="announcement_tallies",
    row=ReactionTallyRow,
    question="Which signs are under this announcement, and how many of each?",
    partition=("announcement_id",),
    aggregate="announcement_reactions:{announcement_id}",
    version="version",
    retention="as the announcement",
)
REACTIONS = Table(
    name="announcement_reactions",
    row=ReactionRow,
    question="Which signs did this account put under this announcement?",
    partition=("announcement_id", "account_id"),
    clustering=("name",),
    aggregate="announcement_reactions:{announcement_id}",
    subject=("account_id",),
    retention="until taken back, or the account is erased",
)

TABLES = (
    DOMAIN_BLOCKS,
    PROFILE_CHOICES,
    ANNOUNCEMENTS,
    SEEN_ANNOUNCEMENTS,
    REACTION_TALLIES,
    REACTIONS,
)
