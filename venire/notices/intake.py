"""Notices come in: a folder, JSON, CSV or mail becomes one `ParsedNotice`, item by item.

Only what makes the whole document unreadable is refused. Everything less gets its own state, and
the rest goes on.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, TypeVar

from msgspec.structs import replace

from venire.kernel.errors import Invalid, NotFound, TooLarge
from venire.notices import letters, sheets
from venire.notices.attachments import Files, FolderFiles, PartFiles, memory_file
from venire.notices.entries import read_item, read_notice
from venire.notices.model import (
    MAX_DOCUMENT_BYTES,
    MAX_ITEMS,
    NOTICE_KINDS,
    Envelope,
    ParsedNotice,
    SourceFile,
    UnreadableCode,
)
from venire.notices.rules import is_plain_name

Form = Literal["json", "csv", "eml"]

DOCUMENT_NAME: Final = "notice.json"
_MEDIA_TYPES: Final[Mapping[str, Form]] = {
    "application/json": "json",
    "text/json": "json",
    "text/csv": "csv",
    "application/csv": "csv",
    "application/vnd.ms-excel": "csv",  # what Windows calls a .csv
    "message/rfc822": "eml",
}
_MAIL_HEADERS: Final = (b"received:", b"return-path:", b"from:", b"date:", b"mime-version:")


@dataclasses.dataclass(frozen=True)
class Parcel:
    """A notice on disk: its document and the files beside it that its items name."""

    document: bytes
    name: str
    files: Files


def open_path(path: Path) -> Parcel:
    """Open a folder with `notice.json`, or a `.json`, `.csv` or `.eml` file.

    Raises:
        NotFound: `notice_path_missing`, when there is nothing there.
        Invalid: `notice_path_unreadable`, when the system refuses to read it.
        TooLarge: `notice_too_large`, over 16 MB.

    """
    document = path / DOCUMENT_NAME if path.is_dir() else path
    try:
        with document.open("rb") as opened:
            content = opened.read(MAX_DOCUMENT_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(
            "notice_path_missing",
            "give a folder with notice.json, or a .json, .csv or .eml file",
            name=document.name,
        ) from error
    except OSError as error:
        raise Invalid(
            "notice_path_unreadable", "the file cannot be read", name=document.name
        ) from error
    _check_size(content)
    return Parcel(content, document.name, FolderFiles(document.parent))


def parse_path(path: Path, *, now_ms: int, envelope: Envelope | None = None) -> ParsedNotice:
    """Read a notice from disk whole; see `open_path` and `parse_document` for what is refused."""
    parcel = open_path(path)
    return parse_document(
        parcel.document, now_ms=now_ms, name=parcel.name, files=parcel.files, envelope=envelope
    )


def files_to_send(path: Path, *, now_ms: int) -> list[SourceFile]:
    """The files of a notice on disk that its items name, for sending it to a site elsewhere.

    One that is too large is in the list: its first `MAX_SCREENSHOT_BYTES` + 1 bytes are enough
    for the site to say so of the item, instead of calling the file missing.
    """
    parcel = open_path(path)
    notice = parse_document(parcel.document, now_ms=now_ms, name=parcel.name, files=parcel.files)
    named = {item.screenshot for item in notice.items if is_plain_name(item.screenshot)}
    if isinstance(parcel.files, FolderFiles):
        return [file for name in sorted(named) if (file := parcel.files.head(name)) is not None]
    return []


def form_of(content: bytes, *, media_type: str = "", name: str = "") -> Form:
    """Tell JSON, CSV and mail apart: by media type, else by name, else by how it begins."""
    stated = _MEDIA_TYPES.get(media_type.partition(";")[0].strip().casefold())
    if stated is not None:
        return stated
    ending = name.rpartition(".")[2].casefold()
    if ending in ("json", "csv", "eml"):
        return ending  # type: ignore[return-value]
    # A byte order mark and the zeros of UTF-16 would hide the first sign.
    start = content[:400].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\x00", b"").lstrip().lower()
    if start.startswith((b"{", b"[")):
        return "json"
    return "eml" if start.startswith(_MAIL_HEADERS) else "csv"


def parse_document(
    content: bytes,
    *,
    now_ms: int,
    media_type: str = "",
    name: str = "",
    files: Files | None = None,
    envelope: Envelope | None = None,
) -> ParsedNotice:
    """Read one document of a notice, as part `notice` of an upload or from disk.

    Args:
        content: JSON, CSV or mail, at most 16 MB.
        now_ms: stands in for a missing or impossible `received_at`.
        media_type: as the sender stated it; may be empty.
        name: the document's file name; may be empty.
        files: what `screenshot` names are looked up in; a mail's own attachments come after it.
        envelope: what the door already knows of sender and reference.

    Raises:
        TooLarge: `notice_too_large`, `notice_too_many_items`.
        Invalid: `notice_not_json` (line, column), `notice_not_an_object`,
            `notice_items_not_a_list`, `notice_csv_header`, `notice_encoding`, `notice_mail`.

    """
    _check_size(content)
    known, at_hand = envelope or Envelope(), files or PartFiles()
    form = form_of(content, media_type=media_type, name=name)
    if form == "json":
        return _from_json(content, known, at_hand, now_ms)
    if form == "csv":
        return _from_csv(content, known, at_hand, now_ms)
    return _from_letter(content, known, at_hand, now_ms)


def _check_size(content: bytes) -> None:
    if len(content) > MAX_DOCUMENT_BYTES:
        raise TooLarge(
            "notice_too_large",
            "the notice itself may have 16 MB; screenshots are sent beside it",
            limit=MAX_DOCUMENT_BYTES,
        )


def _from_json(content: bytes, known: Envelope, files: Files, now_ms: int) -> ParsedNotice:
    try:
        document = json.loads(sheets.decode(content).lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise Invalid(
            "notice_not_json",
            f"line {error.lineno}, column {error.colno}: {error.msg}",
            line=error.lineno,
            column=error.colno,
        ) from error
    except (RecursionError, ValueError) as error:
        # Brackets a thousand deep, or a number of five thousand digits.
        raise Invalid("notice_not_json", "nested too deep, or a number too long") from error
    if not isinstance(document, dict):
        raise Invalid("notice_not_an_object", "a notice is one JSON object with a list `items`")
    kind = document.get("kind")
    listed = document.get("items")
    if listed is None and kind in NOTICE_KINDS and kind != "items":
        listed = []
    if not isinstance(listed, list):
        raise Invalid("notice_items_not_a_list", "`items` must be a list; it may be empty")
    items = [read_item(row if isinstance(row, dict) else None, files) for row in _counted(listed)]
    return read_notice(document, items, known, content, now_ms)


def _from_csv(content: bytes, known: Envelope, files: Files, now_ms: int) -> ParsedNotice:
    items = [read_item(row, files) for row in _counted(sheets.rows(content))]
    return read_notice({}, items, known, content, now_ms)


def _from_letter(content: bytes, known: Envelope, files: Files, now_ms: int) -> ParsedNotice:
    letter = letters.read(content)
    stated = replace(
        known,
        provider=known.provider or letter.sender_domain,
        reference=known.reference or letter.reference,
        received_at_ms=known.received_at_ms or letter.sent_at_ms,
        reply_to=known.reply_to or letter.reply_to,
    )
    own = PartFiles(memory_file(name, body) for name, body in letter.files)
    both = _Either(files, own)
    for name, media_type, body in letter.documents:
        if form_of(body, media_type=media_type, name=name) == "json":
            return _from_json(body, stated, both, now_ms)
        return _from_csv(body, stated, both, now_ms)
    items = [read_item({"url": url}, both) for url in _counted(letter.urls)]
    return read_notice({}, items, stated, content, now_ms)


class _Either:
    """Files sent beside a mail, then those inside it."""

    def __init__(self, first: Files, second: Files) -> None:
        self._first, self._second = first, second

    def look(self, name: str) -> SourceFile | UnreadableCode:
        found = self._first.look(name)
        return self._second.look(name) if found == "missing_file" else found


_Row = TypeVar("_Row")


def _counted(rows: Iterable[_Row]) -> Iterable[_Row]:
    for count, row in enumerate(rows, start=1):
        if count > MAX_ITEMS:
            raise TooLarge(
                "notice_too_many_items",
                f"a notice may have {MAX_ITEMS} items; send the rest as another one",
                limit=MAX_ITEMS,
            )
        yield row
