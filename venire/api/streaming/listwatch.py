"""Lists that somebody listens to, with who is on them: in memory, in step with the journal."""

from __future__ import annotations

from collections.abc import Iterable

from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId
from venire.posts.lists import load_list, members_of
from venire.storage.tables.lists import ListRow
from venire.storage.world import World


class WatchedList:
    """A list with at least one open socket."""

    __slots__ = ("members", "row", "sockets")

    def __init__(self, row: ListRow) -> None:
        self.row = row
        self.members: frozenset[AccountId] = frozenset()
        self.sockets = 0


class ListWatch:
    """The lists that sockets of this process listen to, and which of them an author is on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: dict[int, WatchedList] = {}
        self._with: dict[int, set[WatchedList]] = {}

    async def enter(self, owner_id: int, list_id: int) -> None:
        """A socket begins to listen to a list of its account's. NotFound `record_not_found`."""
        row = await load_list(self._world, owner_id, list_id)
        there = self._by_id.get(list_id)
        if there is None:
            there = self._by_id[list_id] = WatchedList(row)
            there.sockets = 1
            await self._learn(there)
        else:
            there.sockets += 1

    def leave(self, list_id: int) -> None:
        """Undo one `enter`."""
        there = self._by_id.get(list_id)
        if there is None:
            return
        there.sockets -= 1
        if not there.sockets:
            self._set(there, frozenset())
            del self._by_id[list_id]

    async def changed(self, list_id: int) -> None:
        """A list was changed, or deleted: read it again."""
        there = self._by_id.get(list_id)
        if there is not None:
            await self._learn(there)

    def with_member(self, account_id: int) -> Iterable[WatchedList]:
        """The lists that an author is on."""
        return self._with.get(account_id, ())

    async def _learn(self, there: WatchedList) -> None:
        try:
            there.row = await load_list(self._world, there.row.owner_id, there.row.id)
        except NotFound:
            self._set(there, frozenset())
            return
        self._set(there, frozenset(await members_of(self._world, there.row.id)))

    def _set(self, there: WatchedList, members: frozenset[AccountId]) -> None:
        for one in there.members - members:
            lists = self._with.get(one)
            if lists is not None:
                lists.discard(there)
                if not lists:
                    del self._with[one]
        for one in members - there.members:
            self._with.setdefault(one, set()).add(there)
        there.members = members
