"""How well scores tell threats from the rest: the figures of the model card, in plain numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Truth = NDArray[np.bool_]


def auroc(scores: Scores, truth: Truth) -> float:
    """The chance that a threat scores above a benign text, ties counting half (Mann-Whitney)."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    ranks = np.empty(len(scores), dtype=np.float64)
    bounds = np.flatnonzero(np.diff(ranked, prepend=np.nan) != 0)
    ends = np.append(bounds[1:], len(ranked))
    ranks[order] = np.repeat((bounds + ends + 1) / 2, ends - bounds)
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    above = float(ranks[truth].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def threshold_at(benign: Scores, false_positive_rate: float) -> float:
    """The lowest score that at most this share of benign texts reaches."""
    allowed = int(false_positive_rate * len(benign))
    ranked = np.sort(benign)[::-1]
    if allowed >= len(ranked):
        return float(ranked[-1])
    return float(np.nextafter(ranked[allowed], np.inf))


def recall_at(threats: Scores, benign: Scores, false_positive_rate: float) -> float:
    """The share of threats found at this false positive rate."""
    return float((threats >= threshold_at(benign, false_positive_rate)).mean())


def calibration_error(probabilities: Scores, truth: Truth, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width (Naeini et al. 2015)."""
    place = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    total = 0.0
    for one in range(bins):
        inside = place == one
        if inside.any():
            gap = abs(float(probabilities[inside].mean()) - float(truth[inside].mean()))
            total += gap * float(inside.mean())
    return total
