"""A case before anything was said of it, and what tests make of it."""

from __future__ import annotations

import msgspec

from venire.cases.model import Case, Round, Source
from venire.cases.policy import load_policy
from venire.kernel.clock import HOUR_MS

POLICY = load_policy()
NOW_MS = 1_767_225_600_000
CASE = Case(
    id=1,
    public_id="a" * 32,
    subject_kind="post",
    subject_id=5,
    author_id=7,
    opened_at_ms=NOW_MS,
    due_at_ms=NOW_MS + 24 * HOUR_MS,
    policy_version=POLICY.version,
    categories=("incitement",),
    sources=("detector",),
)
PANEL = Round(1, "panel", "voting", NOW_MS)
BENCH = Round(2, "bench", "voting", NOW_MS)


def case(**more) -> Case:
    return msgspec.structs.replace(CASE, **more)


def panel(**more) -> Round:
    return msgspec.structs.replace(PANEL, **more)


def bench(**more) -> Round:
    return msgspec.structs.replace(BENCH, **more)


def source(kind="report", category="incitement", **more) -> Source:
    return Source(kind, more.pop("ref", "1"), category, more.pop("at_ms", NOW_MS + 1), **more)


KEPT = {"state": "decided", "verdict": "keeps", "judged_by": "panel", "measured_at_ms": NOW_MS}
