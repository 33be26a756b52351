"""Tables of lists: what a member called them, who is on them."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class ListRow(msgspec.Struct, frozen=True):
    """A member's list; `size` is how many accounts are on it.

    `replies` says whose answers it shows: followed, list or none. The posts of those on an
    `exclusive` one stay out of its owner's home.
    """

    owner_id: int
    id: int
    version: int
    title: str
    replies: str
    exclusive: bool
    size: int


class ListMemberRow(msgspec.Struct, frozen=True):
    """An account on a list."""

    list_id: int
    member_id: int


class ListingRow(msgspec.Struct, frozen=True):
    """The same, found from the account."""

    owner_id: int
    member_id: int
    list_id: int


LISTS = Table(
    name="lists",
    row=ListRow,
    question="Which lists has this account?",
    partition=("owner_id",),
    clustering=("id",),
    aggregate="list:{id}",
    subject=("owner_id",),
    version="version",
    retention="until its owner deletes it, or is erased",
)
LIST_MEMBERS = Table(
    name="list_members",
    row=ListMemberRow,
    question="Who is on this list?",
    partition=("list_id",),
    clustering=("member_id",),
    descending=True,
    aggregate="list:{list_id}",
    subject=("member_id",),
    retention="until taken off, or no longer followed",
)
LISTINGS = Table(
    name="listings",
    row=ListingRow,
    question="On which lists of this account is that one?",
    partition=("owner_id",),
    clustering=("member_id", "list_id"),
    aggregate="list:{list_id}",
    subject=("owner_id", "member_id"),
    retention="until taken off, or no longer followed",
)

TABLES = (LISTS, LIST_MEMBERS, LISTINGS)
