"""What the record says of a step: clear headers, and commitments to the rest. Pure.

A header names no account, no post and no text; those are committed to under a salt of the step's
own, kept beside the case and erasable (`record/entry.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from venire.cases.limits import LIFTS, LIMITS
from venire.cases.model import Case
from venire.cases.policy import Policy
from venire.cases.rules import takes_over
from venire.record.entry import commit_all, encode_entry, split_draw
from venire.record.headers import hour_of

_EXCLUDED_AT_MOST = 1500
"""Indices in one leaf; an entry and its tiles must fit one commit."""

_MEASURES = {"keep": "none"}


def source_of(case: Case) -> str:
    """The source that weighs most: who would have to answer for the case being there."""
    for kind in ("notice", "report", "bank", "detector", "moderator"):
        if kind in case.sources:
            return kind
    return "moderator"


def step_key(case: Case, kind: str) -> str:
    """The idempotency key of a step: the same when it is tried again, another for the next."""
    return f"{case.public_id}:{case.steps}:{kind}"


def step_number(key: str) -> int:
    """How many steps a case had taken before the one with this key."""
    return int(key.split(":")[1])


def encode(
    case: Case,
    policy: Policy,
    salt: bytes,
    *,
    kind: str,
    at_ms: int,
    header: Mapping[str, Any],
    commits: Mapping[str, str] | None = None,
) -> bytes:
    """One leaf of a case: the common keys, then what is particular to its type."""
    whole = {"type": kind, "hour": hour_of(at_ms), "rules": policy.version, **header}
    values = {
        "subject": f"{case.subject_kind}:{case.subject_id}",
        "author": str(case.author_id),
        "case": case.public_id,
        "at_ms": str(at_ms),
        **(commits or {}),
    }
    return encode_entry(whole, commit_all(values, salt))


def hold_header(case: Case, policy: Policy, by: str) -> dict[str, Any]:
    """The header of a hold; `by` is the kind of source that asked for it."""
    return {
        "category": case.category,
        "clause": policy.category(case.category).rule,
        "source": by,
        "automated": by in {"detector", "bank", "notice"},
        "automated_detection": by in {"detector", "bank"},
    }


def draw_headers(
    case: Case,
    *,
    number: int,
    epoch: int,
    root: str,
    rule_hash: str,
    excluded: Sequence[int],
    panel_rule: str,
    contested: bool,
) -> list[dict[str, Any]]:
    """The headers of a draw, in as many leaves as its exclusions need."""
    whole = {
        "case": case.public_id,
        "round": number,
        "epoch": epoch,
        "root": root,
        "exclusion_rule": rule_hash,
        "excluded": list(excluded),
        "batch": number,
        "strength": "weaker",
        "panel_rule": panel_rule,
        "contested": contested,
        "judged_by": "panel",
        "category": case.category,
    }
    return split_draw(whole, _EXCLUDED_AT_MOST)


def seat_header(case: Case, number: int, epoch: int, indices: Sequence[int]) -> dict[str, Any]:
    """The header of a seating, a decline or a timeout: places in the frozen pool, in order."""
    return {
        "case": case.public_id,
        "round": number,
        "epoch": epoch,
        "batch": number,
        "indices": list(indices),
    }


def verdict_header(case: Case, policy: Policy, verdict: str) -> dict[str, Any]:
    """The header of a verdict, by a round or taken over from the case it copies."""
    header: dict[str, Any] = {
        "category": case.category,
        "clause": policy.category(case.category).rule,
        "source": source_of(case),
        "verdict": verdict,
        "automated": takes_over(case),
    }
    if takes_over(case) or case.round is None:
        return {**header, "judged_by": "bank"}
    return {
        **header,
        "judged_by": case.round.kind,
        "round": case.round.number,
        "ballots": case.round.violates + case.round.keeps,
        "contested": case.round.contested,
        "panel_rule": case.round.rule,
    }


def measure_header(case: Case, policy: Policy, measure: str) -> dict[str, Any]:
    """The header of what follows from a verdict."""
    return {
        "category": case.category,
        "clause": policy.category(case.category).rule,
        "source": source_of(case),
        "measure": _MEASURES.get(measure, measure),
        "verdict": "violates",
        "automated": case.judged_by == "bank",
        "automated_detection": "detector" in case.sources or "bank" in case.sources,
        "judged_by": case.judged_by,
    }


def lift_header(case: Case, policy: Policy) -> dict[str, Any]:
    """The header of a hold's end."""
    return {
        "category": case.category,
        "clause": policy.category(case.category).rule,
        "source": source_of(case),
        "automated": False,
        "cause": "verdict",
        "verdict": "keeps",
    }


def moderator_header(case: Case, policy: Policy, action: str) -> dict[str, Any]:
    """The header of what a moderator did by hand."""
    header: dict[str, Any] = {
        "category": case.category,
        "clause": policy.category(case.category).rule,
        "action": LIMITS.get(action, action),
        "automated": False,
        "source": source_of(case),
    }
    # The record knows what was done, not in a client's words; which limit ends is in the commit.
    return {**header, "action": "lift", "undo": True} if action in LIFTS else header
