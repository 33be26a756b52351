"""The public timeline, the viewer's home, a hashtag, and the box to post from."""

from __future__ import annotations

from starlette.responses import Response

from venire.kernel.ids import parse_id
from venire.people.tokens import new_secret
from venire.posts import actions as posts
from venire.posts import home as homes
from venire.posts import timelines
from venire.posts.markup import post_path
from venire.posts.model import PUBLIC, Draft
from venire.posts.scan import tag_key
from venire.posts.sight import Sight
from venire.web.cards import cards_of, is_first, turn_of, window_of
from venire.web.visit import Visit

_TAGGED = 60
_TO_READ = ("public", "unlisted", "private")


async def show(visit: Visit) -> Response:
    """What is posted publicly, newest first."""
    page = await timelines.public(visit.world, visit.viewer_id, window_of(visit))
    return visit.page(
        "timeline.html",
        cards=await cards_of(visit, page.items),
        page=turn_of(visit, page),
        first=is_first(visit),
        description=visit.settings.description,
        joinable=visit.settings.registrations != "closed",
        draft_key=new_secret(visit.world),
    )


async def home(visit: Visit) -> Response:
    """What those post whom the viewer follows."""
    page = await homes.home(visit.world, visit.member().id, window_of(visit))
    return visit.page(
        "home.html", cards=await cards_of(visit, page.items), page=turn_of(visit, page)
    )


async def tagged(visit: Visit) -> Response:
    """Public posts with a hashtag, as many as the index offers, newest first."""
    name = tag_key(visit.request.path_params["name"])
    found = await visit.court.search.candidates([name], "all", _TAGGED) if name else []
    sight = await Sight.of(visit.world, visit.viewer_id)
    loaded = [post for post in await posts.load_many(visit.world, found) if name in post.tags]
    await sight.learn(post.author_id for post in loaded)
    shown = [post for post in loaded if post.visibility == PUBLIC and sight.lists(post)]
    newest = sorted(shown, key=lambda post: post.id, reverse=True)
    return visit.page("tag.html", name=name, cards=await cards_of(visit, newest))


async def publish(visit: Visit) -> Response:
    """Post, or reply. The same form sent twice is one post."""
    author = await visit.writer(posting=True)
    form = visit.form
    visibility = form.text("visibility", "public", most=20)
    draft = Draft(
        text=form.text("text"),
        visibility=visibility if visibility in _TO_READ else "public",
        language=visit.language,
        in_reply_to_id=parse_id(form.text("in_reply_to", most=20)),
        idempotency_key=form.text("key", most=100) or None,
    )
    post = await posts.publish(visit.world, author.id, draft)
    if draft.in_reply_to_id is not None:
        return visit.redirect(post_path(author.username, post.id), done="posted")
    return visit.redirect("/", done="posted")
