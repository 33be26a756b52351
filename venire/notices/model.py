"""The nouns of the notice desk: a notice, its items, its sender, the files it came with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal, get_args

import msgspec

NoticeKind = Literal["items", "warning", "plan_demand", "termination"]
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)

ItemKind = Literal["url", "text", "screenshot", "none"]

ItemState = Literal[
    "received",
    "awaiting_confirmation",
    "unreadable",
    "located",
    "held",
    "removed",
    "kept",
    "disputed",
    "removed_before_notice",
    "edited_since",
    "deleted_by_author",
    "duplicate",
    "foreign",
    "ambiguous",
    "not_found",
]
ITEM_STATES: tuple[ItemState, ...] = get_args(ItemState)

UnreadableCode = Literal[
    "missing_file", "broken_image", "too_large", "empty_text", "path_outside", "bad_row"
]
UNREADABLE_CODES: tuple[UnreadableCode, ...] = get_args(UnreadableCode)

NoticeState = Literal["reading", "awaiting_confirmation", "working", "final"]

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_SCREENSHOT_BYTES = 20 * 1024 * 1024
MAX_ITEMS = 20_000
MAX_TEXT_CHARACTERS = 10_000
MAX_URL_CHARACTERS = 2_048
MAX_NOTE_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 255


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """One file that came with a notice, read only when its item is.

    `size` is in bytes; `read` returns at most `MAX_SCREENSHOT_BYTES` + 1 of them, so that a file
    that grew meanwhile is seen to be too large instead of filling the memory.
    """

    name: str
    size: int
    read: Callable[[], bytes]


class Envelope(msgspec.Struct, frozen=True):
    """What is known of a notice besides its document: from a token, an upload form, a mail.

    Empty or None means "not said". A document's own words win, except for `provider`: who sent
    it is known from the door it came through, not from what it claims.
    """

    provider: str = ""
    reference: str = ""
    kind: NoticeKind | None = None
    received_at_ms: int | None = None
    reply_to: str = ""
    category: str = ""
    due_hours: int | None = None


class ParsedItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of a notice as it was sent. `code` is set when it cannot be read at all.

    `given_n` is the sender's own number where it had to be replaced: it was used twice, or is no
    positive whole number.
    """

    n: int
    url: str = ""
    text: str = ""
    screenshot: str = ""
    category: str = ""
    note: str = ""
    given_n: str = ""
    code: UnreadableCode | None = None

    @property
    def kind(self) -> ItemKind:
        """What it is located by, the surest first."""
        if self.url:
            return "url"
        if self.text:
            return "text"
        return "screenshot" if self.screenshot else "none"


class ParsedNotice(msgspec.Struct, frozen=True):
    """A notice read whole: its envelope in our words, and every item, the unreadable ones too.

    `remarks` are codes of what was not understood and how it was read instead; a person sees them.
    """

    provider: str
    reference: str
    kind: NoticeKind
    received_at_ms: int
    reply_to: str
    category: str
    due_hours: int
    items: tuple[ParsedItem, ...]
    remarks: tuple[str, ...] = ()


class ReadLine(msgspec.Struct, frozen=True):
    """One line read from a picture: its words, its box in pixels, how sure the engine is (0..1)."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    confidence: float

    @property
    def height(self) -> int:
        """Of its letters, roughly."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """The height on the picture at which it stands."""
        return (self.top + self.bottom) / 2


class ReadPicture(msgspec.Struct, frozen=True):
    """All that was read from one picture, lines from the top, in reading order."""

    width: int
    height: int
    lines: tuple[ReadLine, ...]
    engine: str


class NoticeItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item as the desk works on it.

    `posts` are the ids of the posts that carry what the item shows, copies included; for
    `ambiguous` they are the likeliest, best first. `confidence` is 0..1. `searched` says in words
    what was looked through; `read_text` is what was read from a screenshot.
    """

    n: int
    state: ItemState
    kind: ItemKind = "none"
    url: str = ""
    text: str = ""
    screenshot: str = ""
    """The name of the file in the notice."""
    screenshot_key: str = ""
    """Where its bytes are kept: the key in the object store."""
    category: str = ""
    note: str = ""
    given_n: str = ""
    code: UnreadableCode | None = None
    posts: tuple[int, ...] = ()
    confidence: float = 0.0
    searched: str = ""
    read_text: str = ""
    read_handle: str = ""
    held_at_ms: int | None = None
    decided_at_ms: int | None = None
    duplicate_of: int | None = None


class Notice(msgspec.Struct, frozen=True):
    """A message from an outside body. `id` is our own reference, REF outside.

    (provider, reference) is idempotent: the same notice twice is one notice. `verified` says that
    the sender is who it says; an unverified one holds nothing until a person confirms it.
    """

    id: int
    provider: str
    reference: str
    kind: NoticeKind
    received_at_ms: int
    imported_at_ms: int
    due_at_ms: int
    reply_to: str
    category: str
    item_count: int
    verified: bool
    needs_confirmation: bool
    confirmed_at_ms: int | None = None
    confirmed_by: int | None = None
    replied_at_ms: int | None = None
    final_at_ms: int | None = None
    remarks: tuple[str, ...] = ()

    @property
    def may_hold(self) -> bool:
        """Whether its items may hide posts at once."""
        return self.confirmed_at_ms is not None or (self.verified and not self.needs_confirmation)


class ProviderFacts(msgspec.Struct, frozen=True):
    """What the provider file says of one outside body, as of now.

    `error_rate` is the share of its decided items that were kept; None before any is decided.
    """

    name: str
    notices: int
    items: int
    unanswered_items: int
    held_today: int
    hold_budget_per_day: int
    decided: int
    kept: int
    next_deadline_ms: int | None = None

    @property
    def error_rate(self) -> float | None:
        """Published: how often this body was wrong."""
        return self.kept / self.decided if self.decided else None
