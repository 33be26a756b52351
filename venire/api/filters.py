"""Filters, version 2 and 1: https://docs.joinmastodon.org/methods/filters/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.filter import (
    build_filter,
    build_filter_status,
    build_filter_v1,
    build_keyword,
)
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.posts import actions, filtering
from venire.posts.filtering import Change, KeywordChange
from venire.posts.filters import HIDE, WARN, Filter, Keyword
from venire.posts.store import load

_LONGEST_S = 100 * 366 * 86_400
_TEXT = 4_096


def _expiry(court: Court, form: Form) -> int | None:
    if form.text("expires_in", limit=20) in {None, ""}:
        return None
    seconds = form.integer("expires_in", 0, high=_LONGEST_S)
    return court.world.now_ms() + seconds * 1_000


def _contexts(form: Form) -> tuple[str, ...] | None:
    return tuple(form.texts("context", limit=40)[:20]) if "context" in form else None


def _keyword(form: Form) -> KeywordChange:
    return KeywordChange(
        id=form.identifier("id"),
        keyword=form.text("keyword", limit=_TEXT),
        whole_word=form.flag("whole_word"),
        gone=bool(form.flag("_destroy")),
    )


def _change(court: Court, form: Form) -> Change:
    return Change(
        title=form.text("title", limit=_TEXT),
        action=form.text("filter_action", limit=20) or None,
        contexts=_contexts(form),
        keywords=tuple(_keyword(row) for row in form.rows("keywords_attributes")),
        lapses="expires_in" in form,
        expires_at_ms=_expiry(court, form),
    )


async def show_filters(court: Court, request: ApiRequest) -> Response:
    """Every filter of the member."""
    found = await filtering.load_set(court.world, request.account_id)
    return json_response([build_filter(one) for one in found.values()])


async def show_filter(court: Court, request: ApiRequest) -> Response:
    """One filter."""
    one = await filtering.load(court.world, request.account_id, request.path("id"))
    return json_response(build_filter(one))


async def create_filter(court: Court, request: ApiRequest) -> Response:
    """Add a filter, with its phrases."""
    change = _change(court, await request.form())
    return json_response(
        build_filter(await filtering.create(court.world, request.account_id, change))
    )


async def edit_filter(court: Court, request: ApiRequest) -> Response:
    """Change a filter and its phrases."""
    change = _change(court, await request.form())
    one = await filtering.change(court.world, request.account_id, request.path("id"), change)
    return json_response(build_filter(one))


async def delete_filter(court: Court, request: ApiRequest) -> Response:
    """Remove a filter."""
    await filtering.remove(court.world, request.account_id, request.path("id"))
    return json_response({})


async def show_keywords(court: Court, request: ApiRequest) -> Response:
    """The phrases of a filter."""
    one = await filtering.load(court.world, request.account_id, request.path("filter_id"))
    return json_response([build_keyword(word) for word in one.keywords])


async def create_keyword(court: Court, request: ApiRequest) -> Response:
    """Add a phrase to a filter."""
    sent = _keyword(await request.form())
    # A phrase that is new, whatever id was sent with it.
    change = KeywordChange(keyword=sent.keyword, whole_word=sent.whole_word)
    one = await filtering.change(
        court.world, request.account_id, request.path("filter_id"), Change(keywords=(change,))
    )
    return json_response(build_keyword(one.keywords[-1]))


async def _word(court: Court, request: ApiRequest) -> tuple[Filter, Keyword]:
    there = await filtering.load_set(court.world, request.account_id)
    one = filtering.holder_of_keyword(there, request.path("id"))
    return one, next(word for word in one.keywords if word.id == request.path("id"))


async def show_keyword(court: Court, request: ApiRequest) -> Response:
    """One phrase."""
    return json_response(build_keyword((await _word(court, request))[1]))


async def edit_keyword(court: Court, request: ApiRequest) -> Response:
    """Change a phrase."""
    form = await request.form()
    one, word = await _word(court, request)
    change = KeywordChange(
        id=word.id, keyword=form.text("keyword", limit=_TEXT), whole_word=form.flag("whole_word")
    )
    await filtering.change(court.world, request.account_id, one.id, Change(keywords=(change,)))
    return json_response(build_keyword((await _word(court, request))[1]))


async def delete_keyword(court: Court, request: ApiRequest) -> Response:
    """Take a phrase out of its filter."""
    await filtering.remove_keyword(court.world, request.account_id, request.path("id"))
    return json_response({})


async def show_statuses(court: Court, request: ApiRequest) -> Response:
    """The posts that a filter names."""
    one = await filtering.load(court.world, request.account_id, request.path("filter_id"))
    return json_response([build_filter_status(named) for named in one.statuses])


async def create_status(court: Court, request: ApiRequest) -> Response:
    """Have a filter name a post."""
    form = await request.form()
    post_id = form.identifier("status_id")
    post = None if post_id is None else await load(court.world, post_id)
    if post is None or not await actions.may_see(court.world, post, request.account_id):
        raise NotFound("record_not_found", "Record not found")
    named = await filtering.add_post(
        court.world, request.account_id, request.path("filter_id"), post.id
    )
    return json_response(build_filter_status(named))


async def show_status(court: Court, request: ApiRequest) -> Response:
    """One post that a filter names."""
    there = await filtering.load_set(court.world, request.account_id)
    one = filtering.holder_of_post(there, request.path("id"))
    named = next(status for status in one.statuses if status.id == request.path("id"))
    return json_response(build_filter_status(named))


async def delete_status(court: Court, request: ApiRequest) -> Response:
    """Have a filter name a post no longer."""
    await filtering.remove_post(court.world, request.account_id, request.path("id"))
    return json_response({})


async def show_filters_v1(court: Court, request: ApiRequest) -> Response:
    """Every phrase of the member as a filter of version 1."""
    found = await filtering.load_set(court.world, request.account_id)
    return json_response(
        [build_filter_v1(one, word) for one in found.values() for word in one.keywords]
    )


async def show_filter_v1(court: Court, request: ApiRequest) -> Response:
    """One phrase as a filter of version 1."""
    return json_response(build_filter_v1(*await _word(court, request)))


async def create_filter_v1(court: Court, request: ApiRequest) -> Response:
    """Add a phrase as a filter of its own, called after itself."""
    form = await request.form()
    phrase = form.required("phrase", limit=filtering.KEYWORD_LENGTH)
    word = KeywordChange(keyword=phrase, whole_word=bool(form.flag("whole_word")))
    change = Change(
        title=phrase[: filtering.TITLE_LENGTH],
        action=HIDE if form.flag("irreversible") else WARN,
        contexts=_contexts(form) or (),
        keywords=(word,),
        lapses=True,
        expires_at_ms=_expiry(court, form),
    )
    one = await filtering.create(court.world, request.account_id, change)
    return json_response(build_filter_v1(one, one.keywords[0]))


async def edit_filter_v1(court: Court, request: ApiRequest) -> Response:
    """Change a phrase as a filter of version 1; one with more phrases keeps what they share."""
    form = await request.form()
    one, word = await _word(court, request)
    irreversible = form.flag("irreversible")
    contexts, lapses = _contexts(form), "expires_in" in form
    action = None if irreversible is None else (HIDE if irreversible else WARN)
    shared = any(
        (
            contexts is not None and set(contexts) != set(one.contexts),
            lapses and _expiry(court, form) != one.expires_at_ms,
            action is not None and (action == HIDE) != (one.action == HIDE),
        )
    )
    if len(one.keywords) > 1 and shared:
        raise Invalid("filter_shared", "This filter has several phrases: use a newer app")
    change = Change(
        action=action if action is None or (action == HIDE) != (one.action == HIDE) else None,
        contexts=contexts,
        keywords=(
            KeywordChange(
                id=word.id,
                keyword=form.text("phrase", limit=_TEXT),
                whole_word=form.flag("whole_word"),
            ),
        ),
        lapses=lapses,
        expires_at_ms=_expiry(court, form),
    )
    await filtering.change(court.world, request.account_id, one.id, change)
    return await show_filter_v1(court, request)


async def delete_filter_v1(court: Court, request: ApiRequest) -> Response:
    """Take a phrase out; its filter goes with the last one."""
    await filtering.remove_keyword(
        court.world, request.account_id, request.path("id"), with_last=True
    )
    return json_response({})
