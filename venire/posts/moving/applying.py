"""One row of a file of ties done on this site. Done again it changes nothing more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Conflict, Problem, Refused, Throttled, Unavailable
from venire.kernel.ids import AccountId
from venire.people import budgets, domain_blocks, follows, ties
from venire.people.model import FOLLOWING, Account, Tie
from venire.people.relations import BLOCK, MUTE, load_relation
from venire.posts import filtering, lists, marks, reactions
from venire.posts.filtering import Change, KeywordChange
from venire.posts.filters import Filter
from venire.posts.moving import store
from venire.posts.moving.addresses import (
    Named,
    account_here,
    elsewhere,
    is_address,
    post_here,
    read_handle,
)
from venire.posts.moving.model import (
    BLOCKS,
    BOOKMARKS,
    BROUGHT,
    DOMAIN_BLOCKS,
    FOLLOWS,
    LISTS,
    MUTES,
    REFUSED,
    SKIPPED,
    THERE,
    WAITS,
    FilterLine,
    Outcome,
    TieLine,
)
from venire.storage.world import World

_BROUGHT = Outcome(BROUGHT)
_THERE = Outcome(THERE)


async def apply_tie(world: World, me: Account, kind: str, line: TieLine) -> Outcome:
    """Do a row. Throttled where it must wait for a new account's budget."""
    try:
        return await _DOERS[kind](world, me, line)
    except (Conflict, Throttled, Unavailable, Refused):
        raise
    except Problem as problem:
        return Outcome(REFUSED, problem.code)


async def _other(
    world: World, me: Account, kind: str, line: TieLine
) -> tuple[Account | None, Outcome]:
    """The account here that a row names; else what becomes of the row."""
    named = read_handle(world, line.address)
    if named is None:
        return None, Outcome(REFUSED, "address_invalid")
    if named.domain is not None:
        await _wait(world, me, kind, named, line)
        return None, Outcome(WAITS)
    account = await account_here(world, named)
    if account is None:
        return None, Outcome(REFUSED, "account_unknown")
    if account.id == me.id:
        return None, Outcome(SKIPPED, "oneself")
    return account, _THERE


async def _wait(world: World, me: Account, kind: str, named: Named, line: TieLine) -> None:
    kept = msgspec.structs.replace(line, n=0, text="", address=named.address)
    await store.put_waiting(world, me.id, kind, kept)


async def _follow(world: World, me: Account, line: TieLine) -> Outcome:
    other, outcome = await _other(world, me, FOLLOWS, line)
    if other is None:
        return outcome
    manner = follows.Manner(line.reblogs, line.notify, line.languages)
    there = await follows.load_tie(world, me.id, other.id)
    if there is not None and _in_manner(there, manner):
        return _THERE
    if there is None:
        await budgets.check_follow(world, me)
    await follows.follow(world, me.id, other.id, manner)
    return _BROUGHT


def _in_manner(tie: Tie, manner: follows.Manner) -> bool:
    return (
        manner.reblogs in {None, tie.reblogs}
        and manner.notify in {None, tie.notify}
        and manner.languages in {None, tie.languages}
    )


async def _block(world: World, me: Account, line: TieLine) -> Outcome:
    other, outcome = await _other(world, me, BLOCKS, line)
    if other is None:
        return outcome
    if await load_relation(world, me.id, BLOCK, other.id) is not None:
        return _THERE
    await ties.block(world, me.id, other.id)
    return _BROUGHT


async def _mute(world: World, me: Account, line: TieLine) -> Outcome:
    other, outcome = await _other(world, me, MUTES, line)
    if other is None:
        return outcome
    hide = line.hide_notifications is not False
    there = await load_relation(world, me.id, MUTE, other.id)
    if there is not None and there.notifications == hide and there.until_ms is None:
        return _THERE
    await ties.mute(world, me.id, other.id, notifications=hide, lasts_s=0)
    return _BROUGHT


async def _list(world: World, me: Account, line: TieLine) -> Outcome:
    title = line.list_title.strip()
    if not title:
        return Outcome(REFUSED, "list_title_blank")
    other, outcome = await _other(world, me, LISTS, line)
    if other is None:
        return outcome
    owned = await lists.lists_of(world, me.id)
    there = next((row for row in owned if row.title == title), None)
    if there is not None and any(
        row.id == there.id for row in await lists.lists_with(world, me.id, other.id)
    ):
        return _THERE
    tie = await follows.load_tie(world, me.id, other.id)
    if tie is None:
        # As Mastodon does: whoever is on a list is followed.
        await budgets.check_follow(world, me)
        tie = await follows.follow(world, me.id, other.id)
    if tie.state != FOLLOWING:
        return Outcome(REFUSED, "follow_requested")
    if there is None:
        there = await lists.create_list(world, me.id, lists.ListChoice(title=title))
    await lists.put_on(world, me.id, there.id, [other.id])
    return _BROUGHT


async def _bookmark(world: World, me: Account, line: TieLine) -> Outcome:
    if not is_address(line.address):
        return Outcome(REFUSED, "address_invalid")
    post = await post_here(world, me.id, line.address)
    if post is None:
        if not elsewhere(world, line.address):
            return Outcome(REFUSED, "record_not_found")
        kept = msgspec.structs.replace(line, n=0, text="")
        await store.put_waiting(world, me.id, BOOKMARKS, kept)
        return Outcome(WAITS)
    if (await marks.mark_of(world, me.id, post.id)).bookmark_id is not None:
        return _THERE
    await reactions.bookmark(world, me.id, post.id)
    return _BROUGHT


async def _block_domain(world: World, me: Account, line: TieLine) -> Outcome:
    name = domain_blocks.normal_domain(line.address)
    if any(row.domain == name for row in await domain_blocks.blocked_domains(world, me.id)):
        return _THERE
    await domain_blocks.block_domain(world, me.id, name)
    return _BROUGHT


_DOERS: dict[str, Callable[[World, Account, TieLine], Awaitable[Outcome]]] = {
    FOLLOWS: _follow,
    BLOCKS: _block,
    MUTES: _mute,
    LISTS: _list,
    BOOKMARKS: _bookmark,
    DOMAIN_BLOCKS: _block_domain,
}


def same_filter(one: Filter, line: FilterLine) -> bool:
    """Whether a filter is what a row says."""
    words = {(word.keyword, word.whole_word) for word in one.keywords}
    wanted = {(word.keyword, word.whole_word) for word in line.keywords}
    shown = (one.title, one.action, set(one.contexts), words)
    return shown == (line.title.strip(), line.filter_action, set(line.context), wanted)


async def apply_filter(world: World, me: AccountId, line: FilterLine) -> Outcome:
    """Add a filter unless there is one that says the same."""
    expires_at_ms = None
    if line.expires_at:
        try:
            expires_at_ms = parse_iso_ms(line.expires_at)
        except (ValueError, OverflowError):
            return Outcome(REFUSED, "filter_invalid")
        if expires_at_ms <= world.now_ms():
            return Outcome(SKIPPED, "expired")
    there = await filtering.load_set(world, me)
    if any(same_filter(one, line) for one in there.values()):
        return _THERE
    words = tuple(
        KeywordChange(keyword=word.keyword, whole_word=word.whole_word) for word in line.keywords
    )
    change = Change(
        title=line.title,
        action=line.filter_action,
        contexts=line.context,
        keywords=words,
        lapses=True,
        expires_at_ms=expires_at_ms,
    )
    try:
        await filtering.create(world, me, change)
    except (Conflict, Unavailable, Refused):
        raise
    except Problem as problem:
        return Outcome(REFUSED, problem.code)
    return _BROUGHT
