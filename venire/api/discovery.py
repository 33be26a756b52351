"""Who else is here: endorsements, familiar followers, the directory, suggestions, one's profile."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from venire.api import accounts
from venire.api.entities.account import account_jsons
from venire.api.entities.profile import profile_entity
from venire.api.entities.relationship import build_relationship
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.people import domain_blocks, ties
from venire.people.acquaintances import (
    familiar_followers,
    friends_of_friends,
    suggestible,
    wave_away,
)
from venire.people.directory import newest_members
from venire.people.endorsements import endorse, endorsed_ids, unendorse
from venire.people.model import DELETED, Account
from venire.people.profile_choices import ProfileChange, change_choices, checked
from venire.people.relations import hidden_from
from venire.people.store import load_account
from venire.posts.trends import popular_authors, recent_authors

_MANY = 40
_OFFSET = 400
_DOMAIN = 500
_CANDIDATES = 200


class SuggestionEntity(msgspec.Struct, frozen=True):
    """Someone whom the member may know, and why they are shown."""

    source: str
    sources: tuple[str, ...]
    account: msgspec.Raw


async def _endorsed(court: Court, request: ApiRequest, account_id: int) -> Response:
    page = page_of(request, 40, 80)
    read = await endorsed_ids(court.world, account_id, **page.bounds)
    ids = newest_first(page, read)
    jsons = await account_jsons(court.world, ids)
    shown = [jsons[one] for one in ids if one in jsons]
    return paged_response(court.world, request, shown, ids, more=len(read) == page.limit)


async def endorsements(court: Court, request: ApiRequest) -> Response:
    """Whom the member endorses."""
    return await _endorsed(court, request, request.account_id)


async def account_endorsements(court: Court, request: ApiRequest) -> Response:
    """Whom an account endorses on its profile."""
    account = await load_account(court.world, request.path("id"))
    if account is None or account.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    return await _endorsed(court, request, account.id)


async def _tie(court: Court, request: ApiRequest) -> Response:
    found = await ties.relationship(court.world, request.account_id, request.path("id"))
    return json_response(build_relationship(found))


async def endorse_account(court: Court, request: ApiRequest) -> Response:
    """Show an account on one's profile."""
    await endorse(court.world, request.account_id, request.path("id"))
    return await _tie(court, request)


async def unendorse_account(court: Court, request: ApiRequest) -> Response:
    """Show it there no longer."""
    if await load_account(court.world, request.path("id")) is None:
        raise NotFound("record_not_found", "Record not found")
    await unendorse(court.world, request.account_id, request.path("id"))
    return await _tie(court, request)


async def show_familiar_followers(court: Court, request: ApiRequest) -> Response:
    """Whom the member follows of those who follow some accounts."""
    found = [
        (one, await familiar_followers(court.world, request.account_id, one))
        for one in (await request.form()).identifiers("id", most=_MANY)
    ]
    jsons = await account_jsons(court.world, {one.id for _, known in found for one in known})
    return json_response(
        [
            {"id": str(one), "accounts": [jsons[account.id] for account in known]}
            for one, known in found
        ]
    )


async def directory(court: Court, request: ApiRequest) -> Response:
    """Members who want to be found: who posted last, or who joined last."""
    query, world = request.query, court.world
    limit = query.integer("limit", 40, low=1, high=80)
    offset = query.integer("offset", 0, high=_OFFSET)
    if query.text("order", limit=20) == "new":
        found: Sequence[Account] = await newest_members(world, offset + limit)
    else:
        found = await recent_authors(world)
    if request.viewer_id is not None:
        hidden = (await hidden_from(world, request.viewer_id)).anyone
        found = [one for one in found if one.id not in hidden]
    jsons = await account_jsons(world, [one.id for one in found[offset : offset + limit]])
    return json_response(list(jsons.values()))


async def _suggested(court: Court, request: ApiRequest) -> list[tuple[Account, str]]:
    world, me = court.world, request.account_id
    limit = request.query.integer("limit", 40, low=1, high=80)
    near = await suggestible(world, me, await friends_of_friends(world, me, _CANDIDATES))
    found = [(account, "friends_of_friends") for account in near[:limit]]
    if len(found) < limit:
        known = {account.id for account, _ in found}
        popular = [one.id for one in await popular_authors(world) if one.id not in known]
        far = await suggestible(world, me, popular)
        found += [(account, "most_followed") for account in far[: limit - len(found)]]
    return found


async def suggestions(court: Court, request: ApiRequest) -> Response:
    """Whom the member may want to follow, version 2: with the reason."""
    found = await _suggested(court, request)
    jsons = await account_jsons(court.world, [account.id for account, _ in found])
    return json_response(
        [
            SuggestionEntity(
                "past_interactions" if reason == "friends_of_friends" else "global",
                (reason,),
                jsons[account.id],
            )
            for account, reason in found
            if account.id in jsons
        ]
    )


async def suggestions_v1(court: Court, request: ApiRequest) -> Response:
    """The same as a list of accounts."""
    found = await _suggested(court, request)
    jsons = await account_jsons(court.world, [account.id for account, _ in found])
    return json_response(list(jsons.values()))


async def dismiss_suggestion(court: Court, request: ApiRequest) -> Response:
    """Suggest an account no more."""
    await wave_away(court.world, request.account_id, request.path("id"))
    return json_response({})


async def show_domain_blocks(court: Court, request: ApiRequest) -> Response:
    """Sites that the member blocks; the cursor is the block's own id."""
    page = page_of(request, 100, 200)
    rows = [
        row
        for row in await domain_blocks.blocked_domains(court.world, request.account_id)
        if (page.below is None or row.block_id < page.below)
        and (page.above is None or row.block_id > page.above)
    ]
    read = (rows[::-1] if page.reverse else rows)[: page.limit]
    shown = newest_first(page, read)
    cursors = [row.block_id for row in shown]
    names = [row.domain for row in shown]
    return paged_response(court.world, request, names, cursors, more=len(rows) > len(read))


async def block_domain(court: Court, request: ApiRequest) -> Response:
    """Block a site."""
    domain = (await request.form()).text("domain", limit=_DOMAIN) or ""
    await domain_blocks.block_domain(court.world, request.account_id, domain)
    return json_response({})


async def unblock_domain(court: Court, request: ApiRequest) -> Response:
    """Block it no longer."""
    domain = (await request.form()).text("domain", limit=_DOMAIN) or ""
    await domain_blocks.unblock_domain(court.world, request.account_id, domain)
    return json_response({})


async def preview_domain_block(_court: Court, _request: ApiRequest) -> Response:
    """How many ties a block would end: none, since nobody from elsewhere can be followed here."""
    return json_response({"following_count": 0, "followers_count": 0})


async def show_profile(court: Court, request: ApiRequest) -> Response:
    """The member's profile as they edit it."""
    account = await load_account(court.world, request.account_id)
    if account is None:
        raise NotFound("record_not_found", "Record not found")
    return json_response(await profile_entity(court.world, account))


async def change_profile(court: Court, request: ApiRequest) -> Response:
    """Change one's profile: all that `update_credentials` takes, and what the page shows."""
    form = await request.form()
    listed = form.texts("attribution_domains", limit=_DOMAIN)
    asked = ProfileChange(
        show_media=form.flag("show_media"),
        show_media_replies=form.flag("show_media_replies"),
        show_featured=form.flag("show_featured"),
        attribution_domains=tuple(listed) if "attribution_domains" in form else None,
    )
    change = checked(asked)
    await accounts.update_credentials(court, request)
    await change_choices(court.world, request.account_id, change)
    return await show_profile(court, request)
