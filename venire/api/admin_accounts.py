"""Members as moderators see them: docs.joinmastodon.org/methods/admin/accounts.

What is done here to a member goes through that member's case (`cases/discipline.py`).
"""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from venire.api.entities.admin import admin_account
from venire.api.form import Form
from venire.api.paging import link_header
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import discipline, waves
from venire.cases.court import Court
from venire.kernel.clock import iso_ms, parse_iso_ms
from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.people import actions, consent, departures, roll
from venire.people.admin_log import OF_JURORS, log_line, log_page
from venire.people.model import ADMIN, CONSENT, MEMBER, MODERATOR, UNCONFIRMED
from venire.people.store import WAITS, load_account
from venire.storage.tables.waves import WaveRow

_ROLE_IDS = {"3": ADMIN, "2": MODERATOR, "-99": MEMBER}
_STATUSES = (
    "active",
    "pending",
    "disabled",
    "silenced",
    "sensitized",
    "suspended",
    UNCONFIRMED,
    CONSENT,
)


def check_admin(request: ApiRequest) -> int:
    """The admin who asks. Forbidden `role_required` for a moderator."""
    if request.viewer is None or request.viewer.role != ADMIN:
        raise Forbidden("role_required", "This action is not allowed")
    return request.account_id


async def list_accounts(court: Court, request: ApiRequest) -> Response:
    """Version 2. Remote accounts are none; `ip` is looked for among sign-ups of 30 days."""
    query = request.query
    status = query.text("status", limit=20) or "active"
    if status not in _STATUSES:
        raise Invalid("status_unknown", "Validation failed: Status is not included in the list")
    roles = frozenset(_ROLE_IDS.get(one, "none") for one in query.texts("role_ids", limit=20)[:10])
    wanted = _wanted(query, status, staff=query.text("permissions", limit=20) == "staff")
    if roles:
        wanted = msgspec.structs.replace(wanted, roles=roles)
    elsewhere = query.text("origin", limit=20) == "remote" or _of_another_site(court, query)
    if query.text("invited_by"):
        # Nobody is invited by a member here.
        elsewhere = True
    return await _listed(court, request, wanted, elsewhere=elsewhere)


async def list_accounts_v1(court: Court, request: ApiRequest) -> Response:
    """Version 1, where each status is a switch of its own."""
    query = request.query
    status = next((one for one in _STATUSES if query.flag(one)), "active")
    wanted = _wanted(query, status, staff=bool(query.flag("staff")))
    elsewhere = bool(query.flag("remote")) or _of_another_site(court, query)
    return await _listed(court, request, wanted, elsewhere=elsewhere)


def _wanted(query: Form, status: str, *, staff: bool) -> roll.Wanted:
    return roll.Wanted(
        status=status,
        username=(query.text("username", limit=100) or "").strip().removeprefix("@"),
        display_name=(query.text("display_name", limit=200) or "").strip(),
        email=(query.text("email", limit=320) or "").strip(),
        ip=(query.text("ip", limit=50) or "").strip(),
        staff=staff,
    )


def _of_another_site(court: Court, query: Form) -> bool:
    domain = (query.text("by_domain", limit=300) or "").strip()
    return bool(domain) and not court.world.site.own.has(domain)


async def _listed(
    court: Court, request: ApiRequest, wanted: roll.Wanted, *, elsewhere: bool
) -> Response:
    if elsewhere:
        return json_response([])
    query = request.query
    rising = query.identifier("min_id") is not None
    span = roll.Span(
        limit=query.integer("limit", 100, low=1, high=200),
        above=query.identifier("min_id") or query.identifier("since_id"),
        below=query.identifier("max_id"),
        rising=rising,
    )
    found = await roll.page(court.world, wanted, span)
    links = link_header(
        court.world, request, newest=found.newest, oldest=found.oldest, more=found.more or rising
    )
    entities = [await admin_account(court, account.id) for account in found.accounts]
    return json_response(entities, headers=links)


async def show(court: Court, request: ApiRequest) -> Response:
    """One member."""
    return json_response(await admin_account(court, request.path("id")))


async def act(court: Court, request: ApiRequest) -> Response:
    """Warn, mark as sensitive, limit, disable or suspend; always told, with a statement."""
    form = await request.form()
    await discipline.act_on_account(
        court,
        request.path("id"),
        actor_id=request.account_id,
        act=form.text("type", limit=40) or "none",
        text=form.text("text", limit=10_000) or "",
        category=form.text("category", limit=40) or "",
        report_id=form.identifier("report_id"),
    )
    return json_response({})


async def _free(court: Court, request: ApiRequest, act: str) -> Response:
    form = await request.form()
    account_id = request.path("id")
    await discipline.act_on_account(
        court,
        account_id,
        actor_id=request.account_id,
        act=act,
        text=form.text("text", limit=10_000) or "",
    )
    return json_response(await admin_account(court, account_id))


async def enable(court: Court, request: ApiRequest) -> Response:
    """Let a member sign in again."""
    return await _free(court, request, "enable")


async def unsilence(court: Court, request: ApiRequest) -> Response:
    """Put a member back on public lists."""
    return await _free(court, request, "unsilence")


async def unsuspend(court: Court, request: ApiRequest) -> Response:
    """End a moderator's suspension; one by points ends with the verdicts that gave them."""
    return await _free(court, request, "unsuspend")


async def unsensitive(court: Court, request: ApiRequest) -> Response:
    """No longer mark a member's media."""
    return await _free(court, request, "unsensitive")


async def approve(court: Court, request: ApiRequest) -> Response:
    """Let in someone who waited for a moderator."""
    account = await actions.approve_account(
        court.world, request.path("id"), actor_id=request.account_id
    )
    return json_response(await admin_account(court, account.id))


async def confirm(court: Court, request: ApiRequest) -> Response:
    """Note that a member's address is theirs, for a site that sends no mail."""
    account = await actions.confirm_contact(
        court.world, request.path("id"), actor_id=request.account_id
    )
    return json_response(await admin_account(court, account.id))


async def reject(court: Court, request: ApiRequest) -> Response:
    """Turn away someone who waits; the account is closed and erased."""
    account = await load_account(court.world, request.path("id"))
    if account is None or account.state not in WAITS:
        raise NotFound("record_not_found", "Record not found")
    return await _close(court, request, "reject")


async def delete(court: Court, request: ApiRequest) -> Response:
    """Delete a suspended member's account for good (admin)."""
    check_admin(request)
    account_id = request.path("id")
    account = await discipline.may_act(court.world, request.account_id, account_id)
    limits = await discipline.limits_of(court, account.id)
    if "suspend" not in limits and not await discipline.suspended_otherwise(court, account.id):
        # As with Mastodon: what cannot be undone comes after what can be, and be appealed.
        raise Forbidden("not_suspended", "Only a suspended account can be deleted")
    return await _close(court, request, "destroy")


async def _close(court: Court, request: ApiRequest, action: str) -> Response:
    account_id = request.path("id")
    shown = await admin_account(court, account_id)
    form = await request.form()
    line = log_line(
        court.world,
        actor_id=request.account_id,
        action=action,
        target=str(account_id),
        reason=form.text("text", limit=2_000) or "",
        aggregate=f"account:{account_id}",
    )
    await departures.leave(court.world, account_id, returnable=False, also=(line,))
    return json_response(shown)


async def show_consent(court: Court, request: ApiRequest) -> Response:
    """What became of a guardian's consent, and the link that they open."""
    row = await consent.load_consent(court.world, request.path("id"))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    waits = row.state == consent.WAITING
    return json_response(
        {
            "state": row.state,
            "guardian_email": row.guardian_email,
            "link": await consent.consent_link(court.world, row) if waits else None,
            "asked_at": iso_ms(row.asked_at_ms),
            "expires_at": iso_ms(row.until_ms),
            "decided_at": None if row.decided_at_ms is None else iso_ms(row.decided_at_ms),
        }
    )


async def give_consent(court: Court, request: ApiRequest) -> Response:
    """Note a guardian's consent that came by another way."""
    account_id = request.path("id")
    await consent.give_consent(court.world, account_id, by=request.account_id)
    return json_response(await admin_account(court, account_id))


async def log(court: Court, request: ApiRequest) -> Response:
    """What operators did outside of cases in a month, newest first; to which juror, for admins."""
    whole = request.viewer is not None and request.viewer.role == ADMIN
    month = request.query.text("month", limit=7) or iso_ms(court.world.now_ms())[:7]
    rows = await log_page(court.world, month, below=request.query.identifier("max_id"))
    return json_response(
        [
            {
                "id": str(row.id),
                "actor_id": str(row.actor_id),
                "action": row.action,
                "target": row.target if whole or row.action not in OF_JURORS else "",
                "reason": row.reason if whole or row.action not in OF_JURORS else "",
                "at": iso_ms(row.at_ms),
            }
            for row in rows
        ]
    )


async def undo_wave(court: Court, request: ApiRequest) -> Response:
    """Take back what a member did between two moments: posts by their cases, and follows."""
    account_id = request.path("id")
    form = await request.form()
    try:
        since_ms = parse_iso_ms(form.required("since", limit=40))
        until = form.text("until", limit=40)
        until_ms = parse_iso_ms(until) if until else court.world.now_ms()
    except (ValueError, OverflowError) as error:
        raise Invalid("date_invalid", "Validation failed: a date is not valid") from error
    row = await waves.begin(
        court,
        account_id,
        actor_id=request.account_id,
        since_ms=since_ms,
        until_ms=until_ms,
        reason=form.text("text", limit=10_000) or "",
        category=form.text("category", limit=40) or "spam",
    )
    return json_response(_wave(row), 202)


def _wave(row: WaveRow) -> dict[str, object]:
    return {
        "id": str(row.id),
        "account_id": str(row.account_id),
        "state": row.state,
        "since": iso_ms(row.since_ms),
        "until": iso_ms(row.until_ms),
        "posts": row.posts,
        "boosts": row.boosts,
        "follows": row.follows,
        "created_at": iso_ms(row.at_ms),
    }


async def list_waves(court: Court, request: ApiRequest) -> Response:
    """The waves of a member that were taken back, newest first."""
    rows = await waves.waves_of(court.world, request.path("id"))
    return json_response([_wave(row) for row in rows])


async def restore_wave(court: Court, request: ApiRequest) -> Response:
    """Put back what was taken."""
    row = await waves.restore(court, request.path("id"), actor_id=request.account_id)
    return json_response(_wave(row), 202)
