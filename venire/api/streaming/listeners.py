"""One open socket, whatever it speaks: what it listens to, and what waits to go down it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from venire.api.streaming.channels import NOTIFICATION, READ_NOTIFICATIONS, USER, Channel, Key
from venire.api.streaming.mailbox import Mailbox
from venire.api.streaming.messages import THUMP, Message
from venire.people.scopes import covers

if TYPE_CHECKING:
    from venire.api.streaming.admission import Pass
    from venire.api.streaming.watchers import Watcher

_POLITE_S = 5.0
"""How long a client that is told to go may take to hear it."""


class Ending(msgspec.Struct, frozen=True):
    """Why a socket is closed: a code of RFC 6455, 7.4, and a word for it."""

    code: int
    reason: str


TOO_SLOW = Ending(1013, "too slow: connect again")
NO_LONGER_VALID = Ending(1008, "the token is no longer valid")
TOO_MANY_WORDS = Ending(1008, "too many messages")
RESTARTING = Ending(1012, "restarting")


class Listener:
    """A socket that is open. `cut` ends it at once, whatever its peer does or does not read."""

    def __init__(self, watcher: Watcher, admitted: Pass, cut: Callable[[], object]) -> None:
        self.watcher = watcher
        self.admitted = admitted
        self.channels: dict[Key, Channel] = {}
        self.ending: Ending | None = None
        self.hears_notifications = covers(admitted.scopes, READ_NOTIFICATIONS)
        self._cut = cut

    def hear(self, message: Message, channel: Channel) -> None:
        """Send an event down it, after what waits already; a socket that is too slow ends."""
        raise NotImplementedError

    def hear_own(self, message: Message, key: Key) -> None:
        """The same, on one of the channels that are its account's alone, if it listens to that."""
        channel = self.channels.get(key)
        if channel is not None:
            self.hear(message, channel)

    @property
    def takes_notifications(self) -> bool:
        """Whether a notification would go down it at all."""
        at_home = self.hears_notifications and (USER, "") in self.channels
        return at_home or (NOTIFICATION, "") in self.channels

    def hear_notification(self, message: Message) -> None:
        """A notification goes where it is asked for, and home where the token allows it."""
        self.hear_own(message, (NOTIFICATION, ""))
        if self.hears_notifications:
            self.hear_own(message, (USER, ""))

    def beat(self) -> None:
        """Show that it is alive, where the protocol below does not."""

    def end(self, ending: Ending) -> None:
        """Close it: politely if its peer reads, in any case soon."""
        if self.ending is not None:
            return
        self.ending = ending
        self._shut()
        if ending is TOO_SLOW:
            self._cut()
        else:
            asyncio.get_running_loop().call_later(_POLITE_S, self._cut)

    def _shut(self) -> None:
        raise NotImplementedError


class SocketListener(Listener):
    """A WebSocket; its server pings it. `write`: takes the bytes of a frame, if they can go now."""

    def __init__(self, watcher: Watcher, admitted: Pass, cut: Callable[[], object]) -> None:
        super().__init__(watcher, admitted, cut)
        self.mailbox: Mailbox[str] = Mailbox()
        self.write: Callable[[bytes], bool] | None = None

    def hear(self, message: Message, channel: Channel) -> None:
        """See `Listener.hear`."""
        # Straight to the wire: waking a task for each of 1,000 sockets costs as much again.
        if (
            self.write is None
            or self.mailbox.waits
            or self.ending is not None
            or not self.write(message.frame_bytes(channel))
        ):
            self.say(message.frame(channel))

    def say(self, frame: str) -> None:
        """Send a frame that is no event."""
        if not self.mailbox.put(frame):
            self.end(TOO_SLOW)

    def _shut(self) -> None:
        self.mailbox.end()


class EventListener(Listener):
    """A stream of server-sent events."""

    def __init__(self, watcher: Watcher, admitted: Pass, cut: Callable[[], object]) -> None:
        super().__init__(watcher, admitted, cut)
        self.mailbox: Mailbox[bytes] = Mailbox()

    def hear(self, message: Message, channel: Channel) -> None:
        """See `Listener.hear`."""
        del channel
        if not self.mailbox.put(message.lines()):
            self.end(TOO_SLOW)

    def beat(self) -> None:
        """See `Listener.beat`."""
        if not self.mailbox.put(THUMP):
            self.end(TOO_SLOW)

    def _shut(self) -> None:
        self.mailbox.end()
