"""Tables of filters: what an account does not want to read, and the version it is cached by."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class FilterSetRow(msgspec.Struct, frozen=True):
    """The head of an account's filters: it moves with each change of any of them."""

    account_id: int
    version: int
    changed_at_ms: int


class FilterRow(msgspec.Struct, frozen=True):
    """A filter whole: `contexts`, `keywords` and `statuses` are JSON."""

    account_id: int
    id: int
    title: str
    action: str
    contexts: bytes
    keywords: bytes
    statuses: bytes
    expires_at_ms: int | None


FILTER_SETS = Table(
    name="filter_sets",
    row=FilterSetRow,
    question="Did this account's filters change?",
    partition=("account_id",),
    aggregate="filters:{account_id}",
    subject=("account_id",),
    version="version",
    retention="until the account is erased",
)
FILTERS = Table(
    name="filters",
    row=FilterRow,
    question="What does this account not want to read?",
    partition=("account_id",),
    clustering=("id",),
    aggregate="filters:{account_id}",
    subject=("account_id",),
    retention="until removed by its owner",
    wide=True,
)

TABLES = (FILTER_SETS, FILTERS)
