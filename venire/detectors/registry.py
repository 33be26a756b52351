"""The one list of detectors. Adding one: a file with `look`, a line here, its tests."""

from __future__ import annotations

from collections.abc import Callable

from venire.detectors import linear, rules_threat
from venire.detectors.look import Look
from venire.detectors.model import Signal

Detector = Callable[[Look], Signal | None]

DETECTORS: tuple[tuple[str, Detector], ...] = (
    (rules_threat.NAME, rules_threat.look),
    (linear.NAME, linear.look),
)
"""Name and function, in the order in which signals are given."""
