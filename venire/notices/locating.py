"""From what a notice shows to the posts that carry it. Pure: candidates in, an answer out.

A wrong post is the costly error: it hides what someone else said. So an item is `located` only by
a match that can be explained in a word; what is doubtful is `ambiguous` and goes to a person with
the likeliest five, and what is merely alike is `not_found`, with the same five to look at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from rapidfuzz.distance import Levenshtein

from venire.kernel.text import fold, similarity
from venire.notices.addresses import Address, parse_post_url
from venire.notices.matching import (
    Words,
    begins_enough,
    carries,
    edits,
    has_pieces,
    is_beginning,
    is_part,
    may_be_misread,
    misread_cost,
    pieces_of,
    same_text,
    signs_within,
    words_of,
)

__all__ = [
    "Address", "Candidate", "LocateResult", "copies_of", "parse_post_url", "rank", "search_pieces",
    "search_terms",
]  # fmt: skip

LocateState = Literal["located", "ambiguous", "not_found"]
How = Literal[
    "exact", "letters", "whole", "misread", "beginning", "part", "pieces", "edited", "alike", ""
]

SHOWN: Final = 5
_ORDER: Final[tuple[How, ...]] = (
    "exact", "letters", "whole", "misread", "edited", "pieces", "beginning", "part", "alike",
)  # fmt: skip
_CONFIDENCE: Final[dict[How, float]] = {
    "exact": 1.0, "letters": 0.99, "whole": 0.97, "misread": 0.96, "edited": 0.9, "pieces": 0.9,
    "beginning": 0.93, "part": 0.9, "alike": 0.5, "": 0.0,
}  # fmt: skip
_COPY_WITH_ADDITION: Final = 0.97
_MANY: Final = 3
"""More posts than this with one short text, and none by the handle shown: a person decides."""
_ALIKE: Final = 0.8
_LONG_HANDLE: Final = 6
_CLOSE_COSTS: Final = 1
_COMMON_LIST: Final = """
the and that this with have will your from they would there their what about which when make like
just know into than them some could these then only also after because should being where those
were been does very here more most such over
yang dan itu ini dengan untuk tidak akan ada dari juga saya kamu mereka kita bisa sudah karena
kalau jangan lagi saja oleh pada dalam sama atau tapi
"""
_COMMON: Final = frozenset(_COMMON_LIST.split())
_RUN_TOGETHER: Final = 11
_PIECE: Final = 6


class Candidate(msgspec.Struct, frozen=True):
    """A post that may be meant, of any state: removed posts are located too.

    `state` is visible, held, removed, deleted, or earlier for a text it no longer has.
    """

    post_id: int
    text: str
    handle: str
    created_at_ms: int
    state: str = "visible"


class LocateResult(msgspec.Struct, frozen=True):
    """`posts` are (id, confidence), best first: the set when located, else at most five to look at.

    `how` is the kind of match; `searched` says in words what was looked through.
    """

    state: LocateState
    posts: tuple[tuple[int, float], ...]
    how: How
    searched: str

    @property
    def confidence(self) -> float:
        """That of the best post; 0 for none."""
        return self.posts[0][1] if self.posts else 0.0


class _Match(msgspec.Struct, frozen=True):
    candidate: Candidate
    words: Words
    how: How
    cost: int
    sure: bool
    likeness: float


def rank(
    query: str | Sequence[str],
    candidates: Sequence[Candidate],
    *,
    handle: str = "",
    picture: bool = False,
    confidence: float = 1.0,
) -> LocateResult:
    """Find the posts that carry a text.

    Args:
        query: the text; or, read from a picture, its readings, the likeliest first.
        candidates: posts that the index offers, in any order and of any state.
        handle: the author's handle where the item shows it, as it was read.
        picture: the text was read by an engine: letters may be wrong and spaces lost.
        confidence: of that engine, 0..1.

    Returns:
        The set of posts whose text matches, copies included; see `LocateResult`.

    """
    readings = [query] if isinstance(query, str) else list(query)
    quotes = [(text, words) for text in readings if (words := words_of(text)).letters]
    searched = f"{len(candidates)} posts with words of it"
    if not quotes:
        return LocateResult("not_found", (), "", "nothing: the text has no letters")
    matches = [
        max(
            (_match(candidate, text, quote, picture, confidence) for text, quote in quotes),
            key=_strength,
        )
        for candidate in candidates
    ]
    matches.sort(key=_strength, reverse=True)
    sure = [match for match in matches if match.sure]
    if not sure:
        return _unsure(matches, searched)
    group = _group(sure)
    if all(quote.is_short for _, quote in quotes):
        return _short(group, handle, searched)
    texts = _one_text(group, handle)
    if texts is None:
        return _answer("ambiguous", group, searched)
    members = _members(texts, [match for match in matches if match.how != ""], candidates)
    how = texts[0].how
    ordered = sorted(members, key=lambda pair: (-pair[1], pair[0]))
    return LocateResult("located", tuple(ordered), how, searched)


def copies_of(text: str, candidates: Sequence[Candidate]) -> list[tuple[int, float]]:
    """The posts that are the same text, or it with an addition of no weight: (id, confidence)."""
    own = words_of(text)
    found: list[tuple[int, float]] = []
    for candidate in candidates:
        other = words_of(candidate.text)
        if same_text(own, other):
            found.append(
                (candidate.post_id, 1.0 if own.normal == other.normal else _COPY_WITH_ADDITION)
            )
    return found


def _match(
    candidate: Candidate, text: str, quote: Words, picture: bool, confidence: float
) -> _Match:
    post = words_of(candidate.text)
    how, cost, sure = _how(post, text, quote, picture, confidence)
    likeness = 1.0 if sure else similarity(post.normal, quote.normal)
    if how == "" and likeness >= _ALIKE:
        how = "alike"
    return _Match(candidate, post, how, cost, sure, likeness)


def _how(
    post: Words, text: str, quote: Words, picture: bool, confidence: float
) -> tuple[How, int, bool]:
    """The kind of match, its cost in misread letters, and whether it can be relied on."""
    if post.normal == quote.normal:
        return "exact", 0, True
    # Engines lose emoji and question marks, quotations do not.
    alike = picture or (post.questions, post.signs) == (quote.questions, quote.signs)
    if post.letters == quote.letters and alike:
        return "letters", 0, True
    if quote.is_short:
        same = picture and post.shapes == quote.shapes
        return ("misread", 0, True) if same else ("", 0, False)
    if carries(post, quote):
        return "whole", 0, True
    return _inexact(post, text, quote, confidence if picture else None)


def _inexact(
    post: Words, text: str, quote: Words, confidence: float | None
) -> tuple[How, int, bool]:
    if confidence is not None:
        cost = misread_cost(post, quote, confidence=confidence, beginning=False)
        if cost is not None:
            return "misread", cost, True
    elif not signs_within(quote, post):
        return "", 0, False
    edited = edits(post, quote)
    if edited == "sure":
        return "edited", 0, True
    how, cost, sure = _partial(post, text, quote, confidence)
    if how:
        return how, cost, sure
    garbled = confidence is not None and may_be_misread(post, quote, confidence)
    half: How = "edited" if edited == "perhaps" else "misread" if garbled else ""
    return half, 0, False


def _partial(
    post: Words, text: str, quote: Words, confidence: float | None
) -> tuple[How, int, bool]:
    if is_beginning(post, quote):
        return "beginning", 0, begins_enough(post, quote)
    pieces = pieces_of(text)
    if pieces is not None and has_pieces(post, pieces):
        return "pieces", 0, True
    if is_part(post, quote):
        return "part", 0, begins_enough(post, quote)
    if confidence is not None:
        cost = misread_cost(post, quote, confidence=confidence, beginning=True)
        if cost is not None:
            return "beginning", cost, begins_enough(post, quote)
    return "", 0, False


def _strength(match: _Match) -> tuple[bool, int, int, float]:
    place = _ORDER.index(match.how) if match.how else len(_ORDER)
    return match.sure, -place, -match.cost, match.likeness


def _group(sure: Sequence[_Match]) -> list[_Match]:
    """The matches of the best kind; of misread ones, those about as good as the best."""
    best = sure[0]
    return [
        match
        for match in sure
        if match.how == best.how and match.cost <= best.cost + _CLOSE_COSTS * (best.cost > 0)
    ]


def _one_text(group: Sequence[_Match], handle: str) -> list[_Match] | None:
    """Those of a group that are one text; None when they are several and nothing decides.

    Posts that have the quote word for word, with no more than weightless words around it, are one
    text by that alone; beginnings may go on, and misread ones differ, in several ways. Then the
    handle decides, if it is of one only.
    """
    if group[0].how in ("exact", "whole"):
        return list(group)
    texts: list[list[_Match]] = []
    for match in group:
        for text in texts:
            if same_text(text[0].words, match.words):
                text.append(match)
                break
        else:
            texts.append([match])
    if len(texts) == 1:
        return texts[0]
    by_author = _named(group, handle)
    named = [text for text in texts if any(match in by_author for match in text)]
    return named[0] if len(named) == 1 else None


def _members(
    texts: Sequence[_Match], matches: Sequence[_Match], candidates: Sequence[Candidate]
) -> list[tuple[int, float]]:
    """Every candidate that is a copy of a matched text, clean text against clean text."""
    confidence = _confidence(texts[0])
    found: dict[int, float] = {match.candidate.post_id: confidence for match in texts}
    known = {match.candidate.post_id: match.words for match in matches}
    for candidate in candidates:
        words = known.get(candidate.post_id) or words_of(candidate.text)
        if candidate.post_id in found:
            continue
        for match in texts:
            if same_text(match.words, words):
                same = match.words.normal == words.normal
                found[candidate.post_id] = round(
                    confidence * (1.0 if same else _COPY_WITH_ADDITION), 3
                )
                break
    return list(found.items())


def _short(group: Sequence[_Match], handle: str, searched: str) -> LocateResult:
    """A short text is said by many: who said it must be known, or few must have."""
    named = _named(group, handle)
    if named:
        return _answer("located", named, searched, limit=len(named))
    if len(group) > _MANY:
        return _answer("ambiguous", group, searched)
    return _answer("located", group, searched, limit=len(group))


def _unsure(matches: Sequence[_Match], searched: str) -> LocateResult:
    """Nothing that can be relied on: a person looks where something was half right."""
    half = [match for match in matches if match.how not in ("", "alike")]
    if half:
        return _answer("ambiguous", half, searched)
    alike = [match for match in matches if match.how == "alike"]
    alike.sort(key=lambda match: -match.likeness)
    return _answer("not_found", alike, searched)


def _answer(
    state: LocateState, matches: Sequence[_Match], searched: str, *, limit: int = SHOWN
) -> LocateResult:
    posts = tuple((match.candidate.post_id, _confidence(match)) for match in matches[:limit])
    return LocateResult(state, posts, matches[0].how if matches else "", searched)


def _confidence(match: _Match) -> float:
    sure = _CONFIDENCE[match.how] - 0.02 * match.cost
    return round(sure if match.sure else min(sure, 0.6 * match.likeness), 3)


def _named(group: Sequence[_Match], handle: str) -> list[_Match]:
    """Those by the author whose handle was read; failing that, by one with a slip in it."""
    shown = _handle_shape(handle)
    if not shown:
        return []
    same = [match for match in group if _handle_shape(match.candidate.handle) == shown]
    if same or len(shown) < _LONG_HANDLE:
        return same
    return [
        match
        for match in group
        if Levenshtein.distance(_handle_shape(match.candidate.handle), shown) <= 1
    ]


def _handle_shape(handle: str) -> str:
    return words_of(re.sub(r"[_.\-]", "", handle.partition("@")[0])).shapes


def search_terms(text: str, limit: int = 12) -> tuple[list[str], list[str]]:
    """What to ask the index for: terms that all must be there, and terms of which any helps.

    Terms are words of the folded text, longest first, since long words are rare. The last word
    may be cut, so it is in neither list unless it is all there is; a word that only an engine has
    run together is given in pieces too.
    """
    words = [word for word in re.findall(r"[^\W_]+", fold(text).text) if len(word) > 2]  # noqa: PLR2004
    kept = list(dict.fromkeys(word for word in words[:-1] if word not in _COMMON)) or words
    longest = sorted(dict.fromkeys(kept), key=lambda word: (-len(word), word))
    whole = [word for word in longest if len(word) < _RUN_TOGETHER] or longest
    return whole[:4], [*longest[:limit], *search_pieces(text, limit)][: 2 * limit]


def search_pieces(text: str, limit: int = 12) -> list[str]:
    """Parts of words that are long enough to have been run together, spread over them."""
    pieces: dict[str, None] = {}
    for word in re.findall(r"[^\W_]+", fold(text).text):
        if len(word) >= _RUN_TOGETHER:
            for start in range(0, len(word) - _PIECE + 1, _PIECE // 2):
                pieces[word[start : start + _PIECE]] = None
    return list(pieces)[:limit]
