"""A notice's own words, field by field: its head, and each of its items, however badly written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from venire.kernel.clock import DAY_MS, parse_iso_ms
from venire.notices.attachments import Files
from venire.notices.model import (
    MAX_NAME_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MAX_URL_CHARACTERS,
    NOTICE_KINDS,
    Envelope,
    NoticeKind,
    ParsedItem,
    ParsedNotice,
    UnreadableCode,
)
from venire.notices.rules import category_named, renumbered

DEFAULT_DUE_HOURS: Final = 24
_LONGEST_DUE_HOURS: Final = 24 * 366
_OLDEST_MS: Final = 631_152_000_000  # 1990: a date before that is a slip
_LARGEST_N: Final = 1_000_000_000


def read_notice(
    stated: Mapping[str, Any],
    items: Sequence[ParsedItem],
    known: Envelope,
    content: bytes,
    now_ms: int,
) -> ParsedNotice:
    """Join a document's head with what its door knows; what cannot be read becomes a remark.

    A head with a slip in it is no reason to lose the posts it points at.
    """
    remarks: list[str] = []
    digest = hashlib.sha256(content).hexdigest()
    return ParsedNotice(
        provider=known.provider or _short(stated.get("provider")) or "unknown",
        # Without a reference the bytes themselves are one: sent twice, it is still one notice.
        reference=_short(stated.get("reference")) or known.reference or f"sha256:{digest[:32]}",
        kind=_kind(stated.get("kind"), known, remarks),
        received_at_ms=_received(stated.get("received_at"), known, now_ms, remarks),
        reply_to=_short(stated.get("reply_to")) or known.reply_to,
        category=_category(stated.get("category") or known.category, remarks),
        due_hours=_due_hours(stated.get("due_hours"), known, remarks),
        items=renumbered(items),
        remarks=tuple(remarks),
    )


def read_item(row: Mapping[str, Any] | None, files: Files) -> ParsedItem:
    """Read one item. Of several ways to locate it all are kept; None is a row that broke."""
    if row is None:
        return ParsedItem(n=0, code="bad_row")
    n, given_n = _number(row.get("n"))
    note = row.get("note")
    item = ParsedItem(
        n=n,
        given_n=given_n,
        category=_category(row.get("category"), []) if row.get("category") else "",
        note=clean(note)[:MAX_NOTE_CHARACTERS] if isinstance(note, str) else "",
    )
    fields = {key: row.get(key) for key in ("url", "text", "screenshot")}
    present = {key: value for key, value in fields.items() if value is not None}
    if not present or not all(isinstance(value, str) for value in present.values()):
        return replace(item, code="bad_row")
    text = clean(present.get("text", ""))[: MAX_TEXT_CHARACTERS + 1]
    item = replace(
        item,
        url=clean(present.get("url", "")).strip()[: MAX_URL_CHARACTERS + 1],
        text=text if text.strip() else "",
        screenshot=clean(present.get("screenshot", "")).strip()[: MAX_NAME_CHARACTERS + 1],
    )
    return replace(item, code=_why_unreadable(item, files))


def _why_unreadable(item: ParsedItem, files: Files) -> UnreadableCode | None:
    if len(item.url) > MAX_URL_CHARACTERS or len(item.text) > MAX_TEXT_CHARACTERS:
        return "too_large"
    if item.url or item.text:
        return None
    if not item.screenshot:
        return "empty_text"
    found = files.look(item.screenshot)
    return found if isinstance(found, str) else None


def _short(value: object) -> str:
    """A header field: text or a number, one line, of a bounded length; else empty."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(clean(str(value)).split())[:MAX_NAME_CHARACTERS]


def _kind(value: object, known: Envelope, remarks: list[str]) -> NoticeKind:
    for kind in NOTICE_KINDS:
        if kind == value:
            return kind
    if value is not None:
        remarks.append("kind_unknown")
    return known.kind or "items"


def _received(value: object, known: Envelope, now_ms: int, remarks: list[str]) -> int:
    if value is not None:
        try:
            received_ms = parse_iso_ms(str(value))
        except (ValueError, OverflowError):
            received_ms = 0
        if _OLDEST_MS <= received_ms <= now_ms + DAY_MS:
            return received_ms
        remarks.append("received_at_unreadable")
    return now_ms if known.received_at_ms is None else known.received_at_ms


def _category(value: object, remarks: list[str]) -> str:
    if not value:
        return "other"
    named = category_named(value) if isinstance(value, str) else None
    if named is None:
        remarks.append("category_unknown")
    return named or "other"


def _due_hours(value: object, known: Envelope, remarks: list[str]) -> int:
    if value is not None:
        try:
            hours = int(float(str(value)))
        except (ValueError, OverflowError):
            hours = 0
        if 0 < hours <= _LONGEST_DUE_HOURS:
            return hours
        remarks.append("due_hours_unreadable")
    return known.due_hours or DEFAULT_DUE_HOURS


def _number(value: object) -> tuple[int, str]:
    """The sender's number as (n, ""), or (0, what was written) when it cannot be one."""
    written = _short(value)
    if written.isascii() and written.isdigit() and len(written) <= len(str(_LARGEST_N)):
        n = int(written)
        if 0 < n <= _LARGEST_N:
            return n, ""
    return 0, written[:40]


def clean(text: str) -> str:
    """Text without what no file or database can hold: lone surrogates and control characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(sign for sign in whole if sign >= " " or sign in "\n\t").replace("\x7f", "")
