"""Reads what a member types into the search box. Pure; never raises, whatever it is.

Source: docs.joinmastodon.org/user/network#search. `docs/search.md` explains it to members.

| part | meaning |
|---|---|
| `word` `"a phrase"` `#tag` | must be there; with `-` before it must not |
| `from:me` `from:@name` | its author; several: one of them |
| `has:media image video audio poll link embed` | what it carries |
| `is:reply sensitive quote edited` | what it is |
| `language:id` | its language; several: one of them |
| `before:` `after:` `during:` a date | `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, by UTC, as a whole span |
| `in:library` `in:public` `in:all` | where to look |

Each may be turned around by `-`. What stands before another colon is a word like any other; a known
operator with a value that means nothing finds nothing, rather than to be left out unseen.
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from venire.posts.scan import tag_key

PARTS = 32
"""Of a longer query the rest is passed over."""
TEXTS = 16
GAPS = 8
ME = "me"

PROPERTIES = frozenset(
    {"media", "image", "video", "audio", "poll", "link", "embed"}
    | {"reply", "sensitive", "quote", "edited"}
)
"""What `has:` and `is:` take: as in Mastodon, either way round."""
LIBRARY, PUBLIC_ONLY, EVERYWHERE = "library", "public", "all"
PLACES = frozenset({LIBRARY, PUBLIC_ONLY, EVERYWHERE})

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_PART = re.compile(
    r"(?P<sign>[-+]?)"
    r"(?:(?P<key>from|has|is|in|language|before|after|during):(?P<value>[^\s\"]+)"
    r"|\"(?P<phrase>[^\"]*)\"?"
    r"|(?P<word>[^\s]+))",
    re.IGNORECASE,
)
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8}){0,3}")
_NAME = re.compile(r"@?[A-Za-z0-9_.-]+(?:@[\w.:-]+)?")
_YEARS = range(1, 9_999)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

Span = tuple[int, int]
"""From a moment (ms, inclusive) to another (exclusive)."""


class Query(msgspec.Struct, frozen=True):
    """What was asked for. `nothing`: it cannot be met. `spans`: when, newest first; None: ever."""

    texts: tuple[str, ...] = ()
    without_texts: tuple[str, ...] = ()
    phrased: bool = False
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    without_authors: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    without_properties: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    without_languages: tuple[str, ...] = ()
    spans: tuple[Span, ...] | None = None
    place: str = EVERYWHERE
    nothing: bool = False

    @property
    def asks(self) -> bool:
        """Whether it asks for anything at all."""
        return self != Query()


class _Reader:
    """Collects the parts of a query as they are read."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, None]] = {}
        self.phrased = False
        self.nothing = False
        self.since_ms, self.until_ms = 0, 1 << 47
        self.gaps: list[Span] = []
        self.dated = False
        self.places: set[str] = set()

    def note(self, name: str, value: str, *, negated: bool) -> None:
        """One value of a kind."""
        key = f"without_{name}" if negated else name
        self.found.setdefault(key, {})[value] = None

    def word(self, word: str, *, negated: bool) -> None:
        """A word, or a hashtag."""
        if word[0] in "#＃" and len(word) > 1:
            self.note("tags", tag_key(word[1:]), negated=negated)
        else:
            self.note("texts", word, negated=negated)

    def operator(self, key: str, value: str, *, negated: bool) -> None:
        """One operator with its value."""
        lowered = value.lower()
        if key == "from" and _NAME.fullmatch(value):
            self.note("authors", lowered, negated=negated)
        elif key in {"has", "is"} and lowered in PROPERTIES:
            self.note("properties", lowered, negated=negated)
        elif key == "language" and _LANGUAGE.fullmatch(lowered):
            self.note("languages", lowered.replace("_", "-"), negated=negated)
        elif key == "in" and lowered in PLACES:
            self._place(lowered, negated=negated)
        elif key in {"before", "after", "during"} and (span := _span(value)) is not None:
            self._moment(key, span, negated=negated)
        elif not negated:
            self.nothing = True

    def _place(self, place: str, *, negated: bool) -> None:
        if negated:
            other = {LIBRARY: PUBLIC_ONLY, PUBLIC_ONLY: LIBRARY}.get(place)
            self.nothing |= other is None
            place = other or EVERYWHERE
        self.places.add(place)

    def _moment(self, key: str, span: Span, *, negated: bool) -> None:
        self.dated = True
        start, end = span
        if key == "during" and negated:
            self.gaps.append(span)
            return
        if (key == "before" and not negated) or (key == "after" and negated):
            self.until_ms = min(self.until_ms, start if key == "before" else end)
        elif key != "during":
            self.since_ms = max(self.since_ms, end if key == "after" else start)
        else:
            self.since_ms, self.until_ms = max(self.since_ms, start), min(self.until_ms, end)

    def query(self) -> Query:
        """What was read, as a whole."""
        narrower = [place for place in (LIBRARY, PUBLIC_ONLY) if place in self.places]
        spans = self._spans() if self.dated else None
        lists = {name: tuple(values) for name, values in self.found.items()}
        for name in ("texts", "without_texts"):
            lists[name] = lists.get(name, ())[:TEXTS]
        return Query(
            **lists,
            phrased=self.phrased,
            spans=spans,
            place=narrower[0] if narrower else EVERYWHERE,
            nothing=self.nothing or spans == (),
        )

    def _spans(self) -> tuple[Span, ...]:
        """What is left between the bounds when the gaps are taken out, newest first."""
        left: list[Span] = [(self.since_ms, self.until_ms)]
        for start, end in self.gaps[:GAPS]:
            left = [
                part
                for low, high in left
                for part in ((max(low, end), high), (low, min(high, start)))
            ]
        return tuple(sorted({span for span in left if span[0] < span[1]}, reverse=True))


def _span(value: str) -> Span | None:
    """The day, month or year that a date names."""
    match = _DATE.fullmatch(value)
    if match is None or int(match[1]) not in _YEARS:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        start = dt.datetime(year or 0, month or 1, day or 1, tzinfo=dt.UTC)
    except ValueError:
        return None
    if day is not None:
        end = start + dt.timedelta(days=1)
    elif month is not None:
        end = (start + dt.timedelta(days=31)).replace(day=1)
    else:
        end = start.replace(year=start.year + 1)
    return _ms(start), _ms(end)


def _ms(moment: dt.datetime) -> int:
    return max(0, (moment - _EPOCH) // dt.timedelta(milliseconds=1))


def read_query(text: str) -> Query:
    """What a text asks for; of more than 32 parts the first 32 count."""
    reader = _Reader()
    for number, match in enumerate(_PART.finditer(text.translate(_QUOTES))):
        if number == PARTS:
            break
        negated = match["sign"] == "-"
        if match["key"]:
            reader.operator(match["key"].lower(), match["value"], negated=negated)
        elif match["phrase"] is not None:
            if match["phrase"].strip():
                reader.phrased = True
                reader.note("texts", match["phrase"], negated=negated)
        else:
            reader.word(match["word"], negated=negated)
    return reader.query()
