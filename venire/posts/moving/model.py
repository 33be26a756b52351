"""Nouns: an import and its rows, an old post as an archive tells it, what became of a row."""

from __future__ import annotations

from typing import Final

import msgspec

from venire.kernel.ids import AccountId

FOLLOWS: Final = "following"
BLOCKS: Final = "blocking"
MUTES: Final = "muting"
LISTS: Final = "lists"
BOOKMARKS: Final = "bookmarks"
DOMAIN_BLOCKS: Final = "domain_blocking"
FILTERS: Final = "filters"
ARCHIVE: Final = "archive"
FAVOURITES: Final = "favourites"
"""Never brought in, only counted: nobody is told of an old like."""
TIES: Final = (FOLLOWS, BLOCKS, MUTES, LISTS, BOOKMARKS, DOMAIN_BLOCKS, FILTERS)
"""Kinds of files, by Mastodon's names of its imports where it has them."""
KINDS: Final = (*TIES, ARCHIVE)
SPELLINGS: Final = {
    "follows": FOLLOWS,
    "blocks": BLOCKS,
    "mutes": MUTES,
    "domain_blocks": DOMAIN_BLOCKS,
}
"""Other names by which a kind is asked for."""

MERGE: Final = "merge"
OVERWRITE: Final = "overwrite"
MODES: Final = (MERGE, OVERWRITE)

RECEIVING: Final = "receiving"
WORKING: Final = "working"
REMOVING: Final = "removing"
DONE: Final = "done"
FAILED: Final = "failed"
ENDED: Final = frozenset({DONE, FAILED})

BROUGHT: Final = "brought"
THERE: Final = "there"
WAITS: Final = "waiting"
SKIPPED: Final = "skipped"
REFUSED: Final = "refused"


class Outcome(msgspec.Struct, frozen=True):
    """What became of a row: brought, there already, waiting, skipped or refused, and why."""

    state: str
    code: str = ""
    media: int = 0
    media_missing: int = 0


class Report(msgspec.Struct, frozen=True):
    """What became of the rows of an import so far.

    `skipped` and `refused` count by code. `media_missing`: pictures and films that an archive did
    not hold or that could not be read. `likes`: posts liked elsewhere, which are only
    counted. `code`: why all of it failed. `reached`: where removing goes on.
    `waited`: rows of this kind that waited before it began.
    """

    rows: int = 0
    brought: int = 0
    there: int = 0
    waiting: int = 0
    skipped: dict[str, int] = {}
    refused: dict[str, int] = {}
    removed: int = 0
    media: int = 0
    media_missing: int = 0
    likes: int = 0
    code: str = ""
    reached: str = ""
    waited: int = 0


class Import(msgspec.Struct, frozen=True):
    """Something that a member brings along; see `storage.tables.moving.ImportRow`."""

    account_id: AccountId
    id: int
    version: int
    kind: str
    mode: str
    state: str
    source_key: str
    start: int
    stop: int
    place: int
    made_at_ms: int
    changed_at_ms: int
    paused_until_ms: int | None
    report: Report

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.state in ENDED


class TieLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a file of ties: an address, a domain or the identity of a post.

    `text` is the row as it was given, for the file of failures.
    """

    n: int
    text: str
    address: str
    list_title: str = ""
    reblogs: bool | None = None
    notify: bool | None = None
    languages: tuple[str, ...] | None = None
    hide_notifications: bool | None = None


class FilterWord(msgspec.Struct, frozen=True):
    """A phrase of a filter, as Mastodon's `FilterKeyword` has it."""

    keyword: str
    whole_word: bool = True


class FilterLine(msgspec.Struct, frozen=True):
    """A filter as Mastodon's `Filter` (version 2) has it."""

    n: int
    text: str
    title: str
    context: tuple[str, ...]
    filter_action: str = "warn"
    keywords: tuple[FilterWord, ...] = ()
    expires_at: str | None = None


class BroughtMedium(msgspec.Struct, frozen=True, omit_defaults=True):
    """A medium of an old post: where its bytes lie in the opened file; none where `size` is 0."""

    at: int = 0
    size: int = 0
    description: str | None = None
    focus: tuple[float, float] | None = None


class BroughtPost(msgspec.Struct, frozen=True, omit_defaults=True):
    """A post as an archive tells it.

    `named` are the handles (`name@domain`, in lower case) that it says it mentions. `reply_uri` is
    what it answered. Times are ms UTC.
    """

    n: int
    uri: str
    published_at_ms: int
    visibility: str
    text: str
    url: str | None = None
    spoiler: str = ""
    language: str | None = None
    sensitive: bool = False
    reply_uri: str | None = None
    edited_at_ms: int | None = None
    named: tuple[str, ...] = ()
    media: tuple[BroughtMedium, ...] = ()


class Opened(msgspec.Struct, frozen=True):
    """What opening an archive found; places and sizes are bytes of the opened file.

    `skipped` counts what was left out by code. `parts`: other files of ties, by kind. `error`: a
    code of `opening.FAULTS` and nothing else, or empty.
    """

    error: str = ""
    posts: int = 0
    start: int = 0
    stop: int = 0
    media: int = 0
    media_missing: int = 0
    skipped: dict[str, int] = {}
    likes: tuple[int, int] = (0, 0)
    parts: dict[str, tuple[int, int]] = {}
    size: int = 0
