"""The notice desk: take a notice in, follow each item, answer what waits for a person, reply."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from starlette.responses import Response

from venire.cases import answers, releases
from venire.cases import store as cases
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.notices import actions, intake, rules, store
from venire.notices.attachments import PartFiles
from venire.notices.locating import parse_post_url
from venire.notices.model import Envelope, Notice, NoticeItem, SourceFile
from venire.people.store import load_accounts
from venire.posts import actions as posts
from venire.posts.markup import post_path
from venire.posts.model import LISTED, REMOVED, Post
from venire.web import words
from venire.web.cards import opening
from venire.web.forms import Upload
from venire.web.visit import Visit

_ITEMS = 100
_CHILD_SAFETY = "child_safety"
_WAITS = frozenset({"ambiguous", "not_found"})
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)


async def index(visit: Visit) -> Response:
    """The notices of this year and the last, newest first, and the form for another."""
    year = int(iso_ms(visit.world.now_ms())[:4])
    found = [
        *await store.recent(visit.world.storage, year),
        *await store.recent(visit.world.storage, year - 1),
    ]
    shown = []
    for notice_id in found:
        row = await store.load_row(visit.world.storage, notice_id)
        if row is not None:
            shown.append(_line(visit, store.notice_of(row), row.state))
    return visit.page("notices.html", notices=shown)


def _line(visit: Visit, notice: Notice, state: str) -> dict[str, Any]:
    now_ms = visit.world.now_ms()
    return {
        "id": notice.id,
        "provider": notice.provider,
        "reference": notice.reference,
        "kind": notice.kind,
        "category": rules.category_named(notice.category) or "other",
        "state": state,
        "item_count": notice.item_count,
        "imported_at_ms": notice.imported_at_ms,
        "due_at_ms": notice.due_at_ms,
        "overdue": state != "final" and notice.due_at_ms < now_ms,
        "verified": notice.verified,
        "may_hold": notice.may_hold,
        "remarks": [words.REMARKS[code] for code in notice.remarks if code in words.REMARKS],
    }


async def take_in(visit: Visit) -> Response:
    """Receive a notice that a signed-in operator uploads, with its screenshots."""
    documents = visit.form.uploads("document")
    if not documents or not documents[0].content:
        raise Invalid("notice_missing", "Choose a document")
    document = documents[0]
    files = PartFiles([_file(part) for part in visit.form.uploads("files")])
    parsed = intake.parse_document(
        document.content,
        now_ms=visit.world.now_ms(),
        media_type=document.content_type,
        name=document.name,
        files=files,
        envelope=Envelope(provider=visit.form.text("provider", most=100).strip()),
    )
    per_day = await releases.posts_to_compare(visit.court, len(parsed.items))
    notice = await actions.receive(
        visit.world,
        visit.court.objects,
        visit.court.policy.notices,
        actions.Delivery(parsed, document.content, files),
        actions.Sender("", verified=True, posts_per_day=per_day),
    )
    return visit.redirect(f"/notices/{notice.id}", done="received")


def _file(part: Upload) -> SourceFile:
    return SourceFile(part.name, len(part.content), lambda: part.content)


async def _notice(visit: Visit) -> Notice:
    notice_id = parse_id(visit.request.path_params["ref"])
    notice = None if notice_id is None else await store.load(visit.world.storage, notice_id)
    if notice is None:
        raise NotFound("notice_not_found", "There is no such notice")
    return notice


async def _item(visit: Visit, notice: Notice) -> NoticeItem:
    n = parse_id(visit.request.path_params["n"])
    item = None if n is None else await store.item(visit.world.storage, notice.id, n)
    if item is None:
        raise NotFound("notice_item_not_found", "There is no such item")
    return item


async def show(visit: Visit) -> Response:
    """A notice: what waits for a person, how far each item is, the reply."""
    notice = await _notice(visit)
    row = await store.load_row(visit.world.storage, notice.id)
    items = await store.items(visit.world.storage, notice.id)
    tally = Counter[str](item.state for item in items)
    chosen = visit.request.query_params.get("state", "")
    kept = [item for item in items if item.state == chosen] if chosen in tally else items
    start = parse_id(visit.request.query_params.get("from", "")) or 0
    part = kept[start : start + _ITEMS]
    return visit.page(
        "notice.html",
        n=_line(visit, notice, "reading" if row is None else row.state),
        tally=[(state, tally[state]) for state in words.ITEM_STATES if tally[state]],
        chosen=chosen if chosen in tally else "",
        items=await _lines(visit, notice, part),
        earlier=max(0, start - _ITEMS) if start else None,
        further=start + _ITEMS if start + _ITEMS < len(kept) else None,
        forms=("reply.txt", "reply.csv", "reply.json"),
    )


async def _lines(visit: Visit, notice: Notice, items: list[NoticeItem]) -> list[dict[str, Any]]:
    wanted = {item.posts[0] for item in items if item.posts and item.state != "ambiguous"}
    found = {post.id: post for post in await posts.load_many(visit.world, sorted(wanted))}
    paths = await _paths(visit, list(found.values()))
    return [
        {
            "n": item.n,
            "state": item.state,
            "tone": _tone(item.state),
            "code": "" if item.code is None else words.UNREADABLE[item.code],
            "kind": item.kind,
            "said": _said(notice, item),
            "screenshot": item.screenshot,
            "picture": bool(item.screenshot_key) and not _sealed(notice, item),
            "confidence": round(item.confidence * 100) if item.posts else None,
            "posts": len(item.posts),
            "path": paths.get(item.posts[0], "") if item.posts else "",
            "waits": item.state in {"ambiguous", "disputed"},
            "held_at_ms": item.held_at_ms,
        }
        for item in items
    ]


def _said(notice: Notice, item: NoticeItem) -> str:
    """What an item points at, in a line."""
    return "" if _sealed(notice, item) else opening(item.url or item.text or item.read_text)


def _tone(state: str) -> str:
    if state in {"removed", "removed_before_notice", "held"}:
        return "good"
    return "bad" if state in {"disputed", "ambiguous", "unreadable", "not_found"} else ""


def _sealed(notice: Notice, item: NoticeItem) -> bool:
    """Whether nothing of an item is shown to anyone: sexual abuse of children."""
    return rules.category_named(item.category or notice.category) == _CHILD_SAFETY


async def _paths(visit: Visit, found: list[Post]) -> dict[int, str]:
    """The addresses of posts; of a removed one its case's at the moderation desk."""
    people = await load_accounts(visit.world, {post.author_id for post in found})
    paths: dict[int, str] = {}
    for post in found:
        if post.state == REMOVED and post.state_case_id is not None:
            case = await cases.load(visit.world.storage, post.state_case_id)
            paths[post.id] = "" if case is None else f"/moderation/cases/{case.public_id}"
        elif post.author_id in people:
            paths[post.id] = post_path(people[post.author_id].username, post.id)
    return paths


async def confirm(visit: Visit) -> Response:
    """Vouch for a notice that nothing may act on by itself."""
    notice = await _notice(visit)
    await actions.confirm(visit.world, notice.id, visit.moderator().id)
    return visit.redirect(f"/notices/{notice.id}", done="confirmed")


async def show_item(visit: Visit) -> Response:
    """One item: what it says, what was found, and what a person must decide."""
    notice = await _notice(visit)
    item = await _item(visit, notice)
    sealed = _sealed(notice, item)
    found = await posts.load_many(visit.world, item.posts)
    people = await load_accounts(visit.world, {post.author_id for post in found})
    paths = await _paths(visit, found)
    candidates = [
        {
            "id": post.id,
            "text": "" if sealed else post.text,
            "username": people[post.author_id].username if post.author_id in people else "?",
            "at_ms": post.created_at_ms,
            "path": paths.get(post.id, ""),
        }
        for post in found
        if post.visibility in LISTED
    ]
    return visit.page(
        "notice_item.html",
        n=_line(visit, notice, ""),
        item=item,
        tone=_tone(item.state),
        code="" if item.code is None else words.UNREADABLE[item.code],
        sealed=sealed,
        picture=bool(item.screenshot_key) and not sealed,
        candidates=candidates,
        chooses=item.state in _WAITS,
        searched=_searched(visit, item.searched),
        confidence=round(item.confidence * 100) if item.posts else None,
    )


_SEARCHED = (
    (re.compile(r"the address itself"), words.SEARCHED["address"]),
    (re.compile(r"an address of another site: (?P<host>.*)"), words.SEARCHED["elsewhere"]),
    (re.compile(r"(?P<count>[0-9]+) posts with words of it"), words.SEARCHED["words"]),
)


def _searched(visit: Visit, text: str) -> str:
    """What was looked through: the desk writes it in English, readers get it in their language."""
    for pattern, sentence in _SEARCHED:
        if found := pattern.fullmatch(text):
            return visit.t(sentence, **found.groupdict())
    return text


async def picture(visit: Visit) -> Response:
    """The screenshot of an item, as it was sent; never of child abuse, never anything but one."""
    notice = await _notice(visit)
    item = await _item(visit, notice)
    content = None
    if item.screenshot_key and not _sealed(notice, item):
        content = await visit.court.objects.get(item.screenshot_key)
    kind = None if content is None else _picture_type(content)
    if content is None or kind is None:
        raise NotFound("record_not_found", "There is no such picture")
    # A stranger's file: the browser takes it as this kind of picture, or not at all.
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(content, headers=headers, media_type=kind)


def _picture_type(content: bytes) -> str | None:
    return next((kind for start, kind in _PICTURES if content.startswith(start)), None)


async def choose(visit: Visit) -> Response:
    """Say which posts an item means: those ticked, or one named by its address, or none."""
    notice = await _notice(visit)
    item = await _item(visit, notice)
    chosen = visit.form.ids("posts")
    address = visit.form.text("address", most=2_000).strip()
    if address:
        chosen.append(await _named(visit, address))
    elif not set(chosen) <= set(item.posts):
        raise Invalid("parameter_invalid", "Choose among the posts shown", field="posts")
    if not chosen and not visit.form.flag("none"):
        raise Invalid("choice_missing", "Choose a post, or say that it is none of them")
    await actions.choose(visit.world, notice.id, item.n, list(dict.fromkeys(chosen)))
    return visit.redirect(f"/notices/{notice.id}", done="chosen")


async def _named(visit: Visit, address: str) -> int:
    """The public post that an address or an id names."""
    post_id = parse_id(address)
    if post_id is None:
        post_id = parse_post_url(address, visit.world.site.own).post_id
    post = None if post_id is None else await posts.load(visit.world, post_id)
    if post is None or post.visibility not in LISTED:
        raise NotFound("record_not_found", "There is no such post")
    return post.id


async def release(visit: Visit) -> Response:
    """Show a disputed post again, by name and with reasons, after the reply has said so."""
    notice = await _notice(visit)
    item = await _item(visit, notice)
    await releases.release_item(
        visit.court,
        notice.id,
        item.n,
        actor_id=visit.moderator().id,
        reason=visit.form.text("reason"),
    )
    return visit.redirect(f"/notices/{notice.id}", done="released")


async def reply(visit: Visit) -> Response:
    """The reply pack, file by file."""
    notice = await _notice(visit)
    pack = await answers.reply_pack(visit.court, notice.id)
    name = visit.request.path_params["name"]
    if name not in pack.files:
        raise NotFound("record_not_found", "There is no such file")
    media_type, content = pack.files[name]
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=media_type)
