"""When a certificate is renewed, and who may issue the next one: decisions, pure.

Sources: RFC 9773 (an authority's own wish), RFC 8659 (CAA).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.zones import issuers

ASK_EVERY_MS: Final = 6 * HOUR_MS
"""How often an authority is asked what it wants: a revocation to come is told nowhere else."""
_OF_LIFE: Final = (2, 3)
_WARN_OF_LIFE: Final = (5, 6)
_LATEST_WARNING_MS: Final = 14 * DAY_MS


def renew_at_ms(
    begin_ms: int, end_ms: int, window: tuple[int, int] | None = None, luck: float = 0.0
) -> int:
    """When to renew a certificate that is valid from and to these moments.

    At two thirds of its life; earlier where the authority wants it: at a moment of its window that
    `luck` (even in [0, 1)) picks, so that not everybody comes at once. Never later: an authority
    that wants it kept to the end may be gone by then.
    """
    times, of = _OF_LIFE
    usual_ms = begin_ms + (end_ms - begin_ms) * times // of
    if window is None:
        return usual_ms
    from_ms, to_ms = window
    return min(usual_ms, from_ms + round((to_ms - from_ms) * luck))


def is_late(begin_ms: int, end_ms: int, now_ms: int) -> bool:
    """Whether a person has to hear that it is not renewed yet: two tries in a row went wrong."""
    times, of = _WARN_OF_LIFE
    at_ms = begin_ms + (end_ms - begin_ms) * times // of
    return now_ms >= max(at_ms, end_ms - _LATEST_WARNING_MS)


def shut_out(
    names: Iterable[str],
    caa: Mapping[str, tuple[str, ...]],
    authorities: Mapping[str, frozenset[str]],
) -> list[tuple[str, str]]:
    """Authorities that CAA keeps from issuing for a name, as (authority, name).

    `caa`: the CAA records of each name that has some. `authorities`: each one's names for CAA. One
    that says no name cannot be checked, so it counts as shut out where there are records.
    """
    found = []
    for name in names:
        wildcard = name.startswith("*.")
        allowed = issuers(_records(name.removeprefix("*."), caa), wildcard=wildcard)
        if allowed is not None:
            found += [(who, name) for who, known in authorities.items() if not known & allowed]
    return found


def _records(name: str, caa: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Those of the name itself, or of the nearest name above it that has any."""
    while name:
        if found := caa.get(name):
            return found
        _, _, name = name.partition(".")
    return ()
