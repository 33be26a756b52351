"""What threats sound like and what withdraws them, read from the lists beside this file.

Eleven cues in English and Indonesian: seven that threaten (`lists/threats.txt`), and negation,
quotation, report and figure of speech, which withdraw (`lists/vetoes.txt`, `lists/figures.txt`,
`kernel/quotes.py`). Adding one is a line in a list and its sentence in the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LISTS = Path(__file__).parent / "lists"
_NAMED = re.compile("<([A-Z]+)>")


@dataclass(frozen=True, slots=True)
class Cue:
    """One way of saying it; `name` is the reason key that a span carries."""

    name: str
    lang: str
    pattern: re.Pattern[str]


def read_list(name: str) -> dict[str, list[str]]:
    """The lines of `lists/NAME.txt` by section; those before the first section under ""."""
    sections: dict[str, list[str]] = {"": []}
    section = ""
    for line in (_LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            sections[section] = []
        elif line.strip() and not line.startswith("#"):
            sections[section].append(line)
    return sections


def _named_lists(lines: list[str]) -> dict[str, str]:
    """`NAME = a | b`, and lines that go on with it."""
    named: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        head, equals, rest = line.partition(" = ")
        if equals and head.isupper():
            name, line = head, rest  # noqa: PLW2901 - the rest is the first line of the list
            named[name] = []
        named[name] += [item.strip() for item in line.split(" | ") if item.strip(" |")]
    return {key: "|".join(item.lstrip("| ") for item in items) for key, items in named.items()}


def _cues() -> tuple[Cue, ...]:
    sections = read_list("threats")
    named = _named_lists(sections.pop(""))
    cues: list[Cue] = []
    for title, lines in sections.items():
        name, lang = title.split()
        joined = "|".join(_NAMED.sub(lambda m: f"(?:{named[m.group(1)]})", line) for line in lines)
        cues.append(Cue(name, lang, re.compile(rf"(?<!\w)(?:{joined})(?!\w)")))
    return tuple(cues)


THREATS: tuple[Cue, ...] = _cues()
FIGURATIVE = re.compile(rf"(?<!\w)(?:{'|'.join(read_list('figures')[''])})(?!\w)")
