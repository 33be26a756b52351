"""What members do with a post from a page: favourite, boost, bookmark, vote; and back to the page.

One form for doing and for taking back: `undo` says which.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import RedirectResponse, Response

from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.posts import actions as posts
from venire.posts import polls, reactions
from venire.posts.model import Post
from venire.storage.world import World
from venire.web.visit import Visit

_BACK: Final = re.compile(r"/(?![/\\])[\x21-\x7e]{0,300}")
_CHOICES = 10

Act = Callable[[World, int, int], Awaitable[Post]]


async def favourite(visit: Visit) -> Response:
    """Favourite a post, or take that back."""
    return await _act(visit, reactions.favourite, reactions.unfavourite)


async def boost(visit: Visit) -> Response:
    """Show a post to one's followers, or no more."""
    return await _act(visit, reactions.repost, reactions.unrepost)


async def bookmark(visit: Visit) -> Response:
    """Keep a post in one's own list, or no more."""
    return await _act(visit, reactions.bookmark, reactions.unbookmark)


async def _act(visit: Visit, do: Act, undo: Act) -> Response:
    if visit.form.flag("undo"):
        await undo(visit.world, visit.member().id, _id(visit))
    else:
        account = await visit.writer()
        await do(visit.world, account.id, _id(visit))
    return _back(visit)


async def vote(visit: Visit) -> Response:
    """Vote in the poll of a post."""
    account = await visit.writer()
    post = await posts.load(visit.world, _id(visit))
    if post is None or not await posts.may_see(visit.world, post, account.id):
        raise NotFound("record_not_found", "There is no such post")
    chosen = visit.form.ids("choice", most=_CHOICES)
    if not chosen:
        raise Invalid("poll_choice_missing", "Choose an answer first")
    await polls.vote(visit.world, account.id, post, chosen)
    return _back(visit)


def _id(visit: Visit) -> int:
    post_id = parse_id(visit.request.path_params["post_id"])
    if post_id is None:
        raise NotFound("record_not_found", "There is no such post")
    return post_id


def _back(visit: Visit) -> Response:
    """To the page that the form was on, at the post: never to another site."""
    back = visit.form.text("back", most=400)
    place = parse_id(visit.form.text("place", most=20)) or _id(visit)
    page = back if _BACK.fullmatch(back) and "#" not in back else f"/posts/{_id(visit)}"
    return RedirectResponse(f"{page}#post-{place}", 303)
