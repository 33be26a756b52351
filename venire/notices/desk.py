"""The desk at work: each item of a notice is read, looked for, and its finding kept.

Items are independent: one that cannot be read says so and the rest go on. A finding is one commit
with its event, so that a desk that dies in the middle goes on with what is left.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence

import msgspec

from venire.kernel.errors import Invalid
from venire.kernel.ports import ObjectStore, SearchIndex
from venire.notices import actions, store
from venire.notices.locating import (
    Candidate,
    LocateResult,
    parse_post_url,
    rank,
    search_pieces,
    search_terms,
)
from venire.notices.model import ItemState, NoticeItem, UnreadableCode
from venire.notices.ocr import OcrPool
from venire.notices.screenshot import ShownPost, shown_post
from venire.people.store import load_accounts
from venire.posts import actions as posts
from venire.posts import indexing
from venire.posts.model import DELETED, LISTED, REMOVED, Post
from venire.storage.world import World

_log = logging.getLogger(__name__)
_AT_ONCE = 4
_CANDIDATES = 60
_TERMS = 12
_INDEX_WAIT_S = 10.0
_PAUSE_S = 0.05


@dataclasses.dataclass(frozen=True)
class Tools:
    """What the desk works with."""

    world: World
    search: SearchIndex
    objects: ObjectStore
    ocr: OcrPool


async def read_notice(tools: Tools, notice_id: int) -> None:
    """Read and locate every item that has not been; again goes on with what is left.

    Raises what kept an item from being read (no engine for its screenshot), when all others are.
    """
    await _index_caught_up(tools)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(item: NoticeItem) -> None:
        async with gate:
            found = await _find(tools, item)
            announce = found.state == "located"
            await actions.save_item(tools.world, notice_id, found, announce=announce)

    items = await store.items(tools.world.storage, notice_id)
    done = await asyncio.gather(
        *(one(item) for item in items if item.state == "received"), return_exceptions=True
    )
    for failure in done:
        if failure is not None:
            raise failure


async def _index_caught_up(tools: Tools) -> None:
    """What was posted before the notice came must be findable; wait for the index, not for ever."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _INDEX_WAIT_S
    while not await indexing.caught_up(tools.world):
        if loop.time() > until:
            _log.warning("locating_before_index_caught_up")
            return
        await asyncio.sleep(_PAUSE_S)


async def _find(tools: Tools, item: NoticeItem) -> NoticeItem:
    try:
        match item.kind:
            case "url":
                return await _by_url(tools, item)
            case "text":
                result = await _locate(tools, [item.text])
                return await _with_result(tools, item, result)
            case "screenshot":
                return await _by_screenshot(tools, item)
            case "none":
                return _unreadable(item, "empty_text")
    except Invalid as problem:
        code: UnreadableCode = "too_large" if problem.code == "too_large" else "broken_image"
        return _unreadable(item, code)


def _unreadable(item: NoticeItem, code: UnreadableCode) -> NoticeItem:
    return msgspec.structs.replace(item, state="unreadable", code=code)


async def _by_url(tools: Tools, item: NoticeItem) -> NoticeItem:
    address = parse_post_url(item.url, tools.world.site.own)
    if address.kind == "foreign":
        return msgspec.structs.replace(
            item, state="foreign", searched=f"an address of another site: {address.host}"
        )
    post = None
    if address.post_id is not None:
        post = await posts.load(tools.world, address.post_id)
    if post is None or post.visibility not in LISTED:
        # What was not said in public is not confirmed to be there either.
        return msgspec.structs.replace(item, state="not_found", searched="the address itself")
    return msgspec.structs.replace(
        item,
        state=_state_of([post]),
        posts=(post.id,),
        confidence=1.0,
        searched="the address itself",
    )


async def _by_screenshot(tools: Tools, item: NoticeItem) -> NoticeItem:
    content = await tools.objects.get(item.screenshot_key)
    if content is None:
        return _unreadable(item, "missing_file")
    shown: ShownPost = shown_post(await tools.ocr.read(content))
    read = msgspec.structs.replace(
        item, read_text=shown.bodies[0] if shown.bodies else "", read_handle=shown.handle
    )
    if not shown.bodies:
        return _unreadable(read, "empty_text")
    result = await _locate(
        tools, shown.bodies, handle=shown.handle, picture=True, confidence=shown.confidence
    )
    return await _with_result(tools, read, result)


async def _locate(
    tools: Tools,
    readings: Sequence[str],
    *,
    handle: str = "",
    picture: bool = False,
    confidence: float = 1.0,
) -> LocateResult:
    """Ask the index several ways, then rank what it offers."""
    found: dict[int, None] = {}
    for reading in readings[:3]:
        together, any_of = search_terms(reading, _TERMS)
        for terms, match in ((together, "all"), (any_of, "any")):
            if terms:
                ids = await tools.search.candidates(terms, match, _CANDIDATES)  # type: ignore[arg-type]
                found.update(dict.fromkeys(ids))
        if picture and (pieces := search_pieces(reading, _TERMS)):
            ids = await tools.search.candidates(pieces, "any", _CANDIDATES)
            found.update(dict.fromkeys(ids))
    candidates = await _candidates(tools, list(found))
    return await asyncio.to_thread(
        rank, readings, candidates, handle=handle, picture=picture, confidence=confidence
    )


async def _candidates(tools: Tools, post_ids: Sequence[int]) -> list[Candidate]:
    loaded = await posts.load_many(tools.world, post_ids)
    authors = await load_accounts(tools.world, {post.author_id for post in loaded})
    return [
        Candidate(
            post_id=post.id,
            text=f"{post.spoiler}\n{post.text}" if post.spoiler else post.text,
            handle=authors[post.author_id].username if post.author_id in authors else "",
            created_at_ms=post.created_at_ms,
            state=post.state,
        )
        for post in loaded
        if post.visibility in LISTED
    ]


async def _with_result(tools: Tools, item: NoticeItem, result: LocateResult) -> NoticeItem:
    found = await posts.load_many(tools.world, [post_id for post_id, _ in result.posts])
    state: ItemState = result.state
    if state == "located":
        state = _state_of(found)
    shown = () if state == "not_found" else tuple(post_id for post_id, _ in result.posts)
    return msgspec.structs.replace(
        item,
        state=state,
        posts=shown,
        confidence=result.confidence if shown else 0.0,
        searched=result.searched,
    )


def _state_of(found: Sequence[Post]) -> ItemState:
    """What an item that was found starts from: there, gone by our hand, gone by its author's."""
    if found and all(post.state == REMOVED for post in found):
        return "removed_before_notice"
    if found and all(post.state in {REMOVED, DELETED} for post in found):
        return "deleted_by_author"
    return "located"
