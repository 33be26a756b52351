"""Mastodon's `List`. Source: docs.joinmastodon.org/entities/List."""

from __future__ import annotations

import msgspec

from venire.storage.tables.lists import ListRow


class ListEntity(msgspec.Struct, frozen=True):
    """A list of accounts that its owner reads apart."""

    id: str
    title: str
    replies_policy: str
    exclusive: bool


def build_list(row: ListRow) -> ListEntity:
    """The entity of a list."""
    return ListEntity(str(row.id), row.title, row.replies, row.exclusive)
