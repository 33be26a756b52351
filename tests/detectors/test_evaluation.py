from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

from venire.detectors.evaluation import auroc, calibration_error, recall_at, threshold_at

_SCORES = hnp.arrays(np.float64, st.integers(2, 40), elements=st.integers(-3, 3).map(float))


@given(_SCORES, st.data())
def test_the_area_is_that_of_another_hand(scores, data):
    truth = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    if truth.all() or not truth.any():
        assert np.isnan(auroc(scores, truth))
    else:
        assert auroc(scores, truth) == pytest.approx(roc_auc_score(truth, scores))


@given(_SCORES, st.floats(0, 1))
def test_no_more_benign_texts_than_allowed_reach_a_threshold(benign, rate):
    reached = (benign >= threshold_at(benign, rate)).mean()
    assert reached <= rate or reached == 1.0 == rate


def test_recall_is_the_share_of_threats_above_it():
    benign = np.arange(100, dtype=np.float64)
    assert recall_at(np.array([98.5, 99.5, 200.0, 3.0]), benign, 0.01) == 0.75


def test_calibration_error_is_zero_for_honest_and_large_for_boastful_scores():
    truth = np.arange(1000) % 10 == 0
    assert calibration_error(np.full(1000, 0.1), truth) == pytest.approx(0.0)
    assert calibration_error(np.full(1000, 0.9), truth) == pytest.approx(0.8)
