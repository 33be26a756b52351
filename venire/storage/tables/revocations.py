"""Tables of what mirrors of public media may not show any more: a log that only grows."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class RevocationRow(msgspec.Struct, frozen=True):
    """An entry: mirrors may not show its subject any more, or may again.

    `subject`: a medium, `m` and its id, or an account, `a` and its id. A `page` holds 256.
    """

    page: int
    sequence: int
    subject: str
    revoked: bool


class RevokedSubjectRow(msgspec.Struct, frozen=True):
    """What the newest entry about a subject says."""

    subject: str
    revoked: bool
    sequence: int


class RevocationHeadRow(msgspec.Struct, frozen=True):
    """How long the log is, the peaks of its Merkle tree, and the newest signed list."""

    id: int
    version: int
    size: int
    peaks: bytes
    note: bytes
    issued_at_ms: int


REVOCATIONS = Table(
    name="revocations",
    row=RevocationRow,
    question="What does this page of the revocations say?",
    partition=("page",),
    clustering=("sequence",),
    aggregate="revocations",
    retention="for good: numbers alone, of media and accounts that may be gone",
)
REVOKED_SUBJECTS = Table(
    name="revoked_subjects",
    row=RevokedSubjectRow,
    question="May mirrors show this?",
    partition=("subject",),
    aggregate="revocations",
    retention="for good: numbers alone",
)
REVOCATION_HEADS = Table(
    name="revocation_heads",
    row=RevocationHeadRow,
    question="What is the newest signed list of revocations?",
    partition=("id",),
    aggregate="revocations",
    version="version",
    retention="for good",
)

TABLES = (REVOCATIONS, REVOKED_SUBJECTS, REVOCATION_HEADS)
