"""What the record says of a step: clear headers, and commitments to the rest. Pure.

A header names no account, no post and no text; those are committed to under a salt of the step's
own, kept beside the case and erasable (`record/entry.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from venire.cases.limits import LIFTS, LIMITS
from venire.cases.model import Case, Round
from venire.cases.policy import Policy
from venire.cases.rules import takes_over
from venire.record.entry import commit_all, encode_entry, split_draw
from venire.record.headers import hour_of

_EXCLUDED_AT_MOST = 1500
"""Indices in one leaf; an entry and its tiles must fit one commit."""

_MEASURES = {"keep": "none"}


def source_of(case: Case) -> str:
    """The source that weighs most: who would have to answer for the case being there."""
    for kind in ("notice", "juror", "report", "bank", "detector", "moderator"):
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
    case: Case, planned: Round, *, root: str, rule_hash: str, small_pool: bool
) -> list[dict[str, Any]]:
    """The headers of a draw, in as many leaves as its exclusions need.

    `planned` has the epoch, the excluded places, and the round of the beacon, where there is one.
    """
    whole = {
        **_of_round(case, planned),
        "root": root,
        "exclusion_rule": rule_hash,
        "excluded": list(planned.excluded),
        "strength": "beacon" if planned.beacon_round else "weaker",
        "panel_rule": planned.rule,
        "contested": planned.contested,
        "judged_by": planned.kind,
        "category": case.category,
    }
    if planned.beacon_round:
        whole["beacon_round"] = planned.beacon_round
    if planned.seats:
        whole["seats"] = planned.seats
    if small_pool or planned.kind == "appeal":
        whole["small_pool"] = small_pool
    return split_draw(whole, _EXCLUDED_AT_MOST)


def chance_header(
    case: Case, current: Round, *, signature: str = "", seed: str = ""
) -> dict[str, Any]:
    """The header of what orders a draw: a signature of the beacon, or the operator's seed."""
    header: dict[str, Any] = {
        **_of_round(case, current),
        "randomness": current.randomness,
        "strength": "beacon" if signature else "weaker",
    }
    optional = {
        "beacon_round": current.beacon_round,
        "signature": signature,
        "seed": seed,
        "fallback": current.fallback,
    }
    return {**header, **{key: value for key, value in optional.items() if value}}


def seat_header(case: Case, current: Round, indices: Sequence[int]) -> dict[str, Any]:
    """The header of a seating, a decline or a timeout: places in the frozen pool, in order."""
    return {**_of_round(case, current), "indices": list(indices)}


def _of_round(case: Case, current: Round) -> dict[str, Any]:
    return {
        "case": case.public_id,
        "round": current.number,
        "epoch": current.epoch,
        "batch": current.number,
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
    if case.round.small_pool:
        header["small_pool"] = True
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


def lift_header(case: Case, policy: Policy, *, by_clock: bool = False) -> dict[str, Any]:
    """The header of a hold's end: by a verdict, or by the clock while there is none yet."""
    header = {
        "category": case.category,
        "clause": policy.category(case.category).rule,
        "source": source_of(case),
        "automated": by_clock,
        "cause": "clock" if by_clock else "verdict",
    }
    return header if by_clock else {**header, "verdict": "keeps"}


def moderator_header(case: Case, policy: Policy, action: str) -> dict[str, Any]:
    """The header of what a moderator did by hand."""
    header: dict[str, Any] = {
        "category": case.category,
        "clause": policy.category(case.category).rule,
        "action": LIMITS.get(action, action),
        "automated": False,
        "source": source_of(case),
    }
    if action == "keep" and case.hold == "held":
        # A hold that did not last is counted, whoever ended it.
        return {**header, "action": "lift"}
    # The record knows what was done, not in a client's words; which limit ends is in the commit.
    return {**header, "action": "lift", "undo": True} if action in LIFTS else header
