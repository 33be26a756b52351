"""An account: who it is, what it posted, whether the viewer follows it."""

from __future__ import annotations

from starlette.responses import Response

from venire.kernel.errors import NotFound
from venire.people import counts, follows
from venire.people.model import PENDING, UNCONFIRMED, Account
from venire.people.profile import inline_html, note_html
from venire.people.standing import standing
from venire.people.store import find_by_handle
from venire.posts import timelines
from venire.web.cards import cards_of, name_of, turn_of, window_of
from venire.web.visit import Visit


async def account_named(visit: Visit) -> Account:
    """The account in the path. NotFound `record_not_found`."""
    account = await find_by_handle(visit.world, visit.request.path_params["name"])
    if account is None or account.state in {PENDING, UNCONFIRMED, "deleted"}:
        raise NotFound("record_not_found", "There is no such account")
    return account


async def show(visit: Visit) -> Response:
    """The profile and the posts that the viewer may see."""
    account = await account_named(visit)
    own = account.id == visit.viewer_id
    page = await timelines.account_page(
        visit.world,
        visit.viewer_id,
        account.id,
        window_of(visit),
        timelines.AccountPageChoice(exclude_replies=True),
    )
    following = False
    if visit.viewer is not None and not own:
        tie = await follows.load_tie(visit.world, visit.viewer.id, account.id)
        following = tie is not None and tie.state in {"following", "requested"}
    gathered = await counts.load_counts(visit.world, [account.id])
    stands = await standing(visit.world, account.id) if own else None
    return visit.page(
        "profile.html",
        account=account,
        name=name_of(account),
        note=note_html(account.note),
        fields=[(field.name, inline_html(field.value)) for field in account.fields],
        counts=gathered.get(account.id),
        own=own,
        site_voice=account.id == visit.court.site_account_id,
        following=following,
        standing_points=0 if stands is None else stands.points,
        suspend_at=visit.court.policy.points.suspend_at,
        cards=await cards_of(visit, page.items),
        page=turn_of(visit, page),
    )


async def follow(visit: Visit) -> Response:
    """Follow an account."""
    me = await visit.writer()
    account = await account_named(visit)
    await follows.follow(visit.world, me.id, account.id)
    return visit.redirect(f"/@{account.username}", done="followed")


async def unfollow(visit: Visit) -> Response:
    """Stop following an account."""
    account = await account_named(visit)
    await follows.unfollow(visit.world, visit.member().id, account.id)
    return visit.redirect(f"/@{account.username}", done="unfollowed")
