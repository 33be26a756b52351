"""Tables of the notice desk: notices, their items, who may send them."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class NoticeRow(msgspec.Struct, frozen=True):
    """A notice. `body` is `notices.model.Notice` as JSON; `raw_key` the document as it came in."""

    id: int
    provider: str
    reference: str
    state: str
    raw_key: str
    body: bytes
    version: int


class NoticeItemRow(msgspec.Struct, frozen=True):
    """One thing a notice complains about. `body` is `notices.model.NoticeItem` as JSON."""

    notice_id: int
    n: int
    state: str
    body: bytes


class NoticeReferenceRow(msgspec.Struct, frozen=True):
    """(provider, reference) is idempotent: the same notice sent twice is one."""

    provider: str
    reference: str
    notice_id: int


class ProviderNoticeRow(msgspec.Struct, frozen=True):
    """The notices of one body, newest first: its file."""

    provider: str
    notice_id: int
    items: int


class RecentNoticeRow(msgspec.Struct, frozen=True):
    """All notices, newest first, by year."""

    year: int
    notice_id: int
    provider: str


class PostItemRow(msgspec.Struct, frozen=True):
    """Which notice items found this post: so that its case can tell them what became of it."""

    post_id: int
    notice_id: int
    n: int


class HoldBudgetRow(msgspec.Struct, frozen=True):
    """How many holds a provider's notices caused on a day."""

    provider: str
    day: str
    holds: int


NOTICES = Table(
    name="notices",
    row=NoticeRow,
    question="What does this notice say, and how far is it?",
    partition=("id",),
    aggregate="notice:{id}",
    version="version",
    retention="for ever: it is evidence",
    wide=True,
)

NOTICE_ITEMS = Table(
    name="notice_items",
    row=NoticeItemRow,
    question="What became of each item of this notice?",
    partition=("notice_id",),
    clustering=("n",),
    aggregate="notice:{notice_id}",
    guarded=True,
    retention="for ever: it is evidence",
    wide=True,
)

NOTICE_REFERENCES = Table(
    name="notice_by_reference",
    row=NoticeReferenceRow,
    question="Was this provider's reference received before?",
    partition=("provider", "reference"),
    aggregate="notice:{notice_id}",
    guarded=True,
    expires=True,
    retention="for ever",
)

PROVIDER_NOTICES = Table(
    name="notices_by_provider",
    row=ProviderNoticeRow,
    question="What did this body send?",
    partition=("provider",),
    clustering=("notice_id",),
    descending=True,
    aggregate="notice:{notice_id}",
    retention="for ever",
)

RECENT_NOTICES = Table(
    name="notices_by_year",
    row=RecentNoticeRow,
    question="Which notices came last?",
    partition=("year",),
    clustering=("notice_id",),
    descending=True,
    aggregate="notice:{notice_id}",
    retention="for ever",
)

POST_ITEMS = Table(
    name="notice_items_by_post",
    row=PostItemRow,
    question="Which notice items are about this post?",
    partition=("post_id",),
    clustering=("notice_id", "n"),
    aggregate="notice:{notice_id}",
    retention="as the notice",
)

HOLD_BUDGETS = Table(
    name="notice_hold_budgets",
    row=HoldBudgetRow,
    question="How many holds did this provider cause today?",
    partition=("provider", "day"),
    aggregate="budget:{provider}:{day}",
    guarded=True,
    expires=True,
    retention="30 days",
)

TABLES = (
    NOTICES,
    NOTICE_ITEMS,
    NOTICE_REFERENCES,
    PROVIDER_NOTICES,
    RECENT_NOTICES,
    POST_ITEMS,
    HOLD_BUDGETS,
)
