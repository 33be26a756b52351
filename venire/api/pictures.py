"""An account's own pictures: docs.joinmastodon.org/methods/accounts and /methods/profile."""

from __future__ import annotations

import contextlib
import tempfile
from typing import BinaryIO

from starlette.responses import Response

from venire.api.entities.account import credential_entity
from venire.api.form import Form, Spooled, Upload
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, Unauthenticated
from venire.people.store import load_account
from venire.posts.media import pictures
from venire.posts.media.pictures import SIDES


async def take_pictures(court: Court, request: ApiRequest, form: Form) -> None:
    """Replace the pictures that a form brings.

    Raises Invalid `media_empty` for what is no file, and what `posts.media.pictures.change` does.
    """
    with contextlib.ExitStack() as files:
        sent: dict[str, tuple[BinaryIO, int]] = {}
        for side in SIDES:
            value = form.fields.get(side)
            if isinstance(value, Spooled):
                sent[side] = (value.file, value.size)
            elif isinstance(value, Upload):
                file = files.enter_context(tempfile.TemporaryFile())
                file.write(value.content)
                file.flush()
                sent[side] = (file, len(value.content))
            elif value not in (None, ""):
                # A refusal of the whole: a client told "200" would believe that it is there.
                text = "Validation failed: File can't be blank"
                raise Invalid("media_empty", text, parameter=side)
        if sent:
            with court.media.studio.receiving(request.account_id):
                await pictures.change(court.media, request.account_id, sent)


async def delete_avatar(court: Court, request: ApiRequest) -> Response:
    """Take one's avatar away."""
    return await _without(court, request, SIDES[0])


async def delete_header(court: Court, request: ApiRequest) -> Response:
    """Take one's header away."""
    return await _without(court, request, SIDES[1])


async def _without(court: Court, request: ApiRequest, side: str) -> Response:
    await pictures.remove(court.world, request.account_id, side)
    account = await load_account(court.world, request.account_id)
    if account is None:
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    return json_response(await credential_entity(court.world, account))
