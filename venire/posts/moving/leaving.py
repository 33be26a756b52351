"""What a member takes along as files: ties in Mastodon's formats, what is elsewhere among them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from venire.kernel.clock import iso_ms
from venire.kernel.ids import AccountId
from venire.people import domain_blocks, follows, relations
from venire.people.model import FOLLOWING
from venire.people.store import load_accounts
from venire.posts import actions as posts
from venire.posts import filtering, lists
from venire.posts.marks import BOOKMARK, FAVOURITE, act_rows
from venire.posts.model import Stretch
from venire.posts.moving import csvs, store
from venire.posts.moving.model import (
    BLOCKS,
    BOOKMARKS,
    DOMAIN_BLOCKS,
    FAVOURITES,
    FILTERS,
    FOLLOWS,
    LISTS,
    MUTES,
    TieLine,
)
from venire.storage.world import World

_PAGE = 200
Cells = AsyncIterator[Sequence[str]]


async def tie_file(world: World, account_id: int, kind: str) -> AsyncIterator[bytes]:
    """A file of a kind of ties, a piece at a time."""
    if kind == FILTERS:
        yield await _filters(world, account_id)
        return
    yield csvs.header_of(kind)
    rows: list[Sequence[str]] = []
    async for cells in _ROWS[kind](world, account_id):
        rows.append(cells)
        if len(rows) >= _PAGE:
            yield csvs.plain(rows)
            rows = []
    async for row in store.waiting(world, account_id, kind):
        rows.append(_waiting(kind, store.waiting_line(row)))
        if len(rows) >= _PAGE:
            yield csvs.plain(rows)
            rows = []
    if rows:
        yield csvs.plain(rows)


def _waiting(kind: str, line: TieLine) -> Sequence[str]:
    """A row that waits for another site, as it came."""
    if kind == FOLLOWS:
        return csvs.follow_cells(
            line.address,
            reblogs=line.reblogs is not False,
            notify=bool(line.notify),
            languages=line.languages or (),
        )
    if kind == MUTES:
        return csvs.mute_cells(
            line.address, hide_notifications=line.hide_notifications is not False
        )
    return [line.list_title, line.address] if kind == LISTS else [line.address]


async def _addresses(world: World, account_ids: Sequence[int]) -> dict[int, str]:
    accounts = await load_accounts(world, account_ids)
    return {int(one): f"{found.username}@{world.site.domain}" for one, found in accounts.items()}


async def _follows(world: World, account_id: int) -> Cells:
    below: int | None = None
    while True:
        found, below = await follows.ties_below(world, account_id, below, _PAGE)
        names = await _addresses(world, [tie.followee_id for tie in found])
        for tie in found:
            if tie.followee_id in names and tie.state == FOLLOWING:
                yield csvs.follow_cells(
                    names[tie.followee_id],
                    reblogs=tie.reblogs,
                    notify=tie.notify,
                    languages=tie.languages,
                )
        if below is None:
            return


async def _related(world: World, account_id: int, kind: str) -> AsyncIterator[tuple[int, str]]:
    me, below = AccountId(account_id), None
    while True:
        page = await relations.relation_page(world, me, kind, below=below, limit=_PAGE)
        names = await _addresses(world, [one.target_id for one in page])
        for one in page:
            if one.target_id in names:
                yield one.target_id, names[one.target_id]
        if len(page) < _PAGE:
            return
        below = page[-1].target_id


async def _blocks(world: World, account_id: int) -> Cells:
    async for _, address in _related(world, account_id, relations.BLOCK):
        yield [address]


async def _mutes(world: World, account_id: int) -> Cells:
    async for other, address in _related(world, account_id, relations.MUTE):
        row = await relations.load_relation(world, account_id, relations.MUTE, other)
        if row is not None:
            yield csvs.mute_cells(address, hide_notifications=row.notifications)


async def _lists(world: World, account_id: int) -> Cells:
    for row in await lists.lists_of(world, account_id):
        names = await _addresses(world, await lists.members_of(world, row.id))
        for address in names.values():
            yield [row.title, address]


async def acted_on(world: World, account_id: int, kind: str) -> AsyncIterator[str]:
    """The identities of the posts that a member bookmarked or favourited, the latest first."""
    below: int | None = None
    act = FAVOURITE if kind == FAVOURITES else BOOKMARK
    while True:
        rows = await act_rows(world, account_id, act, Stretch(None, below, _PAGE))
        for post in await posts.load_many(world, [row.post_id for row in rows]):
            yield post.uri
        if len(rows) < _PAGE:
            return
        below = rows[-1].act_id


async def _bookmarks(world: World, account_id: int) -> Cells:
    async for uri in acted_on(world, account_id, BOOKMARKS):
        yield [uri]


async def _domains(world: World, account_id: int) -> Cells:
    for row in await domain_blocks.blocked_domains(world, account_id):
        yield [row.domain]


async def _filters(world: World, account_id: int) -> bytes:
    there: list[dict[str, Any]] = [
        {
            "title": one.title,
            "context": one.contexts,
            "filter_action": one.action,
            "expires_at": None if one.expires_at_ms is None else iso_ms(one.expires_at_ms),
            "keywords": [
                {"keyword": word.keyword, "whole_word": word.whole_word} for word in one.keywords
            ],
        }
        for one in (await filtering.load_set(world, account_id)).values()
    ]
    return msgspec.json.format(msgspec.json.encode(there)) + b"\n"


_ROWS: dict[str, Callable[[World, int], Cells]] = {
    FOLLOWS: _follows,
    BLOCKS: _blocks,
    MUTES: _mutes,
    LISTS: _lists,
    BOOKMARKS: _bookmarks,
    DOMAIN_BLOCKS: _domains,
}
