"""The only place that reads the machine's clock."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock(Protocol):
    """Milliseconds since the Unix epoch, UTC."""

    def now_ms(self) -> int:
        """Return the present moment."""


class SystemClock:
    """The machine's clock, kept from running backwards within one process.

    A clock set back by an hour would otherwise put a post below its own parent and a deadline
    before its summons. It goes on at half its pace from there until the machine's has caught up:
    one that stood still would let no deadline come, one at full pace would be ahead for ever.
    """

    def __init__(self) -> None:
        self._last_ms = 0
        self._told_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Return the present moment, never earlier than the last answer."""
        wall_ms, ticked_ns = time.time_ns() // 1_000_000, time.monotonic_ns()
        passed_ms = (ticked_ns - self._told_ns) // 1_000_000
        if wall_ms >= self._last_ms + passed_ms:
            self._last_ms, self._told_ns = wall_ms, ticked_ns
        else:
            # The rest of two milliseconds is kept: asking often does not slow it down.
            self._last_ms += passed_ms // 2
            self._told_ns += passed_ms // 2 * 2_000_000
        return self._last_ms


class ManualClock:
    """A clock that moves when it is told to: for tests and simulations."""

    def __init__(self, now_ms: int = 1_767_225_600_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the moment it was set to."""
        return self._now_ms

    def advance(self, by_ms: int) -> None:
        """Move forward (or, to test a clock that jumps, back)."""
        self._now_ms += by_ms


def iso_ms(at_ms: int) -> str:
    """`2026-11-21T10:00:00.000Z`: UTC, exactly three decimals, as Mastodon clients require."""
    moment = dt.datetime.fromtimestamp(at_ms // 1000, tz=dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def parse_iso_ms(text: str) -> int:
    """Read an ISO-8601 moment; without an offset it is UTC. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return round(moment.timestamp() * 1000)


def utc_day(at_ms: int) -> str:
    """The calendar day, `YYYY-MM-DD`, in UTC."""
    return iso_ms(at_ms)[:10]
