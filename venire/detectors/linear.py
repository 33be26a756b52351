"""The detector that weighs words and letters, and shows the words that decided.

A logit is a plain sum, so its explanation is exact: each letter of the post carries its share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from venire.detectors.hashing import PLACES, Floats, features
from venire.detectors.linear_model import MARK_AT, Focus, Linear, norms
from venire.detectors.look import Look
from venire.detectors.model import Signal, Span
from venire.detectors.reading import Reading

NAME = "linear"
_WORD = re.compile(r"[^\s.,!?\"':;()]\S*(?<![.,!?\"':;()])")
_SHARE = 0.12
"""A word is shown from this share of all that speaks for incitement."""
_MOST = 4


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a logit comes from: `letters[i]` is the share of `plain[i]`; all parts sum to it.

    `constant` is the bias, less what choosing one sentence costs.
    """

    letters: Floats
    marks: dict[str, float]
    constant: float

    @property
    def logit(self) -> float:
        """The sum of all parts."""
        return float(self.letters.sum() + sum(self.marks.values()) + self.constant)


def explain(model: Linear, reading: Reading, focus: Focus) -> Explanation:
    """Spread each feature's part evenly over its letters, within the part that was weighed."""
    start, end = focus.part.start, focus.part.end
    batch = features([reading.plain[start:end]])
    begin = int(batch.begin[0])
    # One more at either end: a letter run may begin or end with the blank beside the text.
    shares = np.zeros(end - start + 2, dtype=np.float64)
    for block, part in enumerate((batch.words, batch.letters)):
        values = model.weights[part.place + block * PLACES] * part.share / norms(part, 1)[0]
        each = values / (part.end - part.start)
        for size in np.unique(part.end - part.start):
            chosen = (part.end - part.start) == size
            first = part.start[chosen] - begin + 1
            for step in range(int(size)):
                np.add.at(shares, first + step, each[chosen])
    letters = np.zeros(len(reading.plain), dtype=np.float64)
    if end > start:
        shares[1] += shares[0]
        shares[-2] += shares[-1]
        letters[start:end] = shares[1:-1]
    marks = {mark: float(model.marks[MARK_AT[mark]]) for mark in focus.part.marks}
    return Explanation(letters, marks, model.bias - focus.penalty)


def look(given: Look) -> Signal | None:
    """A signal from `case_at` on: below it, the words of most posts would be shown for nothing."""
    scale = given.model.scales[given.reading.lang]
    score = scale.probability(given.focus.logit)
    if score < scale.case_at:
        return None
    ranges = weighty_ranges(given.reading, explain(given.model, given.reading, given.focus))
    spans = (Span(*given.reading.folded.span(*each), "linear.words") for each in ranges)
    return Signal(NAME, "incitement", round(score, 4), tuple(spans))


def weighty_ranges(reading: Reading, explanation: Explanation) -> list[tuple[int, int]]:
    """Ranges of the folded text that speak most for incitement: words, neighbours joined."""
    words = [
        (float(explanation.letters[match.start() : match.end()].sum()), match.start(), match.end())
        for match in _WORD.finditer(reading.plain)
    ]
    total = sum(weight for weight, _, _ in words if weight > 0)
    strong = sorted((word for word in words if word[0] > _SHARE * total), reverse=True)[:_MOST]
    joined: list[tuple[int, int]] = []
    for _, start, end in sorted(strong, key=lambda word: word[1]):
        if joined and start - joined[-1][1] <= 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
