"""Who listens to what, in this process."""

from __future__ import annotations

from collections.abc import Iterable

from venire.api.streaming.channels import DIRECT, LIST, NOTIFICATION, USER, Channel, Key
from venire.api.streaming.listeners import Listener
from venire.api.streaming.listwatch import ListWatch
from venire.api.streaming.watchers import Watchers
from venire.storage.world import World

_OWN = frozenset({USER, NOTIFICATION, DIRECT})
CHANNELS_MOST = 64
"""On one socket: as many columns as a client can show, and some."""


class Audience:
    """Every open socket, by account and by channel."""

    def __init__(self, world: World) -> None:
        self.watchers = Watchers(world)
        self.lists = ListWatch(world)
        self.listeners: dict[int, Listener] = {}
        self._on: dict[Key, set[Listener]] = {}
        self._by_token: dict[int, set[Listener]] = {}

    def __len__(self) -> int:
        return len(self.listeners)

    def enter(self, listener: Listener) -> None:
        """A socket is open; it listens to nothing yet."""
        self.listeners[id(listener)] = listener
        listener.watcher.listeners.add(listener)
        self._by_token.setdefault(listener.admitted.token_id, set()).add(listener)

    def leave(self, listener: Listener) -> None:
        """A socket is closed."""
        for key in list(listener.channels):
            self.unsubscribe(listener, key)
        self.listeners.pop(id(listener), None)
        listener.watcher.listeners.discard(listener)
        same = self._by_token.get(listener.admitted.token_id, set())
        same.discard(listener)
        if not same:
            self._by_token.pop(listener.admitted.token_id, None)

    async def subscribe(self, listener: Listener, channel: Channel) -> None:
        """Let a socket hear a channel that its token allows; again is once.

        NotFound `record_not_found` for a list that is not its account's.
        """
        if channel.key in listener.channels:
            return
        if channel.name == USER:
            await self.watchers.learn_home(listener.watcher)
        elif channel.name == LIST:
            # A list shows what would stand in a home, but for whom it chooses.
            await self.watchers.learn_home(listener.watcher)
            await self.lists.enter(listener.watcher.account_id, int(channel.key[1]))
        listener.channels[channel.key] = channel
        if channel.name not in _OWN:
            self._on.setdefault(channel.key, set()).add(listener)

    def unsubscribe(self, listener: Listener, key: Key) -> None:
        """Undo `subscribe`; harmless where there was none."""
        if listener.channels.pop(key, None) is not None and key[0] == LIST:
            self.lists.leave(int(key[1]))
        there = self._on.get(key)
        if there is not None:
            there.discard(listener)
            if not there:
                del self._on[key]

    def on(self, key: Key) -> Iterable[Listener]:
        """Who listens to a channel that is not an account's own."""
        return self._on.get(key, ())

    def with_token(self, token_id: int) -> list[Listener]:
        """Every socket that a token opened."""
        return list(self._by_token.get(token_id, ()))
