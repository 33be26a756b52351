"""The bank of judged texts, indexed in memory: which posts copy one that was removed.

Exact copies are found by their normal form, near copies by the sketch hashes they share with an
entry. A look-up costs at most a fixed number of entries, however many there are.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Literal, TypeVar

import msgspec

from venire.detectors.model import Category
from venire.kernel.near import NEAR, similarity, sketch
from venire.kernel.quotes import is_quoted, quotations
from venire.kernel.text import normal_form

CROWDED = 128
"""No more entries than this are looked at for one hash."""
_LOOKED_AT = 6 * CROWDED
_COMPARED = 24
_WHOLE_SKETCH = 12
_LEAST_SHARED = 3
"""Near copies share about half of their 16 hashes; one or two are shared by chance and habit."""
_Key = TypeVar("_Key", int, str)
_OWN_LETTERS = 12
_OWN_WORDS = 3


class BankEntry(msgspec.Struct, frozen=True):
    """A judged text: the post it stood in, its normal form and sketch, its category."""

    id: int
    normal: str
    sketch: tuple[int, ...]
    category: Category


class BankMatch(msgspec.Struct, frozen=True):
    """An entry that a text copies.

    `kind` is `exact` only for a text long enough to mean the same anywhere: "yes!" removed in one
    thread must not remove every other "yes!", so a short copy is `near` and a panel decides.
    `quoted` when the copy stands in a quotation beside the writer's own words: a signal only.
    """

    entry: BankEntry
    kind: Literal["exact", "near"]
    similarity: float
    quoted: bool


def entry_of(identifier: int, normal: str, category: Category) -> BankEntry:
    """An entry for a text already in its normal form (`kernel.text.normal_form`)."""
    return BankEntry(identifier, normal, sketch(normal), category)


class TextBank:
    """The index. Not safe for threads: one event loop owns it."""

    def __init__(self) -> None:
        self._entries: dict[int, BankEntry] = {}
        self._by_normal: dict[str, dict[int, None]] = {}
        self._by_hash: dict[int, dict[int, None]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: BankEntry) -> None:
        """Keep an entry; one with the same id is replaced, an empty text is not kept."""
        self.remove(entry.id)
        if not entry.normal:
            return
        self._entries[entry.id] = entry
        self._by_normal.setdefault(entry.normal, {})[entry.id] = None
        for value in entry.sketch:
            self._by_hash.setdefault(value, {})[entry.id] = None

    def remove(self, identifier: int) -> bool:
        """Drop an entry (its verdict was undone); whether there was one."""
        entry = self._entries.pop(identifier, None)
        if entry is None:
            return False
        _drop(self._by_normal, entry.normal, identifier)
        for value in entry.sketch:
            _drop(self._by_hash, value, identifier)
        return True

    def exact(self, normal: str) -> BankEntry | None:
        """The oldest kept entry with this normal form."""
        return next((self._entries[one] for one in self._by_normal.get(normal, ())), None)

    def near(self, normal: str, *, limit: int = 5) -> list[tuple[BankEntry, float]]:
        """Entries at least `NEAR` to this normal form, most similar first."""
        scored = [
            (self._entries[one], similarity(normal, self._entries[one].normal))
            for one in self._candidates(sketch(normal))
        ]
        close = [pair for pair in scored if pair[1] >= NEAR]
        close.sort(key=lambda pair: (-pair[1], pair[0].id))
        return close[:limit]

    def match(self, text: str) -> BankMatch | None:
        """The entry that a post copies best, exactly or nearly; None for most posts."""
        normal = normal_form(text)
        entry = self.exact(normal)
        if entry is not None:
            kind: Literal["exact", "near"] = "exact" if _tells(normal) else "near"
            return BankMatch(entry, kind, 1.0, _is_quotation_of(text, entry))
        nearest = self.near(normal, limit=1)
        if not nearest:
            return None
        entry, score = nearest[0]
        return BankMatch(entry, "near", score, _is_quotation_of(text, entry))

    def _candidates(self, hashes: tuple[int, ...]) -> list[int]:
        """The entries that share most hashes with a sketch, at most `_COMPARED` of them."""
        found = [bucket for one in hashes if (bucket := self._by_hash.get(one)) is not None]
        shared: Counter[int] = Counter()
        left = _LOOKED_AT
        # The rarest hashes first: what very many entries share tells nothing.
        for bucket in sorted(found, key=len):
            if left <= 0:
                break
            # The newest of a full bucket: a running wave copies what was judged last.
            shared.update(islice(reversed(bucket), CROWDED))
            left -= min(len(bucket), CROWDED)
        least = _LEAST_SHARED if len(hashes) >= _WHOLE_SKETCH else 1
        return [identifier for identifier, count in shared.most_common(_COMPARED) if count >= least]


def _drop(index: dict[_Key, dict[int, None]], key: _Key, identifier: int) -> None:
    bucket = index[key]
    del bucket[identifier]
    if not bucket:
        del index[key]


def _tells(normal: str) -> bool:
    """Whether a text says enough to mean the same wherever it stands."""
    letters = sum(char.isalnum() for char in normal)
    return letters >= _OWN_LETTERS and len(normal.split()) >= _OWN_WORDS


def _is_quotation_of(text: str, entry: BankEntry) -> bool:
    """Whether a quotation within the text is the entry, beside words of the writer's own."""
    return any(
        similarity(normal_form(text[start:end]), entry.normal) >= NEAR
        and is_quoted(text, start, end)
        for start, end in quotations(text)
    )
