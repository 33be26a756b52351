"""How reporters are weighed, and when their reports are not taken for a time (DSA Art. 23)."""

from __future__ import annotations

import msgspec

_MOST = 1_000


class ReporterPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers of `cases/reporters.py`. Accuracy is shrunk: `strength` reports of `prior` are added.

    Reports alone whose weights sum to less than `panel_at` wait `second_hours` for one more. So
    many `posts_a_day` of others are taken from one member; what is aimed at them is not counted.
    """

    window: int = 100
    prior: float = 0.5
    strength: float = 10.0
    panel_at: float = 0.4
    second_hours: int = 6
    warn_at: int = 5
    suspend_at: int = 3
    share: float = 0.5
    suspend_days: int = 30
    posts_a_day: int = 100


def reporter_faults(policy: ReporterPolicy) -> list[tuple[str, str]]:
    """What no arithmetic could make work, as (place, problem)."""
    wrong = (
        (not 1 <= policy.window <= _MOST, "reporters.window", "must lie between 1 and 1,000"),
        (not 0 < policy.prior < 1, "reporters.prior", "must lie between 0 and 1"),
        (
            not 0 < policy.strength <= _MOST,
            "reporters.strength",
            "must be over 0, and 1,000 at most",
        ),
        (
            not 0 <= policy.panel_at <= policy.prior,
            "reporters.panel_at",
            "must not be over the prior: who never reported before is heard at once",
        ),
        (
            not 1 <= policy.second_hours <= _MOST,
            "reporters.second_hours",
            "must lie between 1 and 1,000",
        ),
        (policy.posts_a_day < 1, "reporters.posts_a_day", "must be at least 1"),
        (policy.warn_at < 1, "reporters.warn_at", "must be at least 1"),
        (policy.suspend_at < 1, "reporters.suspend_at", "must be at least 1"),
        (not 0 < policy.share <= 1, "reporters.share", "must lie between 0 and 1"),
        (
            not 1 <= policy.suspend_days <= _MOST,
            "reporters.suspend_days",
            "must lie between 1 and 1,000",
        ),
    )
    return [(place, problem) for so, place, problem in wrong if so]
