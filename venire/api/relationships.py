"""Follows, blocks, mutes and follow requests, as the viewer's own ties."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.entities.account import account_jsons, muted_entity
from venire.api.entities.relationship import build_relationship
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId
from venire.people import follows, relations, ties
from venire.people.budgets import check_follow
from venire.people.store import load_account, load_accounts

_MUTE_MOST_S = 10 * 365 * DAY_MS // 1_000


async def _relationship(court: Court, request: ApiRequest, other: int) -> Response:
    found = await ties.relationship(court.world, request.account_id, other)
    return json_response(build_relationship(found))


async def show_relationships(court: Court, request: ApiRequest) -> Response:
    """What is between the viewer and some accounts."""
    ids = request.query.identifiers("id", most=100)
    there = await load_accounts(court.world, ids)
    found = [
        await ties.relationship(court.world, request.account_id, one) for one in ids if one in there
    ]
    return json_response([build_relationship(one) for one in found])


async def follow(court: Court, request: ApiRequest) -> Response:
    """Follow, ask to follow, or change how one follows."""
    form = await request.form()
    other = request.path("id")
    languages = form.texts("languages", limit=35)[:20] if "languages" in form else None
    manner = follows.Manner(
        reblogs=form.flag("reblogs"),
        notify=form.flag("notify"),
        languages=None if languages is None else tuple(languages),
    )
    me = await load_account(court.world, request.account_id)
    if me is not None:
        await check_follow(court.world, me)
    await follows.follow(court.world, request.account_id, other, manner)
    return await _relationship(court, request, other)


async def _known(court: Court, account_id: int) -> int:
    if await load_account(court.world, account_id) is None:
        raise NotFound("record_not_found", "Record not found")
    return account_id


async def unfollow(court: Court, request: ApiRequest) -> Response:
    """Stop following, or take a request back."""
    other = await _known(court, request.path("id"))
    await follows.unfollow(court.world, request.account_id, other)
    return await _relationship(court, request, other)


async def remove_follower(court: Court, request: ApiRequest) -> Response:
    """Make someone follow no longer."""
    other = await _known(court, request.path("id"))
    await follows.unfollow(court.world, AccountId(other), request.account_id)
    return await _relationship(court, request, other)


async def block(court: Court, request: ApiRequest) -> Response:
    """Block an account."""
    other = request.path("id")
    await ties.block(court.world, request.account_id, other)
    return await _relationship(court, request, other)


async def unblock(court: Court, request: ApiRequest) -> Response:
    """End a block."""
    other = await _known(court, request.path("id"))
    await ties.unblock(court.world, request.account_id, other)
    return await _relationship(court, request, other)


async def mute(court: Court, request: ApiRequest) -> Response:
    """Mute an account, for `duration` seconds or until undone."""
    form = await request.form()
    other = request.path("id")
    notifications = form.flag("notifications")
    await ties.mute(
        court.world,
        request.account_id,
        other,
        notifications=True if notifications is None else notifications,
        lasts_s=form.integer("duration", 0, high=_MUTE_MOST_S),
    )
    return await _relationship(court, request, other)


async def unmute(court: Court, request: ApiRequest) -> Response:
    """End a mute."""
    other = await _known(court, request.path("id"))
    await ties.unmute(court.world, request.account_id, other)
    return await _relationship(court, request, other)


async def set_note(court: Court, request: ApiRequest) -> Response:
    """Keep a private note on an account."""
    form = await request.form()
    other = AccountId(await _known(court, request.path("id")))
    await relations.set_note(
        court.world, request.account_id, other, form.text("comment", limit=10_000) or ""
    )
    return await _relationship(court, request, other)


async def blocks(court: Court, request: ApiRequest) -> Response:
    """Whom the viewer blocks."""
    page = page_of(request, 40, 80)
    read = await relations.relation_page(
        court.world, request.account_id, relations.BLOCK, **page.bounds
    )
    ids = [row.target_id for row in newest_first(page, read)]
    jsons = await account_jsons(court.world, ids)
    shown = [jsons[one] for one in ids if one in jsons]
    return paged_response(court.world, request, shown, ids, more=len(read) == page.limit)


async def mutes(court: Court, request: ApiRequest) -> Response:
    """Whom the viewer mutes, and until when."""
    page = page_of(request, 40, 80)
    read = await relations.relation_page(
        court.world, request.account_id, relations.MUTE, **page.bounds
    )
    rows = newest_first(page, read)
    shown: list[Any] = []
    for row in rows:
        entity = await muted_entity(court.world, row.target_id, row.until_ms)
        if entity is not None:
            shown.append(entity)
    ids = [row.target_id for row in rows]
    return paged_response(court.world, request, shown, ids, more=len(read) == page.limit)


async def follow_requests(court: Court, request: ApiRequest) -> Response:
    """Who asks to follow the viewer."""
    page = page_of(request, 40, 80)
    read = await follows.request_page(court.world, request.account_id, **page.bounds)
    rows = newest_first(page, read)
    jsons = await account_jsons(court.world, [account for _, account in rows])
    shown = [jsons[account] for _, account in rows if account in jsons]
    cursors = [follow_id for follow_id, _ in rows]
    return paged_response(court.world, request, shown, cursors, more=len(read) == page.limit)


async def accept_request(court: Court, request: ApiRequest) -> Response:
    """Let someone follow."""
    other = request.path("id")
    await follows.answer_request(court.world, request.account_id, other, accept=True)
    return await _relationship(court, request, other)


async def reject_request(court: Court, request: ApiRequest) -> Response:
    """Do not let someone follow."""
    other = request.path("id")
    await follows.answer_request(court.world, request.account_id, other, accept=False)
    return await _relationship(court, request, other)
