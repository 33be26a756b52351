"""What is brought along and taken along, as its owner sees it. Mastodon has no such entities."""

from __future__ import annotations

import msgspec

from venire.kernel.clock import iso_ms
from venire.posts.moving.model import Import
from venire.storage.tables.moving import ExportRow


class ImportEntity(msgspec.Struct, frozen=True):
    """An import. `progress` is from 0 to 1; `skipped` and `refused` count rows by reason.

    `code` says why it ended before its time; `paused_until` when it goes on by itself.
    """

    id: str
    type: str
    mode: str
    state: str
    progress: float
    rows: int
    brought: int
    there: int
    waiting: int
    skipped: dict[str, int]
    refused: dict[str, int]
    removed: int
    media: int
    media_missing: int
    likes: int
    code: str | None
    paused_until: str | None
    created_at: str
    updated_at: str


class BegunEntity(ImportEntity, frozen=True, kw_only=True):
    """An import that was just begun; `also` are those of the files of ties in an archive."""

    also: tuple[ImportEntity, ...]


class ExportEntity(msgspec.Struct, frozen=True):
    """An archive of everything: `size` in bytes; `left_out` are media that could not be read."""

    id: str
    state: str
    size: int
    posts: int
    media: int
    left_out: int
    created_at: str
    expires_at: str


class ExportsEntity(msgspec.Struct, frozen=True):
    """The archives that were asked for, and the paths of the files of ties."""

    archives: tuple[ExportEntity, ...]
    files: tuple[str, ...]


class LinkEntity(msgspec.Struct, frozen=True):
    """An address that opens an archive once."""

    url: str


def build_import(one: Import) -> ImportEntity:
    """The entity of an import."""
    report = one.report
    size = one.stop - one.start
    return ImportEntity(
        id=str(one.id),
        type=one.kind,
        mode=one.mode,
        state=one.state,
        progress=1.0 if size <= 0 else round((one.place - one.start) / size, 4),
        rows=report.rows,
        brought=report.brought,
        there=report.there,
        waiting=report.waiting,
        skipped=report.skipped,
        refused=report.refused,
        removed=report.removed,
        media=report.media,
        media_missing=report.media_missing,
        likes=report.likes,
        code=report.code or None,
        paused_until=None if one.paused_until_ms is None else iso_ms(one.paused_until_ms),
        created_at=iso_ms(one.made_at_ms),
        updated_at=iso_ms(one.changed_at_ms),
    )


def build_export(row: ExportRow) -> ExportEntity:
    """The entity of an archive."""
    return ExportEntity(
        id=str(row.id),
        state=row.state,
        size=row.size,
        posts=row.posts,
        media=row.media,
        left_out=row.left_out,
        created_at=iso_ms(row.made_at_ms),
        expires_at=iso_ms(row.ends_at_ms),
    )
