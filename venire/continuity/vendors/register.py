"""The vendor register: of each kind, whether the loss of one would be felt. Pure.

Green: two vendors of different owner and country, both used this week, and a drill passed in 30
days. Red: one or none that may be asked. Amber: what is between. A vendor that nothing was sent to
counts as none (design, continuity, rule 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from venire.continuity.vendors.breaker import SHUT, Health, used_within
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.vendors import Listed

Colour = Literal["green", "amber", "red"]
USED_MS: Final = 7 * DAY_MS
DRILLED_MS: Final = 30 * DAY_MS
NEEDED: Final = ("sms", "mail", "payments", "payouts", "objects", "dns", "certificates", "chat")
"""Kinds that stand in the register though nobody is named: what is missing is the news."""
DRILLS: Final[Mapping[str, tuple[str, ...]]] = {
    "sms": ("sms-a-closed",),
    "mail": ("mail-a-5xx", "datacentre-lost"),
    "payments": ("stripe-closed",),
    "payouts": ("stripe-closed",),
    "objects": ("bucket-a-gone", "host-and-bucket-a-gone", "datacentre-lost"),
    "hosting": ("host-and-bucket-a-gone", "datacentre-lost"),
    "registrar": ("registrar-gone",),
    "dns": ("registrar-gone", "datacentre-lost"),
    "certificates": ("ca-gone",),
    "chat": ("chat-gone",),
}
"""Which drills show that a kind can be lost; `january-2021` shows it of all."""
EVERYTHING: Final = "january-2021"


class Drilled(msgspec.Struct, frozen=True):
    """When a drill was last run, and what it showed; seconds, None where nothing was switched."""

    drill: str
    at_ms: int
    passed: bool
    switched_s: float | None


class KindState(msgspec.Struct, frozen=True):
    """How one kind stands; `reasons` are codes, in the order of what to do first."""

    kind: str
    colour: Colour
    reasons: tuple[str, ...]
    count: int
    owners: int
    countries: tuple[str, ...]
    used_this_week: int
    shut: int
    drill: Drilled | None


def kinds(
    listed: Sequence[Listed],
    healths: Mapping[tuple[str, str], Health],
    drills: Mapping[str, Drilled],
    now_ms: int,
) -> list[KindState]:
    """Every kind that is needed or listed, in the order of their names."""
    names = sorted({*NEEDED, *(one.kind for one in listed)})
    return [
        _state(name, [one for one in listed if one.kind == name], healths, drills, now_ms)
        for name in names
    ]


def _state(
    kind: str,
    listed: Sequence[Listed],
    healths: Mapping[tuple[str, str], Health],
    drills: Mapping[str, Drilled],
    now_ms: int,
) -> KindState:
    known = {one.name: healths.get((kind, one.name), Health()) for one in listed}
    open_ones = [one for one in listed if known[one.name].state != SHUT]
    used = [one for one in open_ones if used_within(known[one.name], USED_MS, now_ms)]
    drill = _newest(kind, drills)
    reasons = []
    if len(open_ones) < len(listed):
        reasons.append("shut")
    if not open_ones:
        reasons.append("none")
    elif len(open_ones) == 1:
        reasons.append("only_one")
    elif not _apart(open_ones):
        reasons.append("same_owner_or_country")
    elif not _apart(used):
        reasons.append("idle")
    age_ms = 0 if drill is None else now_ms - drill.at_ms
    if drill is None or not drill.passed or not -HOUR_MS < age_ms <= DRILLED_MS:
        reasons.append("drill_due")
    red = {"none", "only_one"} & set(reasons)
    colour: Colour = "red" if red else "amber" if reasons else "green"
    return KindState(
        kind=kind,
        colour=colour,
        reasons=tuple(reasons),
        count=len(listed),
        owners=len({one.owner for one in listed if one.owner}),
        countries=tuple(sorted({one.country for one in listed if one.country})),
        used_this_week=len(used),
        shut=len(listed) - len(open_ones),
        drill=drill,
    )


def _apart(some: Sequence[Listed]) -> bool:
    """Whether two of them share neither owner nor country; what is not known is shared."""
    return any(
        first.owner
        and first.country
        and second.owner
        and second.country
        and first.owner != second.owner
        and first.country != second.country
        for place, first in enumerate(some)
        for second in some[place + 1 :]
    )


def _newest(kind: str, drills: Mapping[str, Drilled]) -> Drilled | None:
    wanted = (*DRILLS.get(kind, ()), EVERYTHING)
    found: Iterable[Drilled] = (drills[name] for name in wanted if name in drills)
    return max(found, key=lambda one: one.at_ms, default=None)
