"""Whom to ask next, and whom not at all: the decisions of failover, pure.

A vendor *serves*; after faults in a row it *rests* for a while, longer each time, and is tried
again with one call; where our account is refused it is *shut* until a person has looked. A share of
calls (the canary) goes to those that are not first, so that the second one is known to work on the
day when it is needed: idle seconds count as none (design, continuity, rule 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from venire.kernel.states import State, StateMachine
from venire.kernel.vendors import AccountClosed, VendorFault, VendorThrottled, VendorUnavailable

SERVING: Final = "serving"
RESTING: Final = "resting"
SHUT: Final = "shut"
GONE: Final = "gone"
CANARY_SHARE: Final = 0.05
IDLE_MS: Final = 5 * DAY_MS
"""One that nobody has asked for so long gets more of the traffic, before a week is over."""
_IDLE_SHARE: Final = 0.25
_FAULTS_IN_A_ROW: Final = 3
_REST_MS: Final = 30 * SECOND_MS
_LONGEST_REST_MS: Final = 15 * MINUTE_MS
_MOST_RESTS: Final = 6

VENDOR = StateMachine(
    name="vendor",
    start=SERVING,
    states=(
        State(
            SERVING,
            (RESTING, SHUT, GONE),
            "none: it goes on as long as it answers",
            "faults in a row, or our account is refused",
        ),
        State(
            RESTING,
            (SERVING, SHUT, GONE),
            "half a minute to a quarter of an hour, then one call tries it",
            "a call that is answered",
        ),
        State(
            SHUT,
            (SERVING, GONE),
            "none: the operator is told at once, and every day",
            "a person looks and says that it may be asked again",
        ),
        State(GONE, (), None, "nothing: the settings no longer name it"),
    ),
)


class Health(msgspec.Struct, frozen=True):
    """How one vendor does. `faults`: in a row; `rests`: in a row, too."""

    state: str = SERVING
    since_ms: int = 0
    until_ms: int | None = None
    faults: int = 0
    rests: int = 0
    said: str = ""
    last_success_ms: int | None = None
    last_fault_ms: int | None = None


def counting(health: Health, faults: int) -> Health:
    """The same with this process's own count of faults in a row."""
    return msgspec.structs.replace(health, faults=faults)


def after_success(health: Health, now_ms: int) -> Health:
    """It answered. What is shut stays shut: a late answer is no person's decision."""
    if health.state == SHUT:
        return msgspec.structs.replace(health, last_success_ms=now_ms)
    since_ms = health.since_ms if health.state == SERVING else now_ms
    return Health(SERVING, since_ms, last_success_ms=now_ms, last_fault_ms=health.last_fault_ms)


def after_fault(health: Health, fault: VendorFault, now_ms: int) -> Health:
    """It did not do what was asked; a rejection is an answer, so it changes nothing."""
    if health.state == SHUT or not isinstance(
        fault, AccountClosed | VendorThrottled | VendorUnavailable
    ):
        return health
    told = msgspec.structs.replace(
        health, faults=health.faults + 1, said=fault.said, last_fault_ms=now_ms
    )
    if isinstance(fault, AccountClosed):
        return msgspec.structs.replace(told, state=SHUT, since_ms=now_ms, until_ms=None)
    asked_ms = 0
    if isinstance(fault, VendorThrottled):
        asked_ms = round(max(0.0, fault.retry_after_s or 0.0) * SECOND_MS)
    elif told.faults < _FAULTS_IN_A_ROW and health.state == SERVING:
        return told
    rests = min(told.rests + 1, _MOST_RESTS)
    rest_ms = min(max(_REST_MS << (rests - 1), asked_ms), _LONGEST_REST_MS)
    since_ms = health.since_ms if health.state == RESTING else now_ms
    return msgspec.structs.replace(
        told, state=RESTING, since_ms=since_ms, until_ms=now_ms + rest_ms, rests=rests
    )


def reset(health: Health, now_ms: int) -> Health:
    """A person has looked: it may be asked again."""
    return msgspec.structs.replace(
        health, state=SERVING, since_ms=now_ms, until_ms=None, faults=0, rests=0, said=""
    )


def may_be_asked(health: Health, now_ms: int) -> bool:
    """Whether it serves, or has rested long enough to be tried."""
    if health.state == RESTING:
        left_ms = (health.until_ms or 0) - now_ms
        # Longer than any rest: its end was set by a clock that ran ahead.
        return left_ms <= 0 or left_ms > _LONGEST_REST_MS
    return health.state == SERVING


def used_within(health: Health, span_ms: int, now_ms: int) -> bool:
    """Whether it did something in the last so many ms; a moment that is yet to come is no proof."""
    if health.last_success_ms is None:
        return False
    return -HOUR_MS < now_ms - health.last_success_ms < span_ms


def order(
    names: Sequence[str],
    healths: Mapping[str, Health],
    now_ms: int,
    luck: float,
    share: float = CANARY_SHARE,
) -> list[str]:
    """Whom to ask, one after another; `luck` is even in [0, 1); without a `share` the first first.

    Those that rest come last, the one that has rested longest first: with nobody else left, asking
    costs nothing. Who is shut is never asked.
    """
    known = {name: healths.get(name, Health()) for name in names}
    able = [name for name in names if may_be_asked(known[name], now_ms)]
    resting = [name for name in names if known[name].state == RESTING and name not in able]
    resting.sort(key=lambda name: known[name].until_ms or 0)
    seconds = [name for name in able[1:] if known[name].state == SERVING]
    idle = [name for name in seconds if not used_within(known[name], IDLE_MS, now_ms)]
    chosen = ""
    if idle and share and luck < _IDLE_SHARE:
        chosen = idle[int(luck / _IDLE_SHARE * len(idle))]
    elif seconds and luck < share:
        chosen = seconds[int(luck / share * len(seconds))]
    if chosen:
        able = [chosen, *(name for name in able if name != chosen)]
    return able + resting
