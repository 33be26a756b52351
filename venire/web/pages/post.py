"""One post at its address, for every kind of eyes: in its thread, held, or removed.

Held: its author sees it with the reason, nobody else learns more than that it is being judged.
Removed: its author and whoever reported it get the statement, everyone else the rule.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.cases import store, views
from venire.cases.model import Case
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.people.store import load_account
from venire.people.tokens import new_secret
from venire.posts import actions as posts
from venire.posts import threads
from venire.posts.markup import post_path
from venire.posts.model import HELD, LISTED, REMOVED, Post
from venire.web.cards import cards_of, opening
from venire.web.pages.case import statement_values
from venire.web.visit import Visit

_GONE = 410
_HIDDEN = 404
_STATEMENTS = 200


async def show(visit: Visit) -> Response:
    """The post, or why it is not here."""
    post = await _post(visit)
    if post.state == REMOVED:
        return await _removed(visit, post)
    if await posts.may_see(visit.world, post, visit.viewer_id):
        if post.reblog_of_id is not None:
            return visit.redirect(f"/posts/{post.reblog_of_id}")
        return await _thread(visit, post)
    if post.state == HELD and post.visibility in LISTED:
        case = await _case(visit, post)
        return visit.page(
            "hidden.html", _HIDDEN, removed=False, case="" if case is None else case.public_id
        )
    raise _missing()


def _missing() -> NotFound:
    return NotFound("record_not_found", "There is no such post")


async def _post(visit: Visit) -> Post:
    """The post in the path, of the account in the path."""
    post_id = parse_id(visit.request.path_params["post_id"])
    post = None if post_id is None else await posts.load(visit.world, post_id)
    author = None if post is None else await load_account(visit.world, post.author_id)
    name = visit.request.path_params["name"]
    if post is None or author is None or author.username.lower() != name.lower():
        raise _missing()
    return post


async def _case(visit: Visit, post: Post) -> Case | None:
    if post.state_case_id is None:
        return None
    return await store.load(visit.world.storage, post.state_case_id)


async def _thread(visit: Visit, post: Post) -> Response:
    around = await threads.context(visit.world, visit.viewer_id, post)
    cards = await cards_of(visit, [*around.ancestors, post, *around.descendants])
    place = next(index for index, card in enumerate(cards) if card.id == post.id)
    names = [card.username for card in cards[place : place + 1] if not card.own]
    return visit.page(
        "post.html",
        card=cards[place],
        opening=opening(post.text),
        before=cards[:place],
        after=cards[place + 1 :],
        draft_key=new_secret(visit.world),
        prefill="".join(f"@{name} " for name in names),
        **await _hold_values(visit, post),
    )


async def _hold_values(visit: Visit, post: Post) -> dict[str, Any]:
    """What the author of a held post is told above it."""
    case = await _case(visit, post) if post.state == HELD else None
    if case is None:
        return {"rule_name": "", "statement_id": 0, "case": ""}
    category = visit.court.policy.category(case.category)
    rule_name = visit.t(
        "rule {number}, {title}",
        number=category.rule,
        title=visit.in_language(category.title),
    )
    found = await store.statements(visit.world.storage, post.author_id, limit=_STATEMENTS)
    mine = [statement.id for statement in found if statement.case == case.public_id]
    return {
        "rule_name": rule_name,
        "statement_id": mine[0] if mine else 0,
        "case": case.public_id,
    }


async def _removed(visit: Visit, post: Post) -> Response:
    case = await _case(visit, post)
    if case is None:
        raise _missing()
    if post.visibility not in LISTED and post.author_id != visit.viewer_id:
        raise _missing()
    role = "" if visit.viewer is None else visit.viewer.role
    shown = await views.case_view(visit.court, case.public_id, visit.viewer_id, role=role)
    if shown["statement"] is not None and shown["viewer"] in {"author", "reporter"}:
        values = statement_values(visit, shown["statement"], own=shown["viewer"] == "author")
        return visit.page("statement.html", **values, post_path="", appeal=None)
    category = visit.court.policy.category(case.category)
    return visit.page(
        "hidden.html",
        _GONE,
        removed=True,
        rule=category.rule,
        title=visit.in_language(category.title),
        rule_text=visit.in_language(category.text),
        judged_by=case.judged_by,
        case="" if case.private else case.public_id,
    )


async def delete(visit: Visit) -> Response:
    """Delete one's own post."""
    post = await _post(visit)
    await posts.delete(visit.world, visit.member().id, post.id)
    return visit.redirect("/", done="deleted")


async def short_address(visit: Visit) -> Response:
    """`/posts/ID`: to the post's own address, for links that know only its id."""
    post_id = parse_id(visit.request.path_params["post_id"])
    post = None if post_id is None else await posts.load(visit.world, post_id)
    author = None if post is None else await load_account(visit.world, post.author_id)
    if post is None or author is None:
        raise _missing()
    if post.visibility not in LISTED and not await posts.may_see(
        visit.world, post, visit.viewer_id
    ):
        raise _missing()
    return visit.redirect(post_path(author.username, post.id))
