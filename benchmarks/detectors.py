"""How fast posts are read: batches, single posts, folding, the text bank. CPU time, one core.

    python benchmarks/detectors.py [FOLDER]

FOLDER holds labelled JSON lines (the dev folder of the data beside the checkout is taken when it
is there); without one, the detector's own teaching sentences are read.
"""

# ruff: noqa: INP001, T201 - a script, and it prints
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from venire.detectors.bank import TextBank, entry_of
from venire.detectors.corpus import Counts, read_rows
from venire.detectors.model import Evidence
from venire.detectors.phrases import sentences
from venire.detectors.run import judge, judge_all, load_models
from venire.kernel.text import fold, normal_form

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "detection" / "dev"
_ROUNDS = 3
_BANK_SIZES = (1_000, 10_000)


def _texts(folder: Path | None) -> list[str]:
    if folder is not None:
        return [row.text for row in read_rows([folder], Counts())]
    return [one.text for one in sentences()]


def _best(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of a few rounds: the others had the machine's noise in them."""
    seconds = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        seconds = min(seconds, time.process_time() - started)
    return seconds


def _bank(texts: list[str], size: int) -> TextBank:
    bank = TextBank()
    for at in range(size):
        words = " ".join(f"w{(at * 7919 + step * 104_729) % 99_991}" for step in range(10))
        bank.add(entry_of(at, f"{normal_form(texts[at % len(texts)])} {words}", "incitement"))
    return bank


def main() -> None:
    """Print one line per figure."""
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else _BESIDE if _BESIDE.is_dir() else None
    texts = _texts(given)
    models = load_models()
    plain = [text for text in texts if text.isascii()]
    single = texts[:1_000]
    evidence = [Evidence(0, text) for text in texts]
    judge_all(evidence[:500], models)
    mean = sum(map(len, texts)) / len(texts)
    print(f"{len(texts):,} posts of {mean:.0f} characters on average")
    rows = (
        ("judged in batches, posts/s", len(texts) / _best(lambda: judge_all(evidence, models))),
        ("judged one by one, ms",
         _best(lambda: [judge(one, models) for one in evidence[:1_000]]) * 1_000 / len(single)),
        ("folded, ascii, posts/s", len(plain) / _best(lambda: [fold(text) for text in plain])),
        ("folded, all, posts/s", len(texts) / _best(lambda: [fold(text) for text in texts])),
    )  # fmt: skip
    for name, figure in rows:
        print(f"{name:<34}{figure:>12,.2f}")
    for size in _BANK_SIZES:
        bank = _bank(texts, size)
        spent = _best(lambda bank=bank: [bank.match(text) for text in single])
        print(f"{f'bank of {size:,}, ms a look-up':<34}{spent * 1_000 / len(single):>12,.3f}")


if __name__ == "__main__":
    main()
