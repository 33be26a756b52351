"""The policy's clocks: how long each source leaves, and who hears before that is over. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, get_args

import msgspec

from venire.cases.model import SourceKind

ANY: Final = "*"
SOURCES: Final = frozenset(get_args(SourceKind))
_OFFSETS: Final = range(-12 * 60, 14 * 60 + 1)
HOURS_MOST: Final = 24 * 366


class SourceClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many hours a case has that a source opened or joined. `*`: any source or category."""

    source: str
    hours: int
    category: str = ANY


class ClockPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deadlines of cases, and what happens before one runs out.

    `more_at`, `alarm_at`: shares of a clock. At the first half as many seats again are asked, at
    the second moderators, `owner` and `deputy` (usernames) are told, and again when it has run out,
    every `alarm_again_hours`. `utc_offset_minutes`: where a small site's night is.
    """

    utc_offset_minutes: int = 0
    more_at: float = 0.5
    alarm_at: float = 0.8
    alarm_again_hours: int = 4
    owner: str = ""
    deputy: str = ""
    sources: tuple[SourceClock, ...] = ()


class PacketPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packets for the police where a life is at risk (DSA Art. 18).

    `prepare_at`: a post of these categories with this score gets one by itself; 0 for never.
    `released_by`: usernames; nobody named: the admins. `contact`: to whom, where nothing is said.
    """

    categories: tuple[str, ...] = ("incitement", "self_harm")
    prepare_at: float = 0.98
    released_by: tuple[str, ...] = ()
    contact: str = ""


def clock_faults(
    clocks: ClockPolicy, packets: PacketPolicy, categories: Collection[str]
) -> list[tuple[str, str]]:
    """What no clock could do, as (place, problem)."""
    known = {ANY, *categories}
    faults: list[tuple[str, str]] = []
    seen: set[tuple[str, str]] = set()
    for number, clock in enumerate(clocks.sources):
        place = f"clocks.sources[{number}]"
        if clock.source not in {ANY, *SOURCES}:
            faults.append((f"{place}.source", f"unknown source '{clock.source}'"))
        if clock.category not in known:
            faults.append((f"{place}.category", f"unknown category '{clock.category}'"))
        if not 1 <= clock.hours <= HOURS_MOST:
            faults.append((f"{place}.hours", f"must lie within 1 and {HOURS_MOST}"))
        if (clock.source, clock.category) in seen:
            faults.append((f"{place}.source", "the same source and category twice"))
        seen.add((clock.source, clock.category))
    wrong = (
        (not 0 < clocks.more_at < clocks.alarm_at < 1, "clocks.alarm_at", _SHARES),
        (
            not 1 <= clocks.alarm_again_hours <= HOURS_MOST,
            "clocks.alarm_again_hours",
            f"must lie within 1 and {HOURS_MOST}",
        ),
        (clocks.utc_offset_minutes not in _OFFSETS, "clocks.utc_offset_minutes", "-720 to 840"),
        (not 0 <= packets.prepare_at <= 1, "packets.prepare_at", "must lie between 0 and 1"),
        (
            not set(packets.categories) <= set(categories) - {"child_safety"},
            "packets.categories",
            "names a category that there is no packet for",
        ),
    )
    return faults + [(place, problem) for so, place, problem in wrong if so]


_SHARES: Final = "0 < more_at < alarm_at < 1"
