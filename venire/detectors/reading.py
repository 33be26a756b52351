"""One post read once for all detectors: folded, its cues found, what withdraws them noted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from venire.detectors.cues import THREATS
from venire.detectors.language import language_of
from venire.detectors.model import Evidence, Language
from venire.detectors.vetoes import LAWFUL, blanked, is_negated
from venire.kernel.quotes import is_condemned
from venire.kernel.text import Folded, fold, is_quoted

Veto = Literal["negation", "quote"]
_MOST_HITS = 12
"""Of one cue in one post: each is looked up in the whole text, and a post says it once or twice."""

ROUTES: tuple[str, ...] = ("address", "time")
"""What turns words into a plan: where someone lives, when it is to happen."""
_ADDRESS = re.compile(
    r"(?<!\w)(?:\d{1,5} (?:\w+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|blvd|close|court)"
    r"|(?:jalan|jln|jl)\.? \w+(?: \w+)? (?:no|nomor)?\.? ?\d+|lives? (?:at|on|in) \d"
    r"|(?:his|her|their|your) (?:home )?address|alamat(?:nya|mu)?|rumah(?:nya|mu)? di)(?!\w)"
)
_TIME = re.compile(
    r"(?<!\w)(?:tonight|tomorrow|at dawn|at midnight|at noon|(?:january|jan) (?:6|20)(?:th)?"
    r"|(?:on|this|next) (?:mon|tues|wednes|thurs|fri|satur|sun)day|at \d{1,2}(?::\d\d)? ?(?:am|pm)?"
    r"|nanti malam|malam ini|besok|lusa|hari (?:ini|senin|selasa|rabu|kamis|jumat|sabtu|minggu)"
    r"|jam \d{1,2})(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A threat cue in the folded text, and what withdraws it, if anything."""

    cue: str
    start: int
    end: int
    veto: Veto | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A post as the detectors see it. `plain` is the folded text, figures of speech blanked out.

    `plain` has a letter for each of `folded.text`, so one offset map serves both.
    """

    evidence: Evidence
    folded: Folded
    plain: str
    lang: Language
    hits: tuple[Hit, ...]
    marks: tuple[str, ...]

    @property
    def meant(self) -> tuple[Hit, ...]:
        """The cues that nothing withdraws."""
        return tuple(hit for hit in self.hits if hit.veto is None)

    @property
    def only_quoted(self) -> bool:
        """Whether there are threats and all are someone else's words."""
        return bool(self.hits) and all(hit.veto == "quote" for hit in self.hits)


CUE_NAMES: tuple[str, ...] = tuple(dict.fromkeys(cue.name for cue in THREATS))
MARKS: tuple[str, ...] = (
    *CUE_NAMES, "negated", "quoted", "figurative", "condemned", "lawful", "several", *ROUTES,
)  # fmt: skip
"""The rule cues that the linear model weighs beside words and letters."""


def read(evidence: Evidence) -> Reading:
    """Read one post. Never raises, whatever the text."""
    folded = fold(evidence.text)
    plain = blanked(folded.text)
    hits = _hits(folded, plain, evidence.text)
    return Reading(
        evidence=evidence,
        folded=folded,
        plain=plain,
        lang=language_of(folded.text, evidence.lang),
        hits=hits,
        marks=_marks(folded, plain, evidence.text, hits),
    )


def _hits(folded: Folded, plain: str, original: str) -> tuple[Hit, ...]:
    found: list[Hit] = []
    for cue in THREATS:
        for match in islice(cue.pattern.finditer(plain), _MOST_HITS):
            # A cue may begin with the sign or blank before its first word.
            lead = len(match.group()) - len(match.group().lstrip(" .!?,:;\"'\n-"))
            start, end = match.start() + lead, match.end()
            veto: Veto | None = None
            if is_quoted(original, *folded.span(start, end)):
                veto = "quote"
            elif is_negated(plain, start):
                veto = "negation"
            found.append(Hit(cue.name, start, end, veto))
    return tuple(found)


def _marks(folded: Folded, plain: str, original: str, hits: tuple[Hit, ...]) -> tuple[str, ...]:
    meant = dict.fromkeys(hit.cue for hit in hits if hit.veto is None)
    marks = list(meant)
    if any(hit.veto == "negation" for hit in hits):
        marks.append("negated")
    if any(hit.veto == "quote" for hit in hits):
        marks.append("quoted")
        if is_condemned(original):
            marks.append("condemned")
    if plain != folded.text:
        marks.append("figurative")
    if not hits and LAWFUL.search(plain) is not None:
        marks.append("lawful")
    if len(meant) > 1:
        marks.append("several")
    if meant:
        marks += [
            name
            for name, pattern in zip(ROUTES, (_ADDRESS, _TIME), strict=True)
            if pattern.search(plain) is not None
        ]
    return tuple(marks)
