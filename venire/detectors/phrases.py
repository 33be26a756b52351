"""Our own teaching sentences: veiled threats, and peaceful sentences with violent words.

Each template gives a few sentences, its slots filled by a hash of the template, so that training is
repeatable. CC0, like the lists beside this file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from venire.detectors.cues import read_list
from venire.detectors.model import LANGUAGES, Language

COPIES = 4
_SLOT = re.compile(r"\{(\w+)\}")
_ENDINGS = ("", "", "", "", "!", "!!", ".", " lol", " 😂", " ...")
_LOUD = 5
"""One sentence in so many is in capitals."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A teaching sentence."""

    text: str
    lang: Language
    threat: bool


def _draw(key: str, count: int) -> int:
    """A number below `count`, the same for the same key on any machine."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") % count


def _filled(template: str, fillers: dict[str, list[str]], copy: int) -> str:
    """One sentence of a template."""

    def fill(match: re.Match[str]) -> str:
        choices = fillers[match.group(1)]
        return choices[_draw(f"{template}|{copy}|{match.group()}", len(choices))]

    text = _SLOT.sub(fill, template) + _ENDINGS[_draw(f"{template}|{copy}|end", len(_ENDINGS))]
    return text.upper() if _draw(f"{template}|{copy}|loud", _LOUD) == 0 else text


def sentences() -> Iterator[Sentence]:
    """Every template's sentences, in a fixed order."""
    for lang in LANGUAGES:
        sections = read_list(f"phrases.{lang}")
        fillers = {
            name.removeprefix("slot "): lines
            for name, lines in sections.items()
            if name.startswith("slot ")
        }
        for name in ("threat", "benign"):
            for template in sections[name]:
                for copy in range(COPIES):
                    yield Sentence(_filled(template, fillers, copy), lang, name == "threat")
