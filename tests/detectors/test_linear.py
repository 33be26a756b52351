from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire.detectors.hashing import PLACES, features
from venire.detectors.linear import explain
from venire.detectors.linear_model import MAX_BYTES, SHIPPED, Linear, load, save, shipped
from venire.detectors.model import Evidence
from venire.detectors.reading import MARKS, read
from venire.kernel.errors import Refused

_LETTERS = st.one_of(st.sampled_from("hang kil them all. 🔪\n!\"'"), st.characters())
_TEXT = st.text(_LETTERS, max_size=200)


@settings(deadline=None)
@given(_TEXT)
def test_an_explanation_sums_to_the_logit(text):
    model = shipped()
    reading = read(Evidence(1, text))
    focus = model.focus_all([reading])[0]
    explanation = explain(model, reading, focus)
    assert explanation.logit == pytest.approx(focus.logit, abs=1e-6)
    assert len(explanation.letters) == len(reading.plain)


def test_an_explanation_gives_most_to_the_words_that_threaten():
    reading = read(Evidence(1, "good morning, we should hang the traitors"))
    model = shipped()
    letters = explain(model, reading, model.focus_all([reading])[0]).letters
    at = reading.plain.index("hang")
    assert letters[at : at + 4].sum() > 10 * abs(letters[:12].sum())


def test_features_of_a_batch_are_those_of_each_text_alone():
    texts = ["kill them all", "", "a", "ha ha ha", "bunuh 🔪 dia", " "]
    batch = features(texts)
    for row, text in enumerate(texts):
        alone = features([text])
        for whole, part in ((batch.words, alone.words), (batch.letters, alone.letters)):
            inside = whole.post == row
            assert whole.place[inside].tolist() == part.place.tolist()
            assert whole.share[inside].tolist() == part.share.tolist()
            starts = whole.start[inside] - batch.begin[row]
            assert starts.tolist() == (part.start - alone.begin[0]).tolist()


def test_features_are_words_pairs_and_letter_runs_within_words():
    batch = features(["hang them"])
    begin = int(batch.begin[0])
    padded = " hang them "
    words = {
        padded[s + 1 : e + 1]
        for s, e in zip(batch.words.start - begin, batch.words.end - begin, strict=True)
    }
    runs = {
        padded[s + 1 : e + 1]
        for s, e in zip(batch.letters.start - begin, batch.letters.end - begin, strict=True)
    }
    assert words == {"hang", "them", "hang them"}
    assert {" ha", "han", "ang ", " hang", "hang "} <= runs
    assert not any(run.strip().count(" ") for run in runs)


def test_the_hash_is_frozen_or_the_shipped_weights_mean_something_else():
    batch = features(["hang the traitors 🔪"])
    assert batch.words.place.tolist() == [261882, 97087, 195723, 12619, 188670, 24163, 22542]
    assert batch.letters.place.tolist()[:4] == [194014, 132250, 200563, 179526]


def test_a_word_said_often_counts_once():
    batch = features(["kill kill kill"])
    same = batch.words.place == batch.words.place[0]
    assert batch.words.share[same].sum() == pytest.approx(1.0)


def test_shipped_weights_are_small_and_finite():
    assert SHIPPED.stat().st_size <= MAX_BYTES
    model = shipped()
    assert model.weights.shape == (2 * PLACES,)
    for scale in model.scales.values():
        assert 0 < scale.case_at < scale.hold_at < 1
        assert scale.hold_at >= 0.5
        assert scale.slope > 0


def test_saved_weights_are_read_back_the_same(tmp_path):
    path = tmp_path / "weights.npz"
    save(shipped(), path)
    again = load(path)
    assert np.array_equal(again.weights, shipped().weights)
    assert again.scales == shipped().scales
    assert again.bias == shipped().bias


def _written(tmp_path, **changes: np.ndarray):
    path = tmp_path / "weights.npz"
    with np.load(SHIPPED) as file:
        arrays = {name: file[name] for name in file.files} | changes
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"weights": np.zeros(10, dtype=np.float16)}, "shape"),
        ({"format": np.array([99, 1])}, "version"),
        ({"mark_names": np.array(["other"] * len(MARKS))}, "version"),
        ({"bias": np.array([np.nan])}, "not_finite"),
        ({"weights": np.array([object()] * 4, dtype=object)}, "unreadable"),
    ],
)
def test_weights_of_another_make_are_refused(tmp_path, changes, why):
    path = _written(tmp_path, **changes)
    with pytest.raises(Refused) as refused:
        load(path)
    assert refused.value.code == "bad_weights"
    assert refused.value.data["why"] == why


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"x" * (MAX_BYTES + 1)])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    with pytest.raises(Refused, match="bad_weights"):
        load(path)


def test_every_rule_mark_has_its_own_weight():
    model: Linear = shipped()
    text = "we should hang the traitors"
    reading = read(Evidence(1, text))
    without = dataclasses.replace(model, marks=np.zeros_like(model.marks))
    gained = model.focus_all([reading])[0].logit - without.focus_all([reading])[0].logit
    marks = reading.parts[0].marks
    assert marks
    assert gained == pytest.approx(sum(float(model.marks[MARKS.index(one)]) for one in marks))
