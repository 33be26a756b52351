"""The figures of the model card, measured on dev: per set, per language, and at the thresholds."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from venire.detectors.corpus import Row
from venire.detectors.evaluation import (
    Scores,
    Truth,
    auroc,
    calibration_error,
    recall_at,
    threshold_at,
)
from venire.detectors.linear_model import Linear
from venire.detectors.model import LANGUAGES, Evidence, Models
from venire.detectors.reading import Reading
from venire.detectors.run import judge_all

_RATES = (0.01, 0.001)
_DIGITS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Scored:
    """Labelled texts with their readings and logits."""

    rows: Sequence[Row]
    readings: Sequence[Reading]
    logits: Scores

    def chosen(self, keep: Sequence[bool]) -> Scored:
        """Those rows for which `keep` is true."""
        at = [index for index, kept in enumerate(keep) if kept]
        return Scored([self.rows[i] for i in at], [self.readings[i] for i in at], self.logits[at])

    @property
    def truth(self) -> Truth:
        """Which rows are threats."""
        return np.array([row.threat for row in self.rows], dtype=np.bool_)


def figures(model: Linear, dev: Scored) -> dict[str, Any]:
    """Everything measured on dev, as plain numbers rounded to four places."""
    names = sorted({row.name for row in dev.rows})
    return {
        "languages": {lang: _language(model, dev, lang) for lang in LANGUAGES},
        "sets": {
            name: _set(model, dev, dev.chosen([row.name == name for row in dev.rows]))
            for name in names
        },
        "posts_per_cpu_second": _speed(model, dev),
    }


def _round(value: float) -> float | None:
    return None if np.isnan(value) else round(value, _DIGITS)


def _language(model: Linear, dev: Scored, lang: str) -> dict[str, Any]:
    part = dev.chosen([row.lang == lang for row in dev.rows])
    truth = part.truth
    scale = model.scales[lang]  # type: ignore[index]
    found: dict[str, Any] = {
        "rows": len(truth),
        "threats": int(truth.sum()),
        "slope": _round(scale.slope),
        "intercept": _round(scale.intercept),
        "case_at": _round(scale.case_at),
        "hold_at": _round(scale.hold_at),
    }
    if not len(truth):
        return found
    judged = judge_all([reading.evidence for reading in part.readings], Models(model))
    for name, reached in (
        ("case", np.array([one.case for one in judged])),
        ("hold", np.array([one.hold for one in judged])),
    ):
        found[f"{name}_benign"] = _round(float(reached[~truth].mean()))
        if truth.any():
            found[f"{name}_recall"] = _round(float(reached[truth].mean()))
    if truth.any():
        found["auroc"] = _round(auroc(part.logits, truth))
        found["ece"] = _round(_crossed_ece(part.logits, truth))
    return found


def _crossed_ece(logits: Scores, truth: Truth) -> float:
    """Calibration error of half the texts under a scale fitted on the other half, both ways."""
    from sklearn.linear_model import LogisticRegression

    half = np.arange(len(truth)) % 2 == 0
    errors = []
    for fitted, measured in ((half, ~half), (~half, half)):
        fit = LogisticRegression(C=1e6).fit(logits[fitted].reshape(-1, 1), truth[fitted])
        probabilities = fit.predict_proba(logits[measured].reshape(-1, 1))[:, 1]
        errors.append(calibration_error(probabilities, truth[measured]))
    return float(np.mean(errors))


def _stream(dev: Scored, lang: str) -> Scores:
    """Scores of everyday texts of a language: the sets of dev without any threat."""
    with_threats = {row.name for row in dev.rows if row.threat}
    keep = [row.lang == lang and row.name not in with_threats for row in dev.rows]
    return dev.chosen(keep).logits


def _set(model: Linear, dev: Scored, part: Scored) -> dict[str, Any]:
    truth = part.truth
    stream = _stream(dev, part.rows[0].lang)
    found: dict[str, Any] = {"rows": len(truth), "threats": int(truth.sum())}
    judged = judge_all([reading.evidence for reading in part.readings], Models(model))
    case = np.array([one.case for one in judged])
    hold = np.array([one.hold for one in judged])
    if not truth.all():
        found["benign_to_jury"] = _round(float(case[~truth].mean()))
        found["benign_held"] = _round(float(hold[~truth].mean()))
    if truth.any():
        found["auroc"] = _round(auroc(part.logits, truth))
        found["threats_to_jury"] = _round(float(case[truth].mean()))
        found["threats_held"] = _round(float(hold[truth].mean()))
        if len(stream):
            for rate in _RATES:
                found[f"recall_at_{rate:g}"] = _round(recall_at(part.logits[truth], stream, rate))
        if (~truth).any() and len(stream):
            bar = threshold_at(stream, _RATES[0])
            found["own_benign_at_0.01"] = _round(float((part.logits[~truth] >= bar).mean()))
    return found


def _speed(model: Linear, dev: Scored) -> int:
    """Posts per second of one core over the whole path, by CPU time."""
    evidence = [Evidence(0, row.text, None) for row in dev.rows[:4_000]]
    if not evidence:
        return 0
    started = time.process_time()
    judge_all(evidence, Models(model))
    return int(len(evidence) / max(time.process_time() - started, 1e-9))
