"""Fitting the linear model, its calibration and its thresholds: the part that needs scikit-learn.

The same rows give the same weights: the solver is deterministic and nothing is drawn. Weights are
rounded to 16 bits before calibration and figures, so that the card tells of what is shipped.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.detectors.card import write_card
from venire.detectors.corpus import Counts, Row, own_rows, read_rows
from venire.detectors.evaluation import Scores, Truth, threshold_at
from venire.detectors.figures import Scored, figures
from venire.detectors.hashing import PLACES, features
from venire.detectors.linear_model import LanguageScale, Linear, norms, save
from venire.detectors.look import Look
from venire.detectors.model import LANGUAGES, Evidence, Language
from venire.detectors.reading import CUE_NAMES, MARKS, Reading, read
from venire.detectors.run import may_hold
from venire.kernel.errors import Invalid, Unavailable

Progress = Callable[[str, float], None]
"""Told the name of the step and how much of all is done, 0..1."""

HOLD_RATE = 0.0015
"""At most this share of the benign texts of a language may reach `hold_at`."""
HARD_HOLD_RATE = 0.02
"""The same for texts made to mislead: quotations, figures of speech, calls for the law."""
LEAST_HOLD = 0.5
"""No post is hidden that is more likely peaceful than not, whatever the rates allow."""
CASE_RATE = 0.02
_ASSUMED_SHARE = 0.06
"""The share of threats that probabilities of a language without threats in dev are fitted to."""

_INVERSE_PENALTY = 16.0
_MARK_VALUE = 0.3
"""Rule marks enter the fit scaled down, so that words still count where a rule speaks."""
_WEIGHT = {"synthetic": 0.5, "own": 0.5, "suspect": 0.3}
_MADE_UP = frozenset({"synthetic", "own"})
_HELD_BACK = 0
_CHUNK = 2_000


@dataclasses.dataclass(frozen=True, slots=True)
class _Data:
    rows: list[Row]
    readings: list[Reading]
    matrix: Any

    @property
    def truth(self) -> Truth:
        return np.array([row.threat for row in self.rows], dtype=np.bool_)


def train(
    data_dirs: Sequence[Path],
    out: Path,
    dev_dir: Path | None = None,
    progress: Progress = lambda _step, _share: None,
) -> dict[str, Any]:
    """Fit on `data_dirs`, calibrate on `dev_dir` and what was held back, write `out` and its card.

    The card lies beside `out` with the ending `.md`. Returns the figures. Raises
    Unavailable(`training_needs_scikit_learn`), Invalid(`no_training_data`, `bad_row`).
    """
    _need_scikit_learn()
    counts = Counts()
    progress("reading", 0.0)
    data = _data([*read_rows(data_dirs, counts), *own_rows(counts)])
    dev = _data(read_rows([dev_dir], Counts()) if dev_dir is not None else [])
    if len({row.threat for row in data.rows}) < 2:  # noqa: PLR2004 - a threat and a benign text
        raise Invalid("no_training_data", "both threats and benign texts are needed")
    progress("fitting for calibration", 0.4)
    dev_langs = {row.lang for row in dev.rows if row.threat}
    back = np.array([_is_held_back(row, dev_langs) for row in data.rows], dtype=np.bool_)
    probe = _fitted(data, ~back)
    held_back = [index for index, kept in enumerate(back) if kept]
    progress("fitting", 0.6)
    model = _fitted(data, np.ones(len(data.rows), dtype=np.bool_))
    progress("calibrating", 0.8)
    scales = {lang: _scale(lang, probe, model, _pick(data, held_back), dev) for lang in LANGUAGES}
    model = dataclasses.replace(model, scales=scales)
    save(model, out)
    progress("measuring", 0.9)
    report = figures(model, Scored(dev.rows, dev.readings, _logits(model, dev.readings)))
    report["size_bytes"] = out.stat().st_size
    write_card(out.with_suffix(".md"), report, counts)
    progress("done", 1.0)
    return report


def _need_scikit_learn() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError as problem:
        raise Unavailable(
            "training_needs_scikit_learn", "install the dev extra: pip install 'venire[dev]'"
        ) from problem


def _is_held_back(row: Row, dev_langs: set[Language]) -> bool:
    """Kept from the fit that thresholds come from, where dev has too little of its kind."""
    return row.fold == _HELD_BACK and (row.lang not in dev_langs or row.quality in _MADE_UP)


def _data(rows: list[Row]) -> _Data:
    readings = [read(Evidence(0, row.text, row.lang)) for row in rows]
    return _Data(rows, readings, _matrix(readings))


def _pick(data: _Data, at: list[int]) -> _Data:
    return _Data([data.rows[i] for i in at], [data.readings[i] for i in at], data.matrix[at])


def _matrix(readings: list[Reading]) -> Any:
    """Rows of what `Linear.logits` sums: counts over the root of their number, then the marks."""
    from scipy import sparse  # type: ignore[import-untyped]

    width = 2 * PLACES + len(MARKS)
    parts = [sparse.csr_matrix((0, width), dtype=np.float32)]
    for chunk in _chunks(readings):
        batch = features([reading.plain for reading in chunk])
        marked = [
            (row, 2 * PLACES + MARKS.index(mark))
            for row, reading in enumerate(chunk)
            for mark in reading.parts[0].marks
        ]
        values, at_rows, at_places = [], [], []
        for block, part in enumerate((batch.words, batch.letters)):
            values.append(part.share / norms(part, batch.size)[part.post])
            at_rows.append(part.post)
            at_places.append(part.place + block * PLACES)
        values.append(np.full(len(marked), _MARK_VALUE))
        at_rows.append(np.array([row for row, _ in marked], dtype=np.int64))
        at_places.append(np.array([place for _, place in marked], dtype=np.int64))
        entries = np.concatenate(values).astype(np.float32)
        places = (np.concatenate(at_rows), np.concatenate(at_places))
        parts.append(sparse.csr_matrix((entries, places), shape=(batch.size, width)))
    return sparse.vstack(parts, format="csr")


def _logits(model: Linear, readings: list[Reading]) -> Scores:
    return np.array([focus.logit for focus in model.focus_all(readings)], dtype=np.float64)


def _chunks(readings: list[Reading]) -> list[list[Reading]]:
    return [readings[at : at + _CHUNK] for at in range(0, len(readings), _CHUNK)]


def _fitted(data: _Data, used: NDArray[np.bool_]) -> Linear:
    from sklearn.linear_model import LogisticRegression

    at = np.flatnonzero(used)
    weight = np.array([_WEIGHT.get(data.rows[index].quality, 1.0) for index in at])
    fit = LogisticRegression(C=_INVERSE_PENALTY, solver="liblinear", tol=1e-3)
    fit.fit(data.matrix[at], data.truth[at], sample_weight=weight)
    coefficients = fit.coef_[0]
    return Linear(
        weights=coefficients[: 2 * PLACES].astype(np.float16).astype(np.float32),
        marks=(coefficients[2 * PLACES :] * _MARK_VALUE).astype(np.float32),
        bias=float(fit.intercept_[0]),
        cue_precision=_cue_precision(data),
        scales={lang: LanguageScale(1.0, 0.0, 0.5, 0.9) for lang in LANGUAGES},
    )


def _cue_precision(data: _Data) -> NDArray[np.float32]:
    """How often a post with the cue, and nothing to withdraw it, was labelled a threat."""
    found = np.full(len(CUE_NAMES), 2.0)
    threats = np.full(len(CUE_NAMES), 1.0)
    for row, reading in zip(data.rows, data.readings, strict=True):
        for cue in {hit.cue for hit in reading.meant}:
            found[CUE_NAMES.index(cue)] += 1
            threats[CUE_NAMES.index(cue)] += row.threat
    return np.asarray(threats / found, dtype=np.float32)


def _scale(
    lang: Language, probe: Linear, model: Linear, held_back: _Data, dev: _Data
) -> LanguageScale:
    """Calibration and thresholds of a language.

    Dev texts are scored by the shipped weights, texts held back by those that never saw them.
    """
    natural = [_scored(model, dev, lang), _scored(probe, held_back, lang, made_up=False)]
    hard = _scored(probe, held_back, lang, made_up=True)
    if not any((~part.truth).any() for part in natural):
        natural.append(hard)
    logits = np.concatenate([part.logits for part in natural])
    truth = np.concatenate([part.truth for part in natural])
    if not len(logits) or truth.all():
        raise Invalid("no_training_data", "no benign text to set thresholds by", lang=lang)
    slope, intercept = _platt(logits, truth, hard)
    holdable = np.concatenate([part.holdable for part in natural])
    hold_logit = max(
        threshold_at(np.where(holdable, logits, -np.inf)[~truth], HOLD_RATE),
        threshold_at(np.where(hard.holdable, hard.logits, -np.inf)[~hard.truth], HARD_HOLD_RATE)
        if not hard.truth.all()
        else -np.inf,
    )
    case_logit = threshold_at(logits[~truth], CASE_RATE)
    scale = LanguageScale(slope, intercept, 0.0, 1.0)
    return LanguageScale(
        slope,
        intercept,
        scale.probability(case_logit),
        max(scale.probability(hold_logit), LEAST_HOLD),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    logits: Scores
    truth: Truth
    holdable: NDArray[np.bool_]


def _scored(model: Linear, data: _Data, lang: Language, made_up: bool | None = None) -> _Part:
    at = [
        index
        for index, row in enumerate(data.rows)
        if row.lang == lang and made_up in {None, row.quality in _MADE_UP}
    ]
    readings = [data.readings[index] for index in at]
    focuses = model.focus_all(readings)
    logits = np.array([focus.logit for focus in focuses], dtype=np.float64)
    holdable = [
        may_hold(Look(reading, focus, model))
        for reading, focus in zip(readings, focuses, strict=True)
    ]
    return _Part(logits, data.truth[at], np.array(holdable, dtype=np.bool_))


def _platt(logits: Scores, truth: Truth, hard: _Part) -> tuple[float, float]:
    """Slope and intercept (Platt 1999); a language without threats borrows made-up ones.

    Those are weighted to `_ASSUMED_SHARE` of all; made-up threats are easy to tell, so the slope
    is kept at most 1: better unsure than wrong.
    """
    from sklearn.linear_model import LogisticRegression

    weight = np.ones(len(logits))
    borrowed = not truth.any()
    if borrowed:
        threats = hard.logits[hard.truth]
        if not len(threats):
            return 1.0, 0.0
        share = _ASSUMED_SHARE / (1 - _ASSUMED_SHARE) * len(logits) / len(threats)
        weight = np.concatenate([weight, np.full(len(threats), share)])
        logits = np.concatenate([logits, threats])
        truth = np.concatenate([truth, np.ones(len(threats), dtype=np.bool_)])
    fit = LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), truth, sample_weight=weight)
    slope = float(fit.coef_[0, 0])
    if borrowed and slope > 1:
        return 1.0, _intercept(logits, truth, weight)
    return slope, float(fit.intercept_[0])


def _intercept(logits: Scores, truth: Truth, weight: Scores) -> float:
    """With slope 1, the intercept at which the expected number of threats is the true one."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = float((weight / (1 + np.exp(-(logits + middle)))).sum())
        low, high = (middle, high) if expected < float(weight[truth].sum()) else (low, middle)
    return (low + high) / 2
