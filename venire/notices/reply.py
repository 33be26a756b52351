"""The reply pack: what a tired person at an abuse desk needs, first line first. Pure.

The mail says in its first lines how many items were found and what became of them, so that the
clock can be stopped by whoever reads no further. The CSV and the JSON say the same, item by item.
"""

from __future__ import annotations

import csv
import io
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from venire.kernel.clock import iso_ms
from venire.notices.model import ItemState, UnreadableCode

_WIDTH: Final = 76
"""RFC 5322 asks for lines under 78 characters; more is wrapped somewhere, badly."""
_EXCERPT: Final = 120
_CSV_TRIGGERS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

STATE_WORDS: Final[dict[ItemState, str]] = {
    "received": "being read",
    "awaiting_confirmation": "found; a person confirms the notice before anything is hidden",
    "unreadable": "could not be read",
    "located": "found; being acted on",
    "held": "found and hidden from everyone but its author; a verdict follows",
    "removed": "found and removed",
    "kept": "found, judged within the rules; still hidden until we have written to you",
    "disputed": "found, judged within the rules, and shown again; our reasons are below",
    "removed_before_notice": "found; we had removed it before your notice came",
    "edited_since": "its author has changed the text; what you quote is no longer there",
    "deleted_by_author": "its author has deleted it; it is no longer there",
    "duplicate": "the same as an earlier item of this notice",
    "foreign": "an address on another site, not ours",
    "ambiguous": "several posts may be meant; a person is looking at them",
    "not_found": "not found on this site",
}
CODE_WORDS: Final[dict[UnreadableCode, str]] = {
    "missing_file": "the file it names was not sent with the notice",
    "broken_image": "the picture could not be opened or read",
    "too_large": "the file or text is over the size we accept",
    "empty_text": "it has no address, no text and no picture, or the picture has no words",
    "path_outside": "the file name points outside the notice",
    "bad_row": "the row could not be read",
}
_COLUMNS: Final = (
    "n",
    "state",
    "code",
    "found",
    "posts",
    "confidence",
    "measure",
    "held_at",
    "decided_at",
    "verdict",
    "why",
    "record",
)


class ReplyItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item as its sender is told of it. Times are milliseconds; addresses are whole.

    `found` says how and where it was looked for; `why` the rule and the reasons, in plain words;
    `record` are links to the entries that anyone can check.
    """

    n: int
    state: ItemState
    code: UnreadableCode | None = None
    shown: str = ""
    """What the item says, to recognise it by: an address, the start of a text, a file name. Left
    empty for child_safety: no word of that goes through mail."""
    found: str = ""
    posts: tuple[str, ...] = ()
    confidence: float = 0.0
    measure: str = ""
    held_at_ms: int | None = None
    decided_at_ms: int | None = None
    verdict: str = ""
    why: str = ""
    record: tuple[str, ...] = ()


class Prevention(msgspec.Struct, frozen=True):
    """What keeps it from happening again, in figures."""

    copies_found: int = 0
    copies_removed: int = 0
    accounts_acted_on: int = 0
    bank_entries: int = 0


class Reply(msgspec.Struct, frozen=True):
    """Everything that an answer to one notice is written from. `final`: no item is open."""

    site_name: str
    site_url: str
    ref: str
    provider: str
    reference: str
    received_at_ms: int
    due_at_ms: int
    written_at_ms: int
    final: bool
    items: tuple[ReplyItem, ...]
    prevention: Prevention = Prevention()
    contact: str = ""


def pack(reply: Reply) -> dict[str, tuple[str, bytes]]:
    """The files of a reply: name to media type and bytes."""
    return {
        "reply.txt": ("text/plain; charset=utf-8", mail_text(reply).encode()),
        "reply.csv": ("text/csv; charset=utf-8", csv_bytes(reply)),
        "reply.json": ("application/json", json_bytes(reply)),
    }


def subject(reply: Reply) -> str:
    """The mail's subject: their reference first, since that is what they search for."""
    state = "final answer" if reply.final else "first answer"
    return _one_line(f"[{reply.reference}] {state} from {reply.site_name} ({reply.ref})")


def mail_text(reply: Reply) -> str:
    """The mail's body: plain text, at most 76 characters a line, addresses whole."""
    parts = [
        _head(reply),
        _summary(reply.items),
        _recurrence(reply.prevention),
        _all_items(reply.items),
        _foot(reply),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(reply: Reply) -> str:
    late = reply.written_at_ms > reply.due_at_ms
    clock = "after" if late else "before"
    status = (
        "This is our final answer: every item below is closed."
        if reply.final
        else "This is what we know now. A final answer follows when the last item is decided."
    )
    return "\n".join(
        [
            *_wrapped(
                f"About your notice {_one_line(reply.reference)}, which reached us at"
                f" {_moment(reply.received_at_ms)}."
            ),
            f"Our reference: {reply.ref}",
            f"Answer due:    {_moment(reply.due_at_ms)}",
            f"Written:       {_moment(reply.written_at_ms)} ({clock} that time)",
            "",
            *_wrapped(status),
        ]
    )


def _summary(items: Sequence[ReplyItem]) -> str:
    counts = Counter(item.state for item in items)
    found = sum(bool(item.posts) and item.state != "ambiguous" for item in items)
    lines = ["IN SHORT", f"  {len(items):>5}  items in your notice", f"  {found:>5}  found here"]
    for state, words in STATE_WORDS.items():
        if counts[state]:
            lines += _wrapped(words, first=f"  {counts[state]:>5}  ", rest=" " * 9)
    return "\n".join(lines) if items else "Your notice has no items; a person has read it."


def _recurrence(prevention: Prevention) -> str:
    lines = [
        (prevention.copies_found, "copies of these posts found by us, which you did not list"),
        (prevention.copies_removed, "of those copies removed so far"),
        (prevention.accounts_acted_on, "accounts acted on"),
        (prevention.bank_entries, "texts put where new posts are compared with them"),
    ]
    said = [f"  {count:>5}  {words}" for count, words in lines if count]
    if not said:
        return ""
    after = _wrapped("A new post with one of these texts is hidden as it arrives, and judged.")
    return "\n".join(["WHAT STOPS IT FROM COMING BACK", *said, *after])


def _all_items(items: Sequence[ReplyItem]) -> str:
    if not items:
        return ""
    return "\n\n".join(["ITEM BY ITEM", *(_item_text(item) for item in items)])


def _item_text(item: ReplyItem) -> str:
    said = STATE_WORDS[item.state]
    if item.code is not None:
        said = f"{said}: {CODE_WORDS[item.code]}"
    lines = _wrapped(said, first=f"{item.n:>4}.  ", rest=" " * 7)
    label = " " * 7
    if item.shown:
        lines += _wrapped(f'you sent: "{_excerpt(item.shown)}"', first=label, rest=label)
    if item.found:
        lines += _wrapped(f"looked for: {_one_line(item.found)}", first=label, rest=label)
    # Addresses stay on one line, however long: half a link opens nothing.
    lines += [f"{label}post: {_one_line(post)}" for post in item.posts]
    for words, moment in (("hidden", item.held_at_ms), ("decided", item.decided_at_ms)):
        if moment is not None:
            lines.append(f"{label}{words}: {_moment(moment)}")
    for words, text in (("verdict", item.verdict), ("measure", item.measure), ("why", item.why)):
        if text:
            lines += _wrapped(f"{words}: {_one_line(text)}", first=label, rest=label)
    lines += [f"{label}public record: {_one_line(link)}" for link in item.record]
    return "\n".join(lines)


def _foot(reply: Reply) -> str:
    lines = _wrapped(
        "Each decision is in our public record, where anyone can check that it was made when we"
        " say and has not been changed. What a juror or a reporter is called is not in it."
    )
    if reply.contact:
        lines += ["", f"A person reads answers to this mail: {_one_line(reply.contact)}"]
    return "\n".join([*lines, "", _one_line(reply.site_name), _one_line(reply.site_url)])


def csv_bytes(reply: Reply) -> bytes:
    """One row an item, UTF-8 with a byte order mark, so that spreadsheets show every letter.

    A cell that a spreadsheet would take for a formula begins with an apostrophe: what an author or
    a notice wrote must not run on the desk of whoever opens the answer (OWASP, CSV injection).
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for item in reply.items:
        writer.writerow(
            [
                item.n,
                item.state,
                item.code or "",
                _cell(item.found),
                _cell(" ".join(item.posts)),
                f"{item.confidence:.2f}" if item.posts else "",
                _cell(item.measure),
                "" if item.held_at_ms is None else iso_ms(item.held_at_ms),
                "" if item.decided_at_ms is None else iso_ms(item.decided_at_ms),
                _cell(item.verdict),
                _cell(item.why),
                _cell(" ".join(item.record)),
            ]
        )
    return b"\xef\xbb\xbf" + held.getvalue().encode()


def json_bytes(reply: Reply) -> bytes:
    """The same as one JSON object; moments are ISO-8601, UTC."""
    shown = {
        "ref": reply.ref,
        "provider": reply.provider,
        "reference": reply.reference,
        "site": reply.site_url,
        "received_at": iso_ms(reply.received_at_ms),
        "due_at": iso_ms(reply.due_at_ms),
        "written_at": iso_ms(reply.written_at_ms),
        "final": reply.final,
        "states": dict(Counter(item.state for item in reply.items)),
        "prevention": msgspec.to_builtins(reply.prevention),
        "items": [_item_json(item) for item in reply.items],
    }
    return msgspec.json.format(msgspec.json.encode(shown), indent=1)


def _item_json(item: ReplyItem) -> dict[str, object]:
    return {
        "n": item.n,
        "state": item.state,
        "code": item.code,
        "found": item.found,
        "posts": list(item.posts),
        "confidence": round(item.confidence, 3),
        "measure": item.measure or None,
        "held_at": None if item.held_at_ms is None else iso_ms(item.held_at_ms),
        "decided_at": None if item.decided_at_ms is None else iso_ms(item.decided_at_ms),
        "verdict": item.verdict or None,
        "why": item.why or None,
        "record": list(item.record),
    }


def _cell(text: str) -> str:
    line = _one_line(text)
    # A leading space hides nothing from a spreadsheet, so what follows it counts.
    return f"'{line}" if line.lstrip(" '\"").startswith(_CSV_TRIGGERS) else line


def _moment(at_ms: int) -> str:
    """`2026-11-21 10:00:00 UTC`."""
    return f"{iso_ms(at_ms)[:19].replace('T', ' ')} UTC"


def _one_line(text: str) -> str:
    """A text on one line, without control characters: none of it may forge a line of the mail."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _excerpt(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…"


def _wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    lines: Iterable[str] = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return list(lines)
