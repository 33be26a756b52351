"""What is decided at the notice desk. Pure: the same facts, the same answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from venire.kernel.clock import HOUR_MS
from venire.kernel.states import State, StateMachine
from venire.notices.model import (
    MAX_NAME_CHARACTERS,
    ItemState,
    NoticeItem,
    NoticeState,
    ParsedItem,
)

CATEGORY_SPELLINGS: Final[Mapping[str, str]] = {
    "incitement": "incitement",
    "incitement_to_violence": "incitement",
    "incitement_or_threat": "incitement",
    "violence": "incitement",
    "threat": "incitement",
    "hate": "hate",
    "hate_without_violence": "hate",
    "harassment": "harassment",
    "other_abuse": "harassment",
    "privacy": "privacy",
    "self_harm": "self_harm",
    "csam": "child_safety",
    "child_safety": "child_safety",
    "spam": "spam",
    "fraud": "spam",
    "copyright": "copyright",
    "other": "other",
}
"""docs/words.md: the spellings a notice may use, and the category each of them means."""

FINAL_STATES: Final[frozenset[ItemState]] = frozenset(
    {
        "unreadable",
        "removed",
        "disputed",
        "removed_before_notice",
        "edited_since",
        "deleted_by_author",
        "duplicate",
        "foreign",
        "not_found",
    }
)
"""States in which the sender can be given the last word on an item."""

ITEM: Final = StateMachine(
    name="notice item",
    start="received",
    states=(
        State(
            "received",
            (
                "unreadable",
                "located",
                "ambiguous",
                "not_found",
                "foreign",
                "duplicate",
                "edited_since",
                "deleted_by_author",
                "removed_before_notice",
            ),
            "due_at_ms",
            "the desk has read it and looked for it",
        ),
        State(
            "located",
            ("awaiting_confirmation", "held", "removed", "kept", "deleted_by_author"),
            "due_at_ms",
            "its posts are held or judged, or a person must vouch for the notice first",
        ),
        State(
            "awaiting_confirmation",
            ("held", "removed", "kept", "deleted_by_author"),
            "due_at_ms",
            "a person vouches for the notice, or its posts are judged without it",
        ),
        State(
            "ambiguous",
            ("located", "not_found"),
            "due_at_ms",
            "a person says which post is meant, or that none is",
        ),
        State(
            "held",
            ("removed", "kept", "deleted_by_author"),
            "due_at_ms",
            "a verdict, or its author deletes it",
        ),
        State(
            "kept",
            ("disputed", "removed"),
            "due_at_ms",
            "a named operator releases it, with reasons to the sender, or an appeal removes it",
        ),
        State("removed", ("kept",), "appeal time", "an appeal that is won, or its time"),
        State("not_found", ("located",), "final_at_ms", "an operator names the post after all"),
        State("unreadable", (), None, "nothing: it says why"),
        State("disputed", (), None, "nothing: the sender has the reasons"),
        State("foreign", (), None, "nothing: it is on another site"),
        State("duplicate", (), None, "nothing: the first of its kind goes on"),
        State("edited_since", (), None, "nothing: the text is not there any more"),
        State("deleted_by_author", (), None, "nothing: the post is not there any more"),
        State("removed_before_notice", (), None, "nothing: it was done already"),
    ),
)
"""`received` is ours alone, for the moments in which an item is being read; all others are those
that a sender is told."""


def category_named(spelling: str) -> str | None:
    """The category that a sender's word means, or None when it is in no list of ours."""
    key = re.sub(r"[\s\-]+", "_", spelling.strip().casefold())
    return CATEGORY_SPELLINGS.get(key)


def may_follow(state: ItemState, following: ItemState) -> bool:
    """Whether an item may go from one state to another. Staying is always allowed."""
    return state == following or ITEM.allows(state, following)


def is_plain_name(name: str) -> bool:
    """Whether a file name names something directly inside the notice's folder, and only there.

    Windows' separators and drive letters count too: the folder may have been made there, and the
    name may be used there later.
    """
    return (
        bool(name.strip())
        and len(name) <= MAX_NAME_CHARACTERS
        and name not in {".", ".."}
        and not re.search(r"[/\\\x00-\x1f]|^[A-Za-z]:", name)
    )


def same_name(name: str) -> str:
    """A file name as it is compared: Unicode in one form, since macOS decomposes accents."""
    return unicodedata.normalize("NFC", name.strip())


def renumbered(items: Sequence[ParsedItem]) -> tuple[ParsedItem, ...]:
    """Give every item a number of its own; the first to use a number keeps it.

    `n` of 0 means that the sender gave none that can be used. A number used twice is a slip in
    numbering, not a reason to lose what the second item says.
    """
    given = [item.n for item in items if item.n > 0]
    free = max([*given, len(items)], default=0) + 1
    used: set[int] = set()
    numbered: list[ParsedItem] = []
    for place, item in enumerate(items, start=1):
        if item.n > 0 and item.n not in used:
            n = item.n
        elif item.n <= 0 and place not in used and place not in given:
            n = place
        else:
            n, free = free, free + 1
        used.add(n)
        numbered.append(_with_number(item, n))
    return tuple(numbered)


def _with_number(item: ParsedItem, n: int) -> ParsedItem:
    if n == item.n:
        return item
    return replace(item, n=n, given_n=item.given_n or (str(item.n) if item.n > 0 else ""))


def repeats(items: Iterable[ParsedItem]) -> dict[int, int]:
    """Items that say word for word what an earlier one says: their number to the earlier one's."""
    first: dict[tuple[str, str, str], int] = {}
    repeated: dict[int, int] = {}
    for item in items:
        if item.code is not None:
            continue
        key = (item.url, item.text, item.screenshot)
        if key in first:
            repeated[item.n] = first[key]
        else:
            first[key] = item.n
    return repeated


def first_state(item: ParsedItem) -> ItemState:
    """The state an item starts in."""
    return "received" if item.code is None else "unreadable"


def needs_confirmation(
    item_count: int, posts_per_day: int, *, over_items: int, over_items_and_share: int, share: float
) -> bool:
    """Whether a person confirms a notice before anything is held (moderation.md, notice desk).

    Items are counted, not the posts they locate: a sender cannot know how many copies exist.
    """
    if item_count > over_items:
        return True
    return item_count > over_items_and_share and item_count > share * posts_per_day


def due_at_ms(received_at_ms: int, due_hours: int) -> int:
    """When the sender expects its answer."""
    return received_at_ms + due_hours * HOUR_MS


def notice_state(items: Iterable[NoticeItem], *, waits_for_confirmation: bool) -> NoticeState:
    """Where a notice stands, from where its items stand."""
    states = {item.state for item in items}
    if "received" in states:
        return "reading"
    if waits_for_confirmation or "awaiting_confirmation" in states:
        return "awaiting_confirmation"
    return "final" if states <= FINAL_STATES else "working"
