"""Tables of copyright: notices, what each names, counter-notices, who was named how often."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class CopyrightNoticeRow(msgspec.Struct, frozen=True):
    """A notice of a claimant, who need not have an account. `body` is JSON: all that they stated.

    `state` is received, accepted, refused or withdrawn. `secret_hash` opens the claimant's page.
    """

    id: int
    version: int
    state: str
    secret_hash: bytes
    body: bytes
    items: int
    received_at_ms: int
    due_at_ms: int
    decided_by: int | None
    reason: str


class CopyrightListRow(msgspec.Struct, frozen=True):
    """A notice, found by its month."""

    month: str
    id: int


class CopyrightItemRow(msgspec.Struct, frozen=True):
    """One address of a notice, and what became of the post there.

    `state` is located, not_found, refused, removed, countered, action_filed, restored, withdrawn or
    stands. `counter` is JSON: what the uploader stated against it.
    """

    notice_id: int
    n: int
    version: int
    url: str
    post_id: int | None
    uploader_id: int | None
    state: str
    case_public_id: str
    counter: bytes | None
    countered_at_ms: int | None
    restore_at_ms: int | None
    restore_by_ms: int | None
    filed: str
    changed_at_ms: int


class CopyrightUploaderRow(msgspec.Struct, frozen=True):
    """A notice item, found by whose post it named: the count of repeat infringers."""

    uploader_id: int
    notice_id: int
    n: int


COPYRIGHT_NOTICES = Table(
    name="copyright_notices",
    row=CopyrightNoticeRow,
    question="What does this claimant state?",
    partition=("id",),
    aggregate="copyright:{id}",
    version="version",
    expires=True,
    retention="3 years, as a claim can be brought; 90 days after its last move at least",
    wide=True,
)
COPYRIGHT_BY_MONTH = Table(
    name="copyright_notices_by_month",
    row=CopyrightListRow,
    question="Which copyright notices came in this month?",
    partition=("month",),
    clustering=("id",),
    descending=True,
    aggregate="copyright:{id}",
    expires=True,
    retention="as the notice",
)
COPYRIGHT_ITEMS = Table(
    name="copyright_items",
    row=CopyrightItemRow,
    question="What became of what this notice names?",
    partition=("notice_id",),
    clustering=("n",),
    aggregate="copyright:{notice_id}",
    subject=("uploader_id",),
    expires=True,
    retention="as the notice",
    wide=True,
)
COPYRIGHT_BY_UPLOADER = Table(
    name="copyright_items_by_uploader",
    row=CopyrightUploaderRow,
    question="How often was this account named, and in which notices?",
    partition=("uploader_id",),
    clustering=("notice_id", "n"),
    descending=True,
    aggregate="copyright:{notice_id}",
    subject=("uploader_id",),
    expires=True,
    retention="as the notice",
)

TABLES = (COPYRIGHT_NOTICES, COPYRIGHT_BY_MONTH, COPYRIGHT_ITEMS, COPYRIGHT_BY_UPLOADER)
