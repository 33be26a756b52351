"""An old post with its media, from the opened file of an archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from venire.events import MediumUploaded
from venire.kernel.errors import (
    Conflict,
    Invalid,
    Problem,
    Refused,
    Throttled,
    TooLarge,
    Unavailable,
)
from venire.people.model import Account
from venire.posts import importing
from venire.posts.media.actions import claim
from venire.posts.media.model import MOVING, READY, WORKING, Attachment, Medium
from venire.posts.media.store import load as load_medium
from venire.posts.media.studio import Tools, from_parts
from venire.posts.media.uploading import Upload, convert, upload
from venire.posts.moving.model import BROUGHT, REFUSED, BroughtMedium, BroughtPost, Outcome
from venire.storage.verbs import Envelope

PATIENCE_S = 1_800
"""How long a film may take to be converted, with others before it."""
_READ_BYTES = 1 << 20
_PAUSE_S = 0.5


async def bring_post(
    tools: Tools, author: Account, key: str, line: BroughtPost, *, alone: bool
) -> Outcome:
    """Keep an old post. `key`: the object that its media lie in; `alone`: no site runs beside.

    What is wrong with the post itself is told, not raised.
    """
    try:
        return await _bring(tools, author, key, line, alone=alone)
    except (Conflict, Throttled, Unavailable, Refused):
        raise
    except Problem as problem:
        return Outcome(REFUSED, problem.code)


async def _bring(
    tools: Tools, author: Account, key: str, line: BroughtPost, *, alone: bool
) -> Outcome:
    world = tools.world
    prepared = await importing.prepare(world, author, line)
    if isinstance(prepared, Outcome):
        return prepared
    attachments: list[Attachment] = []
    for sent in line.media:
        medium = await _medium(tools, author, key, sent, alone=alone)
        if medium is not None and _fits(attachments, medium.attachment):
            attachments.append(medium.attachment)
    claimed = await claim(world, author.id, [one.id for one in attachments]) if attachments else ()
    outcome = await importing.keep(world, prepared, claimed)
    if outcome.state != BROUGHT:
        return outcome
    missing = len(line.media) - len(attachments)
    return msgspec.structs.replace(outcome, media=len(attachments), media_missing=missing)


def _fits(there: list[Attachment], new: Attachment) -> bool:
    """Whether a post may carry one more: a film stands alone."""
    return not there or (new.kind not in MOVING and all(one.kind not in MOVING for one in there))


async def _medium(
    tools: Tools, author: Account, key: str, sent: BroughtMedium, *, alone: bool
) -> Medium | None:
    """A medium of an archive, taken in like any upload; None where it cannot be."""
    if sent.size == 0:
        return None
    try:
        async with from_parts(_parts(tools, key, sent)) as file:
            sending = Upload(file, sent.size, sent.description, sent.focus)
            medium = await upload(tools, author.id, sending)
    except (Invalid, TooLarge):
        return None
    if medium.state == WORKING:
        return await _finished(tools, medium, alone=alone)
    return medium


async def _parts(tools: Tools, key: str, sent: BroughtMedium) -> AsyncIterator[bytes]:
    start, end = sent.at, sent.at + sent.size
    while start < end:
        part = await tools.objects.read(key, start, min(_READ_BYTES, end - start))
        if not part:
            raise Unavailable("objects_failing")
        start += len(part)
        yield part


async def _finished(tools: Tools, medium: Medium, *, alone: bool) -> Medium | None:
    """A film when it can be shown; None where it never will be."""
    if alone:
        await convert(tools, Envelope(0, 0, 0, "", MediumUploaded(medium.id)))
    for _ in range(int(PATIENCE_S / _PAUSE_S)):
        there = await load_medium(tools.world, medium.id)
        if there is None or there.state != WORKING:
            return there if there is not None and there.state == READY else None
        await asyncio.sleep(_PAUSE_S)
    return None
