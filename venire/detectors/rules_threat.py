"""The detector that reads threats by rule: what was said, where, and what withdraws it."""

from __future__ import annotations

from venire.detectors.look import Look
from venire.detectors.model import Signal, Span
from venire.detectors.reading import CUE_NAMES, Hit, Reading

NAME = "rules_threat"
_WITHDRAWN = 0.25
"""What is left of a cue that a negation or a quotation withdraws: it is still worth a look."""


def look(given: Look) -> Signal | None:
    """A signal when any cue was found. Its score: one minus the chance that all cues mislead."""
    hits = given.reading.hits
    if not hits:
        return None
    spans = tuple(dict.fromkeys(_span(given.reading, hit) for hit in hits))
    return Signal(NAME, "incitement", _score(given), spans)


def _span(reading: Reading, hit: Hit) -> Span:
    """The cue in the original: `threat.NAME`, or `withdrawn.VETO.NAME` when it is not meant."""
    start, end = reading.folded.span(hit.start, hit.end)
    kind = "threat" if hit.veto is None else f"withdrawn.{hit.veto}"
    return Span(start, end, f"{kind}.{hit.cue}")


def _score(given: Look) -> float:
    meant = {hit.cue for hit in given.reading.meant}
    doubt = 1.0
    for cue in {hit.cue for hit in given.reading.hits}:
        precision = float(given.model.cue_precision[CUE_NAMES.index(cue)])
        doubt *= 1 - precision * (1.0 if cue in meant else _WITHDRAWN)
    return round(1 - doubt, 4)
