"""Uploads: https://docs.joinmastodon.org/methods/media/."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response

from venire.api.entities.media import build_medium
from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.api.statuses import focus_of
from venire.cases.court import Court
from venire.kernel.errors import Invalid
from venire.posts.media import actions, uploading
from venire.posts.media.model import FAILED, WORKING, Medium
from venire.posts.media.rules import PICTURE_BYTES, check_size, failed

_DESCRIPTION: Final = 1 << 17
"""Far over what is taken, so that one a little too long is told so in Mastodon's words."""
_BODY_S: Final = 900.0
_WAIT_S: Final = 0.25
_WAITS: Final = 480


@contextlib.asynccontextmanager
async def receiving(court: Court, request: ApiRequest) -> AsyncIterator[Form]:
    """A form with its files on disk. Throttled `media_busy`; Invalid `body_too_slow`."""
    with court.media.studio.receiving(request.account_id):
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(_BODY_S):
                    form = await stack.enter_async_context(request.spooled())
            except TimeoutError as error:
                raise Invalid("body_too_slow", "The file took too long to arrive") from error
            yield form


async def create_media(court: Court, request: ApiRequest) -> Response:
    """Upload a file: 200 where it can be shown, 202 where it is still being converted."""
    medium = await _upload(court, request)
    body = build_medium(medium, court.world.site.base_url)
    return json_response(body, 202 if medium.state == WORKING else 200)


async def create_media_v1(court: Court, request: ApiRequest) -> Response:
    """Upload a file and wait until it can be shown."""
    medium = await _upload(court, request)
    for _ in range(_WAITS):
        if medium.state != WORKING:
            break
        await asyncio.sleep(_WAIT_S)
        medium = await actions.load_own(court.world, request.account_id, medium.id)
    return _shown(court, medium)


async def _upload(court: Court, request: ApiRequest) -> Medium:
    async with receiving(court, request) as form:
        sent = form.spooled("file")
        if sent is None:
            raise Invalid("media_empty", "Validation failed: File can't be blank")
        thumbnail = form.spooled("thumbnail")
        if thumbnail is not None:
            check_size(thumbnail.size, PICTURE_BYTES)
        upload = uploading.Upload(
            file=sent.file,
            size=sent.size,
            description=form.text("description", limit=_DESCRIPTION),
            focus=focus_of(form.text("focus", limit=40)),
            thumbnail=None if thumbnail is None else thumbnail.file,
        )
        return await uploading.upload(court.media, request.account_id, upload)


async def show_media(court: Court, request: ApiRequest) -> Response:
    """One's own upload: 206 while it is being converted, 422 where that failed."""
    medium = await actions.load_own(court.world, request.account_id, request.path("id"))
    return _shown(court, medium)


def _shown(court: Court, medium: Medium) -> Response:
    if medium.state == FAILED:
        raise failed()
    body = build_medium(medium, court.world.site.base_url)
    return json_response(body, 206 if medium.state == WORKING else 200)


async def update_media(court: Court, request: ApiRequest) -> Response:
    """Change what is said about an upload that no post carries yet."""
    async with receiving(court, request) as form:
        thumbnail = form.spooled("thumbnail")
        if thumbnail is not None:
            check_size(thumbnail.size, PICTURE_BYTES)
        wording = actions.Wording(
            description=form.text("description", limit=_DESCRIPTION),
            focus=focus_of(form.text("focus", limit=40)),
            thumbnail=None if thumbnail is None else thumbnail.file,
        )
        medium = await actions.describe(
            court.media, request.account_id, request.path("id"), wording
        )
    return _shown(court, medium)


async def delete_media(court: Court, request: ApiRequest) -> Response:
    """Delete an upload that no post carries."""
    await actions.delete(court.world, request.account_id, request.path("id"))
    return json_response({})
