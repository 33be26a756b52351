"""Near copies: shingles, a sketch to look candidates up by, and a similarity to judge them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

NEAR = 0.8
"""From this similarity on, two texts are near copies."""

_SHORT = 30
_CONTAINED_LENGTH = 24
_CONTAINED_SHARE = 0.45
_NEGATION_WORDS = """
no not never nobody none neither nor without dont doesnt didnt wont cant cannot shouldnt wouldnt
couldnt isnt arent wasnt werent aint stop
tidak tak bukan jangan janganlah belum tanpa gak nggak enggak ga ngga
"""
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_NEGATION_COST = 0.75
_EXCHANGE_COST = 2.0
_SAME_WORD = 74
"""Percent: one letter wrong in four still is the word."""
_TELLING = 4
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _hashes(normal: str, size: int) -> NDArray[np.uint64]:
    """64-bit hashes of the character n-grams, spaces left out (splitmix64's finaliser)."""
    letters = normal.replace(" ", "")
    if not letters:
        return np.zeros(0, dtype=np.uint64)
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    codes = codes.astype(np.uint64)
    width = min(size, len(codes))
    count = len(codes) - width + 1
    hashes = np.full(count, width, dtype=np.uint64)
    for at in range(width):
        hashes = (hashes ^ codes[at : at + count]) * _MULTIPLIER
        hashes ^= hashes >> np.uint64(29)
    for factor, shift in zip(_MIX, (30, 27), strict=True):
        hashes = (hashes ^ (hashes >> np.uint64(shift))) * factor
    return hashes ^ (hashes >> np.uint64(31))


def shingles(normal: str, size: int = 4) -> frozenset[int]:
    """Unsigned 64-bit hashes of the n-grams of `normal` without spaces; the same on any machine.

    A text shorter than `size` has one shingle, an empty one none.
    """
    return frozenset(_hashes(normal, size).tolist())


def sketch(normal: str, size: int = 16) -> tuple[int, ...]:
    """The `size` lowest shingle hashes, rising (bottom-k, Broder 1997).

    Two texts that share half their shingles share about half their sketch, so an index by single
    sketch hashes finds near copies.
    """
    return tuple(np.unique(_hashes(normal, 4))[:size].tolist())


def _negations(normal: str) -> int:
    return sum(word in _NEGATIONS for word in normal.split())


def similarity(a_normal: str, b_normal: str) -> float:
    """How much two normal forms are one text, 0..1; near copies reach `NEAR`.

    Small edits and an added phrase cost little, a text within one not much longer than twice
    itself scores by its match there. Below 30 letters nearly every letter counts; one negation more
    or less costs a quarter, and words put in place of others cost twice their share, since "we will
    hang the traitors" and "we will meet the voters" are nearly the same letters.
    """
    if a_normal == b_normal:
        return 1.0 if a_normal else 0.0
    a, b = sorted((a_normal.replace(" ", ""), b_normal.replace(" ", "")), key=len)
    if not a:
        return 0.0
    score = fuzz.ratio(a, b) / 100
    if len(a) < _SHORT:
        score **= 1 + (_SHORT - len(a)) / 10
    if len(a) >= _CONTAINED_LENGTH and len(a) >= _CONTAINED_SHARE * len(b):
        inside = fuzz.partial_ratio(a, b) / 100
        score = max(score, inside**2 * (0.85 + 0.15 * len(a) / len(b)))
    if _negations(a_normal) != _negations(b_normal):
        score *= _NEGATION_COST
    return max(0.0, score - _EXCHANGE_COST * _exchanged(a_normal, b_normal))


def _exchanged(a_normal: str, b_normal: str) -> float:
    """The share of letters in words that stand for others: words missing on both sides."""
    a, b = a_normal.split(), b_normal.split()
    missing = min(_unmatched(a, b, b_normal), _unmatched(b, a, a_normal))
    return missing / max(len(a_normal), len(b_normal))


def _unmatched(words: list[str], others: list[str], other_normal: str) -> int:
    """Letters of the words that the other text lacks, misspelt and run together included.

    Words of three letters and fewer say too little, and OCR gets them wrong too often.
    """
    known = frozenset(others)
    solid = other_normal.replace(" ", "")
    return sum(
        len(word)
        for word in words
        if len(word) >= _TELLING
        and word not in known
        and word not in solid
        and process.extractOne(word, others, scorer=fuzz.ratio, score_cutoff=_SAME_WORD) is None
    )
