"""An account that listens, with what decides what it hears: in memory, in step with the journal.

A post must be told to a thousand followers without a thousand reads. So whom an account follows and
whom it does not see is read when it begins to listen, and read again for one pair whenever an event
says that something between them changed.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeVar

from venire.kernel.ids import AccountId
from venire.people.countries import countries_of
from venire.people.followees import Followee, Followees
from venire.people.follows import load_tie, ties_below
from venire.people.model import FOLLOWING, Tie
from venire.people.relations import (
    BLOCK,
    MUTE,
    Hidden,
    incoming,
    load_relation,
    outgoing,
    relation_page,
)
from venire.posts.filters import Filters, filters_of
from venire.posts.lists import exclusive_members
from venire.posts.sight import Sight
from venire.posts.tag_choices import followed_tags
from venire.storage.world import World

if TYPE_CHECKING:
    from venire.api.streaming.listeners import Listener

K = TypeVar("K", int, str)
_PAGE = 500
_AS_USUAL = Followee()


class Watcher:
    """An account with at least one open socket.

    `followees` is None while nobody listens to its home; then `tags`, `exclusive` and `manners`
    (ties that leave something out) are not known either.
    """

    __slots__ = (
        "account_id",
        "blocked_by",
        "blocking",
        "changed",
        "countries",
        "exclusive",
        "filters",
        "followees",
        "known",
        "listeners",
        "loading",
        "manners",
        "mutes_end",
        "muting",
        "sockets",
        "tags",
    )

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self.sockets = 0
        self.listeners: set[Listener] = set()
        self.loading = asyncio.Lock()
        self.known = False
        self.changed: set[int] = set()
        self.countries: frozenset[str] = frozenset()
        self.blocking: set[AccountId] = set()
        self.blocked_by: set[AccountId] = set()
        self.muting: set[AccountId] = set()
        self.mutes_end: dict[int, int] = {}
        self.filters: Filters | None = None
        self.followees: array[int] | None = None
        self.manners: dict[int, Followee] = {}
        self.tags: frozenset[str] = frozenset()
        self.exclusive: AbstractSet[AccountId] = frozenset()

    def hides(self, account_id: int | None) -> bool:
        """Whether something between the two keeps an account's posts from it."""
        one = AccountId(account_id or 0)
        return one in self.blocking or one in self.blocked_by or one in self.muting


class _Followed(Mapping[int, Followee]):
    """Whom a watcher follows, and how, without a copy of the index."""

    def __init__(self, watchers: Watchers, watcher: Watcher) -> None:
        self._watchers = watchers
        self._watcher = watcher

    def __getitem__(self, account_id: int) -> Followee:
        if not self._watchers.follows(self._watcher, account_id):
            raise KeyError(account_id)
        return self._watcher.manners.get(account_id, _AS_USUAL)

    def __iter__(self) -> Iterator[int]:
        return (one for one in dict.fromkeys(self._watcher.followees or ()) if one in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Watchers:
    """Every account that listens to this process, and which of them follow an author or a tag."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_account: dict[int, Watcher] = {}
        self._followers: dict[int, set[Watcher]] = {}
        self._tagged: dict[str, set[Watcher]] = {}

    def get(self, account_id: int) -> Watcher | None:
        """An account, if it listens."""
        return self._by_account.get(account_id)

    def all(self) -> list[Watcher]:
        """Everyone who listens."""
        return list(self._by_account.values())

    def followers(self, author_id: int) -> AbstractSet[Watcher]:
        """Who listens to a home and follows an author."""
        return self._followers.get(author_id, frozenset())

    def following_tag(self, tag: str) -> AbstractSet[Watcher]:
        """Who listens to a home and follows a tag."""
        return self._tagged.get(tag, frozenset())

    def follows(self, watcher: Watcher, author_id: int) -> bool:
        """Whether somebody who listens to a home follows an author."""
        return watcher in self.followers(author_id)

    def sight_of(self, watcher: Watcher) -> Sight:
        """A watcher's eyes, as one request would have them, with nothing read that is known."""
        hidden = Hidden(
            frozenset(watcher.blocking), frozenset(watcher.blocked_by), frozenset(watcher.muting)
        )
        followees = Followees(self._world, watcher.account_id, _Followed(self, watcher))
        return Sight(self._world, watcher.account_id, hidden, followees, watcher.countries)

    async def enter(self, account_id: int) -> Watcher:
        """An account begins to listen, or listens with one more socket; `leave` undoes it."""
        watcher = self._by_account.setdefault(account_id, Watcher(account_id))
        watcher.sockets += 1
        try:
            # Of the socket that was opened last: an order must not be passed by an older one.
            watcher.countries = await countries_of(self._world, account_id)
            async with watcher.loading:
                if not watcher.known:
                    await self._learn_hidden(watcher)
                    await self.learn_filters(watcher)
                    await self._learn_changed(watcher)
                    watcher.known = True
        except BaseException:
            self.leave(watcher)
            raise
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Undo one `enter`: an account whose last socket is closed is forgotten."""
        watcher.sockets -= 1
        if not watcher.sockets:
            del self._by_account[watcher.account_id]
            self._forget_home(watcher)

    async def learn_home(self, watcher: Watcher) -> None:
        """Read what its home consists of, once."""
        async with watcher.loading:
            if watcher.followees is not None:
                return
            watcher.followees = array("q")
            try:
                await self._learn_followees(watcher)
                await self._learn_changed(watcher)
                await self.learn_choices(watcher)
            except BaseException:
                # Half a home would be silent about the other half.
                self._forget_home(watcher)
                raise

    async def learn_choices(self, watcher: Watcher) -> None:
        """Read again which tags it follows, and whose posts only a list of its shows."""
        if watcher.followees is None:
            return
        watcher.exclusive = await exclusive_members(self._world, watcher.account_id)
        rows = await followed_tags(self._world, watcher.account_id)
        self._set_tags(watcher, frozenset(row.tag for row in rows))

    async def learn_filters(self, watcher: Watcher) -> None:
        """Read its filters again."""
        watcher.filters = await filters_of(self._world, watcher.account_id)

    async def between(self, one: int, other: int) -> None:
        """Something between two accounts changed: read again what decides who hears whom."""
        for me, them in ((one, other), (other, one)):
            watcher = self._by_account.get(me)
            if watcher is not None:
                if watcher.loading.locked():
                    # What is being read now may be from before; it is read again at its end.
                    watcher.changed.add(them)
                await self._learn(watcher, AccountId(them))

    async def refresh(self, watcher: Watcher, now_ms: int) -> None:
        """Read again what ended by itself: mutes with a last moment, filters too."""
        for other in [one for one, end_ms in watcher.mutes_end.items() if end_ms <= now_ms]:
            await self._learn(watcher, AccountId(other))
        if watcher.filters:
            await self.learn_filters(watcher)

    async def _learn_followees(self, watcher: Watcher) -> None:
        after: int | None = None
        while True:
            ties, after = await ties_below(self._world, watcher.account_id, after, _PAGE)
            for tie in ties:
                self._followed(watcher, tie)
            if after is None:
                return
            # Reads run on the loop: who follows thousands must not hold up everybody.
            await asyncio.sleep(0)

    async def _learn_changed(self, watcher: Watcher) -> None:
        while watcher.changed:
            await self._learn(watcher, AccountId(watcher.changed.pop()))

    async def _learn_hidden(self, watcher: Watcher) -> None:
        me = watcher.account_id
        watcher.blocking |= await outgoing(self._world, me, BLOCK)
        watcher.blocked_by |= await incoming(self._world, me, BLOCK)
        below: int | None = None
        while True:
            mutes = await relation_page(self._world, AccountId(me), MUTE, below=below, limit=_PAGE)
            watcher.muting.update(mute.target_id for mute in mutes)
            watcher.mutes_end.update(
                (mute.target_id, mute.until_ms) for mute in mutes if mute.until_ms is not None
            )
            if len(mutes) < _PAGE:
                return
            below = mutes[-1].target_id

    async def _learn(self, watcher: Watcher, other: AccountId) -> None:
        me = watcher.account_id
        muted = await load_relation(self._world, me, MUTE, other)
        blocks = await load_relation(self._world, me, BLOCK, other)
        blocked = await load_relation(self._world, other, BLOCK, me)
        for row, there in (
            (muted, watcher.muting),
            (blocks, watcher.blocking),
            (blocked, watcher.blocked_by),
        ):
            if row is None:
                there.discard(other)
            else:
                there.add(other)
        if muted is not None and muted.until_ms is not None:
            watcher.mutes_end[other] = muted.until_ms
        else:
            watcher.mutes_end.pop(other, None)
        if watcher.followees is None:
            return
        tie = await load_tie(self._world, me, other)
        if tie is not None and tie.state == FOLLOWING:
            self._followed(watcher, tie)
        else:
            self._unfollowed(watcher, other)

    def _followed(self, watcher: Watcher, tie: Tie) -> None:
        followers = self._followers.setdefault(tie.followee_id, set())
        if watcher not in followers and watcher.followees is not None:
            followers.add(watcher)
            watcher.followees.append(tie.followee_id)
        if tie.languages or not tie.reblogs:
            watcher.manners[tie.followee_id] = Followee(tie.reblogs, tie.languages)
        else:
            watcher.manners.pop(tie.followee_id, None)

    def _unfollowed(self, watcher: Watcher, followee_id: int) -> None:
        watcher.manners.pop(followee_id, None)
        _drop(self._followers, followee_id, watcher)

    def _set_tags(self, watcher: Watcher, tags: frozenset[str]) -> None:
        for tag in watcher.tags - tags:
            _drop(self._tagged, tag, watcher)
        for tag in tags - watcher.tags:
            self._tagged.setdefault(tag, set()).add(watcher)
        watcher.tags = tags

    def _forget_home(self, watcher: Watcher) -> None:
        for followee_id in watcher.followees or ():
            self._unfollowed(watcher, followee_id)
        self._set_tags(watcher, frozenset())
        watcher.followees = None


def _drop(index: dict[K, set[Watcher]], key: K, watcher: Watcher) -> None:
    there = index.get(key)
    if there is not None:
        there.discard(watcher)
        if not there:
            del index[key]
