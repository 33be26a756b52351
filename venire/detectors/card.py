"""The model card beside the weights: what they were made of, what they do, what they miss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from venire.detectors.corpus import Counts

_HEAD = """# Model card: incitement

Says how likely a post is a threat or an incitement to violence, in English and Indonesian. Written
by `venire train-detector`; the figures below are measured, not typed.

**Use.** To rank posts for juries, and to hide the surest few until a jury has looked. Never to
remove one on its own. Hidden at `hold_at`, shown to a jury from `case_at`.

**Make.** Folded text, figures of speech blanked; hashed words, word pairs and letter runs of 3 to 5
within words (2 x 2^18 places, our own hash, version 1) and rule marks; logistic regression (L2);
16-bit weights; Platt scaling and thresholds per language. Every logit is a sum, so each explanation
is exact.
"""

_TAIL = """
## Known misses
- Veiled threats: "pay her a visit", "accidents happen", history's dictators as a wish. Most score
  below `case_at`; reports and notices have to find them.
- Emoji that stand for people or deeds without a word beside them.
- Indonesian was taught by templates and everyday text only; there are no real Indonesian threats in
  the training or dev data, so its recall on real ones is unknown and its calibration is borrowed.
- ThreatGram101 is one network, one political side, one period, and a quarter of its threats are not
  ("send the military", lawful arrest): expect false alarms on such talk, which go to juries.
- Other languages are not read at all: everything that is not Indonesian is scored as English.
- Figures on dev are of the same sources as training (ThreatGram: same channels). Expect less on
  others.

## Attribution
ThreatGram101 (CC BY 4.0), HatemojiBuild (CC BY 4.0; Kirk et al. 2022), Davidson et al. 2017 (MIT),
GoEmotions (Apache-2.0; Demszky et al. 2020), IndoNLU SmSA, EmoT and NER (Apache-2.0; Wilie et al.
2020), own templates and sentences (CC0).
"""


_SIZE = """
Size {size_bytes:,} bytes. Speed {posts_per_cpu_second:,} posts/s on one core by CPU time, over the
whole path, on the machine that trained it.
"""


def write_card(path: Path, report: dict[str, Any], counts: Counts) -> None:
    """Write the card. The block of JSON holds every figure, for tests to hold it to."""
    text = "\n".join(
        [
            _HEAD,
            "## Data\n",
            *_data_table(counts),
            "\n## Figures on dev\n",
            *_language_table(report),
            "",
            *_set_table(report),
            _SIZE.format(**report),
            "```json",
            json.dumps(report, indent=1, sort_keys=True),
            "```",
            _TAIL,
        ]
    )
    path.write_text(text, encoding="utf-8")


def _data_table(counts: Counts) -> list[str]:
    lines = ["| set | source | licence | rows | threats |", "|---|---|---|---|---|"]
    for (name, source, licence), rows in sorted(counts.rows.items()):
        threats = counts.threats[name, source, licence]
        lines.append(f"| {name} | {source} | {licence} | {rows:,} | {threats:,} |")
    lines += [
        f"| {name} | left out | {licence} | {rows:,} | - |"
        for (name, licence), rows in sorted(counts.left_out.items())
    ]
    return lines


def _cells(values: list[object]) -> str:
    shown = ["-" if value is None else str(value) for value in values]
    return f"| {' | '.join(shown)} |"


def _language_table(report: dict[str, Any]) -> list[str]:
    keys = ("rows", "threats", "auroc", "ece", "case_at", "case_recall", "case_benign", "hold_at",
            "hold_recall", "hold_benign")  # fmt: skip
    lines = [_cells(["language", *keys]), "|" + "---|" * (len(keys) + 1)]
    for lang, found in report["languages"].items():
        lines.append(_cells([lang, *(found.get(key) for key in keys)]))
    return lines


def _set_table(report: dict[str, Any]) -> list[str]:
    keys = ("rows", "threats", "auroc", "recall_at_0.01", "recall_at_0.001", "threats_to_jury",
            "threats_held", "benign_to_jury", "benign_held")  # fmt: skip
    lines = [_cells(["set", *keys]), "|" + "---|" * (len(keys) + 1)]
    for name, found in report["sets"].items():
        lines.append(_cells([name, *(found.get(key) for key in keys)]))
    return lines
