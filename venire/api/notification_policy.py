"""Whom the member wants to hear of, and who waits to be heard.

https://docs.joinmastodon.org/methods/notifications/#get-policy and #get-requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.responses import Response

from venire.api.entities.account import account_jsons
from venire.api.entities.status import Status, statuses_by_id
from venire.api.form import Form
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.kernel.ids import id_ms
from venire.posts import notification_policy, notification_requests
from venire.posts.notification_policy import ACCEPT, FILTER, Policy
from venire.posts.notification_requests import Request
from venire.posts.sight import Sight
from venire.posts.store import load_many
from venire.storage.world import World

_CHOICES = (
    "for_not_following",
    "for_not_followers",
    "for_new_accounts",
    "for_private_mentions",
    "for_limited_accounts",
)
_FLAGS = _CHOICES[:4]
_MANY = 100


class SummaryEntity(msgspec.Struct, frozen=True):
    """What waits."""

    pending_requests_count: int
    pending_notifications_count: int


class PolicyEntity(msgspec.Struct, frozen=True):
    """Whom the member wants to hear of: accept, filter or drop."""

    for_not_following: str
    for_not_followers: str
    for_new_accounts: str
    for_private_mentions: str
    for_limited_accounts: str
    summary: SummaryEntity


class PolicyV1Entity(msgspec.Struct, frozen=True):
    """The same as version 1 has it: filtered or not."""

    filter_not_following: bool
    filter_not_followers: bool
    filter_new_accounts: bool
    filter_private_mentions: bool
    summary: SummaryEntity


class RequestEntity(msgspec.Struct, frozen=True):
    """A sender who waits to be heard."""

    id: str
    created_at: str
    updated_at: str
    notifications_count: str
    account: msgspec.Raw
    last_status: Status | None


async def _answer(court: Court, request: ApiRequest, policy: Policy, *, first: bool) -> Response:
    found = await notification_requests.summary(court.world, request.account_id)
    summary = SummaryEntity(*found)
    if first:
        return json_response(
            PolicyV1Entity(
                filter_not_following=policy.for_not_following != ACCEPT,
                filter_not_followers=policy.for_not_followers != ACCEPT,
                filter_new_accounts=policy.for_new_accounts != ACCEPT,
                filter_private_mentions=policy.for_private_mentions != ACCEPT,
                summary=summary,
            )
        )
    return json_response(
        PolicyEntity(
            for_not_following=policy.for_not_following,
            for_not_followers=policy.for_not_followers,
            for_new_accounts=policy.for_new_accounts,
            for_private_mentions=policy.for_private_mentions,
            for_limited_accounts=policy.for_limited_accounts,
            summary=summary,
        )
    )


async def show_policy(court: Court, request: ApiRequest) -> Response:
    """Whom the member wants to hear of."""
    policy = await notification_policy.load_policy(court.world, request.account_id)
    return await _answer(court, request, policy, first=False)


async def edit_policy(court: Court, request: ApiRequest) -> Response:
    """Choose whom to hear of."""
    form = await request.form()
    changes = {
        name: choice for name in _CHOICES if (choice := form.text(name, limit=20)) is not None
    }
    policy = await notification_policy.save_policy(court.world, request.account_id, changes)
    return await _answer(court, request, policy, first=False)


async def show_policy_v1(court: Court, request: ApiRequest) -> Response:
    """The same, in version 1."""
    policy = await notification_policy.load_policy(court.world, request.account_id)
    return await _answer(court, request, policy, first=True)


def _chosen_v1(form: Form) -> dict[str, str]:
    found = {name: form.flag(name.replace("for_", "filter_")) for name in _FLAGS}
    return {name: FILTER if flag else ACCEPT for name, flag in found.items() if flag is not None}


async def edit_policy_v1(court: Court, request: ApiRequest) -> Response:
    """Choose, in version 1."""
    changes = _chosen_v1(await request.form())
    policy = await notification_policy.save_policy(court.world, request.account_id, changes)
    return await _answer(court, request, policy, first=True)


async def _entities(
    world: World, viewer_id: int, requests: Sequence[Request]
) -> list[RequestEntity]:
    accounts = await account_jsons(world, [one.from_id for one in requests])
    posts = await load_many(world, [one.last_post_id for one in requests if one.last_post_id])
    sight = await Sight.of(world, viewer_id)
    await sight.learn(post.author_id for post in posts)
    seen = [post for post in posts if sight.sees(post)]
    statuses = await statuses_by_id(world, seen, viewer_id, sight=sight)
    return [
        RequestEntity(
            id=str(one.id),
            created_at=iso_ms(id_ms(one.id)),
            updated_at=iso_ms(id_ms(one.last_id)),
            notifications_count=str(one.count),
            account=accounts[one.from_id],
            last_status=statuses.get(one.last_post_id or 0),
        )
        for one in requests
        if one.from_id in accounts
    ]


async def show_requests(court: Court, request: ApiRequest) -> Response:
    """Who waits to be heard."""
    page = page_of(request, default=40, most=80)
    found = await notification_requests.page(court.world, request.account_id, **page.bounds)
    ordered: list[Request] = newest_first(page, found)
    return paged_response(
        court.world,
        request,
        await _entities(court.world, request.account_id, ordered),
        [one.id for one in ordered],
        more=len(found) == page.limit,
    )


async def show_request(court: Court, request: ApiRequest) -> Response:
    """One who waits to be heard."""
    found = await notification_requests.load(court.world, request.account_id, request.path("id"))
    entities = await _entities(court.world, request.account_id, [found])
    if not entities:
        raise NotFound("record_not_found", "Record not found")
    return json_response(entities[0])


async def accept(court: Court, request: ApiRequest) -> Response:
    """Hear of a sender from now on."""
    await notification_requests.accept(court.world, request.account_id, request.path("id"))
    return json_response({})


async def dismiss(court: Court, request: ApiRequest) -> Response:
    """Put away what was held back of a sender."""
    await notification_requests.dismiss(court.world, request.account_id, request.path("id"))
    return json_response({})


async def _each(
    court: Court, request: ApiRequest, act: Callable[[World, int, int], Awaitable[None]]
) -> Response:
    form = await request.form()

    async def one(request_id: int) -> None:
        # Another device may have answered meanwhile: the others are answered all the same.
        try:
            await act(court.world, request.account_id, request_id)
        except NotFound:
            return

    await asyncio.gather(*(one(each) for each in form.identifiers("id", most=_MANY)))
    return json_response({})


async def accept_many(court: Court, request: ApiRequest) -> Response:
    """Hear of several senders."""
    return await _each(court, request, notification_requests.accept)


async def dismiss_many(court: Court, request: ApiRequest) -> Response:
    """Put away what was held back of several senders."""
    return await _each(court, request, notification_requests.dismiss)


async def merged(_court: Court, _request: ApiRequest) -> Response:
    """Whether what was accepted is among the notifications: it is, before accepting is answered."""
    return json_response({"merged": True})
