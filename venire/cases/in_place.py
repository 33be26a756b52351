"""How a post looks that a verdict has left where it is: behind a rule's words, or shown to fewer.

The words are the rule's title in the author's language, since everybody reads the same post.
"""

from __future__ import annotations

from typing import NamedTuple

from venire.cases.court import Court
from venire.cases.messages import title_of
from venire.cases.model import Case
from venire.people import actions as people


class Manner(NamedTuple):
    """What a verdict puts on a post that stays."""

    label: str
    demoted: bool


async def manner_of(court: Court, case: Case) -> Manner:
    """How the post of a case is shown, as the case stands."""
    label = ""
    if case.measure == "label":
        language = await people.language_of(court.world, case.author_id)
        label = title_of(court.policy.category(case.category), language)
    return Manner(label, case.measure == "demote")
