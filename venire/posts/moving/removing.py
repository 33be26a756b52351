"""What `overwrite` takes away: ties that a file does not name, a few at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from venire.kernel.ids import AccountId
from venire.people import domain_blocks, follows, relations, ties
from venire.people.model import Account
from venire.people.store import load_accounts
from venire.posts import actions as posts
from venire.posts import filtering, lists, reactions
from venire.posts.importing import origins_of
from venire.posts.marks import BOOKMARK, act_rows
from venire.posts.model import Stretch
from venire.posts.moving import store
from venire.posts.moving.addresses import post_named, read_handle
from venire.posts.moving.applying import same_filter
from venire.posts.moving.model import (
    BLOCKS,
    BOOKMARKS,
    DOMAIN_BLOCKS,
    FILTERS,
    FOLLOWS,
    LISTS,
    MUTES,
    FilterLine,
    TieLine,
)
from venire.storage.world import World

_AT_ONCE = 100
_WAITING = "waiting:"


class Wanted(msgspec.Struct, frozen=True):
    """What a file names: addresses (of a list with its title), and filters."""

    named: frozenset[tuple[str, str]]
    filters: tuple[FilterLine, ...] = ()

    def has(self, address: str, title: str = "") -> bool:
        """Whether the file names this."""
        return (address, title) in self.named


class Removed(msgspec.Struct, frozen=True):
    """How many went, and where to go on; None where that was all."""

    count: int
    reached: str | None


def wanted_of(world: World, kind: str, lines: Sequence[TieLine | FilterLine]) -> Wanted:
    """What a file names."""
    if kind == FILTERS:
        return Wanted(frozenset(), tuple(one for one in lines if isinstance(one, FilterLine)))
    named: set[tuple[str, str]] = set()
    for line in lines:
        if not isinstance(line, TieLine):
            continue
        handle = read_handle(world, line.address)
        plain = kind in {BOOKMARKS, DOMAIN_BLOCKS} or handle is None
        address = line.address.lower() if kind == DOMAIN_BLOCKS else line.address
        title = line.list_title.strip()
        named.add((address if plain or handle is None else handle.address, title))
        if kind == BOOKMARKS and (post_id := post_named(world, address)) is not None:
            named.add((_post_mark(post_id), ""))
    return Wanted(frozenset(named))


def _post_mark(post_id: int) -> str:
    return f"post:{post_id}"


async def remove_unnamed(
    world: World, me: Account, kind: str, wanted: Wanted, reached: str
) -> Removed:
    """Take away the next few ties that are not wanted, from a place on (at first an empty one)."""
    if reached.startswith(_WAITING):
        return await _remove_waiting(world, me, kind, wanted, reached.removeprefix(_WAITING))
    removed = await _REMOVERS[kind](world, me, wanted, reached)
    if removed.reached is None:
        return msgspec.structs.replace(removed, reached=_WAITING)
    return removed


async def _remove_waiting(
    world: World, me: Account, kind: str, wanted: Wanted, reached: str
) -> Removed:
    after = msgspec.json.decode(reached, type=tuple[str, str]) if reached else None
    rows = await store.waiting_page(world, me.id, kind, after, _AT_ONCE)
    count = 0
    for row in rows:
        if not wanted.has(row.address, row.detail):
            await store.drop_waiting(world, row)
            count += 1
    if len(rows) < _AT_ONCE:
        return Removed(count, None)
    place = msgspec.json.encode((rows[-1].address, rows[-1].detail)).decode()
    return Removed(count, f"{_WAITING}{place}")


async def _unnamed(
    world: World, wanted: Wanted, account_ids: Sequence[int], title: str = ""
) -> list[AccountId]:
    accounts = await load_accounts(world, account_ids)
    return [
        AccountId(one)
        for one in account_ids
        if (there := accounts.get(AccountId(one))) is None
        or not wanted.has(there.username.lower(), title)
    ]


def _below(reached: str) -> int | None:
    return int(reached) if reached else None


async def _follows(world: World, me: Account, wanted: Wanted, reached: str) -> Removed:
    found, after = await follows.ties_below(world, me.id, _below(reached), _AT_ONCE)
    gone = await _unnamed(world, wanted, [tie.followee_id for tie in found])
    for other in gone:
        await follows.unfollow(world, me.id, other)
    return Removed(len(gone), None if after is None else str(after))


def _relations(
    kind: str, undo: Callable[[World, AccountId, int], Awaitable[None]]
) -> Callable[[World, Account, Wanted, str], Awaitable[Removed]]:
    async def remove(world: World, me: Account, wanted: Wanted, reached: str) -> Removed:
        page = await relations.relation_page(
            world, me.id, kind, below=_below(reached), limit=_AT_ONCE
        )
        gone = await _unnamed(world, wanted, [one.target_id for one in page])
        for other in gone:
            await undo(world, me.id, other)
        return Removed(len(gone), str(page[-1].target_id) if len(page) == _AT_ONCE else None)

    return remove


async def _lists(world: World, me: Account, wanted: Wanted, reached: str) -> Removed:
    """A list at a time, by its id upwards."""
    titles = {title for _, title in wanted.named}
    owned = [row for row in await lists.lists_of(world, me.id) if row.id > (_below(reached) or 0)]
    if not owned:
        return Removed(0, None)
    row = owned[0]
    if row.title not in titles:
        await lists.delete_list(world, me.id, row.id)
        return Removed(1, str(row.id))
    gone = await _unnamed(world, wanted, await lists.members_of(world, row.id), row.title)
    if gone:
        await lists.take_off(world, me.id, row.id, gone)
    return Removed(len(gone), str(row.id))


async def _bookmarks(world: World, me: Account, wanted: Wanted, reached: str) -> Removed:
    stretch = Stretch(None, _below(reached), _AT_ONCE)
    rows = await act_rows(world, me.id, BOOKMARK, stretch)
    found = await posts.load_many(world, [row.post_id for row in rows])
    origins = await origins_of(world, [row.post_id for row in rows])
    count = 0
    for post in found:
        names = {post.uri, _post_mark(post.id)}
        if post.id in origins:
            names.add(origins[post.id].uri)
        if not any(wanted.has(name) for name in names):
            await reactions.unbookmark(world, me.id, post.id)
            count += 1
    return Removed(count, str(rows[-1].act_id) if len(rows) == _AT_ONCE else None)


async def _domains(world: World, me: Account, wanted: Wanted, _reached: str) -> Removed:
    gone = [
        row.domain
        for row in await domain_blocks.blocked_domains(world, me.id)
        if not wanted.has(row.domain)
    ]
    for domain in gone:
        await domain_blocks.unblock_domain(world, me.id, domain)
    return Removed(len(gone), None)


async def _filters(world: World, me: Account, wanted: Wanted, _reached: str) -> Removed:
    count = 0
    for one in (await filtering.load_set(world, me.id)).values():
        if not any(same_filter(one, line) for line in wanted.filters):
            await filtering.remove(world, me.id, one.id)
            count += 1
    return Removed(count, None)


_REMOVERS: dict[str, Callable[[World, Account, Wanted, str], Awaitable[Removed]]] = {
    FOLLOWS: _follows,
    BLOCKS: _relations(relations.BLOCK, ties.unblock),
    MUTES: _relations(relations.MUTE, ties.unmute),
    LISTS: _lists,
    BOOKMARKS: _bookmarks,
    DOMAIN_BLOCKS: _domains,
    FILTERS: _filters,
}
