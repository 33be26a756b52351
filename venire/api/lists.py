"""Lists: https://docs.joinmastodon.org/methods/lists/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.account import account_jsons
from venire.api.entities.list import build_list
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.post_pages import posts_response
from venire.api.routing import json_response
from venire.api.timelines import window_of
from venire.cases.court import Court
from venire.posts import lists
from venire.posts.lists import ListChoice


async def show_lists(court: Court, request: ApiRequest) -> Response:
    """The member's lists."""
    rows = await lists.lists_of(court.world, request.account_id)
    return json_response([build_list(row) for row in rows])


async def show_list(court: Court, request: ApiRequest) -> Response:
    """One of them."""
    row = await lists.load_list(court.world, request.account_id, request.path("id"))
    return json_response(build_list(row))


async def _choice(request: ApiRequest) -> ListChoice:
    form = await request.form()
    return ListChoice(
        title=form.text("title", limit=10_000),
        replies=form.text("replies_policy", limit=100) or None,
        exclusive=form.flag("exclusive"),
    )


async def create_list(court: Court, request: ApiRequest) -> Response:
    """Make a list."""
    row = await lists.create_list(court.world, request.account_id, await _choice(request))
    return json_response(build_list(row))


async def change_list(court: Court, request: ApiRequest) -> Response:
    """Rename a list, or change what it shows."""
    choice = await _choice(request)
    row = await lists.change_list(court.world, request.account_id, request.path("id"), choice)
    return json_response(build_list(row))


async def delete_list(court: Court, request: ApiRequest) -> Response:
    """Delete a list."""
    await lists.delete_list(court.world, request.account_id, request.path("id"))
    return json_response({})


async def list_accounts(court: Court, request: ApiRequest) -> Response:
    """Who is on a list; the cursor is their id, and `limit=0` asks for everyone."""
    world = court.world
    row = await lists.load_list(world, request.account_id, request.path("id"))
    if request.query.text("limit", limit=20) == "0":
        everyone = await lists.members_of(world, row.id)
        jsons = await account_jsons(world, everyone)
        return json_response([jsons[one] for one in everyone if one in jsons])
    page = page_of(request, 40, 80)
    read = await lists.member_page(world, row.id, **page.bounds)
    ids = newest_first(page, read)
    jsons = await account_jsons(world, ids)
    shown = [jsons[one] for one in ids if one in jsons]
    return paged_response(world, request, shown, ids, more=len(read) == page.limit)


async def add_accounts(court: Court, request: ApiRequest) -> Response:
    """Put accounts on a list."""
    wanted = (await request.form()).identifiers("account_ids", most=lists.MEMBERS_MOST)
    await lists.put_on(court.world, request.account_id, request.path("id"), wanted)
    return json_response({})


async def remove_accounts(court: Court, request: ApiRequest) -> Response:
    """Take accounts off a list."""
    wanted = (await request.form()).identifiers("account_ids", most=lists.MEMBERS_MOST)
    await lists.take_off(court.world, request.account_id, request.path("id"), wanted)
    return json_response({})


async def lists_with(court: Court, request: ApiRequest) -> Response:
    """The member's lists that an account is on."""
    rows = await lists.lists_with(court.world, request.account_id, request.path("id"))
    return json_response([build_list(row) for row in rows])


async def list_timeline(court: Court, request: ApiRequest) -> Response:
    """What those on a list post."""
    page = await lists.list_page(
        court.world, request.account_id, request.path("id"), window_of(request)
    )
    return await posts_response(court.world, request, page)
