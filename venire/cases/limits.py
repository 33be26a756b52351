"""What may be put on a post or an account, and what that makes of its case. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from venire.cases.model import Case, Hold, Step
from venire.cases.policy import Policy

LIMITS = {"sensitive": "label", "silence": "demote", "disable": "suspend", "suspend": "suspend"}
"""The limits in Mastodon's words, and the measure that each is."""
LIFTS = {
    "unsensitive": "sensitive",
    "unsilence": "silence",
    "enable": "disable",
    "unsuspend": "suspend",
}
"""What takes a limit off again."""
IN_PLACE: Final = frozenset({"label", "demote"})
"""Measures that leave a post where it is: behind the words of a rule, or out of public pages."""


def measure_for(case: Case, policy: Policy) -> str:
    """What follows from a verdict that a post breaks its rule.

    What an outside body has named is removed, as is the copy of what was removed: to leave either
    in its place would be to answer a host with a label.
    """
    if "notice" in case.sources or case.inherits:
        return "remove"
    return policy.category(case.category).measure


def stays(case: Case) -> bool:
    """Whether a post is left where it is by what stands on it; a limit is an account's."""
    return case.measure in IN_PLACE and not case.limits


def hold_after(case: Case, measure: str) -> Hold:
    """What becomes of a hold: it ends where a verdict leaves the post in its place."""
    return "lifted" if measure in IN_PLACE and case.hold == "held" else case.hold


def struck_by(case: Case, step: Step) -> tuple[str, ...]:
    """What has cost the author points: not once more where a label did, and it goes further now."""
    return case.struck if stays(case) else (*case.struck, step.key)


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
    stands = case.measure == "remove" or stays(case)
    hidden = case.hold == "held" or stands or bool(case.limits)
    kept = "lift" if hidden else "keep"
    return {"remove": "measure", "hold": "hold"}.get(step.measure, kept)
