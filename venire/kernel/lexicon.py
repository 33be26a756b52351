"""The words that a disguise may be undone to, and the misspellings that hide the violent ones."""

from __future__ import annotations

import re
from pathlib import Path


def _read_lexicon() -> tuple[dict[str, int], frozenset[str]]:
    ranked: dict[str, int] = {}
    violent: list[str] = []
    section = ""
    lines = (Path(__file__).parent / "lexicon.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("["):
            section = line
        elif not line.startswith("#"):
            for word in line.split():
                ranked.setdefault(word, len(ranked))
                if section == "[violent]":
                    violent.append(word)
    return ranked, frozenset(violent)


WORDS, VIOLENT = _read_lexicon()
"""Every known word with its rank, and those that a threat may hide in."""
SHORT_WORDS = frozenset({"i", "a", "u"})
LONGEST = max(map(len, WORDS))

_WHOLE = 4
"""A shorter word with a hole or two letters swapped fits too many others."""
_REAL_WORDS = frozenset({"beta", "cian", "bruns", "silt", "strom", "brun", "trail", "angst"})
_REAL_PAIRS = frozenset({("be", "headed"), ("be", "heading"), ("who", "re"), ("to", "lol")})


def _violent_by_rank() -> list[str]:
    return sorted((word for word in VIOLENT if len(word) >= _WHOLE), key=WORDS.__getitem__)


def _masked_words() -> dict[str, str]:
    """`k*ll` -> `kill`: one inner letter, two in a row, or all inner vowels starred."""
    masked: dict[str, str] = {}
    for word in _violent_by_rank():
        forms = {word[:at] + "*" + word[at + 1 :] for at in range(1, len(word) - 1)}
        forms.add(word[0] + re.sub("[aeiou]", "*", word[1:-1]) + word[-1])
        forms |= {word[:at] + "**" + word[at + 2 :] for at in range(1, len(word) - 2)}
        for form in forms:
            if "*" in form:
                masked.setdefault(form, word)
    return masked


def _swapped_words() -> dict[str, str]:
    """`klil` -> `kill`: two neighbouring letters exchanged, unless that is a word of its own."""
    swapped: dict[str, str] = {}
    for word in _violent_by_rank():
        for at in range(len(word) - 1):
            form = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            if form not in WORDS and form not in _REAL_WORDS:
                swapped.setdefault(form, word)
    return swapped


MASKED = _masked_words()
SWAPPED = _swapped_words()


def known_word(word: str) -> bool:
    """Whether the small shipped lexicon has this lower-case word."""
    return word in WORDS


def is_broken(first: str, second: str) -> bool:
    """Whether two neighbouring pieces are one violent word cut in two, and not two words."""
    whole = first + second
    return (
        whole in VIOLENT
        and len(whole) >= _WHOLE
        and not (first in WORDS and second in WORDS)
        and (first, second) not in _REAL_PAIRS
    )
