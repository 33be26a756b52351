"""Labelled rows for training: JSON lines, plain or gzipped, with a licence on each.

Rows under a licence that binds what is made of them (share-alike, non-commercial, GPL), or under
none, are left out and counted: the weights are given away with the program.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from venire.detectors.model import LANGUAGES, Language
from venire.detectors.phrases import sentences
from venire.kernel.errors import Invalid

_BINDING = re.compile(r"\b(?:sa|nc|nd|gpl|agpl|lgpl)\b", re.IGNORECASE)
_THREATS = frozenset({"incitement_or_threat", "incitement"})
_FOLDS = 5


class _Line(msgspec.Struct):
    text: str
    label: str
    lang: str = "en"
    quality: str | None = None
    source: str = ""
    licence: str = ""
    sub: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text. `name` is the file's, without its endings; `fold` is 0 to 4, by text."""

    text: str
    lang: Language
    threat: bool
    quality: str
    name: str
    source: str
    licence: str
    fold: int


@dataclass(slots=True)
class Counts:
    """What was read and what was left out, for the model card."""

    rows: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    threats: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)


def _fold(text: str) -> int:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()[0] % _FOLDS


def _lines(path: Path) -> Iterator[bytes]:
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as file:
            yield from file
    else:
        with path.open("rb") as file:
            yield from file


def _files(folder: Path) -> list[Path]:
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")])
    if not files:
        raise Invalid("no_training_data", "no .jsonl or .jsonl.gz file in it", folder=folder.name)
    return files


def read_rows(folders: Iterable[Path], counts: Counts) -> list[Row]:
    """Every usable row of the folders, in the order of names. Raises Invalid with file and line."""
    decode = msgspec.json.Decoder(_Line).decode
    rows: list[Row] = []
    for path in (path for folder in folders for path in _files(folder)):
        name = path.name.split(".")[0]
        for number, raw in enumerate(_lines(path), start=1):
            try:
                line = decode(raw)
            except (msgspec.DecodeError, UnicodeError) as problem:
                raise Invalid("bad_row", str(problem), file=path.name, line=number) from problem
            if not line.licence or _BINDING.search(line.licence):
                counts.left_out[name, line.licence or "no licence"] += 1
                continue
            row = _row(line, name)
            counts.rows[name, row.source, row.licence] += 1
            counts.threats[name, row.source, row.licence] += row.threat
            rows.append(row)
    return rows


def _row(line: _Line, name: str) -> Row:
    return Row(
        text=line.text,
        lang=next((lang for lang in LANGUAGES if lang == line.lang), "en"),
        threat=line.label in _THREATS,
        quality=line.quality or "ok",
        name=name,
        source=line.source or name,
        licence=line.licence,
        fold=_fold(line.text),
    )


def own_rows(counts: Counts) -> list[Row]:
    """Our own teaching sentences as rows."""
    rows = [
        Row(one.text, one.lang, one.threat, "own", "phrases", "Venire", "CC0-1.0", _fold(one.text))
        for one in sentences()
    ]
    for row in rows:
        counts.rows[row.name, row.source, row.licence] += 1
        counts.threats[row.name, row.source, row.licence] += row.threat
    return rows
