"""How a juror hears of a summons: in which order, when not, and which ways are alive. Pure.

An alert says that there is an invitation, and nothing else. It goes one way at a time and on to the
next when that one is dead or nobody has looked; and it stops when the jury room was opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from venire.jury.choices import Choices
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.kernel.states import State, StateMachine

AlertState = Literal["telling", "seen", "over", "unreached"]
Phase = Literal["", "due", "posted", "sent"]
HealthState = Literal["works", "failing", "dead"]

ALERT: Final = StateMachine(
    name="alert",
    start="telling",
    states=(
        State(
            "telling",
            ("seen", "over", "unreached"),
            "next_channel_minutes",
            "the jury room is opened, no summons is open any more, or no way is left",
        ),
        State("seen", (), None, "nothing: the next summons may be a new alert"),
        State("over", (), None, "nothing: the next summons may be a new alert"),
        State("unreached", (), None, "nothing: the summons goes on to another juror"),
    ),
)
TRY_AGAIN_MS: Final[dict[HealthState, int]] = {"works": 0, "failing": HOUR_MS, "dead": DAY_MS}
"""How long a way that did not work is put behind the others."""
IGNORED_AT: Final = 3
"""After so many alerts in a row that nobody opened, a way is put behind the others, too."""


class Health(msgspec.Struct, frozen=True):
    """How one way to a juror fares, since when, and what the other side said last."""

    channel: str
    health: HealthState = "works"
    said: str = ""
    since_ms: int = 0
    unopened: int = 0


class Alert(msgspec.Struct, frozen=True):
    """The last alert of a juror. `phase` is of the last way in `tried`.

    Due: it is to be sent. Posted: handed over, and nobody knows yet. Sent: it is there.
    """

    juror_id: int
    id: int
    begun_at_ms: int
    next_at_ms: int
    state: AlertState = "telling"
    tried: tuple[str, ...] = ()
    phase: Phase = ""
    told_at_ms: int | None = None
    seen_at_ms: int | None = None
    version: int = 0


def order_of(chosen: Sequence[str], healths: Iterable[Health], now_ms: int) -> tuple[str, ...]:
    """The ways to try: as chosen, those that are alive before those that are not."""
    known = {one.channel: one for one in healths}

    def rank(channel: str) -> int:
        one = known.get(channel, Health(channel))
        if now_ms - one.since_ms < TRY_AGAIN_MS[one.health]:
            return 2
        return int(one.unopened >= IGNORED_AT)

    return tuple(sorted(chosen, key=rank))


def next_channel(order: Sequence[str], tried: Sequence[str]) -> str | None:
    """The first way that this alert has not gone yet."""
    return next((channel for channel in order if channel not in tried), None)


def quiet_until_ms(chosen: Choices, now_ms: int) -> int | None:
    """When the juror's quiet hours end; None when it is not quiet now."""
    start, end = chosen.quiet_from * MINUTE_MS, chosen.quiet_to * MINUTE_MS
    if start == end:
        return None
    day_ms = (now_ms + chosen.utc_offset * MINUTE_MS) % DAY_MS
    if (day_ms - start) % DAY_MS >= (end - start) % DAY_MS:
        return None
    return now_ms + (end - day_ms) % DAY_MS


def failed(one: Health, health: HealthState, said: str, now_ms: int) -> Health:
    """A way that did not work; `since_ms` moves, so that it is left alone for a while."""
    return msgspec.structs.replace(one, health=health, said=said, since_ms=now_ms)


def worked(one: Health, now_ms: int) -> Health:
    """A way by which something arrived."""
    if one.health == "works":
        return one
    return msgspec.structs.replace(one, health="works", said="", since_ms=now_ms)
