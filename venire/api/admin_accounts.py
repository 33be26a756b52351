"""Members as moderators see them: docs.joinmastodon.org/methods/admin/accounts."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.entities.account import account_entity, role_entity
from venire.api.paging import link_header
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Invalid, NotFound
from venire.people import actions
from venire.people.model import PENDING, UNCONFIRMED
from venire.people.standing import standing
from venire.people.store import load_account, load_login, waiting_accounts


async def _entity(court: Court, account_id: int) -> dict[str, Any]:
    """Mastodon's `Admin::Account`. No address is in it: we keep only a hash of the network."""
    world = court.world
    account = await load_account(world, account_id)
    login = await load_login(world, account_id)
    if account is None or login is None:
        raise NotFound("record_not_found", "Record not found")
    stands = await standing(world, account_id)
    return {
        "id": str(account.id),
        "username": account.username,
        "domain": None,
        "created_at": iso_ms(account.created_at_ms),
        "email": login.email,
        "ip": None,
        "ips": [],
        "locale": login.locale,
        "invite_request": login.reason,
        "role": role_entity(account.role),
        "confirmed": login.confirmed_at_ms is not None,
        "approved": account.state != PENDING,
        "disabled": False,
        "sensitized": False,
        "silenced": False,
        "suspended": stands.suspended or stands.terminated,
        "account": await account_entity(court, account_id),
        "created_by_application_id": None,
        "invited_by_account_id": None,
    }


async def waiting(court: Court, request: ApiRequest) -> Response:
    """Members who wait: `status=pending` for a moderator, `unconfirmed` for their address."""
    query = request.query
    state = query.text("status") or PENDING
    if state not in {PENDING, UNCONFIRMED}:
        raise Invalid("status_unknown", "status is pending or unconfirmed")
    limit = query.integer("limit", 40, low=1, high=200)
    found = await waiting_accounts(
        court.world, state, below=query.identifier("max_id"), limit=limit
    )
    links = link_header(
        court.world,
        request,
        newest=found[0] if found else None,
        oldest=found[-1] if found else None,
        more=len(found) == limit,
    )
    return json_response([await _entity(court, one) for one in found], headers=links)


async def show(court: Court, request: ApiRequest) -> Response:
    """One member."""
    return json_response(await _entity(court, request.path("id")))


async def approve(court: Court, request: ApiRequest) -> Response:
    """Let in someone who waited for a moderator."""
    account = await actions.approve_account(court.world, request.path("id"))
    return json_response(await _entity(court, account.id))


async def confirm(court: Court, request: ApiRequest) -> Response:
    """Note that a member's address is theirs, for a site that sends no mail."""
    account = await actions.confirm_contact(court.world, request.path("id"))
    return json_response(await _entity(court, account.id))
