"""Conversations, and threads that are muted.

https://docs.joinmastodon.org/methods/conversations/ and methods/statuses/#mute.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from venire.api.entities.account import account_jsons
from venire.api.entities.status import Status, status_json, statuses_by_id
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.api.timelines import page_links, window_of
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.posts import actions, conversation_mutes, conversations
from venire.posts.conversations import Conversation
from venire.posts.model import Post
from venire.posts.store import load
from venire.storage.world import World


class ConversationEntity(msgspec.Struct, frozen=True):
    """A conversation for one of its participants."""

    id: str
    unread: bool
    accounts: Sequence[msgspec.Raw]
    last_status: Status | None


async def conversation_entities(
    world: World, viewer_id: int, found: Sequence[Conversation]
) -> list[ConversationEntity]:
    """Conversations as JSON, in their order."""
    accounts = await account_jsons(world, {other for one in found for other in one.others})
    statuses = await statuses_by_id(world, [one.last for one in found], viewer_id)
    return [
        ConversationEntity(
            id=str(one.id),
            unread=one.unread,
            accounts=[accounts[other] for other in one.others if other in accounts],
            last_status=statuses.get(one.last.id),
        )
        for one in found
    ]


async def _entity(court: Court, request: ApiRequest, one: Conversation) -> Response:
    entities = await conversation_entities(court.world, request.account_id, [one])
    return json_response(entities[0])


async def show_conversations(court: Court, request: ApiRequest) -> Response:
    """The member's direct conversations, by their last post."""
    page = await conversations.page_of(court.world, request.account_id, window_of(request))
    entities = await conversation_entities(court.world, request.account_id, page.items)
    return json_response(entities, headers=page_links(court.world, request, page))


async def remove(court: Court, request: ApiRequest) -> Response:
    """Put a conversation away."""
    await conversations.remove(court.world, request.account_id, request.path("id"))
    return json_response({})


async def mark_read(court: Court, request: ApiRequest) -> Response:
    """Mark a conversation as read."""
    one = await conversations.set_unread(
        court.world, request.account_id, request.path("id"), unread=False
    )
    return await _entity(court, request, one)


async def mark_unread(court: Court, request: ApiRequest) -> Response:
    """Mark a conversation as not read."""
    one = await conversations.set_unread(
        court.world, request.account_id, request.path("id"), unread=True
    )
    return await _entity(court, request, one)


async def _post(court: Court, request: ApiRequest) -> Post:
    post = await load(court.world, request.path("id"))
    if post is None or not await actions.may_see(court.world, post, request.account_id):
        raise NotFound("record_not_found", "Record not found")
    return post


async def mute(court: Court, request: ApiRequest) -> Response:
    """Hear no more of the thread that a post is in."""
    post = await _post(court, request)
    await conversation_mutes.mute(court.world, request.account_id, post.conversation_id)
    return json_response(await status_json(court.world, post, request.account_id))


async def unmute(court: Court, request: ApiRequest) -> Response:
    """Hear of that thread again."""
    post = await _post(court, request)
    await conversation_mutes.unmute(court.world, request.account_id, post.conversation_id)
    return json_response(await status_json(court.world, post, request.account_id))
