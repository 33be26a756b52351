"""The hold key: one trained juror hides a threat at once, and a panel looks at it.

It is an admin's to give, and lost when more than a fifth of what was hidden with it was found to be
within the rules. Who holds it is told to nobody; the record says `juror`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.cases import alarm_words, delivery, intake, store
from venire.cases.court import Court
from venire.cases.model import Case, Source, Subject
from venire.events import CaseStepped
from venire.jury import rules as jury
from venire.jury import store as jury_store
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Throttled, Unavailable
from venire.notices import store as notices
from venire.people import actions as people
from venire.people.admin_log import log_line
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, REMOVED
from venire.storage.tables.clocks import HOLD_KEYS, KEY_HOLDS, HoldKeyRow, KeyHoldRow
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World

HEARS: Final = (CaseStepped,)
CATEGORY: Final = "incitement"
SOURCE: Final = "juror"
REASON_CHARACTERS: Final = 1_000
HOLDS_A_DAY: Final = 50
"""Before a panel has looked at any, nothing else bounds what one key hides."""
_HOLDS_MOST: Final = 1_000
_TRIES: Final = 10
_ENDS: Final = frozenset({"lift"})


async def grant(court: Court, juror_id: int, *, actor_id: int, reason: str) -> None:
    """Give a trained juror the hold key; what was lifted before counts no more.

    Raises NotFound `record_not_found`; Conflict `not_trained`; Invalid `reason_missing`.
    """
    juror = await jury_store.load(court.world.storage, juror_id)
    if juror is None:
        raise NotFound("record_not_found", "Record not found")
    if not juror.trained or juror.state != "active":
        raise Conflict("not_trained", "the hold key is for jurors who serve and are trained")
    row = await court.world.storage.get(HOLD_KEYS, (juror_id,))
    new = HoldKeyRow(juror_id, _next(row), court.world.now_ms(), actor_id, None)
    await _put(court.world, new, actor_id, "grant_hold_key", reason)
    await _turn(court.world, juror_id, has=True)


async def revoke(court: Court, juror_id: int, *, actor_id: int, reason: str) -> None:
    """Take the hold key back. NotFound where nobody gave one; Invalid `reason_missing`."""
    row = await court.world.storage.get(HOLD_KEYS, (juror_id,))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    gone = msgspec.structs.replace(row, version=_next(row), lost_at_ms=court.world.now_ms())
    await _put(court.world, gone, actor_id, "revoke_hold_key", reason)
    await _turn(court.world, juror_id, has=False)


def _next(row: HoldKeyRow | None) -> int:
    return 1 if row is None else row.version + 1


async def _put(world: World, row: HoldKeyRow, actor_id: int, action: str, reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 1,000 characters at most")
    aggregate = f"hold_key:{row.juror_id}"
    line = log_line(
        world,
        actor_id=actor_id,
        action=action,
        target=f"account:{row.juror_id}",
        reason=reason,
        aggregate=aggregate,
    )
    await world.storage.commit(aggregate, [Put(HOLD_KEYS, row), line], expect=row.version - 1)


async def _turn(world: World, juror_id: int, *, has: bool) -> None:
    """Write it onto the juror, which is what every hold asks."""
    for _ in range(_TRIES):
        row = await jury_store.load_row(world.storage, juror_id)
        if row is None or row.hold_key == has:
            return
        changed = msgspec.structs.replace(jury_store.juror_of(row), hold_key=has)
        try:
            await world.storage.commit(
                f"juror:{juror_id}",
                [jury_store.put_juror(changed, row.version + 1)],
                expect=row.version,
            )
        except Conflict:
            continue
        return
    raise Unavailable("juror_busy", "try again in a moment")


async def has_key(court: Court, account_id: int) -> bool:
    """Whether an account may hide a threat alone now."""
    juror = await jury_store.load(court.world.storage, account_id)
    return juror is not None and juror.state == "active" and juror.trained and juror.hold_key


async def hold(court: Court, juror_id: int, post_id: int, reason: str) -> Case:
    """Hide a public threat at once; its case is judged like any other. Again is the same.

    Raises Forbidden `no_hold_key`, `own_case`; NotFound; Conflict `judged_already`; Invalid
    `reason_missing`; Throttled `holds_enough`.
    """
    if not await has_key(court, juror_id):
        raise Forbidden("no_hold_key", "only a trained juror with the hold key may do this")
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 1,000 characters at most")
    post = await posts.load(court.world, post_id)
    if post is None or post.visibility not in LISTED or post.state in {DELETED, REMOVED}:
        raise NotFound("record_not_found", "Record not found")
    if post.author_id == juror_id or post.reblog_of_id is not None:
        raise Forbidden("own_case", "another has to act on what is yours")
    there = await store.case_of_subject(court.world.storage, "post", post_id)
    if there is not None and (there.state in {"decided", "closed"} or there.hold == "lifted"):
        raise Conflict("judged_already", "this was looked at; report it if it was changed since")
    if there is not None and await _sits(court, there, juror_id):
        raise Forbidden("own_case", "who judges a post does not also hide it")
    if there is None or there.hold == "none":
        await _within_day(court, juror_id)
    source = Source(
        kind="juror",
        ref=f"{juror_id}:{post.version}",
        category=CATEGORY,
        at_ms=court.world.now_ms(),
        hold=True,
        account_id=juror_id,
        body={"reason": reason},
        edited_at_ms=post.edited_at_ms,
    )
    return await intake.note_source(
        court.world, court.policy, Subject("post", post.id, post.author_id), source
    )


async def _within_day(court: Court, juror_id: int) -> None:
    now_ms, key = court.world.now_ms(), f"hold_key:{juror_id}"
    if not await notices.count_hold(court.world.storage, key, now_ms, HOLDS_A_DAY):
        raise Throttled(
            "holds_enough",
            "you have hidden very much today; a report is heard still",
            retry_after_s=(DAY_MS - now_ms % DAY_MS) // 1_000 + 1,
        )


async def _sits(court: Court, case: Case, juror_id: int) -> bool:
    seats = await store.seats(court.world.storage, case.id)
    return any(seat.juror_id == juror_id for seat in seats)


async def hear(court: Court, envelope: Envelope) -> None:
    """Count a juror's hold once it is recorded; take the key of one whose holds do not last."""
    event = envelope.event
    if not isinstance(event, CaseStepped) or event.step not in {"hold", *_ENDS}:
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None or case.held_by != SOURCE:
        return
    juror_id = await _who(court, case)
    if juror_id is None:
        return
    # One for each hold: the same post held again is another.
    row = KeyHoldRow(juror_id, case.held_at_ms or 0, case.id, lifted=event.step in _ENDS)
    there = await court.world.storage.get(KEY_HOLDS, (juror_id, row.at_ms, case.id))
    if there is None or (row.lifted and not there.lifted):
        write: Write = Put(KEY_HOLDS, row)
        await court.world.storage.commit(f"key_hold:{juror_id}:{case.id}", [write])
    if row.lifted:
        await _judge(court, juror_id)


async def _who(court: Court, case: Case) -> int | None:
    """Who asked for the hold: the first juror who did."""
    said = [one for one in await store.sources(court.world.storage, case.id) if one.kind == SOURCE]
    return min(said, key=lambda one: one.at_ms).account_id if said else None


async def _judge(court: Court, juror_id: int) -> None:
    storage = court.world.storage
    key = await storage.get(HOLD_KEYS, (juror_id,))
    if key is None or key.lost_at_ms is not None:
        return
    holds = await storage.range(
        KEY_HOLDS, (juror_id,), above=(key.granted_at_ms - 1,), limit=_HOLDS_MOST
    )
    lifted = sum(one.lifted for one in holds)
    lost_above = court.policy.holds.hold_key_lost_above
    if jury.keeps_hold_key(len(holds), lifted, lost_above=lost_above):
        return
    # The juror first: told again after a crash, the key is still there to be taken.
    await _turn(court.world, juror_id, has=False)
    language = await people.language_of(court.world, juror_id)
    text = alarm_words.hold_key_lost_message(language)
    await delivery.tell(court, juror_id, text, key=f"hold_key:{juror_id}:{key.version}:lost")
    gone = msgspec.structs.replace(key, version=key.version + 1, lost_at_ms=court.world.now_ms())
    try:
        await storage.commit(f"hold_key:{juror_id}", [Put(HOLD_KEYS, gone)], expect=key.version)
    except Conflict:
        # Given or taken by a person in the meantime: their word stands, and is told by their row.
        return
