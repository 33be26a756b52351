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
_PAUSE = re.compile(r"[.!?\n]+\s*")
_LEAST = 30
"""Letters in a part: fewer say too little by themselves."""
_MOST = 220
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
class Part:
    """A stretch of `Reading.plain` that is weighed by itself, and the rule marks in it."""

    start: int
    end: int
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A post as the detectors see it. `plain` is the folded text, figures of speech blanked out.

    `plain` has a letter for each of `folded.text`, so one offset map serves both. `parts` begins
    with the whole post; a post of several sentences has each of them after it, so that a threat is
    not diluted by what is put around it.
    """

    evidence: Evidence
    folded: Folded
    plain: str
    lang: Language
    hits: tuple[Hit, ...]
    parts: tuple[Part, ...]

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
    condemned = any(hit.veto == "quote" for hit in hits) and is_condemned(evidence.text)
    ranges = [(0, len(plain)), *_sentences(plain)]
    return Reading(
        evidence=evidence,
        folded=folded,
        plain=plain,
        lang=language_of(folded.text, evidence.lang),
        hits=hits,
        parts=tuple(
            Part(start, end, _marks(folded.text, plain, start, end, hits, condemned=condemned))
            for start, end in ranges
        ),
    )


def _sentences(plain: str) -> list[tuple[int, int]]:
    """Sentences, short ones joined to the next, long ones cut at a blank; none when it is one."""
    if len(plain) < 2 * _LEAST:
        return []
    ranges: list[tuple[int, int]] = []
    start = 0
    for match in _PAUSE.finditer(plain):
        if match.end() - start >= _LEAST:
            ranges += _cut(plain, start, match.end())
            start = match.end()
    if len(plain) - start >= _LEAST or not ranges:
        ranges += _cut(plain, start, len(plain))
    elif start < len(plain):
        ranges[-1] = (ranges[-1][0], len(plain))
    return ranges if len(ranges) > 1 else []


def _cut(plain: str, start: int, end: int) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    while end - start > _MOST:
        at = plain.rfind(" ", start + _LEAST, start + _MOST) + 1 or start + _MOST
        ranges.append((start, at))
        start = at
    return [*ranges, (start, end)]


def _hits(folded: Folded, plain: str, original: str) -> tuple[Hit, ...]:
    found: list[Hit] = []
    for cue in THREATS:
        for match in islice(cue.pattern.finditer(plain), _MOST_HITS):
            start, end = match.span()
            veto: Veto | None = None
            if is_quoted(original, *folded.span(start, end)):
                veto = "quote"
            elif is_negated(plain, start):
                veto = "negation"
            found.append(Hit(cue.name, start, end, veto))
    return tuple(found)


def _marks(
    folded: str, plain: str, start: int, end: int, hits: tuple[Hit, ...], *, condemned: bool
) -> tuple[str, ...]:
    inside = [hit for hit in hits if start <= hit.start and hit.end <= end]
    part = plain[start:end]
    meant = dict.fromkeys(hit.cue for hit in inside if hit.veto is None)
    marks = list(meant)
    if any(hit.veto == "negation" for hit in inside):
        marks.append("negated")
    if any(hit.veto == "quote" for hit in inside):
        marks.append("quoted")
        if condemned:
            marks.append("condemned")
    if part != folded[start:end]:
        marks.append("figurative")
    if not inside and LAWFUL.search(part) is not None:
        marks.append("lawful")
    if len(meant) > 1:
        marks.append("several")
    if meant:
        marks += [
            name
            for name, pattern in zip(ROUTES, (_ADDRESS, _TIME), strict=True)
            if pattern.search(part) is not None
        ]
    return tuple(marks)
