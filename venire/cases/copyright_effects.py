"""What a copyright notice does outside: the record, cases, the uploader's copy. All once."""

from __future__ import annotations

from typing import Any

from venire.cases import delivery, intake, moderators, public, putting_back, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Source, Subject
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Conflict
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.posts import actions as posts
from venire.posts.model import DELETED
from venire.record.headers import hour_of
from venire.storage.tables.copyright_desk import CopyrightItemRow, CopyrightNoticeRow

_CATEGORY = "copyright"
_BY_CLOCK = moderators.How(automated=True)


async def note_arrival(court: Court, row: CopyrightNoticeRow) -> None:
    """Put the arrival of a notice into the record; whose it is is committed to, not named."""
    header = {
        "type": "notice",
        "hour": hour_of(row.received_at_ms),
        "rules": court.policy.version,
        "notice_kind": "items",
        "items": row.items,
        "authenticated": False,
        "category": _CATEGORY,
        "source": "notice",
    }
    await public.append(court, f"copyright:{row.id}", header, {"copyright": str(row.id)})


def _source(item: CopyrightItemRow, at_ms: int) -> Source:
    return Source(
        kind="moderator",
        ref=f"copyright:{item.notice_id}:{item.n}",
        category=_CATEGORY,
        at_ms=at_ms,
        body={"reason": f"Copyright notice {item.notice_id}, item {item.n}."},
    )


async def remove(court: Court, row: CopyrightNoticeRow, item: CopyrightItemRow) -> str:
    """Remove what an item names, by its case; return the case's public id, empty if it is gone.

    What may harm a child is hidden already, and is the named person's alone: for anybody else it is
    not there.
    """
    post = None if item.post_id is None else await posts.load(court.world, item.post_id)
    if post is None or post.state == DELETED or row.decided_by is None:
        return ""
    there = await store.case_of_subject(court.world.storage, "post", post.id)
    if there is not None and SEALED in there.categories:
        return ""
    subject = Subject("post", post.id, post.author_id)
    source = _source(item, row.received_at_ms)
    case = await intake.note_source(court.world, court.policy, subject, source)
    try:
        await moderators.act(
            court,
            case.public_id,
            actor_id=row.decided_by,
            action="remove",
            reason=f"Copyright notice {item.notice_id}, item {item.n}.",
            category=_CATEGORY,
        )
    except Conflict as conflict:
        # Removed by an earlier try, or for something else: then it stays so for that.
        if conflict.code not in {"nothing_to_change", "case_closed"}:
            raise
    return case.public_id


async def put_back(court: Court, item: CopyrightItemRow, state: str) -> str:
    """Bring a post back that was removed for copyright, and for nothing else; else say why not."""
    case = await store.case_by_public_id(court.world.storage, item.case_public_id)
    if case is None:
        return ""
    why = "withdrawn by its claimant" if state == "withdrawn" else "answered, and no action filed"
    reason = f"Copyright notice {item.notice_id}, item {item.n}: {why}."
    undo = putting_back.Undo(court.site_account_id, _CATEGORY, reason, _BY_CLOCK)
    return await putting_back.put_back(court, case.id, undo)


async def tell_uploader(court: Court, item: CopyrightItemRow) -> None:
    """The uploader's copy, by a link: the notice itself is read signed in."""
    if item.uploader_id is None:
        return
    language = await people.language_of(court.world, item.uploader_id)
    url = f"{court.world.site.base_url}/copyright/{item.notice_id}"
    text = translate(
        language,
        "Somebody claims the copyright in a post of yours, and it was removed. Read the notice, and"
        " answer it if it is wrong: {url}",
        url=url,
    )
    key = f"copyright:{item.notice_id}:{item.n}:copy"
    await delivery.tell(court, item.uploader_id, text, key=key)


def item_view(item: CopyrightItemRow) -> dict[str, Any]:
    """An item as all three parties read it: not who the uploader is."""

    def moment(at_ms: int | None) -> str | None:
        return None if at_ms is None else iso_ms(at_ms)

    return {
        "n": item.n,
        "url": item.url,
        "state": item.state,
        "post_id": None if item.post_id is None else str(item.post_id),
        "case": item.case_public_id,
        "countered_at": moment(item.countered_at_ms),
        "restore_at": moment(item.restore_at_ms),
        "restore_by": moment(item.restore_by_ms),
        "filed": item.filed,
        "changed_at": iso_ms(item.changed_at_ms),
    }
