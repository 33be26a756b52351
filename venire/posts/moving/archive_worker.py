"""The child that opens archives: started by `posts/moving/opening.py`, never by hand.

Its stdin is the archive; its one argument is a `Task`. What is of use it writes to the descriptor
`opened`: media as they are, then posts by date and other rows, a JSON line each. It says on stdout
what lies where (`model.Opened`).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from venire.kernel.confinement import deny_calls, limit_process
from venire.kernel.errors import Problem
from venire.posts.media.rules import FILM_BYTES, form_of
from venire.posts.moving import csvs
from venire.posts.moving.entries import Entry, entries
from venire.posts.moving.model import (
    BOOKMARKS,
    FAVOURITES,
    BroughtMedium,
    BroughtPost,
    Opened,
    TieLine,
)
from venire.posts.moving.notes import SentMedium, Told, read_activity
from venire.posts.moving.splitting import ITEM_BYTES, Unreadable, items

OUTBOX_BYTES: Final = 1 << 30
POSTS_MOST: Final = 500_000
LIKES_MOST: Final = 200_000
_MEMORY_BYTES: Final = 1_024 * 1024 * 1024
_CPU_SECONDS: Final = 900
_OUTBOX: Final = "outbox.json"
_HEAD: Final = 64
_KINDS: Final = {name: kind for kind, name in csvs.NAMES.items()}
_LINE_BYTES: Final = 60_000
_ENCODER: Final = msgspec.json.Encoder()


class Task(msgspec.Struct, frozen=True):
    """What is handed in: `form` is zip or tar; `opened` and `drafts` are open descriptors.

    `packed`: its size in bytes; `unpacked_most`: how large what is in it may be, together.
    """

    form: str
    packed: int
    unpacked_most: int
    opened: int
    drafts: int


class _Draft(msgspec.Struct, frozen=True):
    """A post as it waits for its media to be found."""

    post: BroughtPost
    media: tuple[SentMedium, ...] = ()


class _Output:
    """A file that is written from its beginning, and how far it is."""

    def __init__(self, descriptor: int) -> None:
        self.file = open(descriptor, "wb", closefd=False)  # noqa: SIM115 - given open
        self.at = 0

    def write(self, part: bytes) -> int:
        """Write; the place where it begins."""
        begun = self.at
        self.file.write(part)
        self.at += len(part)
        return begun


class _Opening:
    def __init__(self, task: Task) -> None:
        self._task = task
        self._out = _Output(task.opened)
        self._drafts = _Output(task.drafts)
        self._places: list[tuple[int, int, int]] = []
        self._media: dict[str, tuple[int, int]] = {}
        self._skipped: Counter[str] = Counter()
        self._lines: dict[str, bytes] = {}
        self._followers = ""
        self._root: str | None = None
        self._seen = 0

    def take(self, entry: Entry) -> None:
        """Take what is of use from a file of the archive."""
        folder, _, name = entry.name.rpartition("/")
        if "/" in folder or folder == "__MACOSX":
            self._take_medium(entry)
        elif name == _OUTBOX:
            if self._root is not None:
                raise Unreadable("archive_broken")
            self._root = folder
            self._take_posts(entry)
        elif name == "actor.json":
            self._take_actor(entry)
        elif name in {"likes.json", "bookmarks.json"}:
            kind = FAVOURITES if name == "likes.json" else BOOKMARKS
            self._lines[kind] = csvs.packed(_uris(entry))
        elif name in _KINDS:
            self._take_ties(entry, _KINDS[name])
        else:
            self._take_medium(entry)

    def _take_actor(self, entry: Entry) -> None:
        actor = _decoded(b"".join(_limited(entry, ITEM_BYTES)))
        followers = actor.get("followers") if isinstance(actor, dict) else None
        self._followers = followers if isinstance(followers, str) else ""

    def _take_ties(self, entry: Entry, kind: str) -> None:
        try:
            lines = csvs.parse(kind, b"".join(_limited(entry, csvs.FILE_BYTES)))
        except Problem as problem:
            # One odd file among the others does not spoil the archive: it is told of.
            self._skipped[f"unreadable_{kind}"] += problem.code != "import_empty"
            return
        if kind != BOOKMARKS or BOOKMARKS not in self._lines:
            self._lines[kind] = csvs.packed(lines)

    def _take_posts(self, entry: Entry) -> None:
        for raw in items(_limited(entry, OUTBOX_BYTES)):
            self._seen += 1
            if self._seen > POSTS_MOST:
                raise Unreadable("archive_too_many_posts")
            told = read_activity(_decoded(raw), self._seen, self._followers)
            if told.post is None:
                self._skipped[told.skipped] += 1
            else:
                self._keep(told.post, told)

    def _keep(self, post: BroughtPost, told: Told) -> None:
        line = _ENCODER.encode(_Draft(post, told.media))
        if len(line) > _LINE_BYTES:
            self._skipped["text_too_large"] += 1
            return
        self._places.append((post.published_at_ms, self._drafts.write(line), len(line)))

    def _take_medium(self, entry: Entry) -> None:
        if not 0 < entry.size <= FILM_BYTES or entry.name.rpartition("/")[2].startswith("._"):
            return
        begun = self._out.at
        first = True
        for part in entry.read():
            if first and form_of(part[:_HEAD]) is None:
                return
            first = False
            self._out.write(part)
            if self._out.at - begun > FILM_BYTES:
                raise Unreadable("archive_broken")
        self._media[_key(entry.name)] = (begun, self._out.at - begun)

    def finish(self) -> Opened:
        """Write the posts by date, each with the places of its media; say what lies where."""
        if self._root is None:
            raise Unreadable("archive_without_posts")
        self._drafts.file.flush()
        start = self._out.at
        found = missing = 0
        # The oldest first: whoever answers is written after what is answered.
        for _, at, length in sorted(self._places):
            draft = msgspec.json.decode(os.pread(self._task.drafts, length, at), type=_Draft)
            media = tuple(self._medium(one) for one in draft.media)
            found += sum(one.size > 0 for one in media)
            missing += sum(one.size == 0 for one in media)
            post = msgspec.structs.replace(draft.post, media=media)
            self._out.write(_ENCODER.encode(post) + b"\n")
        stop = self._out.at
        parts = {kind: self._place(lines) for kind, lines in self._lines.items()}
        self._out.file.flush()
        return Opened(
            posts=len(self._places),
            start=start,
            stop=stop,
            media=found,
            media_missing=missing,
            skipped=dict(+self._skipped),
            likes=parts.pop(FAVOURITES, (0, 0)),
            parts=parts,
            size=self._out.at,
        )

    def _place(self, lines: bytes) -> tuple[int, int]:
        begun = self._out.write(lines)
        return begun, self._out.at

    def _medium(self, sent: SentMedium) -> BroughtMedium:
        keys = (_key(f"{self._root}/{sent.path}"), _key(sent.path))
        place = next((self._media[key] for key in keys if key in self._media), (0, 0))
        return BroughtMedium(place[0], place[1], sent.description, sent.focus)


def _key(name: str) -> str:
    """Under which a medium is found, however deep its folder lies."""
    at = name.find("media_attachments/")
    return name[at:] if at >= 0 else name.lstrip("/")


def _limited(entry: Entry, most: int) -> Iterator[bytes]:
    seen = 0
    for part in entry.read():
        seen += len(part)
        if seen > most:
            raise Unreadable("archive_item_too_large")
        yield part


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Unreadable("archive_broken") from error


def _uris(entry: Entry) -> Iterator[TieLine]:
    """The identities that a collection lists."""
    for n, raw in enumerate(items(_limited(entry, OUTBOX_BYTES)), 1):
        if n > LIKES_MOST:
            raise Unreadable("archive_too_many_posts")
        found = _decoded(raw)
        uri = found.get("id") if isinstance(found, dict) else found
        if isinstance(uri, str) and len(uri) <= csvs.CELL_LENGTH:
            yield TieLine(n, uri[: csvs.ROW_LENGTH], uri)


def open_archive(task: Task, source: BinaryIO) -> Opened:
    """Go through an archive once; what is wrong with it is in `error`."""
    opening = _Opening(task)
    try:
        for entry in entries(source, task.form, task.packed, task.unpacked_most):
            opening.take(entry)
        return opening.finish()
    except Unreadable as unreadable:
        return Opened(error=str(unreadable))
    except MemoryError:
        return Opened(error="archive_bomb")


def main() -> None:
    """Give up what is not needed, then open the archive."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    limit_process(
        memory_bytes=_MEMORY_BYTES,
        open_files=3,
        cpu_seconds=_CPU_SECONDS,
        file_bytes=2 * task.unpacked_most,
    )
    deny_calls()
    with open(0, "rb", closefd=False) as source:
        # Whoever handed it in has read a little, and the place in a file is shared.
        source.seek(0)
        opened = open_archive(task, source)
    sys.stdout.buffer.write(msgspec.json.encode(opened))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
