"""A new or changed post meets the detectors and the text bank; what they say becomes a source.

Only what was said in public is read. A match with a text that was judged before holds the post at
once, unless it stands in a quotation or a news report: then it is a signal like any other.
"""

from __future__ import annotations

from typing import Any

import msgspec

from venire.cases import appeals_filing, intake, service, steps, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case, Source, Subject
from venire.detectors import store as bank_store
from venire.detectors.model import Evidence, Judgement
from venire.events import PanelEnded, PostCreated, PostDeleted, PostEdited, PostImported
from venire.kernel.errors import Conflict
from venire.notices import actions as notices
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, REMOVED, Post
from venire.storage.verbs import Envelope

_SPANS_AT_MOST = 20


async def on_post(court: Court, envelope: Envelope) -> None:
    """Look at a post that was published, edited or brought along from elsewhere."""
    event = envelope.event
    if not isinstance(event, PostCreated | PostEdited | PostImported):
        return
    post = await posts.load(court.world, event.post_id)
    if post is None or post.visibility not in LISTED or post.state in {DELETED, REMOVED}:
        return
    if post.author_id == court.site_account_id or post.reblog_of_id is not None:
        return
    subject = Subject("post", post.id, post.author_id)
    for source in (await bank_source(court, post), await _detector_source(court, post)):
        if source is not None:
            await intake.note_source(court.world, court.policy, subject, source)


async def _detector_source(court: Court, post: Post) -> Source | None:
    evidence = Evidence(post.id, text_of(post), post.language)
    judgement = await court.detectors.bench.judge(evidence)
    if not judgement.case or judgement.category is None:
        return None
    return Source(
        kind="detector",
        ref=f"detectors:{post.version}",
        category=judgement.category,
        at_ms=court.world.now_ms(),
        hold=judgement.hold,
        score=round(judgement.score, 4),
        body={"spans": _spans(judgement)},
        edited_at_ms=post.edited_at_ms,
    )


def _spans(judgement: Judgement) -> list[dict[str, Any]]:
    found = [
        {"start": span.start, "end": span.end, "reason": span.reason, "detector": signal.detector}
        for signal in judgement.signals
        for span in signal.spans
    ]
    return found[:_SPANS_AT_MOST]


def text_of(post: Post) -> str:
    """What is read of a post: warning, text, the answers of its poll, words about its pictures."""
    parts = [post.spoiler, post.text] if post.spoiler else [post.text]
    if post.poll is not None:
        parts += post.poll.options
    parts += [one.description for one in post.attachments if one.description]
    return "\n".join(parts)


async def bank_source(court: Court, post: Post) -> Source | None:
    """What the bank says of a post: an exact copy inherits a verdict, a near one gets a panel."""
    match = court.detectors.bank.match(text_of(post))
    if match is None or match.entry.id == post.id:
        return None
    row = await bank_store.entry(court.world.storage, match.entry.id)
    if row is None or not row.active:
        return None
    exact = match.kind == "exact" and not match.quoted
    return Source(
        kind="bank",
        ref=f"{row.origin}:{post.version}",
        category=row.category,
        at_ms=court.world.now_ms(),
        hold=not match.quoted,
        score=round(match.similarity, 4),
        body={"copy_of": row.origin, "exact": exact, "quoting": match.quoted},
        inherits=row.origin if exact else "",
        edited_at_ms=post.edited_at_ms,
    )


async def on_post_deleted(court: Court, envelope: Envelope) -> None:
    """The author deleted the subject of a case: what has not been judged is not judged any more."""
    event = envelope.event
    if not isinstance(event, PostDeleted):
        return
    case = await store.case_of_subject(court.world.storage, "post", event.post_id)
    sealed = case is not None and SEALED in case.categories
    if case is not None and case.state in {"open", "judging"} and not sealed:
        if case.pending is not None:
            # A step is on its way into the record: it lands first, then the case is closed.
            await steps.settled(court, case.id)
            case = await store.load(court.world.storage, case.id)
        if case is None or case.pending is not None:
            raise Conflict("case_busy")
        if case.appeal is not None:
            await appeals_filing.on_subject_deleted(court, case)
        elif case.state in {"open", "judging"}:
            await _close(court, case)
    await notices.set_item_states(
        court.world, event.post_id, "deleted_by_author", at_ms=envelope.at_ms
    )


async def _close(court: Court, case: Case) -> None:
    closed = msgspec.structs.replace(case, state="closed", waits_for="", measure="none")
    seats = await store.seats(court.world.storage, case.id)
    writes = [
        *store.put_case(closed),
        store.release_subject(case),
        *service.dismiss_open(seats),
    ]
    # Whoever has voted by then has served.
    told = [PanelEnded(case.id)]
    await court.world.storage.commit(store.aggregate(case.id), writes, told, expect=case.version)
