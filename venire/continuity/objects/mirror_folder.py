"""What a read-only mirror keeps: the list that it follows, the media it may show, in a folder.

DATA/mirror.json    the newest list, whose mirror this is, where the timeline was left
DATA/revocations    every entry of the list, as they were served
DATA/media.jsonl    which media there are: id, account, the names of their files
DATA/media/ID/NAME  the files; gone as soon as they are revoked, fetched again if restored

A file is shown while the newest list is fresh by two clocks: that of the wall, and one that nobody
can set. After a start there is no fresh list until the site, or whoever signs for it, gave one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from venire.continuity.objects import revocation_lists as lists
from venire.continuity.objects.revocation_lists import Entry, RevocationList
from venire.kernel.clock import Clock
from venire.kernel.errors import Invalid, Unavailable
from venire.posts.media.rules import ENDINGS, is_name
from venire.record import tree
from venire.record.note import VerifierKey

_TYPES: Final = {ending: kind for kind, ending in ENDINGS.items()}


class Item(msgspec.Struct, frozen=True):
    """A medium of the mirror; `names` are its files."""

    id: int
    account_id: int
    names: tuple[str, ...]


class _State(msgspec.Struct, frozen=True):
    url: str
    key: str
    seen: RevocationList | None = None
    timeline: int = 0


class MirrorFolder:
    """The folder of one mirror. `ticks`: seconds of a clock that only runs forward."""

    def __init__(
        self, folder: Path, url: str, key: VerifierKey, clock: Clock, ticks: Callable[[], float]
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._key = key
        self._clock = clock
        self._ticks = ticks
        self._fresh_until = float("-inf")
        self._items: dict[int, Item] = {}
        self._revoked: set[str] = set()
        self._frontier = tree.EMPTY
        self._log = _Lines(folder / "revocations")
        self._found = _Lines(folder / "media.jsonl")
        self.why = "no list of revocations since the start"
        self._state = self._read(url)

    def _read(self, url: str) -> _State:
        try:
            written = (self.folder / "mirror.json").read_bytes()
        except FileNotFoundError:
            return _State(url, str(self._key))
        try:
            state = msgspec.json.decode(written, type=_State)
            for at, line in enumerate(self._log.read(), 1):
                self._take(lists.parse_page(line, at))
            for line in self._found.read():
                item = msgspec.json.decode(line, type=Item)
                self._items[item.id] = item
        except (msgspec.MsgspecError, Invalid) as error:
            hint = f"{self.folder} is damaged: delete it, everything is fetched again"
            raise Unavailable("mirror_damaged", hint) from error
        if (state.url, state.key) != (url, str(self._key)):
            hint = f"{self.folder} mirrors {state.url} with another key: name a folder of its own"
            raise Unavailable("mirror_of_another", hint)
        return state

    def _take(self, entries: Sequence[Entry]) -> None:
        self._frontier = lists.extended(self._frontier, entries)
        for one in entries:
            (self._revoked.add if one.revoked else self._revoked.discard)(one.subject)

    @property
    def seen(self) -> RevocationList | None:
        """The newest list that was believed."""
        return self._state.seen

    @property
    def known(self) -> int:
        """How many entries are here."""
        return self._frontier.size

    @property
    def timeline(self) -> int:
        """The id of the last post that was looked at."""
        return self._state.timeline

    @property
    def count(self) -> int:
        """How many media there are, shown or not."""
        return len(self._items)

    def fresh(self) -> bool:
        """Whether anything may be shown now."""
        seen = self._state.seen
        if seen is None or self._ticks() >= self._fresh_until:
            return False
        # One that was set back since would make an old list young: then nothing is shown.
        now_ms = self._clock.now_ms()
        return seen.issued_at_ms - lists.SKEW_MS <= now_ms < seen.expires_at_ms

    def distrust(self, why: str) -> None:
        """Show nothing until there is a list that can be believed."""
        self._fresh_until = float("-inf")
        self.why = why

    def opened(self, note: bytes) -> RevocationList:
        """A list that is to be believed now. Raises Invalid, see `revocation_lists`."""
        new = lists.opened(note, self._key)
        lists.check(new, self._state.seen, self._clock.now_ms())
        if self._begins_anew(new):
            return new
        if new.size < self.known:
            raise Invalid("list_rolled_back", "shorter than what is known here")
        return new

    def _begins_anew(self, new: RevocationList) -> bool:
        return self._state.seen is not None and new.epoch > self._state.seen.epoch

    def begin(self, new: RevocationList) -> None:
        """Make room for a list of another epoch: nothing of what is here is vouched for by it."""
        if not self._begins_anew(new):
            return
        self.distrust("the site has begun a new list")
        self._items.clear()
        self._revoked.clear()
        self._frontier = tree.EMPTY
        self._found.clear()
        self._log.clear()
        shutil.rmtree(self.folder / "media", ignore_errors=True)
        self._write(msgspec.structs.replace(self._state, timeline=0))

    def accept(self, new: RevocationList, entries: Sequence[Entry]) -> list[Item]:
        """Follow a list: what it revokes is deleted here, what it restores is to be fetched again.

        `entries` are those after `known`. Invalid `list_inconsistent` where they do not add up.
        """
        if lists.extended(self._frontier, entries).size != new.size or (
            tree.root(lists.extended(self._frontier, entries)) != new.root
        ):
            raise Invalid("list_inconsistent", "its entries do not add up to what was signed")
        if entries:
            self._log.append(b"".join(map(lists.line, entries)))
            self._take(entries)
        for item in self._items.values():
            if not self.may_show(item):
                shutil.rmtree(self.folder / "media" / str(item.id), ignore_errors=True)
        self._write(msgspec.structs.replace(self._state, seen=new))
        now_ms = self._clock.now_ms()
        left_ms = min(new.expires_at_ms - now_ms, lists.LASTS_MS)
        self._fresh_until = self._ticks() + left_ms / 1000
        self.why = ""
        restored = {one.subject for one in entries if not one.revoked}
        return [
            item
            for item in self._items.values()
            if restored & {_medium(item), _account(item)} and self.may_show(item)
        ]

    def may_show(self, item: Item) -> bool:
        """Whether the list lets a medium be shown."""
        return not self._revoked & {_medium(item), _account(item)}

    def note(self, items: Sequence[Item], timeline: int) -> None:
        """Remember media that were found, and how far the timeline was read."""
        new = [one for one in items if self._items.get(one.id) != one]
        if new:
            self._found.append(b"".join(msgspec.json.encode(one) + b"\n" for one in new))
            self._items.update((one.id, one) for one in new)
        self._write(msgspec.structs.replace(self._state, timeline=timeline))

    def path(self, media_id: int, name: str) -> Path:
        """Where a file of a medium lies."""
        if not is_name(name):
            raise Invalid("name_malformed", "not the name of a file of a medium")
        return self.folder / "media" / str(media_id) / name

    def missing(self) -> list[tuple[Item, str]]:
        """Files that may be shown and are not here."""
        return [
            (item, name)
            for item in self._items.values()
            if self.may_show(item)
            for name in item.names
            if not self.path(item.id, name).is_file()
        ]

    def shown(self, media_id: int, name: str) -> tuple[Path, str] | None:
        """A file and its type, None where it may not be shown or is not here."""
        item = self._items.get(media_id)
        if item is None or name not in item.names or not self.may_show(item):
            return None
        path, kind = self.path(media_id, name), _TYPES.get(name.rpartition(".")[2])
        return (path, kind) if kind is not None and path.is_file() else None

    def _write(self, state: _State) -> None:
        fresh = self.folder / ".mirror.json"
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / "mirror.json")
        self._state = state


class _Lines:
    """A file that grows by whole lines, also where a crash or a full disk cuts one short."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0

    def read(self) -> list[bytes]:
        """All lines; a last one that was cut short was never counted on."""
        content = self._path.read_bytes() if self._path.is_file() else b""
        self._size = content.rfind(b"\n") + 1
        return content[: self._size].splitlines(keepends=True)

    def append(self, lines: bytes) -> None:
        """Add lines, durably, or nothing. OSError."""
        with self._path.open("ab") as file:
            # What was left of a write that failed would stand between these and the last ones.
            file.truncate(self._size)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._size += len(lines)

    def clear(self) -> None:
        """Begin again with nothing."""
        self._path.unlink(missing_ok=True)
        self._size = 0


def _medium(item: Item) -> str:
    return lists.medium_subject(item.id)


def _account(item: Item) -> str:
    return lists.account_subject(item.account_id)
