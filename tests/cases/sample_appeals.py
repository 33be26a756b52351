"""Cases that were decided, and the same under appeal, for tests of `cases/appeals.py`."""

from __future__ import annotations

from typing import Any

from tests.cases.sample_cases import NOW_MS, case
from venire.cases.model import Appeal, Case, Step

FINAL = "a" * 32 + ":3:measure"
APPEAL = Appeal(
    FINAL, 7, "author", NOW_MS, verdict="violates", judged_by="panel", inherits="b", waited_ms=55
)
BY_REPORTER = Appeal(FINAL, 9, "reporter", NOW_MS, verdict="keeps", judged_by="panel")


def removed(**more: Any) -> Case:
    """What an author may appeal."""
    made = {
        "state": "decided",
        "categories": ("harassment",),
        "sources": ("report",),
        "verdict": "violates",
        "judged_by": "panel",
        "measure": "remove",
        "measured_at_ms": NOW_MS,
        "decided_at_ms": NOW_MS - 5,
        "decision": FINAL,
        "steps": 4,
    }
    return case(**{**made, **more})


def kept(**more: Any) -> Case:
    """What a reporter may appeal."""
    return removed(**{"verdict": "keeps", "measure": "none", **more})


def running(**more: Any) -> Case:
    """Under appeal by its author; no round has been drawn."""
    return removed(**{"state": "judging", "verdict": None, "appeal": APPEAL, **more})


def end(outcome: str, **more: Any) -> Step:
    return Step("appeal_end", "k:9:appeal_end", NOW_MS + 9, outcome=outcome, **more)
