"""Search: https://docs.joinmastodon.org/methods/search/ and accounts/#search.

Accounts and hashtags are found by everyone, posts by members. What the words of `q` may be:
`docs/search.md`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import msgspec
from starlette.responses import Response

from venire.api.entities.account import account_jsons
from venire.api.entities.status import Status, status_jsons
from venire.api.entities.tag import TagEntity, tag_entities
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.ids import AccountId, parse_id
from venire.people.finding import find_accounts
from venire.people.model import ACTIVE
from venire.people.store import find_by_handle
from venire.posts.scan import tag_key
from venire.posts.searching import Slice, find_posts
from venire.posts.sight import Sight
from venire.storage.world import World

_MOST = 40
_ACCOUNTS_MOST = 80
_OFFSET = 1_000
_QUERY = 500
_TAGS_RANKED = 40
_USES_ALIKE = 4
_TYPES = frozenset({"accounts", "statuses", "hashtags"})
_POST_PATH = re.compile(r"/(?:@|users/)[^/]+/(?:statuses/)?([0-9]+)/?")
_ACCOUNT_PATH = re.compile(r"/(?:@|users/)([^/@]+)/?")
_TAG_PATH = re.compile(r"/tags/([^/]+)/?")


class _Asked(msgspec.Struct, frozen=True):
    """A search as a client asks for it; `limit` and `offset` count in each kind by itself."""

    text: str
    kinds: frozenset[str]
    part: Slice
    following: bool


class Found(msgspec.Struct, frozen=True):
    """What was found. The first version of the method names hashtags alone."""

    accounts: list[msgspec.Raw] = []
    statuses: list[Status] = []
    hashtags: list[TagEntity] | list[str] = []


def _asked(request: ApiRequest) -> _Asked:
    query = request.query
    kind = query.text("type", limit=20)
    return _Asked(
        text=query.required("q", limit=_QUERY).strip(),
        kinds=frozenset({kind}) if kind in _TYPES else _TYPES,
        part=Slice(
            limit=query.integer("limit", 20, low=1, high=_MOST),
            offset=query.integer("offset", 0, high=_OFFSET),
            max_id=query.identifier("max_id"),
            min_id=query.identifier("min_id"),
            since_id=query.identifier("since_id"),
            author_id=query.identifier("account_id"),
        ),
        following=bool(query.flag("following")),
    )


async def search(court: Court, request: ApiRequest) -> Response:
    """Accounts, posts and hashtags by words, or one of them by its address here."""
    return json_response(await _search(court, request))


async def search_v1(court: Court, request: ApiRequest) -> Response:
    """The same as the first version of Mastodon's API had it: hashtags by name."""
    found = await _search(court, request)
    names = [tag if isinstance(tag, str) else tag.name for tag in found.hashtags]
    return json_response(msgspec.structs.replace(found, hashtags=names))


async def _search(court: Court, request: ApiRequest) -> Found:
    asked, viewer_id = _asked(request), request.viewer_id
    if (court.world.site.own.path(asked.text) or "").startswith("/"):
        return await _addressed(court.world, viewer_id, asked)
    return Found(
        accounts=await _accounts(court.world, viewer_id, asked),
        statuses=await _statuses(court, viewer_id, asked),
        hashtags=await _hashtags(court, viewer_id, asked),
    )


async def _addressed(world: World, viewer_id: int | None, asked: _Asked) -> Found:
    """What an address of this site leads to, for whoever may see it."""
    path = unquote(urlsplit(asked.text).path)
    if asked.part.offset:
        return Found()
    if (post := _POST_PATH.fullmatch(path)) is not None:
        wanted = viewer_id is not None and "statuses" in asked.kinds
        return Found(statuses=await _post_at(world, viewer_id, post[1]) if wanted else [])
    if (name := _ACCOUNT_PATH.fullmatch(path)) is not None and "accounts" in asked.kinds:
        account = await find_by_handle(world, name[1])
        there = account is not None and account.state == ACTIVE
        return Found(accounts=await _account_list(world, [account.id] if account and there else []))
    if (tag := _TAG_PATH.fullmatch(path)) is not None and "hashtags" in asked.kinds:
        return Found(hashtags=await tag_entities(world, [tag_key(tag[1])], viewer_id))
    return Found()


async def _post_at(world: World, viewer_id: int | None, digits: str) -> list[Status]:
    post_id = parse_id(digits)
    if post_id is None:
        return []
    sight = await Sight.of(world, viewer_id)
    seen = [one for one in await sight.posts([post_id]) if sight.sees(one)]
    return await status_jsons(world, seen, viewer_id, sight=sight)


async def _accounts(world: World, viewer_id: int | None, asked: _Asked) -> list[msgspec.Raw]:
    if "accounts" not in asked.kinds or asked.text.startswith("#"):
        return []
    ids = await find_accounts(
        world,
        viewer_id,
        asked.text,
        limit=asked.part.limit,
        offset=asked.part.offset,
        following=asked.following,
    )
    return await _account_list(world, ids)


async def _account_list(world: World, ids: list[AccountId]) -> list[msgspec.Raw]:
    jsons = await account_jsons(world, ids) if ids else {}
    return [jsons[one] for one in ids if one in jsons]


async def _statuses(court: Court, viewer_id: int | None, asked: _Asked) -> list[Status]:
    if "statuses" not in asked.kinds or viewer_id is None:
        return []
    sight = await Sight.of(court.world, viewer_id)
    posts = await find_posts(court.world, court.search, sight, asked.text, asked.part)
    return await status_jsons(court.world, posts, viewer_id, sight=sight)


async def _hashtags(court: Court, viewer_id: int | None, asked: _Asked) -> list[TagEntity]:
    """Tags that begin so: the tag itself, then those most used in the last seven days.

    Those used alike, to the power of two, come shortest first: a use more is counted any moment,
    and a list that is typed for must not jump.
    """
    start = tag_key(asked.text.removeprefix("#"))
    if "hashtags" not in asked.kinds or not start or re.search(r"[\s@]", start):
        return []
    wanted = asked.part.offset + asked.part.limit
    names = await court.search.tags(start, max(wanted, _TAGS_RANKED))
    tags = await tag_entities(court.world, names, viewer_id)
    tags.sort(key=lambda tag: (tag.name != start, -_use_of(tag), len(tag.name), tag.name))
    return tags[asked.part.offset : wanted]


def _use_of(tag: TagEntity) -> int:
    return (sum(int(day.uses) for day in tag.history) // _USES_ALIKE).bit_length()


async def search_accounts(court: Court, request: ApiRequest) -> Response:
    """Accounts by the beginning of a name, as when a mention is typed. `resolve` asks for nothing.

    Nothing is fetched from elsewhere.
    """
    query = request.query
    found = await find_accounts(
        court.world,
        request.account_id,
        query.required("q", limit=_QUERY),
        limit=query.integer("limit", 40, low=1, high=_ACCOUNTS_MOST),
        offset=query.integer("offset", 0, high=_OFFSET),
        following=bool(query.flag("following")),
    )
    return json_response(await _account_list(court.world, found))
