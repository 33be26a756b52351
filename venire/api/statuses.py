"""Posts: https://docs.joinmastodon.org/methods/statuses/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api import scheduled
from venire.api.entities.status import (
    SourceEntity,
    context_entity,
    deleted_json,
    edit_entities,
    fresh_json,
    status_json,
    status_jsons,
)
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.people.oauth import load_app
from venire.posts import actions, store, threads
from venire.posts.model import Application, Draft, Edit, MediaChange, PollDraft, Post
from venire.posts.sight import Sight

_MANY = 20
_SPOILER = 4_096
_LANGUAGE = 35
_POLICY = 20
_KEY = 500
_MOMENT = 40


async def create_status(court: Court, request: ApiRequest) -> Response:
    """Publish a post, or plan it."""
    form = await request.form()
    draft = await draft_of(court, request, form)
    if moment := form.text("scheduled_at", limit=_MOMENT):
        return await scheduled.plan(court, request, draft, moment)
    post = await actions.publish(court.world, request.account_id, draft)
    return json_response(await fresh_json(court.world, post, request.account_id))


async def draft_of(court: Court, request: ApiRequest, form: Form) -> Draft:
    """The draft that a form holds."""
    app = await load_app(court.world, request.viewer.client_id) if request.viewer else None
    return Draft(
        text=form.text("status") or "",
        spoiler=form.text("spoiler_text", limit=_SPOILER) or "",
        visibility=form.text("visibility", limit=_POLICY) or None,
        language=form.text("language", limit=_LANGUAGE) or None,
        sensitive=form.flag("sensitive"),
        in_reply_to_id=form.identifier("in_reply_to_id"),
        idempotency_key=request.raw.headers.get("idempotency-key", "")[:_KEY] or None,
        media_ids=tuple(form.identifiers("media_ids")),
        poll=poll_of(form),
        quoted_id=form.identifier("quoted_status_id"),
        quote_policy=form.text("quote_approval_policy", limit=_POLICY) or None,
        reply_policy=form.text("reply_policy", limit=_POLICY) or None,
        local_only=bool(form.flag("local_only")),
        application=None if app is None else Application(app.name, app.website),
    )


def poll_of(form: Form) -> PollDraft | None:
    """The question that a form holds, if any. Invalid `parameter_invalid`."""
    sent = form.fields.get("poll")
    if sent and not isinstance(sent, dict):
        raise Invalid("parameter_invalid", "poll is not a question", parameter="poll")
    poll = form.nested("poll")
    options = poll.texts("options", limit=1_000)
    if not options:
        return None
    return PollDraft(
        options=tuple(options),
        expires_in_s=poll.integer("expires_in", 0),
        multiple=bool(poll.flag("multiple")),
        hide_totals=bool(poll.flag("hide_totals")),
    )


async def seen_post(court: Court, request: ApiRequest) -> Post:
    """The post of the path, if the viewer may see it. NotFound `record_not_found`."""
    post = await store.load(court.world, request.path("id"))
    if post is None or not await actions.may_see(court.world, post, request.viewer_id):
        raise NotFound("record_not_found", "Record not found")
    return post


async def show_status(court: Court, request: ApiRequest) -> Response:
    """One post."""
    post = await seen_post(court, request)
    return json_response(await status_json(court.world, post, request.viewer_id))


async def show_statuses(court: Court, request: ApiRequest) -> Response:
    """Several posts; those that may not be seen are left out."""
    wanted = request.query.identifiers("id", most=100)[:_MANY]
    sight = await Sight.of(court.world, request.viewer_id)
    seen = [post for post in await sight.posts(wanted) if sight.sees(post)]
    return json_response(await status_jsons(court.world, seen, request.viewer_id, sight=sight))


async def edit_status(court: Court, request: ApiRequest) -> Response:
    """Change one's own post."""
    form = await request.form()
    edit = Edit(
        text=form.text("status"),
        spoiler=form.text("spoiler_text", limit=_SPOILER),
        language=form.text("language", limit=_LANGUAGE) or None,
        sensitive=form.flag("sensitive"),
        media_ids=tuple(form.identifiers("media_ids")) if "media_ids" in form else None,
        media_changes=tuple(_media_change(row) for row in form.rows("media_attributes", most=20)),
        poll=poll_of(form),
        quote_policy=form.text("quote_approval_policy", limit=_POLICY) or None,
    )
    post = await actions.edit(court.world, request.account_id, request.path("id"), edit)
    return json_response(await status_json(court.world, post, request.account_id))


def _media_change(form: Form) -> MediaChange:
    return MediaChange(
        id=form.identifier("id") or 0,
        description=form.text("description"),
        focus=focus_of(form.text("focus", limit=40)),
    )


def focus_of(text: str | None) -> tuple[float, float] | None:
    """A point that is never cropped away, `x,y` from -1 to 1. Invalid `focus_invalid`."""
    if not text:
        return None
    x, _, y = text.partition(",")
    try:
        point = (float(x), float(y))
    except ValueError:
        point = (2.0, 2.0)
    if not all(-1.0 <= one <= 1.0 for one in point):
        raise Invalid("focus_invalid", "focus is two numbers from -1 to 1", parameter="focus")
    return point


async def delete_status(court: Court, request: ApiRequest) -> Response:
    """Delete one's own post; the answer has its text, to write it anew."""
    post = await actions.delete(court.world, request.account_id, request.path("id"))
    return json_response(await deleted_json(court.world, post, request.account_id))


async def show_context(court: Court, request: ApiRequest) -> Response:
    """What a post answers and what answers it."""
    post = await seen_post(court, request)
    found = await threads.context(court.world, request.viewer_id, post)
    return json_response(await context_entity(court.world, found, request.viewer_id))


async def show_source(court: Court, request: ApiRequest) -> Response:
    """A post as it was typed."""
    post = await seen_post(court, request)
    return json_response(SourceEntity(str(post.id), post.text, post.spoiler))


async def show_history(court: Court, request: ApiRequest) -> Response:
    """What a post said before it was edited, and what it says now."""
    post = await seen_post(court, request)
    versions = await actions.history(court.world, post)
    return json_response(await edit_entities(court.world, post, versions))
