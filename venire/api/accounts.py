"""Accounts: https://docs.joinmastodon.org/methods/accounts/."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.responses import Response

from venire.api.entities.account import (
    account_jsons,
    build_account,
    credential_entity,
    moved_json,
)
from venire.api.entities.application import build_token
from venire.api.form import Form
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.pictures import take_pictures
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Forbidden, NotFound, Unauthenticated
from venire.kernel.i18n import supported
from venire.kernel.ids import AccountId
from venire.people import actions, follows, joining, rules
from venire.people.challenges import make_challenge
from venire.people.counts import load_counts
from venire.people.finding import local_name
from venire.people.model import (
    ACTIVE,
    DELETED,
    Account,
    Changes,
    Field,
    SignUp,
)
from venire.people.relations import BLOCK, load_relation
from venire.people.standing import standing
from venire.people.store import WAITS, find_by_handle, load_account, load_accounts
from venire.people.tokens import issue_token
from venire.posts.media.pictures import pictures
from venire.storage.world import World

TiesPage = Callable[..., Awaitable[list[tuple[int, AccountId]]]]
"""Reads a page of ties as (follow id, account id)."""


async def sign_up(court: Court, request: ApiRequest) -> Response:
    """Join; the answer is a token of the app that asked."""
    world, viewer = court.world, request.viewer
    if viewer is None:
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    form = await request.form()
    account = await joining.join(
        world,
        SignUp(
            username=(form.text("username", limit=1_000) or "").strip(),
            email=form.text("email", limit=1_000) or "",
            password=form.text("password", limit=10_000) or "",
            agreement=bool(form.flag("agreement")),
            locale=supported(form.text("locale", limit=35)),
            born=_day_of(form.text("date_of_birth", limit=40)),
            reason=form.text("reason", limit=10_000),
            address=request.address,
            country=form.text("country", limit=10) or "",
            guardian_email=form.text("guardian_email", limit=1_000) or "",
            challenge=form.text("challenge", limit=300) or "",
            answer=form.text("challenge_answer", limit=300) or "",
        ),
        request.settings,
    )
    granted = await issue_token(
        world,
        client_id=viewer.client_id,
        scopes=sorted(viewer.scopes),
        account_id=account.id,
    )
    return json_response(build_token(granted), headers={"Cache-Control": "no-store"})


def _day_of(born: str | None) -> str | None:
    """A day as clients write it: some send the moment at which it began."""
    return (born or "").partition("T")[0] or None


async def challenge(court: Court, request: ApiRequest) -> Response:
    """The work that a sign-up may bring along instead of waiting; null where none is asked."""
    bits = request.settings.door.challenge_bits
    if not bits or court.world.site.acceptance:
        return json_response({"challenge": None, "algorithm": None, "bits": 0, "expires_at": None})
    made = await make_challenge(court.world, bits)
    body = {
        "challenge": made.challenge,
        "algorithm": "sha256",
        "bits": made.bits,
        "expires_at": iso_ms(made.until_ms),
    }
    return json_response(body, headers={"Cache-Control": "no-store"})


async def leave(court: Court, request: ApiRequest) -> Response:
    """Delete one's own account, with its password; signing in within a week undoes it."""
    form = await request.form()
    await request.take("sign_in_name", f"account:{request.account_id}")
    good = await actions.check_password(
        court.world, request.account_id, form.required("password", limit=10_000)
    )
    if not good:
        raise Forbidden("password_wrong", "The password is wrong")
    await actions.delete_account(court.world, request.account_id)
    return json_response({})


async def verify_credentials(court: Court, request: ApiRequest) -> Response:
    """The viewer's own account, as its owner sees it."""
    return json_response(await credential_entity(court.world, await _me(court, request)))


async def _me(court: Court, request: ApiRequest) -> Account:
    account = await load_account(court.world, request.account_id)
    if account is None:
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    return account


async def update_credentials(court: Court, request: ApiRequest) -> Response:
    """Change one's own profile, with whatever a client sends at once."""
    async with request.spooled() as form:
        changes = _changes(form)
        # Before a picture is replaced: all of it is changed, or nothing.
        actions.refuse_faults(rules.check_changes(changes))
        await take_pictures(court, request, form)
    account = await actions.change_profile(court.world, request.account_id, changes)
    return json_response(await credential_entity(court.world, account))


def _changes(form: Form) -> Changes:
    source = form.nested("source")
    return Changes(
        display_name=form.text("display_name", limit=1_000),
        note=form.text("note", limit=10_000),
        fields=_fields(form) if "fields_attributes" in form else None,
        locked=form.flag("locked"),
        bot=form.flag("bot"),
        discoverable=form.flag("discoverable"),
        indexable=form.flag("indexable"),
        hide_collections=form.flag("hide_collections"),
        privacy=source.text("privacy", limit=20) or None,
        sensitive=source.flag("sensitive"),
        language=source.text("language", limit=35) or None,
    )


def _fields(form: Form) -> tuple[Field, ...]:
    return tuple(
        Field(row.text("name", limit=1_000) or "", row.text("value", limit=1_000) or "")
        for row in form.rows("fields_attributes", most=20)
    )


async def show_account(court: Court, request: ApiRequest) -> Response:
    """One account; a suspended one says so."""
    world = court.world
    account = await load_account(world, request.path("id"))
    if account is None or account.state in WAITS or account.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    return json_response(await _profile(world, account))


async def _profile(world: World, account: Account) -> msgspec.Struct:
    counts = await load_counts(world, [account.id])
    shown = (await pictures(world, [account.id]))[account.id]
    entity = build_account(account, counts[account.id], shown, world.site.base_url)
    entity = msgspec.structs.replace(entity, moved=await moved_json(world, account))
    stands = await standing(world, account.id)
    if stands.terminated:
        return msgspec.structs.replace(entity, suspended=True)
    return entity


async def show_accounts(court: Court, request: ApiRequest) -> Response:
    """Several accounts; ids that lead nowhere are left out."""
    ids = request.query.identifiers("id", most=40)
    there = await load_accounts(court.world, ids)
    # As at their own addresses: who still waits to be let in is nobody's business.
    shown = [one for one in ids if one in there and there[AccountId(one)].state not in WAITS]
    found = await account_jsons(court.world, shown)
    return json_response(list(found.values()))


async def lookup(court: Court, request: ApiRequest) -> Response:
    """An account by `username` or `username@this.site`."""
    name = request.query.required("acct", limit=500)
    username = local_name(court.world, name)
    account = await find_by_handle(court.world, username) if username else None
    if account is None or account.state != ACTIVE:
        raise NotFound("record_not_found", "Record not found")
    return json_response(await _profile(court.world, account))


async def followers(court: Court, request: ApiRequest) -> Response:
    """Who follows an account, newest first; the cursor is the follow's own id."""
    return await _tied(court, request, follows.follower_page)


async def following(court: Court, request: ApiRequest) -> Response:
    """Whom an account follows, newest first; the cursor is the follow's own id."""
    return await _tied(court, request, follows.following_page)


async def _tied(court: Court, request: ApiRequest, read_page: TiesPage) -> Response:
    world, account_id = court.world, request.path("id")
    page = page_of(request, 40, 80)
    if not await _shows_ties(world, request, account_id):
        return json_response([])
    read = await read_page(world, account_id, **page.bounds)
    rows = newest_first(page, read)
    jsons = await account_jsons(world, [account for _, account in rows])
    return paged_response(
        world,
        request,
        [jsons[account] for _, account in rows if account in jsons],
        [follow_id for follow_id, _ in rows],
        more=len(read) == page.limit,
    )


async def _shows_ties(world: World, request: ApiRequest, account_id: int) -> bool:
    account = await load_account(world, account_id)
    if account is None or account.state in WAITS or account.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    viewer_id = request.viewer_id
    if viewer_id is None or viewer_id == account.id:
        return viewer_id is not None or not account.hide_collections
    if account.hide_collections:
        return False
    return await load_relation(world, account.id, BLOCK, viewer_id) is None
