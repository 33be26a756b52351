"""Text as a reader sees it: disguises taken off, with a map back to the original letters.

`fold` is what detectors read. `normal_form` is the key under which two copies are the same text.
Near copies are in `near.py`, quotation in `quotes.py`; both are offered from here as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from operator import add

from venire.kernel.confusables import BLACK_FLAG, REGIONAL, TAG_LETTERS, read_as
from venire.kernel.lexicon import (
    LONGEST,
    MASKED,
    SHORT_WORDS,
    SWAPPED,
    VIOLENT,
    WORDS,
    is_broken,
    known_word,
)
from venire.kernel.near import shingles, similarity, sketch
from venire.kernel.quotes import is_quoted

__all__ = [
    "Folded", "fold", "is_quoted", "known_word", "normal_form", "shingles", "similarity", "sketch",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; `original[offsets[i]]` produced `text[i]`, and offsets never fall."""

    text: str
    offsets: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of the original that `text[start:end]` was read from."""
        if start >= end:
            at = self.offsets[start] if start < len(self.offsets) else 0
            return at, at
        return self.offsets[start], self.offsets[end - 1] + 1


_LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "il", "|": "il", "+": "t", "€": "e", "£": "l", "(": "c",
}  # fmt: skip
_LEET_EDGE = "!@$+|(€£"
_MAX_READINGS = 32
_ACRONYM = 4
"""So many single letters are one word or an acronym, never several words."""

# Each pattern takes a whole run at once and starts nowhere inside one: linear on any input.
_STRETCHED = re.compile(r"[a-z]{3,}")
_TRIPLE = re.compile(r"([a-z])\1\1")
_SPACED = re.compile(
    r"(?<![^\W_])(?<![^\W_]')[a-z0-9@$!|](?P<gap>[ \n]{1,3}|[^\w\s@$!(]{1,2}|_)[a-z0-9@$!|]"
    r"(?:(?P=gap)[a-z0-9@$!|])+(?!'?[^\W_])"
)
_LEET_TOKEN = re.compile(r"[a-z0-9@$!|+€£(]{3,}")
_BROKEN = re.compile(r"(?<![a-z])[a-z]++(?:[*#_\-.%&^?~/|=;:,+\\]{1,3}[a-z]++)++")
_LETTERS = re.compile(r"[a-z]+")
_NEIGHBOURS = re.compile(r"(?<![^\W\d_])(?<!')([a-z]+)[ \n](?=([a-z]+))")
_BLANKS = re.compile(r" ?[ \n]*\n[ \n]*| {2,}")
_MASKS = re.compile(r"[*#_\-.%&^?~]")
_ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
# One cheap look that sends plain text on its way; what it lets through costs a second look only.
_SUSPECT = re.compile(
    r"([a-z])\1\1|[a-z][0-9@$!|+€£(]+[a-z]|[0-9@$!|+€£][a-z]{2}|[a-z]{2}[0-9@$|+€£]"
    r"|[a-z][*#_\-.%&^?~/|=;:,+\\]{1,3}[a-z]|  |\n[ \n]| \n"
    r"|(?<![^\W_])[a-z0-9@$!|](?: {1,3}|\n|[^\w\s]{1,2}|_)"
    r"[a-z0-9@$!|](?: {1,3}|\n|[^\w\s]{1,2}|_)[a-z0-9@$!|](?![^\W_])"
)

_Piece = tuple[str, Sequence[int]]
"""A replacement and, for each of its characters, which character of the match it came from."""


def _unstretch(match: re.Match[str]) -> _Piece | None:
    word = match.group()
    if _TRIPLE.search(word) is None or _ROMAN.fullmatch(word) or word.startswith("www"):
        return None
    runs = [(run.group(1), run.start(), len(run.group())) for run in _RUN.finditer(word)]
    choices = [(1, 2) if size > 2 else (size,) for _, _, size in runs]  # noqa: PLR2004
    if len(runs) < 24:  # noqa: PLR2004 - longer ones are noise, not words
        for sizes in islice(product(*choices), _MAX_READINGS):
            kept = "".join(letter * size for (letter, _, _), size in zip(runs, sizes, strict=True))
            if kept in WORDS:
                return kept, _kept_offsets(runs, sizes)
    sizes = tuple(min(size, 2) for _, _, size in runs)
    return "".join(letter * size for (letter, _, _), size in zip(runs, sizes, strict=True)), (
        _kept_offsets(runs, sizes)
    )


_RUN = re.compile(r"(.)\1*", re.DOTALL)


def _kept_offsets(runs: list[tuple[str, int, int]], sizes: tuple[int, ...]) -> list[int]:
    """The first letters of each run stay, the last of a whole run ends it: a span covers all."""
    offsets: list[int] = []
    for (_, start, size), keep in zip(runs, sizes, strict=True):
        offsets.extend(range(start, start + keep - 1))
        offsets.append(start + size - 1 if keep > 1 else start)
    return offsets


def _unspace(match: re.Match[str]) -> _Piece | None:
    step = len(match["gap"]) + 1
    raw = match.group()
    letters = raw[::step]
    places = range(0, len(raw), step)
    if not letters.isalpha():
        read = _read_leet(letters)
        if read is None:
            return None
        letters = read
    words = _split_words(letters) if len(letters) > _ACRONYM else None
    if words is None or len(words) == 1:
        return letters, places
    text, offsets, at = "", list[int](), 0
    for word in words:
        if at:
            text, offsets = text + " ", [*offsets, places[at] - 1]
        text += word
        offsets.extend(places[at : at + len(word)])
        at += len(word)
    return text, offsets


def _split_words(letters: str) -> list[str] | None:
    """The fewest known words that spell `letters`, or None."""
    if len(letters) > 120:  # noqa: PLR2004 - a longer run of single letters is no sentence
        return None
    best: list[list[str] | None] = [[]] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - LONGEST), end):
            before = best[start]
            word = letters[start:end]
            if before is None or not (word in WORDS or word in SHORT_WORDS):
                continue
            found = best[end]
            if found is None or len(before) + 1 < len(found):
                best[end] = [*before, word]
    return best[-1]


def _read_leet(token: str) -> str | None:
    """The known word that a token of letters and stand-ins spells, or None."""
    letters = sum(char.isalpha() for char in token)
    # One letter among digits is a quantity ("80s", "4th"), not a word.
    if len(token) < 3 or letters < 2 or letters * 3 < len(token):  # noqa: PLR2004
        return None
    choices = [_LEET.get(char, char) for char in token]
    for reading in islice(product(*choices), _MAX_READINGS):
        word = "".join(reading)
        if word in WORDS:
            return word
    return None


def _unleet(match: re.Match[str]) -> _Piece | None:
    token = match.group()
    if token.isalpha() or token.isdigit() or len(token) > LONGEST:
        return None
    for start, end in _trimmings(token):
        bare = token[start:end]
        if bare.isalpha():
            return None
        read = _read_leet(bare)
        if read is not None:
            return token[:start] + read + token[end:], range(len(token))
    return None


def _trimmings(token: str) -> list[tuple[int, int]]:
    """The token whole, then without signs behind it, before it, and both."""
    left = len(token) - len(token.lstrip(_LEET_EDGE))
    right = len(token.rstrip(_LEET_EDGE))
    return list(dict.fromkeys([(0, len(token)), (0, right), (left, len(token)), (left, right)]))


def _mend(match: re.Match[str]) -> _Piece | None:
    token = match.group()
    letters = "".join(char for char in token if "a" <= char <= "z")
    places = [at for at, char in enumerate(token) if "a" <= char <= "z"]
    parts = re.split("[^a-z]+", token)
    if letters in VIOLENT and not all(part in WORDS for part in parts):
        return letters, places
    word = MASKED.get(_MASKS.sub("*", token))
    return (word, range(len(token))) if word is not None and len(word) == len(token) else None


def _unswap(match: re.Match[str]) -> _Piece | None:
    word = SWAPPED.get(match.group())
    return None if word is None else (word, range(len(word)))


def _rejoin(match: re.Match[str]) -> _Piece | None:
    first, second = match.groups()
    return (first, range(len(first))) if is_broken(first, second) else None


def _one_blank(match: re.Match[str]) -> _Piece | None:
    return ("\n" if "\n" in match.group() else " "), (0,)


def _replaced(
    folded: Folded, pattern: re.Pattern[str], decide: Callable[[re.Match[str]], _Piece | None]
) -> Folded:
    """Replace what `decide` answers for, keeping the map."""
    text, offsets = folded.text, folded.offsets
    pieces: list[str] = []
    places: list[int] = []
    done = 0
    for match in pattern.finditer(text):
        piece = decide(match)
        if piece is None or piece[0] == match.group():
            continue
        start = match.start()
        pieces += (text[done:start], piece[0])
        places.extend(offsets[done:start])
        places.extend(offsets[start + at] for at in piece[1])
        done = match.end()
    if not pieces:
        return folded
    pieces.append(text[done:])
    places.extend(offsets[done:])
    return Folded("".join(pieces), places)


def _read_characters(text: str) -> Folded:
    """Each character read as what it looks like."""
    pieces: list[str] = []
    places: list[int] = []
    flag = False
    for at, char in enumerate(text):
        if flag and char in TAG_LETTERS:
            read = TAG_LETTERS[char]
        elif char in REGIONAL:
            paired = text[at - 1 : at] in REGIONAL or text[at + 1 : at + 2] in REGIONAL
            read = char if paired else REGIONAL[char]
        else:
            read = read_as(char)
            flag = char == BLACK_FLAG
        pieces.append(read)
        places.extend([at] * len(read))
    return Folded("".join(pieces), places)


_ASCII_ODD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f`]")


def fold(text: str) -> Folded:
    """Take the disguise off: case, width, look-alikes, hidden marks, spacing, stretching, leet.

    Never raises, whatever the text; folding the result again changes nothing. Digits are read as
    letters only when a known word comes out, so numbers stay numbers.
    """
    if text.isascii() and _ASCII_ODD.search(text) is None:
        folded = Folded(text.lower(), range(len(text)))
    else:
        folded = _read_characters(text)
    # Each round that goes on has removed a sign or mended a word, so this ends; one or two are the
    # rule.
    while True:
        before = folded.text
        if _SUSPECT.search(before) is not None:
            folded = _replaced(folded, _SPACED, _unspace)
            folded = _replaced(folded, _STRETCHED, _unstretch)
            folded = _replaced(folded, _LEET_TOKEN, _unleet)
            folded = _replaced(folded, _BROKEN, _mend)
            folded = _replaced(folded, _BLANKS, _one_blank)
        folded = _spelled(folded)
        if folded.text == before:
            return folded


def _spelled(folded: Folded) -> Folded:
    """Violent words whose letters were exchanged, or that a blank cuts in two, made whole."""
    words = _LETTERS.findall(folded.text)
    if not SWAPPED.keys().isdisjoint(words):
        folded = _replaced(folded, _LETTERS, _unswap)
        words = _LETTERS.findall(folded.text)
    if not VIOLENT.isdisjoint(map(add, words, islice(words, 1, None))):
        folded = _replaced(folded, _NEIGHBOURS, _rejoin)
    return folded


_ADDRESS = r"(?:@[\w.\-]+(?:@[\w.\-]+)?:?|(?:https?://|www\.)\S+)"
_LEADING = re.compile(rf"^(?:[\s.,:;!\-]*{_ADDRESS})+(?=\s|$)")
_TRAILING = re.compile(rf"(?:(?<=\s)|^){_ADDRESS}(?:\s+{_ADDRESS})*[\s.,:;!\-]*$")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
# Kept: what changes a number (1.5, 50%, $9, 18+) and a question mark, which turns an order around.
_FILLER = re.compile(
    r"(?!(?<=\d)[.,](?=\d)|(?<=\d)[%+]|[$€£¥](?=\d)|\?)"
    r"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f…§¶†‡¦¨¯¸]"
)


def _normal_once(text: str) -> str:
    folded = fold(text).text
    bare = _TRAILING.sub("", _LEADING.sub("", folded)).strip() or folded
    words = _FILLER.sub(" ", _APOSTROPHE.sub("", bare)).replace("?", " ? ")
    return " ".join(words.split())


@lru_cache(maxsize=4_096)
def normal_form(text: str) -> str:
    """The key of "the same text": folded words, numbers, emoji and question marks, single spaces.

    Case, punctuation, disguise, and handles and addresses at either end make no difference. No
    word, negation, number or emoji is dropped, since a copy under one key inherits a verdict.
    Idempotent; "" only for a text without any letter, digit, sign of meaning or emoji.
    """
    normal = _normal_once(text)
    while (again := _normal_once(normal)) != normal:
        normal = again
    return normal
