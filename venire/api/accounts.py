"""Accounts: https://docs.joinmastodon.org/methods/accounts/."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from venire.api.entities.account import (
    account_jsons,
    build_account,
    credential_entity,
)
from venire.api.entities.application import build_token
from venire.api.form import Form
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from venire.kernel.i18n import supported
from venire.kernel.ids import AccountId
from venire.people import actions, follows, rules
from venire.people.counts import load_counts
from venire.people.model import (
    ACTIVE,
    DELETED,
    PENDING,
    UNCONFIRMED,
    Account,
    Changes,
    Field,
    SignUp,
)
from venire.people.relations import blocks_either_way
from venire.people.standing import standing
from venire.people.store import find_by_handle, find_by_prefix, load_account
from venire.people.tokens import issue_token
from venire.storage.world import World

_FOUND = 80


async def sign_up(court: Court, request: ApiRequest) -> Response:
    """Join; the answer is a token of the app that asked."""
    world, settings, viewer = court.world, request.settings, request.viewer
    if viewer is None:
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    if settings.registrations == "closed":
        raise Forbidden("registrations_closed", "This site takes no new members now")
    form = await request.form()
    account = await actions.sign_up(
        world,
        SignUp(
            username=(form.text("username", limit=1_000) or "").strip(),
            email=form.text("email", limit=1_000) or "",
            password=form.text("password", limit=10_000) or "",
            agreement=bool(form.flag("agreement")),
            locale=supported(form.text("locale", limit=35)),
            born=form.text("date_of_birth", limit=10) or None,
            reason=form.text("reason", limit=10_000),
            address=request.address,
        ),
        minimum_age=0 if world.site.acceptance else settings.minimum_age,
        state=_first_state(world, request),
    )
    granted = await issue_token(
        world,
        client_id=viewer.client_id,
        scopes=sorted(viewer.scopes),
        account_id=account.id,
    )
    return json_response(build_token(granted), headers={"Cache-Control": "no-store"})


def _first_state(world: World, request: ApiRequest) -> str:
    if world.site.acceptance:
        return ACTIVE
    if request.settings.registrations == "approval":
        return PENDING
    return UNCONFIRMED if request.settings.confirmed_contact_required else ACTIVE


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
    form = await request.form()
    for name in ("avatar", "header"):
        # A refusal of the whole: a client told "200" would believe that its picture is there.
        if form.fields.get(name) not in (None, ""):
            raise Invalid(
                "pictures_not_supported", "This site keeps no profile pictures", parameter=name
            )
    account = await actions.change_profile(court.world, request.account_id, _changes(form))
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
    if account is None or account.state in {UNCONFIRMED, PENDING}:
        raise NotFound("record_not_found", "Record not found")
    return json_response(await _profile(world, account))


async def _profile(world: World, account: Account) -> msgspec.Struct:
    counts = await load_counts(world, [account.id])
    entity = build_account(account, counts[account.id], world.site.base_url)
    stands = await standing(world, account.id)
    if account.state == DELETED or stands.terminated:
        return msgspec.structs.replace(entity, suspended=True)
    return entity


async def show_accounts(court: Court, request: ApiRequest) -> Response:
    """Several accounts; ids that lead nowhere are left out."""
    ids = request.query.identifiers("id", most=40)
    found = await account_jsons(court.world, ids)
    return json_response(list(found.values()))


async def lookup(court: Court, request: ApiRequest) -> Response:
    """An account by `username` or `username@this.site`."""
    name = request.query.required("acct", limit=500)
    username = local_username(court.world, name)
    account = await find_by_handle(court.world, username) if username else None
    if account is None or account.state != ACTIVE:
        raise NotFound("record_not_found", "Record not found")
    return json_response(await _profile(court.world, account))


def local_username(world: World, name: str) -> str | None:
    """The username in `@name`, `name@domain` or an address of this site; None for another site."""
    name = name.strip()
    base_url = f"{world.site.base_url}/@"
    if name.startswith(base_url):
        name = name.removeprefix(base_url)
    username, _, domain = name.removeprefix("@").partition("@")
    if domain and domain.lower() != world.site.domain.lower():
        return None
    return username


async def search_accounts(court: Court, request: ApiRequest) -> Response:
    """Accounts whose name begins so, as when a mention is typed."""
    query = request.query
    found = await find_accounts(
        court.world,
        request.account_id,
        query.required("q", limit=500),
        limit=query.integer("limit", 40, low=1, high=_FOUND),
        offset=query.integer("offset", 0, high=1_000),
        following=bool(query.flag("following")),
    )
    jsons = await account_jsons(court.world, found)
    return json_response([jsons[one] for one in found if one in jsons])


async def find_accounts(
    world: World,
    viewer_id: int | None,
    text: str,
    *,
    limit: int,
    offset: int = 0,
    following: bool = False,
) -> list[AccountId]:
    """Ids of accounts found by a name, the exact one first; nobody who blocks the viewer."""
    username = local_username(world, text)
    if username is None:
        return []
    exact = await find_by_handle(world, username)
    begun = await find_by_prefix(world, rules.sought_word(username), limit + offset + _FOUND)
    ids = dict.fromkeys([*([exact.id] if exact is not None else []), *begun])
    found: list[AccountId] = []
    for one in ids:
        account = await load_account(world, one)
        if account is None or account.state != ACTIVE:
            continue
        if viewer_id is not None and await blocks_either_way(world, viewer_id, one):
            continue
        tied = viewer_id is not None and await follows.is_following(world, viewer_id, one)
        if not following or tied:
            found.append(one)
    return found[offset : offset + limit]


async def followers(court: Court, request: ApiRequest) -> Response:
    """Who follows an account, newest first; the cursor is the follow's own id."""
    world, account_id = court.world, request.path("id")
    page = page_of(request, 40, 80)
    if not await _shows_ties(world, request, account_id):
        return json_response([])
    read = await follows.follower_page(world, account_id, **page.bounds)
    rows = newest_first(page, read)
    jsons = await account_jsons(world, [account for _, account in rows])
    return paged_response(
        world,
        request,
        [jsons[account] for _, account in rows if account in jsons],
        [follow_id for follow_id, _ in rows],
        more=len(read) == page.limit,
    )


async def following(court: Court, request: ApiRequest) -> Response:
    """Whom an account follows; the cursor is their id."""
    world, account_id = court.world, request.path("id")
    page = page_of(request, 40, 80)
    if not await _shows_ties(world, request, account_id):
        return json_response([])
    read = await follows.following_page(world, account_id, **page.bounds)
    ids = [tie.followee_id for tie in newest_first(page, read)]
    jsons = await account_jsons(world, ids)
    return paged_response(
        world,
        request,
        [jsons[one] for one in ids if one in jsons],
        ids,
        more=len(read) == page.limit,
    )


async def _shows_ties(world: World, request: ApiRequest, account_id: int) -> bool:
    account = await load_account(world, account_id)
    if account is None:
        raise NotFound("record_not_found", "Record not found")
    return request.viewer_id == account.id or not account.hide_collections
