"""Complaining about a post: by rule, in one's own words, and the author is never told by whom."""

from __future__ import annotations

from starlette.responses import Response

from venire.cases import reports
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.people.store import load_account
from venire.posts import actions as posts
from venire.posts.markup import post_path
from venire.posts.model import LISTED, Post
from venire.web import words
from venire.web.cards import cards_of
from venire.web.visit import Visit

_UNFIT = 422


async def _post(visit: Visit) -> Post:
    """The post, to be shown beside the form."""
    post = await _named(visit)
    if post is None or not await posts.may_see(visit.world, post, visit.viewer_id):
        raise NotFound("record_not_found", "There is no such post")
    return post


async def _named(visit: Visit) -> Post | None:
    post_id = parse_id(visit.request.path_params["post_id"])
    return None if post_id is None else await posts.load(visit.world, post_id)


async def show(visit: Visit) -> Response:
    """The form."""
    return await _form(visit, await _post(visit))


async def _form(visit: Visit, post: Post, *, error: str = "", chosen: int = 0) -> Response:
    cards = await cards_of(visit, [post])
    return visit.page(
        "report.html",
        _UNFIT if error else 200,
        card=cards[0],
        text=post.text,
        categories=visit.court.policy.categories,
        private=post.visibility not in LISTED,
        comment=visit.form.text("comment"),
        chosen=chosen,
        error=error,
    )


async def send(visit: Visit) -> Response:
    """File the report; the receipt comes to the inbox."""
    reporter = await visit.writer()
    post = await _named(visit)
    if post is None or not await reports.may_report(visit.court, post, reporter.id):
        raise NotFound("record_not_found", "There is no such post")
    rule = parse_id(visit.form.text("rule", most=20)) or 0
    if not rule:
        return await _form(visit, await _post(visit), error=words.FORM_ERRORS["rule_missing"])
    comment = visit.form.text("comment")
    if len(comment) > reports.COMMENT_CHARACTERS:
        too_long = words.FORM_ERRORS["comment_too_long"]
        return await _form(visit, await _post(visit), error=too_long, chosen=rule)
    draft = reports.Draft(
        reporter_id=reporter.id,
        target_account_id=post.author_id,
        post_ids=(post.id,),
        comment=comment,
        category="violation",
        rule_ids=(rule,),
    )
    await reports.file_report(visit.court, draft)
    author = await load_account(visit.world, post.author_id)
    shown = await posts.may_see(visit.world, post, reporter.id)
    # Hidden while they wrote: the receipt is where they are led instead.
    path = post_path(author.username, post.id) if author is not None and shown else "/inbox"
    return visit.redirect(path, done="reported")
