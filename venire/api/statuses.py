"""Posts: https://docs.joinmastodon.org/methods/statuses/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.status import (
    SourceEntity,
    context_entity,
    deleted_entity,
    edit_entities,
    status_entities,
    status_entity,
)
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.posts import actions, store, threads
from venire.posts.model import Draft, Edit, Post
from venire.posts.sight import Sight

_MANY = 20
_SPOILER = 4_096
_ABSENT = {
    "media_ids": ("media_unsupported", "This site takes no media yet"),
    "poll": ("polls_unsupported", "This site has no polls yet"),
    "scheduled_at": ("scheduling_unsupported", "This site cannot post later on its own yet"),
    "quoted_status_id": ("quotes_unsupported", "This site has no quotes yet"),
}


def _refuse_absent(form: Form) -> None:
    """Say what cannot be done, rather than to post something else than was meant."""
    for name, (code, hint) in _ABSENT.items():
        if form.fields.get(name) not in (None, "", [], {}):
            raise Invalid(code, hint, parameter=name)


async def create_status(court: Court, request: ApiRequest) -> Response:
    """Publish a post."""
    form = await request.form()
    _refuse_absent(form)
    draft = Draft(
        text=form.text("status") or "",
        spoiler=form.text("spoiler_text", limit=_SPOILER) or "",
        visibility=form.text("visibility", limit=20) or None,
        language=form.text("language", limit=35) or None,
        sensitive=form.flag("sensitive"),
        in_reply_to_id=form.identifier("in_reply_to_id"),
        idempotency_key=request.raw.headers.get("idempotency-key") or None,
    )
    post = await actions.publish(court.world, request.account_id, draft)
    return json_response(await status_entity(court.world, post))


async def seen_post(court: Court, request: ApiRequest) -> Post:
    """The post of the path, if the viewer may see it. NotFound `record_not_found`."""
    post = await store.load(court.world, request.path("id"))
    if post is None or not await actions.may_see(court.world, post, request.viewer_id):
        raise NotFound("record_not_found", "Record not found")
    return post


async def show_status(court: Court, request: ApiRequest) -> Response:
    """One post."""
    return json_response(await status_entity(court.world, await seen_post(court, request)))


async def show_statuses(court: Court, request: ApiRequest) -> Response:
    """Several posts; those that may not be seen are left out."""
    wanted = request.query.identifiers("id", most=100)[:_MANY]
    posts = await store.load_many(court.world, wanted)
    sight = await Sight.of(court.world, request.viewer_id)
    await sight.learn(post.author_id for post in posts)
    return json_response(
        await status_entities(court.world, [post for post in posts if sight.sees(post)])
    )


async def edit_status(court: Court, request: ApiRequest) -> Response:
    """Change one's own post."""
    form = await request.form()
    _refuse_absent(form)
    edit = Edit(
        text=form.text("status"),
        spoiler=form.text("spoiler_text", limit=_SPOILER),
        language=form.text("language", limit=35) or None,
        sensitive=form.flag("sensitive"),
    )
    post = await actions.edit(court.world, request.account_id, request.path("id"), edit)
    return json_response(await status_entity(court.world, post))


async def delete_status(court: Court, request: ApiRequest) -> Response:
    """Delete one's own post; the answer has its text, to write it anew."""
    post = await actions.delete(court.world, request.account_id, request.path("id"))
    return json_response(await deleted_entity(court.world, post))


async def show_context(court: Court, request: ApiRequest) -> Response:
    """What a post answers and what answers it."""
    post = await seen_post(court, request)
    found = await threads.context(court.world, request.viewer_id, post)
    return json_response(await context_entity(court.world, found))


async def show_source(court: Court, request: ApiRequest) -> Response:
    """A post as it was typed."""
    post = await seen_post(court, request)
    return json_response(SourceEntity(str(post.id), post.text, post.spoiler))


async def show_history(court: Court, request: ApiRequest) -> Response:
    """What a post said before it was edited, and what it says now."""
    post = await seen_post(court, request)
    versions = await actions.history(court.world, post)
    return json_response(await edit_entities(court.world, post, versions))
