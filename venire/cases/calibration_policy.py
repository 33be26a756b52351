"""How jurors are calibrated: gold, nights, training. Section `calibration` of the policy."""

from __future__ import annotations

from typing import Final

import msgspec

_GOLD_MOST: Final = 0.5
_WINDOW_MOST: Final = 90
_TRAINING_MOST: Final = 50
_LAST_HOUR: Final = 23
_SHORTEST: Final = 1_000


class CalibrationPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares lie between 0 and 1. `night_hour` is in UTC.

    `gold_share`: of all panels, how many are asked what is known; `gold_answers` retires a
    question. `window_days`, `window_ballots`: what a night's estimate reads at most, the newest
    first. `known_answers`: of each kind, before anyone is sent back to training.
    """

    gold_share: float = 0.08
    gold_answers: int = 60
    again_share: float = 0.05
    again_hours: int = 72
    night_hour: int = 3
    window_days: int = 60
    window_ballots: int = 200_000
    floor: float = 0.7
    known_answers: int = 10
    training_questions: int = 10
    training_right: int = 8


def calibration_faults(calibration: CalibrationPolicy) -> list[tuple[str, str]]:
    """What no arithmetic could make work, as (place, problem)."""
    c = calibration
    checks = (
        ("gold_share", not 0 <= c.gold_share <= _GOLD_MOST, "must lie between 0 and 0.5"),
        ("gold_answers", c.gold_answers < 1, "must be at least 1"),
        ("again_share", not 0 <= c.again_share <= 1, "must lie between 0 and 1"),
        ("again_hours", c.again_hours < 1, "must be at least 1"),
        ("night_hour", not 0 <= c.night_hour <= _LAST_HOUR, "an hour of the day, 0 to 23, in UTC"),
        ("window_days", not 1 <= c.window_days <= _WINDOW_MOST, "must lie between 1 and 90"),
        ("window_ballots", c.window_ballots < _SHORTEST, "must be at least 1,000"),
        ("floor", not _GOLD_MOST <= c.floor < 1, "must lie between 0.5, a coin, and 1"),
        ("known_answers", c.known_answers < 1, "must be at least 1"),
        (
            "training_questions",
            not 2 <= c.training_questions <= _TRAINING_MOST,  # noqa: PLR2004 - one of each kind
            "must lie between 2 and 50",
        ),
        (
            "training_right",
            not c.training_questions < 2 * c.training_right <= 2 * c.training_questions,
            "more than half of training_questions, and no more than all",
        ),
    )
    return [(f"calibration.{name}", problem) for name, wrong, problem in checks if wrong]
