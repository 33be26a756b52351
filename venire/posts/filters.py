"""What a member does not want to read: filters as they are kept, and what they find in a post.

Nothing is taken out of a list on this side: a post is sent with what was found, and the client
warns, blurs or hides, as with Mastodon (docs.joinmastodon.org/api/guidelines#filters).
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from venire.posts.model import Post
from venire.storage.tables.filters import FILTER_SETS, FILTERS, FilterRow
from venire.storage.verbs import Storage
from venire.storage.world import World

CONTEXTS: Final = ("home", "notifications", "public", "thread", "account")
WARN: Final = "warn"
HIDE: Final = "hide"
BLUR: Final = "blur"
ACTIONS: Final = (WARN, HIDE, BLUR)
FILTERS_MOST: Final = 100

_KEPT = 2_000
_POSTS_KNOWN = 200
_SEAM = "\x00"
"""Between the parts of a post: a phrase is found within one of them only."""


class Keyword(msgspec.Struct, frozen=True):
    """A phrase that is looked for. `whole_word`: not in the middle of a longer word."""

    id: int
    keyword: str
    whole_word: bool


class FilteredPost(msgspec.Struct, frozen=True):
    """One post that a filter names."""

    id: int
    post_id: int


class Filter(msgspec.Struct, frozen=True):
    """What its owner wants to be spared, where, how, and until when (None: until removed)."""

    id: int
    title: str
    action: str
    contexts: tuple[str, ...]
    keywords: tuple[Keyword, ...] = ()
    statuses: tuple[FilteredPost, ...] = ()
    expires_at_ms: int | None = None


class Match(msgspec.Struct, frozen=True):
    """What a filter found in a post: the phrases as their owner wrote them, and the post."""

    filter: Filter
    keywords: tuple[str, ...]
    post_ids: tuple[int, ...]


class _Needle(msgspec.Struct, frozen=True):
    keyword: str
    folded: str
    from_start: bool
    to_end: bool

    def found_in(self, text: str) -> bool:
        """Whether it stands in a folded text, at word boundaries where that was asked for."""
        at = text.find(self.folded)
        while at >= 0:
            end = at + len(self.folded)
            cut_before = self.from_start and at > 0 and _in_word(text[at - 1])
            cut_after = self.to_end and end < len(text) and _in_word(text[end])
            if not cut_before and not cut_after:
                return True
            at = text.find(self.folded, at + 1)
        return False


def _in_word(character: str) -> bool:
    # Marks belong to the letter before them: without them every Devanagari word would end early.
    return (
        character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")
    )


def fold(text: str) -> str:
    """A text as filters compare it: one form for each letter in any case, one blank for many."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def _needle(keyword: Keyword) -> _Needle | None:
    folded = fold(keyword.keyword)
    if not folded:
        return None
    # A boundary is asked for only beside a letter: "#tag" begins where it likes.
    whole = keyword.whole_word
    return _Needle(
        keyword.keyword,
        folded,
        from_start=whole and _in_word(folded[0]),
        to_end=whole and _in_word(folded[-1]),
    )


class Filters:
    """The filters of one viewer that have not lapsed, ready to be held against posts."""

    __slots__ = ("_compiled", "_known", "until_ms", "version")

    def __init__(self, filters: Iterable[Filter], now_ms: int, version: int) -> None:
        self.version = version
        self._compiled: list[tuple[Filter, tuple[_Needle, ...], frozenset[int]]] = []
        self._known: dict[int, tuple[Post, tuple[Match, ...]]] = {}
        self.until_ms: int | None = None
        for one in filters:
            if one.expires_at_ms is not None:
                if one.expires_at_ms <= now_ms:
                    continue
                self.until_ms = min(one.expires_at_ms, self.until_ms or one.expires_at_ms)
            needles = tuple(found for word in one.keywords if (found := _needle(word)) is not None)
            posts = frozenset(status.post_id for status in one.statuses)
            self._compiled.append((one, needles, posts))

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def matches(self, post: Post, context: str | None = None) -> tuple[Match, ...]:
        """What the filters find in a post whose words are shown (of a boost: the one boosted).

        Without `context` filters of every context are told, as Mastodon does: a client looks at
        the contexts of each. A member's own posts are never filtered; whoever asks sees to that.
        """
        if not self._compiled:
            return ()
        # Storage gives the same object again until a post is written.
        known = self._known.get(post.id)
        if known is None or known[0] is not post:
            if len(self._known) >= _POSTS_KNOWN:
                self._known.clear()
            known = self._known[post.id] = (post, self._look(post))
        if context is None:
            return known[1]
        return tuple(match for match in known[1] if context in match.filter.contexts)

    def _look(self, post: Post) -> tuple[Match, ...]:
        text: str | None = None
        found: list[Match] = []
        for one, needles, posts in self._compiled:
            if needles and text is None:
                text = _words(post)
            words = tuple(n.keyword for n in needles if n.found_in(text or ""))
            named = (int(post.id),) if post.id in posts else ()
            if words or named:
                found.append(Match(one, words, named))
        return tuple(found)

    def hides(self, post: Post, context: str) -> bool:
        """Whether a viewer wants to see nothing of a post there: for what leaves unasked (push)."""
        return any(match.filter.action == HIDE for match in self.matches(post, context))


_NONE = Filters((), 0, 0)


def _words(post: Post) -> str:
    parts = [post.spoiler, post.text]
    if post.poll is not None:
        parts += post.poll.options
    parts += [one.description for one in post.attachments if one.description]
    return _SEAM.join(fold(part) for part in parts if part)


# By storage, so that two sites in one process never share a member's filters.
_COMPILED: WeakKeyDictionary[Storage, OrderedDict[int, Filters]] = WeakKeyDictionary()


async def filters_of(world: World, viewer_id: int | None) -> Filters:
    """The filters of a viewer; compiled once for each version of them."""
    if viewer_id is None:
        return _NONE
    head = await world.storage.get(FILTER_SETS, (viewer_id,))
    if head is None:
        return _NONE
    kept = _COMPILED.setdefault(world.storage, OrderedDict())
    now_ms = world.now_ms()
    there = kept.get(viewer_id)
    if (
        there is None
        or there.version != head.version
        or (there.until_ms is not None and there.until_ms <= now_ms)
    ):
        there = kept[viewer_id] = Filters(await load_all(world, viewer_id), now_ms, head.version)
        if len(kept) > _KEPT:
            kept.popitem(last=False)
    else:
        kept.move_to_end(viewer_id)
    return there


_CONTEXTS = msgspec.json.Decoder(tuple[str, ...])
_KEYWORDS = msgspec.json.Decoder(tuple[Keyword, ...])
_STATUSES = msgspec.json.Decoder(tuple[FilteredPost, ...])


async def load_all(world: World, account_id: int) -> Sequence[Filter]:
    """Every filter of an account, lapsed ones too, the oldest first."""
    rows = await world.storage.range(FILTERS, (account_id,), limit=FILTERS_MOST)
    return [_filter(row) for row in rows]


def _filter(row: FilterRow) -> Filter:
    return Filter(
        id=row.id,
        title=row.title,
        action=row.action,
        contexts=_CONTEXTS.decode(row.contexts),
        keywords=_KEYWORDS.decode(row.keywords),
        statuses=_STATUSES.decode(row.statuses),
        expires_at_ms=row.expires_at_ms,
    )


def filter_row(account_id: int, one: Filter) -> FilterRow:
    """The row of a filter."""
    return FilterRow(
        account_id=account_id,
        id=one.id,
        title=one.title,
        action=one.action,
        contexts=msgspec.json.encode(one.contexts),
        keywords=msgspec.json.encode(one.keywords),
        statuses=msgspec.json.encode(one.statuses),
        expires_at_ms=one.expires_at_ms,
    )
