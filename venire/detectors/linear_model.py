"""The hashed linear model: words, word pairs, letters and rule cues, summed to one logit.

Weights are 16-bit floats in an `.npz` read without pickle; scoring needs numpy and nothing else.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from venire.detectors.hashing import HASH_VERSION, PLACES, Features, Floats, features
from venire.detectors.model import LANGUAGES, Language
from venire.detectors.reading import CUE_NAMES, MARKS, Part, Reading
from venire.kernel.errors import Refused

FORMAT = 1
SHIPPED = Path(__file__).parent / "weights" / "incitement.npz"
PART_PENALTY = 0.75
MAX_BYTES = 5 * 1024 * 1024

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LanguageScale:
    """How logits of one language become probabilities, and where they matter.

    probability = 1 / (1 + exp(-(slope * logit + intercept))) (Platt 1999). `case_at` and `hold_at`
    are probabilities.
    """

    slope: float
    intercept: float
    case_at: float
    hold_at: float

    def probability(self, logit: float) -> float:
        """The calibrated probability of incitement for a logit."""
        return float(1.0 / (1.0 + np.exp(-np.clip(self.slope * logit + self.intercept, -40, 40))))


@dataclass(frozen=True, slots=True)
class Focus:
    """The part of a post that weighs most, its logit, and what was taken off for choosing it."""

    logit: float
    part: Part
    penalty: float


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights, calibration and thresholds: all that one `.npz` holds.

    `weights` has a block of words and a block of letters, `marks` one weight for each of
    `reading.MARKS`, `cue_precision` the share of posts with a cue that were threats in training.
    """

    weights: Weights
    marks: Weights
    bias: float
    cue_precision: Weights
    scales: dict[Language, LanguageScale]

    def focus_all(self, readings: Sequence[Reading]) -> list[Focus]:
        """Where each reading weighs most, in order: the whole post, or one sentence of it.

        A sentence costs `PART_PENALTY`, since the most telling of many is telling by chance.
        """
        parts = [(reading, part) for reading in readings for part in reading.parts]
        logits = self.part_logits([r.plain[p.start : p.end] for r, p in parts],
                                  [part.marks for _, part in parts])  # fmt: skip
        found: list[Focus] = []
        at = 0
        for reading in readings:
            whole = Focus(float(logits[at]), reading.parts[0], 0.0)
            best = whole
            for offset, part in enumerate(reading.parts[1:], start=1):
                logit = float(logits[at + offset]) - PART_PENALTY
                if logit > best.logit:
                    best = Focus(logit, part, PART_PENALTY)
            found.append(best)
            at += len(reading.parts)
        return found

    def part_logits(self, texts: Sequence[str], marks: Sequence[Sequence[str]]) -> Floats:
        """One logit per stretch of plain text with its rule marks."""
        if not texts:
            return np.zeros(0, dtype=np.float64)
        batch = features(texts)
        total = np.full(batch.size, self.bias, dtype=np.float64)
        for block, part in enumerate((batch.words, batch.letters)):
            values = self.weights[part.place + block * PLACES] * part.share
            sums = np.bincount(part.post, weights=values, minlength=batch.size)
            total += sums / norms(part, batch.size)
        for row, names in enumerate(marks):
            for mark in names:
                total[row] += self.marks[MARK_AT[mark]]
        return total


MARK_AT = {mark: at for at, mark in enumerate(MARKS)}


def norms(part: Features, size: int) -> Floats:
    """The root of the number of different features: a long post does not weigh more for that."""
    counts = np.bincount(part.post, weights=part.share, minlength=size)
    return np.sqrt(np.maximum(counts, 1.0))


def save(model: Linear, path: Path) -> None:
    """Write the model as a compressed `.npz` of plain arrays."""
    scales = [
        [scale.slope, scale.intercept, scale.case_at, scale.hold_at]
        for scale in (model.scales[lang] for lang in LANGUAGES)
    ]
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            format=np.array([FORMAT, HASH_VERSION], dtype=np.int64),
            weights=model.weights.astype(np.float16),
            marks=model.marks.astype(np.float32),
            mark_names=np.array(MARKS),
            bias=np.array([model.bias], dtype=np.float64),
            cue_precision=model.cue_precision.astype(np.float32),
            languages=np.array(LANGUAGES),
            scales=np.array(scales, dtype=np.float64),
        )


def load(path: Path = SHIPPED) -> Linear:
    """Read a model. Raises Refused(`bad_weights`) for a file that is not one, or of another make.

    Nothing in the file is executed: arrays only, and none larger than the format says.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _bad_weights(path, "too_large")
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return _checked(path, {name: file[name] for name in _SHAPES})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
        raise _bad_weights(path, "unreadable") from problem


_SHAPES: dict[str, tuple[int, ...]] = {
    "format": (2,),
    "weights": (2 * PLACES,),
    "marks": (len(MARKS),),
    "mark_names": (len(MARKS),),
    "bias": (1,),
    "cue_precision": (len(CUE_NAMES),),
    "languages": (len(LANGUAGES),),
    "scales": (len(LANGUAGES), 4),
}
_Fault = Literal["too_large", "unreadable", "shape", "version", "not_finite"]


def _bad_weights(path: Path, fault: _Fault) -> Refused:
    return Refused("bad_weights", "not detector weights of this version", file=path.name, why=fault)


def _checked(path: Path, arrays: dict[str, NDArray[np.generic]]) -> Linear:
    if any(arrays[name].shape != shape for name, shape in _SHAPES.items()):
        raise _bad_weights(path, "shape")
    known = (
        arrays["format"].tolist() == [FORMAT, HASH_VERSION]
        and tuple(arrays["mark_names"].tolist()) == MARKS
        and tuple(arrays["languages"].tolist()) == LANGUAGES
    )
    if not known:
        raise _bad_weights(path, "version")
    numbers = {
        name: arrays[name].astype(np.float64)
        for name in ("weights", "marks", "bias", "cue_precision", "scales")
    }
    if not all(bool(np.isfinite(values).all()) for values in numbers.values()):
        raise _bad_weights(path, "not_finite")
    return Linear(
        weights=numbers["weights"].astype(np.float32),
        marks=numbers["marks"].astype(np.float32),
        bias=float(numbers["bias"][0]),
        cue_precision=numbers["cue_precision"].astype(np.float32),
        scales={
            lang: LanguageScale(*map(float, row))
            for lang, row in zip(LANGUAGES, numbers["scales"], strict=True)
        },
    )


@cache
def shipped() -> Linear:
    """The weights in the package, read once per process."""
    return load(SHIPPED)
