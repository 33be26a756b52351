"""Text to hashed features: words, word pairs and letters within words, a whole batch at a time.

The hash is ours and versioned, so that weights trained once mean the same on every machine and
under every library version. Scoring a batch costs some twenty array operations, whatever its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HASH_VERSION = 1
BITS = 18
"""Each of the two blocks, words and letters, has 2**BITS places."""
PLACES = 1 << BITS
LETTERS = (3, 4, 5)

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Floats = NDArray[np.float64]

_LETTER = np.uint64(0x9E3779B97F4A7C15)
_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_MASK = np.uint64(PLACES - 1)
_LONGEST_WORD = 64
_POWERS = np.cumprod(np.full(_LONGEST_WORD, _LETTER, dtype=np.uint64))
_ASCII = 128
_WORD_SIGN = np.array([chr(code).isalnum() for code in range(_ASCII)], dtype=np.bool_)


def _mixed(hashes: Hashes) -> Hashes:
    """splitmix64's finaliser (Steele, Lea, Flood 2014): every bit of the input reaches all."""
    hashes = hashes ^ (hashes >> np.uint64(30))
    hashes *= _MIX[0]
    hashes ^= hashes >> np.uint64(27)
    hashes *= _MIX[1]
    hashes ^= hashes >> np.uint64(31)
    return hashes


def _places(hashes: Hashes) -> Ints:
    return (_mixed(hashes) & _MASK).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one block of a batch, one entry per occurrence.

    `share` is one over how often the feature occurs in its post: a word said ten times counts once,
    or shouting "go go go" would drown all else.
    `place` is where the weight lies, `post` the row in the batch, `start` and `end` the characters
    in the joined text of the batch (`Batch.begin` turns them into those of one post).
    """

    place: Ints
    post: Ints
    share: Floats
    start: Ints
    end: Ints


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of texts as arrays: `begin[row]` is where text `row` begins in the joined one."""

    size: int
    begin: Ints
    words: Features
    letters: Features


def _shares(place: Ints, post: Ints) -> Floats:
    order = np.argsort(post * PLACES + place, kind="stable")
    keys = (post * PLACES + place)[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1) != 0)
    counts = np.diff(first, append=len(keys))
    shares = np.empty(len(keys), dtype=np.float64)
    shares[order] = np.repeat(1 / counts, counts)
    return shares


def _block(place: Ints, post: Ints, start: Ints, end: Ints) -> Features:
    return Features(place, post, _shares(place, post), start, end)


def _word_features(codes: Hashes, post: Ints) -> Features:
    """Words and pairs of neighbouring words."""
    sign = np.ones(len(codes), dtype=np.bool_)
    ascii_only = codes < _ASCII
    sign[ascii_only] = _WORD_SIGN[codes[ascii_only]]
    at = np.flatnonzero(sign)
    if not len(at):
        none = np.zeros(0, dtype=np.int64)
        return _block(none, none, none, none)
    first = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    start = at[first]
    length = np.diff(first, append=len(at))
    nth = np.minimum(at - np.repeat(start, length), _LONGEST_WORD - 1)
    hashes = np.add.reduceat((codes[at] + np.uint64(1)) * _POWERS[nth], first)
    end = start + length
    owner = post[start]
    pair = np.flatnonzero(owner[1:] == owner[:-1])
    pairs = _mixed(hashes[pair]) * _PAIR + hashes[pair + 1]
    return _block(
        np.concatenate([_places(hashes), _places(pairs)]),
        np.concatenate([owner, owner[pair]]),
        np.concatenate([start, start[pair]]),
        np.concatenate([end, end[pair + 1]]),
    )


def _letter_features(codes: Hashes, post: Ints) -> Features:
    """Runs of 3, 4 and 5 characters within one word and the blanks around it."""
    blank = np.cumsum(codes == ord(" "))
    rolling = codes
    starts: list[Ints] = []
    places: list[Ints] = []
    for size in range(2, max(LETTERS) + 1):
        rolling = rolling[:-1] * _LETTER + codes[size - 1 :]
        if size not in LETTERS:
            continue
        # No blank between the first and the last character: at most the two ends are blanks.
        count = len(rolling)
        at = np.flatnonzero(blank[size - 2 : size - 2 + count] == blank[:count])
        starts.append(at)
        places.append(_places(rolling[at] + np.uint64(size)))
    start = np.concatenate(starts)
    sizes = np.repeat(np.array(LETTERS, dtype=np.int64), [len(one) for one in starts])
    return _block(np.concatenate(places), post[start], start, start + sizes)


def features(texts: Sequence[str]) -> Batch:
    """Hash a batch of folded texts. Two blanks part the texts, so no feature spans two."""
    joined = "  ".join(["", *texts, ""])
    raw = joined.encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, dtype="<u4").astype(np.uint64)
    codes[codes < ord(" ")] = ord(" ")
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 2
    begin = np.cumsum(lengths) - lengths + 2
    post = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    # The second blank before a text starts its first word's letters: it belongs to that text.
    post = np.concatenate([np.zeros(1, dtype=np.int64), post, np.full(1, len(texts) - 1)])
    return Batch(len(texts), begin, _word_features(codes, post), _letter_features(codes, post))
