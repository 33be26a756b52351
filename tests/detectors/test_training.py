from __future__ import annotations

import builtins
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from venire.detectors.corpus import Counts, read_rows
from venire.detectors.linear_model import MAX_BYTES, SHIPPED, load, shipped
from venire.detectors.model import Evidence, Models
from venire.detectors.phrases import sentences
from venire.detectors.run import judge
from venire.detectors.training import train
from venire.kernel.errors import Invalid, Unavailable

_SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "detection"


def _row(text, label="benign", lang="en", licence="CC0-1.0"):
    return {"text": text, "label": label, "lang": lang, "licence": licence, "source": "test"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "train"
    folder.mkdir()
    rows = [_row(f"good morning number {at}, a fine day") for at in range(40)]
    rows += [_row(f"selamat pagi yang ke {at}, hari ini cerah", lang="id") for at in range(40)]
    rows += [_row(f"kill the mayor {at} tonight", "incitement_or_threat") for at in range(20)]
    (folder / "some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    bound = [_row("kill them all", "incitement_or_threat", licence=one)
             for one in ("CC-BY-SA-3.0-ES", "CC BY-NC-SA 4.0", "GPL-3.0", "")]  # fmt: skip
    with gzip.open(folder / "bound.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in bound)
    return folder


def test_the_same_rows_give_the_same_weights_and_a_card(tmp_path, folder):
    paths = [tmp_path / "one.npz", tmp_path / "two.npz"]
    steps: list[float] = []
    for path in paths:
        train([folder], path, None, lambda _step, share: steps.append(share))
    one, two = map(load, paths)
    assert np.array_equal(one.weights, two.weights)
    assert one.scales == two.scales
    assert paths[0].stat().st_size <= MAX_BYTES
    assert max(steps) == 1.0
    assert judge(Evidence(1, "kill the mayor tonight"), Models(one)).case
    card = (tmp_path / "one.md").read_text()
    assert "| some | test | CC0-1.0 | 100 | 20 |" in card
    assert "| bound | left out | CC-BY-SA-3.0-ES | 1 | - |" in card


def test_rows_under_a_binding_licence_or_none_are_left_out(folder):
    counts = Counts()
    rows = read_rows([folder], counts)
    assert {row.name for row in rows} == {"some"}
    assert sum(counts.left_out.values()) == 4


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "a"}', '{"text": 1, "label": "benign"}'])
def test_a_bad_row_is_told_with_file_and_line(tmp_path, line):
    (tmp_path / "rows.jsonl").write_text(json.dumps(_row("fine")) + "\n" + line + "\n")
    with pytest.raises(Invalid) as problem:
        read_rows([tmp_path], Counts())
    assert problem.value.code == "bad_row"
    assert problem.value.data == {"file": "rows.jsonl", "line": 2}


def test_a_folder_without_rows_is_refused(tmp_path):
    with pytest.raises(Invalid, match="no_training_data"):
        train([tmp_path], tmp_path / "out.npz")


def test_without_scikit_learn_training_says_what_is_missing(monkeypatch, tmp_path):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.split(".")[0] == "sklearn":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(Unavailable, match="training_needs_scikit_learn"):
        train([tmp_path], tmp_path / "out.npz")


def test_teaching_sentences_have_no_open_slot_and_come_in_both_kinds():
    found = list(sentences())
    assert not any("{" in one.text for one in found)
    for lang in ("en", "id"):
        kinds = [one.threat for one in found if one.lang == lang]
        assert 200 < sum(kinds) < len(kinds) - 200
    assert found == list(sentences())


def _card_figures():
    card = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
    return json.loads(card.split("```json\n")[1].split("```")[0])


def test_the_card_tells_the_thresholds_that_are_shipped():
    for lang, scale in shipped().scales.items():
        told = _card_figures()["languages"][lang]
        assert told["case_at"] == pytest.approx(scale.case_at, abs=1e-4)
        assert told["hold_at"] == pytest.approx(scale.hold_at, abs=1e-4)
    assert _card_figures()["size_bytes"] == SHIPPED.stat().st_size


def test_the_card_has_what_a_reader_must_know():
    card = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
    for word in (
        "Known misses",
        "Attribution",
        "ThreatGram101",
        "CC-BY-4.0",
        "left out",
        "**Use.**",
    ):
        assert word in card


@pytest.mark.shared_data
def test_the_figures_of_the_card_are_those_measured_on_dev():
    from venire.detectors.figures import Scored, figures
    from venire.detectors.reading import read

    rows = read_rows([_SHARED / "dev"], Counts())
    readings = [read(Evidence(0, row.text, row.lang)) for row in rows]
    logits = np.array([focus.logit for focus in shipped().focus_all(readings)])
    found = figures(shipped(), Scored(rows, readings, logits))
    told = _card_figures()
    for table in ("languages", "sets"):
        for name, values in told[table].items():
            for key, value in values.items():
                assert found[table][name][key] == pytest.approx(value, abs=0.005), (name, key)


@pytest.mark.shared_data
def test_the_figures_on_dev_are_good_enough():
    told = _card_figures()
    english, indonesian = told["languages"]["en"], told["languages"]["id"]
    assert english["hold_benign"] <= 0.002
    assert english["case_benign"] <= 0.025
    assert indonesian["hold_benign"] <= 0.002
    assert indonesian["case_benign"] <= 0.025
    assert english["case_recall"] >= 0.75
    assert english["ece"] <= 0.02
    assert told["sets"]["threatgram_dev"]["recall_at_0.01"] >= 0.85
    assert told["sets"]["threatgram_dev"]["recall_at_0.001"] >= 0.70
