"""What a member does to their filters: each change is one commit of the whole set's version."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from venire.events import FiltersChanged
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.posts.filters import (
    ACTIONS,
    CONTEXTS,
    FILTERS_MOST,
    WARN,
    Filter,
    FilteredPost,
    Keyword,
    filter_row,
    fold,
    load_all,
)
from venire.storage.tables.filters import FILTER_SETS, FILTERS, FilterSetRow
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

KEYWORDS_MOST = 500
STATUSES_MOST = 500
TITLE_LENGTH = 256
KEYWORD_LENGTH = 512
FILTER_BYTES = 32_000
"""Of one filter as it is kept: a commit has 64 KB."""
_TRIES = 8

Set = Mapping[int, Filter]


class KeywordChange(msgspec.Struct, frozen=True):
    """A phrase to add, to change (`id`) or to take out (`gone`); None leaves a thing as it is."""

    id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    gone: bool = False


class Change(msgspec.Struct, frozen=True):
    """What is changed of a filter; None leaves a thing as it is.

    `lapses`: `expires_at_ms` counts, and where it is None the filter stays until it is removed.
    """

    title: str | None = None
    action: str | None = None
    contexts: tuple[str, ...] | None = None
    keywords: tuple[KeywordChange, ...] = ()
    lapses: bool = False
    expires_at_ms: int | None = None


async def create(world: World, account_id: int, change: Change) -> Filter:
    """Add a filter. Invalid `filter_invalid`, `too_many_filters`; NotFound for a phrase's id."""
    filter_id = world.ids.next()
    new = Filter(filter_id, "", WARN, ())
    await _change(
        world, account_id, lambda there: {**there, filter_id: _changed(world, new, change)}
    )
    return await load(world, account_id, filter_id)


async def change(world: World, account_id: int, filter_id: int, change: Change) -> Filter:
    """Change a filter. NotFound; Invalid `filter_invalid`, `too_many_filters`."""
    await _change(
        world,
        account_id,
        lambda there: {**there, filter_id: _changed(world, _one(there, filter_id), change)},
    )
    return await load(world, account_id, filter_id)


async def remove(world: World, account_id: int, filter_id: int) -> None:
    """Remove a filter with its phrases. NotFound `record_not_found`."""

    def without(there: Set) -> Set:
        _one(there, filter_id)
        return {key: one for key, one in there.items() if key != filter_id}

    await _change(world, account_id, without)


async def add_post(world: World, account_id: int, filter_id: int, post_id: int) -> FilteredPost:
    """Have a filter name one post. NotFound; Invalid `filter_invalid` where it does already."""
    named = FilteredPost(world.ids.next(), post_id)

    def with_post(there: Set) -> Set:
        one = _one(there, filter_id)
        if any(status.post_id == post_id for status in one.statuses):
            taken = {"error": "ERR_TAKEN", "description": "has already been taken"}
            raise Invalid(
                "filter_invalid",
                "Validation failed: Status has already been taken",
                details={"status_id": [taken]},
            )
        return {
            **there,
            filter_id: msgspec.structs.replace(one, statuses=(*one.statuses, named)),
        }

    await _change(world, account_id, with_post)
    return named


async def remove_post(world: World, account_id: int, named_id: int) -> None:
    """Have a filter name a post no longer. NotFound `record_not_found`."""

    def without(there: Set) -> Set:
        one = holder_of_post(there, named_id)
        left = tuple(status for status in one.statuses if status.id != named_id)
        return {**there, one.id: msgspec.structs.replace(one, statuses=left)}

    await _change(world, account_id, without)


async def remove_keyword(
    world: World, account_id: int, keyword_id: int, *, with_last: bool = False
) -> None:
    """Take a phrase out; `with_last`: the filter goes with its last one. NotFound."""

    def without(there: Set) -> Set:
        one = holder_of_keyword(there, keyword_id)
        left = tuple(word for word in one.keywords if word.id != keyword_id)
        if with_last and not left and not one.statuses:
            return {key: other for key, other in there.items() if key != one.id}
        return {**there, one.id: msgspec.structs.replace(one, keywords=left)}

    await _change(world, account_id, without)


async def load(world: World, account_id: int, filter_id: int) -> Filter:
    """One filter of an account. NotFound `record_not_found`."""
    return _one(await load_set(world, account_id), filter_id)


async def load_set(world: World, account_id: int) -> Set:
    """The filters of an account by id, the oldest first."""
    return {one.id: one for one in await load_all(world, account_id)}


def _missing() -> NotFound:
    return NotFound("record_not_found", "Record not found")


def _one(there: Set, filter_id: int) -> Filter:
    if filter_id not in there:
        raise _missing()
    return there[filter_id]


def holder_of_keyword(there: Set, keyword_id: int) -> Filter:
    """The filter that a phrase belongs to. NotFound `record_not_found`."""
    for one in there.values():
        if any(word.id == keyword_id for word in one.keywords):
            return one
    raise _missing()


def holder_of_post(there: Set, named_id: int) -> Filter:
    """The filter that names a post under an id of its own. NotFound `record_not_found`."""
    for one in there.values():
        if any(status.id == named_id for status in one.statuses):
            return one
    raise _missing()


def _changed(world: World, one: Filter, change: Change) -> Filter:
    contexts = one.contexts if change.contexts is None else tuple(dict.fromkeys(change.contexts))
    changed = msgspec.structs.replace(
        one,
        title=one.title if change.title is None else change.title.strip(),
        action=one.action if change.action is None else change.action,
        contexts=contexts,
        keywords=_words(world, one.keywords, change.keywords),
        expires_at_ms=change.expires_at_ms if change.lapses else one.expires_at_ms,
    )
    _check(changed)
    return changed


def _words(
    world: World, there: tuple[Keyword, ...], changes: tuple[KeywordChange, ...]
) -> tuple[Keyword, ...]:
    words = {word.id: word for word in there}
    for change in changes:
        if change.id is None:
            if not change.gone:
                whole = True if change.whole_word is None else change.whole_word
                new = Keyword(world.ids.next(), change.keyword or "", whole)
                words[new.id] = new
            continue
        if change.id not in words:
            raise _missing()
        if change.gone:
            del words[change.id]
            continue
        old = words[change.id]
        words[change.id] = Keyword(
            old.id,
            old.keyword if change.keyword is None else change.keyword,
            old.whole_word if change.whole_word is None else change.whole_word,
        )
    return tuple(words.values())


def _check(one: Filter) -> None:
    if not one.title:
        raise Invalid("filter_invalid", "Validation failed: Title can't be blank")
    if len(one.title) > TITLE_LENGTH:
        raise Invalid("filter_invalid", "Validation failed: Title is too long")
    if not one.contexts or not set(one.contexts) <= set(CONTEXTS):
        raise Invalid(
            "filter_invalid", "Validation failed: Context None or invalid context supplied"
        )
    if one.action not in ACTIONS:
        raise Invalid("filter_invalid", "Validation failed: Action is not included in the list")
    for word in one.keywords:
        if not fold(word.keyword):
            raise Invalid("filter_invalid", "Validation failed: Keyword can't be blank")
        if len(word.keyword) > KEYWORD_LENGTH:
            raise Invalid("filter_invalid", "Validation failed: Keyword is too long")


def _check_set(account_id: int, filters: Set) -> None:
    words = sum(len(one.keywords) for one in filters.values())
    posts = sum(len(one.statuses) for one in filters.values())
    if len(filters) > FILTERS_MOST or words > KEYWORDS_MOST or posts > STATUSES_MOST:
        raise Invalid(
            "too_many_filters",
            "There are too many filters",
            filters=FILTERS_MOST,
            keywords=KEYWORDS_MOST,
            statuses=STATUSES_MOST,
        )
    for one in filters.values():
        row = filter_row(account_id, one)
        if len(row.keywords) + len(row.statuses) > FILTER_BYTES:
            raise Invalid("filter_too_large", "This filter is too large: divide it")


async def _change(world: World, account_id: int, move: Callable[[Set], Set]) -> None:
    for _ in range(_TRIES):
        head = await world.storage.get(FILTER_SETS, (account_id,))
        version = 0 if head is None else head.version
        before = await load_set(world, account_id)
        after = move(before)
        if after == before:
            return
        _check_set(account_id, after)
        writes: list[Write] = [
            Put(FILTER_SETS, FilterSetRow(account_id, version + 1, world.now_ms())),
            *(
                Put(FILTERS, filter_row(account_id, one))
                for key, one in after.items()
                if before.get(key) != one
            ),
            *(
                Delete(FILTERS, filter_row(account_id, one))
                for key, one in before.items()
                if key not in after
            ),
        ]
        try:
            await world.storage.commit(
                f"filters:{account_id}", writes, [FiltersChanged(account_id)], expect=version
            )
        except Conflict:
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")
