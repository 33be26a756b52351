"""What a juror is shown, in two steps: first what kind of thing it is, then, when asked for, it.

The first step holds no word of the post. The second holds its text; pictures come last, each only
when it is asked for, small and as a blur until then. What a verdict was given on before is named
and not shown again, to anybody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from venire.cases import panels, pay, questions, service, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.cases.pace import refuse_in_break
from venire.cases.pay_statements import offer_view
from venire.cases.views import exhibit, mask_handles
from venire.events import CaseStepped
from venire.jury import warning
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.posts import actions as posts
from venire.posts.media.model import Attachment
from venire.posts.media.showing import Shown
from venire.posts.model import Post
from venire.storage.tables.cases import SeatRow
from venire.storage.tables.service import JUDGED_OBJECTS, JudgedObjectRow
from venire.storage.verbs import Envelope

HIDDEN: Final = ("text", "context", "earlier", "appeal")
"""What the second step adds to the first, beside `media`."""
_PIECE: Final = 256 * 1024
_JUDGED_BY: Final = frozenset({"measure", "lift", "keep"})


async def _seat(court: Court, at: service.SeatAt) -> tuple[Case, SeatRow]:
    """The case and the seat of whoever sits. Raises NotFound `summons_not_found`."""
    case = await store.load(court.world.storage, at.case_id)
    seat = await store.seat(court.world.storage, *at)
    if case is None or case.round is None or seat is None or seat.state not in {"seated", "voted"}:
        raise NotFound("summons_not_found", "you have no seat in this panel")
    if not service.is_voting(case, at.round):
        raise NotFound("summons_not_found", "this panel is over")
    return case, seat


async def threshold(court: Court, at: service.SeatAt, language: str) -> dict[str, Any]:
    """The first step: rule, category, what it may hold, how many pictures; not a word of it."""
    case, seat = await _seat(court, at)
    category = court.policy.category(case.category)
    seats = await store.seats(court.world.storage, at.case_id, at.round)
    current = case.round
    post = await _post(court, case)
    return {
        "case": case.public_id,
        "round": at.round,
        "category": category.name,
        "rule": category.rule,
        "title": category.title.get(language, category.title["en"]),
        "rule_text": category.text.get(language, category.text["en"]),
        "subject": case.subject_kind,
        "warning": warning.may_hold(language, category.name),
        "pictures": 0 if post is None else len(post.attachments),
        "content": "hidden",
        "deadline": iso_ms(seat.deadline_ms),
        "state": seat.state,
        "ballots_left": 0 if current is None else panels.ballots_left(current, seats, court.policy),
        "pay": await _pay(court, at),
    }


async def _pay(court: Court, at: service.SeatAt) -> dict[str, Any] | None:
    """What was promised with this seat, beside what a paid juror is told before the vote."""
    promise = await pay.promised(court.world, *at)
    offer = None if promise is None else await pay.offer_to(court.world, court.policy, at.juror_id)
    shown = offer_view(court.policy, offer)
    if promise is None or shown is None:
        return None
    why = "" if promise.amount else shown["why"] or "budget_used_up"
    text = court.policy.pay.written(promise.amount, promise.ledger)
    return {**shown, "amount": promise.amount, "amount_text": text, "why": why}


async def content(court: Court, at: service.SeatAt, language: str) -> dict[str, Any]:
    """The second step: the first one, and what the panel judges.

    Raises NotFound `summons_not_found`; Throttled `on_break`.
    """
    first = await threshold(court, at, language)
    await refuse_in_break(court.world, court.policy, at.juror_id)
    whole = await exhibit(court, at, language)
    case, _ = await _seat(court, at)
    post = await _post(court, case)
    more: dict[str, Any] = {name: whole[name] for name in HIDDEN}
    # Always there: a question is no post, and nothing may tell it from one.
    options = () if post is None or post.poll is None else post.poll.options
    more["spoiler"] = "" if post is None else mask_handles(post.spoiler)
    more["poll"] = [mask_handles(option) for option in options]
    more["media"] = [] if post is None else await _media(court, case, post)
    return {**first, **more, "content": "shown"}


async def _post(court: Court, case: Case) -> Post | None:
    about = await questions.about(court.world.storage, case)
    return await posts.load(court.world, about.subject_id) if about.subject_kind == "post" else None


async def _media(court: Court, case: Case, post: Post) -> list[dict[str, Any]]:
    """Pictures as words and blurs. `known`: what was decided on the same file before."""
    found = []
    for number, one in enumerate(post.attachments, 1):
        judged = await _judged_before(court, case, one)
        found.append(
            {
                "n": number,
                "type": one.kind,
                "description": mask_handles(one.description or ""),
                "known": judged,
                # A blur of a few dozen bytes: all there is of it until somebody asks for more.
                "blurhash": None if judged else one.blurhash,
                "shown": not judged and bool(one.small or one.original),
            }
        )
    return found


async def _judged_before(court: Court, case: Case, one: Attachment) -> str:
    row = await court.world.storage.get(JUDGED_OBJECTS, (one.original,)) if one.original else None
    # Judged again: what the same post was found to be is what its judges must not know.
    return row.verdict if row is not None and row.case_id not in {case.id, case.asks_ref} else ""


async def medium(court: Court, at: service.SeatAt, number: int, *, whole: bool) -> Shown:
    """One picture, for the juror who sits and asked for it; small, unless `whole` is asked for.

    Raises NotFound `record_not_found`, `summons_not_found`; Throttled `on_break`.
    """
    case, _ = await _seat(court, at)
    await refuse_in_break(court.world, court.policy, at.juror_id)
    post = await _post(court, case)
    carried = () if post is None else post.attachments
    if not 1 <= number <= len(carried) or await _judged_before(court, case, carried[number - 1]):
        raise NotFound("record_not_found", "Record not found")
    one = carried[number - 1]
    if one.small and not whole:
        return Shown(one.small, one.small_type or one.content_type)
    if not one.original:
        raise NotFound("record_not_found", "Record not found")
    return Shown(one.original, one.content_type)


async def pieces(court: Court, shown: Shown) -> AsyncIterator[bytes]:
    """The bytes of a picture, a quarter of a mebibyte at a time."""
    objects, at = court.media.objects, 0
    while piece := await objects.read(shown.key, at, _PIECE):
        yield piece
        at += len(piece)


async def on_case_stepped(court: Court, envelope: Envelope) -> None:
    """Remember which files a verdict was given on; a later verdict on the same file replaces it."""
    event = envelope.event
    if not isinstance(event, CaseStepped) or event.step not in _JUDGED_BY:
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None or case.verdict not in {"violates", "keeps"}:
        return
    post = await _post(court, case)
    for one in () if post is None else post.attachments:
        if one.original:
            row = JudgedObjectRow(one.original, case.id, case.verdict, envelope.at_ms)
            await court.world.storage.put(JUDGED_OBJECTS, row)
