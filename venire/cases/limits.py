"""What a moderator may put on an account, and what that makes of its case. Pure."""

from __future__ import annotations

import msgspec

from venire.cases.model import Case, Step

LIMITS = {"sensitive": "label", "silence": "demote", "disable": "suspend", "suspend": "suspend"}
"""The limits in Mastodon's words, and the measure that each is."""
LIFTS = {
    "unsensitive": "sensitive",
    "unsilence": "silence",
    "enable": "disable",
    "unsuspend": "suspend",
}
"""What takes a limit off again."""


def limited(case: Case, step: Step) -> Case:
    """The case once a limit was put on its account or taken off it, not yet decided."""
    if step.measure in LIMITS:
        limits = (*case.limits, (step.measure, step.key))
    else:
        limits = tuple(each for each in case.limits if each[0] != LIFTS[step.measure])
    return msgspec.structs.replace(
        case,
        state="judging",
        verdict="violates" if limits else "keeps",
        found=(step.category or case.found) if limits else "",
        judged_by="moderator",
        decided_at_ms=step.at_ms,
        hold_wanted="",
        inherits="",
        limits=limits,
    )


def measure_of(case: Case) -> str:
    """The measure that stands: that of the last limit."""
    return LIMITS[case.limits[-1][0]] if case.limits else "none"


def effect_of(case: Case, step: Step) -> str:
    """What a step does outside, told of the case as it was before it.

    A moderator's `keep` of what nobody had hidden is no lift: its author would hear of a hold that
    never was, and learn of a report from it.
    """
    if step.type != "moderator_action":
        return step.type
    if step.measure in LIMITS:
        return "measure"
    hidden = case.hold == "held" or case.measure == "remove" or bool(case.limits)
    kept = "lift" if hidden else "keep"
    return {"remove": "measure", "hold": "hold"}.get(step.measure, kept)
