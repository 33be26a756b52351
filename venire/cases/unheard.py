"""What was said of a post and never judged, because it was removed by hand for something else.

To undo such a removal is to say that its own ground was wrong, and nothing of the rest: so the case
goes back to its judges, and the post stays hidden until they have spoken. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.cases.model import Case, Source, Step


def noted(before: Case, after: Case, step: Step) -> Case:
    """The case after a moderator's act, with whether that cut its judgement short."""
    running = before.state in {"open", "judging"} and before.verdict is None
    return msgspec.structs.replace(after, cut_short=step.measure == "remove" and running)


def is_unheard(case: Case, category: str, said: Sequence[Source]) -> bool:
    """Whether anything but `category`, which a removal found, waits for its judges still.

    `said`: all that was said of it. What came after the removal has met no judge either; nor has
    what was said of a copy, whose verdict is another post's.
    """
    others = set(case.categories) - {category}
    if case.cut_short or case.judged_by == "bank":
        return bool(others)
    since_ms = case.measured_at_ms or 0
    return any(source.category in others and source.at_ms >= since_ms for source in said)
