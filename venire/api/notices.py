"""The notice desk over HTTP: send a notice, follow it, answer what it asks, take the reply."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response

from venire.api.form import Form, Upload
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import answers, releases
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.notices import actions, intake, store
from venire.notices.attachments import PartFiles
from venire.notices.model import Envelope, Notice, NoticeItem, SourceFile

_OPERATORS = frozenset({"moderator", "admin"})
_DOCUMENT = "notice"


def item_view(item: NoticeItem) -> dict[str, Any]:
    """An item as its sender sees it."""
    return {
        "n": item.n,
        "state": item.state,
        "code": item.code,
        "posts": [str(post_id) for post_id in item.posts],
        "confidence": round(item.confidence, 3),
        "held_at": None if item.held_at_ms is None else iso_ms(item.held_at_ms),
        "decided_at": None if item.decided_at_ms is None else iso_ms(item.decided_at_ms),
        "searched": item.searched,
        "duplicate_of": item.duplicate_of,
    }


def _head(notice: Notice, state: str) -> dict[str, Any]:
    return {
        "ref": str(notice.id),
        "provider": notice.provider,
        "reference": notice.reference,
        "kind": notice.kind,
        "state": state,
        "verified": notice.verified,
        "needs_confirmation": not notice.may_hold,
        "received_at": iso_ms(notice.received_at_ms),
        "due_at": iso_ms(notice.due_at_ms),
        "item_count": notice.item_count,
        "remarks": list(notice.remarks),
    }


async def create(court: Court, request: ApiRequest) -> Response:
    """Receive a notice: multipart, part `notice` as json, csv or eml, and one part per file."""
    viewer = request.viewer
    verified = viewer is not None and viewer.role in _OPERATORS
    if not verified:
        await request.take("unverified_notice", f"account:{request.account_id}")
    form = await request.form()
    document = _document(form)
    files = PartFiles([_file(part) for part in form.uploads() if part is not document])
    # Sixteen megabytes of items take a second to read, which others need not wait for.
    parsed = await asyncio.to_thread(
        intake.parse_document,
        document.content,
        now_ms=court.world.now_ms(),
        media_type=document.content_type,
        name=document.filename,
        files=files,
        envelope=Envelope(provider=form.text("provider") or ""),
    )
    sender = actions.Sender(
        "",
        verified=verified,
        posts_per_day=await releases.posts_to_compare(court, len(parsed.items)),
        account_id=request.account_id,
    )
    delivery = actions.Delivery(parsed, document.content, files)
    notice = await actions.receive(
        court.world, court.objects, court.policy.notices, delivery, sender
    )
    return json_response({"ref": str(notice.id), "items": notice.item_count}, 202)


def _document(form: Form) -> Upload:
    """The notice itself: a file, or a plain field of the form."""
    sent = form.upload(_DOCUMENT)
    if sent is not None:
        return sent
    text = form.fields.get(_DOCUMENT)
    if not isinstance(text, str):
        raise Invalid("notice_part_missing", "send the notice itself as the part 'notice'")
    return Upload("", "", text.encode(errors="replace"))


def _file(part: Upload) -> SourceFile:
    return SourceFile(part.filename, len(part.content), lambda: part.content)


async def _notice(court: Court, request: ApiRequest) -> Notice:
    notice = await store.load(court.world.storage, request.path("ref"))
    if notice is None:
        raise NotFound("notice_not_found", "there is no such notice")
    return notice


async def show(court: Court, request: ApiRequest) -> Response:
    """A notice and the state of each item."""
    notice = await _notice(court, request)
    row = await store.load_row(court.world.storage, notice.id)
    items = await store.items(court.world.storage, notice.id)
    shown = _head(notice, "reading" if row is None else row.state)
    return json_response({**shown, "items": [item_view(item) for item in items]})


async def index(court: Court, _request: ApiRequest) -> Response:
    """The last notices of this year and the one before, newest first."""
    shown = []
    for notice_id in await actions.latest(court.world):
        row = await store.load_row(court.world.storage, notice_id)
        if row is not None:
            shown.append(_head(store.notice_of(row), row.state))
    return json_response(shown)


async def confirm(court: Court, request: ApiRequest) -> Response:
    """A person vouches for a notice that may not act by itself."""
    notice = await _notice(court, request)
    await actions.confirm(court.world, notice.id, request.account_id)
    return await show(court, request)


async def choose(court: Court, request: ApiRequest) -> Response:
    """A person says which posts an ambiguous item means; an empty list: none of them."""
    notice = await _notice(court, request)
    form = await request.form()
    item = await actions.choose(
        court.world, notice.id, request.path("n"), form.identifiers("posts")
    )
    return json_response(item_view(item))


async def release(court: Court, request: ApiRequest) -> Response:
    """A named operator shows a disputed post again, with reasons, after the reply said so."""
    notice = await _notice(court, request)
    form = await request.form()
    await releases.release_item(
        court,
        notice.id,
        request.path("n"),
        actor_id=request.account_id,
        reason=form.required("reason"),
    )
    return await show(court, request)


async def reply(court: Court, request: ApiRequest) -> Response:
    """The reply pack: `reply.json`, `reply.csv`, `reply.txt`."""
    viewer = request.viewer
    if viewer is None or viewer.role not in _OPERATORS:
        raise Forbidden("operators_only", "the reply pack is for this site's operators")
    notice = await _notice(court, request)
    pack = await answers.reply_pack(court, notice.id)
    form = request.path_text("form")
    if form not in pack.files:
        raise NotFound("record_not_found", "reply.json, reply.csv or reply.txt")
    media_type, content = pack.files[form]
    return Response(
        content,
        headers={"content-disposition": f'attachment; filename="{form}"'},
        media_type=media_type,
    )
