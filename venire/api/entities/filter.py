"""Mastodon's `Filter` in both versions, and what belongs to it.

Source: docs.joinmastodon.org/entities/Filter, FilterResult, V1_Filter.
"""

from __future__ import annotations

import msgspec

from venire.kernel.clock import iso_ms
from venire.posts.filters import HIDE, Filter, FilteredPost, Keyword, Match


class FilterKeywordEntity(msgspec.Struct, frozen=True):
    """A phrase of a filter."""

    id: str
    keyword: str
    whole_word: bool


class FilterStatusEntity(msgspec.Struct, frozen=True):
    """A post that a filter names."""

    id: str
    status_id: str


class FilterEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A filter as it stands beside what it found: without its phrases."""

    id: str
    title: str
    context: tuple[str, ...]
    expires_at: str | None
    filter_action: str


class WholeFilterEntity(FilterEntity, frozen=True, kw_only=True):
    """A filter as its owner edits it."""

    keywords: tuple[FilterKeywordEntity, ...]
    statuses: tuple[FilterStatusEntity, ...]


class FilterResultEntity(msgspec.Struct, frozen=True):
    """What a filter found in a post."""

    filter: FilterEntity
    keyword_matches: tuple[str, ...] | None
    status_matches: tuple[str, ...] | None


class FilterV1Entity(msgspec.Struct, frozen=True):
    """A phrase as version 1 has it: a filter of its own."""

    id: str
    phrase: str
    context: tuple[str, ...]
    whole_word: bool
    expires_at: str | None
    irreversible: bool


def build_keyword(word: Keyword) -> FilterKeywordEntity:
    """The entity of a phrase."""
    return FilterKeywordEntity(str(word.id), word.keyword, word.whole_word)


def build_filter_status(named: FilteredPost) -> FilterStatusEntity:
    """The entity of a post that a filter names."""
    return FilterStatusEntity(str(named.id), str(named.post_id))


def _expires(one: Filter) -> str | None:
    return None if one.expires_at_ms is None else iso_ms(one.expires_at_ms)


def build_filter(one: Filter) -> WholeFilterEntity:
    """The entity of a filter, for its owner."""
    return WholeFilterEntity(
        id=str(one.id),
        title=one.title,
        context=one.contexts,
        expires_at=_expires(one),
        filter_action=one.action,
        keywords=tuple(build_keyword(word) for word in one.keywords),
        statuses=tuple(build_filter_status(named) for named in one.statuses),
    )


def build_result(match: Match) -> FilterResultEntity:
    """The entity of what a filter found: an entry of a status's `filtered`."""
    one = match.filter
    return FilterResultEntity(
        filter=FilterEntity(
            id=str(one.id),
            title=one.title,
            context=one.contexts,
            expires_at=_expires(one),
            filter_action=one.action,
        ),
        keyword_matches=match.keywords or None,
        status_matches=tuple(str(post_id) for post_id in match.post_ids) or None,
    )


def build_filter_v1(one: Filter, word: Keyword) -> FilterV1Entity:
    """The entity of a phrase in version 1."""
    return FilterV1Entity(
        id=str(word.id),
        phrase=word.keyword,
        context=one.contexts,
        whole_word=word.whole_word,
        expires_at=_expires(one),
        irreversible=one.action == HIDE,
    )
