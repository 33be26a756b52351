"""From what is sought to what FTS5 is asked. Pure; nothing that a person types is syntax here.

A text is folded (`kernel.text`), then cut where its script has no blanks: each sign of Chinese,
Japanese, Korean, Thai, Lao, Khmer and Burmese, and each pictograph, is a token of its own, and a
word of them a phrase. A mark is one token that begins with a private sign, which is taken out of
every text: no text can pass for a mark.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from venire.kernel.ports import Document, Sought
from venire.kernel.text import fold

Match = Literal["any", "all"]
Statement = tuple[str, tuple[int | str, ...]]

PART = 3
"""A trigram index knows nothing shorter."""
TERMS = 64
TERM_LENGTH = 200
SCANNED = 10_000
"""Of the posts that fit, so many are looked through for those an account keeps."""

_PRIVATE = "\ue000"
_EVERY = f'"{_PRIVATE}post"'
_MARK = re.compile(r"[a-z0-9]+")
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
)
_PICTURES = "\u2190-\u2bff\U0001f000-\U0001faff"
_APART = re.compile(f"[{_ALONE}{_PICTURES}\xa6\xa9\xae\xb0\u0482\u2100-\u214f]")
_WORD = re.compile(r"[^\W_]")
_TOKEN = re.compile(rf"[^\W_]|[{_PICTURES}]")


def folded(text: str) -> str:
    """A text as it is indexed, without what could pass for a mark."""
    return fold(text).text.replace(_PRIVATE, " ") if text else ""


def apart(text: str) -> str:
    """Folded text as the tables of words have it: what has no blanks, sign by sign."""
    return text if text.isascii() else _APART.sub(r" \g<0> ", text)


def marks_of(document: Document) -> str:
    """A document's marks, with those that this index adds: for its tags, and its readers."""
    readers = document.readers or ()
    tokens = [_PRIVATE + "post", *map(_token, document.marks), *map(tag_token, document.tags)]
    return " ".join([*tokens, *map(_reader_token, readers)])


def _token(mark: str) -> str:
    if _MARK.fullmatch(mark) is None:
        mark = "x" + hashlib.blake2b(mark.encode(errors="replace"), digest_size=10).hexdigest()
    return _PRIVATE + mark


def tag_token(name: str) -> str:
    """The token of a listed hashtag."""
    return _token(f"listed#{name}")


def _reader_token(account_id: int) -> str:
    return _token(f"reader:{account_id}")


def quoted(term: str) -> str:
    """A term as FTS5 reads a literal: nothing in it is syntax."""
    return '"' + term.replace("\x00", "").replace('"', '""') + '"'


def _any_of(tokens: Iterable[str]) -> str:
    return "(" + " OR ".join(map(quoted, tokens)) + ")"


def folded_terms(terms: Sequence[str]) -> list[str]:
    """Terms as they stand in folded text, each once; of more than 64 the first 64 count."""
    read = (folded(term[:TERM_LENGTH]).replace("\x00", "").strip() for term in terms[:TERMS])
    # A sign by itself is neither a word nor a part that could be found: it asks for nothing.
    asked = (term for term in read if len(term) >= PART or _TOKEN.search(term))
    return list(dict.fromkeys(asked))


def words_query(terms: Sequence[str], match: Match, limit: int) -> Statement | None:
    """Listed posts with the terms as whole words, best first."""
    worded = [term for term in terms if _WORD.search(term)]
    if not worded or (match == "all" and len(worded) < len(terms)):
        # Signs are no words; as part of a text they may still be found.
        return None
    joined = (" OR " if match == "any" else " AND ").join(quoted(apart(t)) for t in worded)
    return "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (joined, limit)


def parts_query(terms: Sequence[str], match: Match, limit: int) -> Statement | None:
    """Listed posts that contain the terms anywhere; with `all`, shorter terms as whole words."""
    parts = [term for term in terms if len(term) >= PART]
    short = [term for term in terms if len(term) < PART]
    if not parts:
        return None
    if match == "any":
        joined = " OR ".join(map(quoted, parts))
        return "SELECT rowid FROM parts WHERE parts MATCH ? ORDER BY rank LIMIT ?", (joined, limit)
    joined = " AND ".join(map(quoted, parts))
    if not short:
        return "SELECT rowid FROM parts WHERE parts MATCH ? ORDER BY rank LIMIT ?", (joined, limit)
    # The plus keeps SQLite from asking the first index once for each row of the second, which made
    # "up" and "the" together take a second.
    both = (
        "SELECT rowid FROM parts WHERE parts MATCH ?"
        " AND +rowid IN (SELECT rowid FROM words WHERE words MATCH ?) ORDER BY rank LIMIT ?"
    )
    worded = " AND ".join(quoted(apart(term)) for term in short)
    return both, (joined, worded, limit)


def newest_parts(texts: Sequence[str], limit: int) -> Statement | None:
    """Listed posts that contain all the texts anywhere, newest first."""
    asked = folded_terms(texts)
    if not asked or any(len(text) < PART for text in asked):
        return None
    joined = " AND ".join(map(quoted, asked))
    sql = "SELECT rowid FROM parts WHERE parts MATCH ? ORDER BY rowid DESC LIMIT ?"
    return sql, (joined, limit)


def listings(sought: Sought, limit: int) -> list[Statement]:
    """What to read for what is sought, whatever it keeps; nothing where it asks for nothing."""
    asked = _asked(sought)
    if asked is None:
        return []
    wanted, unwanted = asked
    scope = _any_of(map(_token, sought.scope)) if sought.scope else _EVERY
    found = [_listed("words", [*wanted, scope], unwanted, sought, limit)]
    if sought.reader_id is not None:
        reader = quoted(_reader_token(sought.reader_id))
        found.append(_listed("library", [*wanted, reader], unwanted, sought, limit))
    return found


def kept_listings(sought: Sought, furthest: int | None) -> list[Statement]:
    """What to look through for ids in `within`, no further than `furthest`."""
    asked = _asked(sought)
    if asked is None or not sought.within:
        return []
    wanted, unwanted = asked
    lowest, highest = min(sought.within) - 1, max(sought.within) + 1
    if furthest is not None:
        lowest, highest = (lowest, furthest) if sought.rising else (furthest, highest)
    narrow = msgspec.structs.replace(
        sought,
        above=lowest if sought.above is None else max(lowest, sought.above),
        below=highest if sought.below is None else min(highest, sought.below),
    )
    # What the scope finds anyway need not be looked through again.
    scoped = [_any_of(map(_token, sought.scope))] if sought.scope else []
    return [
        _listed("words", wanted or [_EVERY], [*unwanted, *scoped], narrow, SCANNED),
        _listed("library", wanted or [_EVERY], unwanted, narrow, SCANNED),
    ]


def _asked(sought: Sought) -> tuple[list[str], list[str]] | None:
    """What must match and what must not, as FTS5 has it; None where nothing is asked for."""
    texts = [text for text in folded_terms(sought.texts) if _TOKEN.search(text)]
    without = [text for text in folded_terms(sought.without_texts) if _TOKEN.search(text)]
    if sought.texts and not texts and not sought.marks:
        return None
    wanted = [quoted(apart(text)) for text in texts]
    wanted += [_any_of(map(_token, group)) for group in sought.marks]
    unwanted = [quoted(apart(text)) for text in without]
    unwanted += [quoted(_token(mark)) for mark in sought.without_marks]
    return wanted, unwanted


def _listed(
    table: str, wanted: Sequence[str], unwanted: Sequence[str], sought: Sought, limit: int
) -> Statement:
    match = " AND ".join(wanted)
    if unwanted:
        match = f"({match}) NOT ({' OR '.join(unwanted)})"
    conditions, parameters = [f"{table} MATCH ?"], list[int | str]((match,))
    for bound, sign in ((sought.above, ">"), (sought.below, "<")):
        if bound is not None:
            conditions.append(f"rowid {sign} ?")
            parameters.append(bound)
    order = "ASC" if sought.rising else "DESC"
    sql = (
        f"SELECT rowid FROM {table} WHERE {' AND '.join(conditions)}"  # noqa: S608 - our own names
        f" ORDER BY rowid {order} LIMIT ?"
    )
    return sql, (*parameters, limit)
