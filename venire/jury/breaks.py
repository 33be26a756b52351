"""When a juror has to rest: after hard cases in a row, or after an hour without a pause. Pure.

Evidence that blurring pictures helps is mixed; how much one looks at is what counts. So the rest is
not offered but kept: no seat is taken and nothing is shown while it lasts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from venire.kernel.clock import MINUTE_MS


class BreakRule(Protocol):
    """The numbers of a break (`policy.toml`, section `jury`)."""

    @property
    def break_after(self) -> int:
        """Ballots on hard categories in a row."""

    @property
    def break_after_minutes(self) -> int:
        """Minutes of service without a pause."""

    @property
    def break_minutes(self) -> int:
        """How long a break lasts, and what counts as a pause."""


class Served(NamedTuple):
    """A ballot that was cast: when, and whether its case was of a hard category."""

    at_ms: int
    hard: bool


def break_ends_ms(ballots: Iterable[Served], rule: BreakRule, now_ms: int) -> int | None:
    """When the juror's present break ends; None when there is none.

    `ballots`: those of the last day or two, in any order. One that is easy to look at ends a run of
    hard ones; a pause as long as a break ends everything.
    """
    break_ms = rule.break_minutes * MINUTE_MS
    hard = began_ms = last_ms = ends_ms = 0
    anew = True
    for ballot in sorted(ballots):
        if anew or ballot.at_ms - last_ms >= break_ms:
            # Rested, or a seat that was open when the break began: a new sitting.
            hard, began_ms = 0, ballot.at_ms
        hard = hard + 1 if ballot.hard else 0
        last_ms = ballot.at_ms
        long_ms = ballot.at_ms - began_ms
        anew = hard >= rule.break_after or long_ms >= rule.break_after_minutes * MINUTE_MS
        if anew:
            ends_ms = ballot.at_ms + break_ms
    return ends_ms if now_ms < ends_ms else None
