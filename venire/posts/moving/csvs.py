"""Mastodon's files of ties, both ways. Pure.

Formats: docs.joinmastodon.org/user/moving and what Mastodon 4.5 writes. Files come with or without
a header; blocks, lists, bookmarks and domain blocks have none. Mastodon has no file of filters:
ours is the JSON of its version 2 filters.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from venire.kernel.errors import Invalid, TooLarge
from venire.posts.moving.model import (
    BLOCKS,
    BOOKMARKS,
    DOMAIN_BLOCKS,
    FILTERS,
    FOLLOWS,
    LISTS,
    MUTES,
    FilterLine,
    FilterWord,
    TieLine,
)

FILE_BYTES: Final = 8 << 20
ROWS_MOST: Final = 50_000
CELL_LENGTH: Final = 2_048
FILTER_BYTES: Final = 64 << 10
ROW_LENGTH: Final = 500
"""Of a row as it is kept for the file of failures."""
NAMES: Final = {
    FOLLOWS: "following_accounts.csv",
    BLOCKS: "blocked_accounts.csv",
    MUTES: "muted_accounts.csv",
    LISTS: "lists.csv",
    BOOKMARKS: "bookmarks.csv",
    DOMAIN_BLOCKS: "blocked_domains.csv",
    FILTERS: "filters.json",
}
"""What the files are called, as Mastodon calls them."""

_ADDRESS: Final = "account address"
_HEADERS: Final = {
    FOLLOWS: ("Account address", "Show boosts", "Notify on new posts", "Languages"),
    MUTES: ("Account address", "Hide notifications"),
}
_COLUMNS: Final = {
    FOLLOWS: ("account address", "show boosts", "notify on new posts", "languages"),
    BLOCKS: ("account address",),
    MUTES: ("account address", "hide notifications"),
    LISTS: ("list name", "account address"),
    BOOKMARKS: ("#uri",),
    DOMAIN_BLOCKS: ("#domain",),
}
_OTHER_NAMES: Final = {"#account address": _ADDRESS, "account": _ADDRESS, "uri": "#uri"}
_FILTERS = msgspec.json.Decoder(list[msgspec.Raw])


class _SentFilter(msgspec.Struct):
    """A filter as it comes: what is not named here is passed over."""

    title: str
    context: tuple[str, ...]
    filter_action: str = "warn"
    keywords: tuple[FilterWord, ...] = ()
    expires_at: str | None = None


_FILTER = msgspec.json.Decoder(_SentFilter)


def parse(kind: str, content: bytes) -> list[TieLine | FilterLine]:
    """The rows of a file. Invalid `import_unreadable`, `import_empty`; TooLarge."""
    if len(content) > FILE_BYTES:
        raise TooLarge("import_too_large", "This file is too large", limit=FILE_BYTES)
    lines: list[TieLine | FilterLine] = []
    lines += _filters(content) if kind == FILTERS else _rows(kind, content)
    if not lines:
        raise Invalid("import_empty", "This file has no rows")
    return lines


def _unreadable() -> Invalid:
    return Invalid("import_unreadable", "This file cannot be read as what it is said to be")


def _too_many() -> TooLarge:
    return TooLarge("import_too_many_rows", "This file has too many rows", limit=ROWS_MOST)


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable() from error
    if "\x00" in text:
        raise _unreadable()
    return text


def _rows(kind: str, content: bytes) -> list[TieLine]:
    reader = csv.reader(io.StringIO(_text(content), newline=""), strict=True)
    columns: Sequence[str] = _COLUMNS[kind]
    lines: list[TieLine] = []
    try:
        for n, cells in enumerate(reader, 1):
            bare = [cell.strip() for cell in cells]
            if not any(bare):
                continue
            if n == 1 and (named := _header(kind, bare)) is not None:
                columns = named
                continue
            if len(lines) >= ROWS_MOST:
                raise _too_many()
            lines.append(_line(n, bare, columns))
    except csv.Error as error:
        raise _unreadable() from error
    return lines


def _header(kind: str, cells: Sequence[str]) -> list[str] | None:
    """The columns that a first row names; None where it is a row like the others."""
    named = [_OTHER_NAMES.get(cell.lower(), cell.lower()) for cell in cells]
    return named if named[0] in _COLUMNS[kind] else None


def _line(n: int, cells: Sequence[str], columns: Sequence[str]) -> TieLine:
    found = dict(zip(columns, (cell[:CELL_LENGTH] for cell in cells), strict=False))
    languages = found.get("languages")
    spoken = None
    if languages is not None:
        spoken = tuple(part.strip() for part in languages.split(",") if part.strip())
    address = found.get(_ADDRESS) or found.get("#uri") or found.get("#domain") or ""
    return TieLine(
        n=n,
        text=_written([cells])[:ROW_LENGTH].rstrip("\r\n"),
        address=address,
        list_title=found.get("list name", ""),
        reblogs=_truth(found.get("show boosts")),
        notify=_truth(found.get("notify on new posts")),
        languages=spoken,
        hide_notifications=_truth(found.get("hide notifications")),
    )


def _truth(cell: str | None) -> bool | None:
    if cell is None or not cell:
        return None
    return cell.lower() in {"true", "1", "yes", "t"}


def _filters(content: bytes) -> list[FilterLine]:
    try:
        raws = _FILTERS.decode(content)
        if len(raws) > ROWS_MOST:
            raise _too_many()
        return [_filter(n, bytes(raw)) for n, raw in enumerate(raws, 1)]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _unreadable() from error


def _filter(n: int, raw: bytes) -> FilterLine:
    if len(raw) > FILTER_BYTES:
        raise TooLarge("import_too_large", "This file is too large", limit=FILTER_BYTES)
    sent = _FILTER.decode(raw)
    return FilterLine(
        n=n,
        text=sent.title[:ROW_LENGTH],
        title=sent.title,
        context=sent.context,
        filter_action=sent.filter_action,
        keywords=sent.keywords,
        expires_at=sent.expires_at,
    )


def packed(lines: Iterable[TieLine | FilterLine]) -> bytes:
    """Rows as they are kept until they are done: one JSON line each."""
    return msgspec.json.Encoder().encode_lines(list(lines))


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def plain(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of cells as CSV, without a header."""
    return _written(rows).encode()


def header_of(kind: str) -> bytes:
    """The header of a file of a kind; empty where Mastodon writes none."""
    header = _HEADERS.get(kind)
    return b"" if header is None else plain([header])


def follow_cells(
    address: str, *, reblogs: bool, notify: bool, languages: Sequence[str]
) -> list[str]:
    """A row of the file of follows."""
    return [address, _said(reblogs), _said(notify), ", ".join(languages)]


def mute_cells(address: str, *, hide_notifications: bool) -> list[str]:
    """A row of the file of mutes."""
    return [address, _said(hide_notifications)]


def _said(value: bool) -> str:
    return "true" if value else "false"
