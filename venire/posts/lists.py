"""Lists: accounts whom a member reads apart from the others.

Who is on a list is followed by its owner; an unfollow ends that. A list's timeline is merged at
read from what its members posted, so making one costs nothing and a change shows at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from venire.events import ListChanged, ListDeleted, Unfollowed
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.kernel.ids import AccountId, is_imported
from venire.people.endorsements import unendorse
from venire.people.follows import following_among, is_following
from venire.people.store import load_accounts
from venire.posts.listing import merged_entries
from venire.posts.model import DIRECT, Entry, Page, Post, Stretch, Window
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.storage.tables.lists import (
    LIST_MEMBERS,
    LISTINGS,
    LISTS,
    ListingRow,
    ListMemberRow,
    ListRow,
)
from venire.storage.verbs import Delete, Envelope, Put, Write
from venire.storage.world import World

HEARS = (Unfollowed, ListDeleted)
LISTS_MOST = 100
MEMBERS_MOST = 500
TITLE_LENGTH = 256
FOLLOWED, MEMBERS, NONE = "followed", "list", "none"
REPLIES = (FOLLOWED, MEMBERS, NONE)
"""Whose answers a list shows: to anyone followed, to those on it, to its owner alone."""

_TRIES = 6
_CHUNK = 40
"""Accounts put on or taken off in one commit: two rows each, beside the head."""


class ListChoice(msgspec.Struct, frozen=True):
    """What a member decides about a list; None leaves a thing as it is."""

    title: str | None = None
    replies: str | None = None
    exclusive: bool | None = None


def _check(choice: ListChoice) -> None:
    if choice.title is not None:
        if not choice.title.strip():
            raise Invalid("list_title_blank", "Validation failed: Title can't be blank")
        if len(choice.title) > TITLE_LENGTH:
            hint = "Validation failed: Title is too long"
            raise Invalid("list_title_too_long", hint, limit=TITLE_LENGTH)
    if choice.replies is not None and choice.replies not in REPLIES:
        hint = "Validation failed: Replies policy is not included in the list"
        raise Invalid("list_replies_unknown", hint, choices=list(REPLIES))


def _aggregate(list_id: int) -> str:
    return f"list:{list_id}"


async def lists_of(world: World, owner_id: int) -> list[ListRow]:
    """A member's lists, the oldest first."""
    return await world.storage.range(LISTS, (owner_id,), limit=LISTS_MOST)


async def load_list(world: World, owner_id: int, list_id: int) -> ListRow:
    """One of a member's lists. NotFound `record_not_found`, also for another's."""
    row = await world.storage.get(LISTS, (owner_id, list_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return row


async def create_list(world: World, owner_id: int, choice: ListChoice) -> ListRow:
    """Make a list. Invalid where a title is missing, or there are too many lists."""
    _check(msgspec.structs.replace(choice, title=choice.title or ""))
    if len(await lists_of(world, owner_id)) >= LISTS_MOST:
        hint = "Validation failed: You have as many lists as there may be"
        raise Invalid("too_many_lists", hint, limit=LISTS_MOST)
    row = ListRow(
        owner_id=owner_id,
        id=world.ids.next(),
        version=1,
        title=(choice.title or "").strip(),
        replies=choice.replies or MEMBERS,
        exclusive=bool(choice.exclusive),
        size=0,
    )
    await world.storage.commit(_aggregate(row.id), [Put(LISTS, row)], expect=0)
    return row


async def change_list(world: World, owner_id: int, list_id: int, choice: ListChoice) -> ListRow:
    """Rename a list, or change what it shows."""
    _check(choice)
    for _ in range(_TRIES):
        old = await load_list(world, owner_id, list_id)
        new = msgspec.structs.replace(
            old,
            version=old.version + 1,
            title=old.title if choice.title is None else choice.title.strip(),
            replies=choice.replies or old.replies,
            exclusive=old.exclusive if choice.exclusive is None else choice.exclusive,
        )
        if await _saved(world, new, []):
            return new
    raise Conflict("try_again", "This changed meanwhile: try again")


async def delete_list(world: World, owner_id: int, list_id: int) -> None:
    """Delete a list at once; who was on it is taken off by what hears `ListDeleted`."""
    row = await load_list(world, owner_id, list_id)
    event = ListDeleted(list_id, owner_id)
    await world.storage.commit(_aggregate(list_id), [Delete(LISTS, row)], [event])


async def _saved(world: World, new: ListRow, writes: Sequence[Write]) -> bool:
    try:
        await world.storage.commit(
            _aggregate(new.id),
            [Put(LISTS, new), *writes],
            [ListChanged(new.id, new.owner_id)],
            expect=new.version - 1,
        )
    except Conflict:
        return False
    return True


async def put_on(world: World, owner_id: int, list_id: int, account_ids: Sequence[int]) -> None:
    """Put accounts on a list.

    NotFound `record_not_found` where one is not there or not followed; Invalid
    `already_on_list`, `list_full`. Nothing is done unless all of it can be.
    """
    wanted = list(dict.fromkeys(account_ids))
    there = await load_accounts(world, wanted)
    followed = await following_among(world, owner_id, wanted)
    if any(one not in there or (one not in followed and one != owner_id) for one in wanted):
        raise NotFound("record_not_found", "Record not found")
    keys = [(list_id, one) for one in wanted]
    if any(row is not None for row in await world.storage.get_many(LIST_MEMBERS, keys)):
        raise Invalid("already_on_list", "Validation failed: Account has already been taken")
    if (await load_list(world, owner_id, list_id)).size + len(wanted) > MEMBERS_MOST:
        hint = "Validation failed: This list is full"
        raise Invalid("list_full", hint, limit=MEMBERS_MOST)
    for start in range(0, len(wanted), _CHUNK):
        await _move(world, owner_id, list_id, wanted[start : start + _CHUNK], on=True)


async def take_off(world: World, owner_id: int, list_id: int, account_ids: Sequence[int]) -> None:
    """Take accounts off a list; those that are not on it are passed over."""
    await load_list(world, owner_id, list_id)
    wanted = list(dict.fromkeys(account_ids))
    for start in range(0, len(wanted), _CHUNK):
        await _move(world, owner_id, list_id, wanted[start : start + _CHUNK], on=False)


async def _move(
    world: World, owner_id: int, list_id: int, wanted: Sequence[int], *, on: bool
) -> None:
    for _ in range(_TRIES):
        head = await load_list(world, owner_id, list_id)
        rows = await world.storage.get_many(LIST_MEMBERS, [(list_id, one) for one in wanted])
        moved = [one for one, row in zip(wanted, rows, strict=True) if (row is None) == on]
        size = head.size + (len(moved) if on else -len(moved))
        if not moved or size > MEMBERS_MOST:
            return
        new = msgspec.structs.replace(head, version=head.version + 1, size=max(0, size))
        if await _saved(world, new, _member_writes(owner_id, list_id, moved, on=on)):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


def _member_writes(
    owner_id: int, list_id: int, member_ids: Iterable[int], *, on: bool
) -> list[Write]:
    writes: list[Write] = []
    for one in member_ids:
        member, listing = ListMemberRow(list_id, one), ListingRow(owner_id, one, list_id)
        if on:
            writes += [Put(LIST_MEMBERS, member), Put(LISTINGS, listing)]
        else:
            writes += [Delete(LIST_MEMBERS, member), Delete(LISTINGS, listing)]
    return writes


async def member_page(
    world: World,
    list_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[AccountId]:
    """Who is on a list, by account id downwards; bounds are account ids, exclusive."""
    rows = await world.storage.range(
        LIST_MEMBERS,
        (list_id,),
        above=None if above is None else (above,),
        below=None if below is None else (below,),
        limit=limit,
        reverse=reverse,
    )
    return [AccountId(row.member_id) for row in rows]


async def members_of(world: World, list_id: int) -> list[AccountId]:
    """Everyone on a list."""
    return await member_page(world, list_id, limit=MEMBERS_MOST)


async def lists_with(world: World, owner_id: int, member_id: int) -> list[ListRow]:
    """The lists of a member that an account is on."""
    rows = await world.storage.range(LISTINGS, (owner_id, member_id), limit=LISTS_MOST)
    found = await world.storage.get_many(LISTS, [(owner_id, row.list_id) for row in rows])
    return [row for row in found if row is not None]


async def exclusive_members(world: World, owner_id: int) -> frozenset[AccountId]:
    """Whose posts stay out of a member's home, because an exclusive list shows them.

    One range where there is no such list.
    """
    found: set[AccountId] = set()
    for row in await lists_of(world, owner_id):
        if row.exclusive and row.size:
            found.update(await members_of(world, row.id))
    return frozenset(found - {AccountId(owner_id)})


def shows_answer(row: ListRow, members: frozenset[AccountId], post: Post) -> bool:
    """Whether a list shows a post as far as it is an answer: to whom is the list's choice.

    To whom it answers is followed by the list's owner, or it would not stand in a home either.
    """
    if not post.replies_to_other or post.in_reply_to_account_id == row.owner_id:
        return True
    return row.replies == FOLLOWED or (
        row.replies == MEMBERS and post.in_reply_to_account_id in members
    )


async def list_page(world: World, owner_id: int, list_id: int, window: Window) -> Page[Post]:
    """What a list shows its owner. NotFound `record_not_found`."""
    row = await load_list(world, owner_id, list_id)
    members = frozenset(await members_of(world, list_id))
    sight = await Sight.of(world, owner_id)

    async def fetch(stretch: Stretch) -> list[Entry]:
        return await merged_entries(world, members, stretch)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        posts = await shown_at_home(sight, entries)
        return [(post.id, post) for post in posts if shows_answer(row, members, post)]

    return await fill_page(window, fetch, lambda entry: entry.id, keep)


async def shown_at_home(sight: Sight, entries: Sequence[Entry]) -> list[Post]:
    """The posts of entries that a home would show, whoever posted them."""
    asked = [
        entry
        for entry in entries
        if entry.visibility != DIRECT
        and not is_imported(entry.id)
        and (entry.reblog_author_id is None or not sight.hides(entry.reblog_author_id))
    ]
    await sight.learn(entry.in_reply_to_account_id for entry in asked)
    posts = await sight.posts([entry.id for entry in asked])
    return [post for post in posts if sight.wants_home(post)]


async def hear(world: World, envelope: Envelope) -> None:
    """An unfollow ends what needs a follow: places on lists, an endorsement. Told twice is once."""
    match envelope.event:
        case Unfollowed(follower_id=owner_id, followee_id=member_id):
            if await is_following(world, owner_id, member_id):
                return
            await unendorse(world, AccountId(owner_id), member_id)
            for row in await lists_with(world, owner_id, member_id):
                await _move(world, owner_id, row.id, [member_id], on=False)
        case ListDeleted(list_id=list_id, owner_id=owner_id):
            while members := await member_page(world, list_id, limit=_CHUNK):
                writes = _member_writes(owner_id, list_id, members, on=False)
                await world.storage.commit(_aggregate(list_id), writes)
                await asyncio.sleep(0)
        case _:
            return
