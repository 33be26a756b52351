"""What moderators do beside judging: notes among themselves, handing a case over, a plain word.

None of it moves the case. Notes and keepers are for moderators alone: no author, no juror, no
record, no export shows them; beside a sealed case they are for whoever may open it, and its author
is written to by nobody: a plain word there is a warning to delete. Whoever is to hear of something
does so from a timer of the commit that logs it: nothing is logged as said that was never sent, and
nothing is sent twice.
"""

from __future__ import annotations

from typing import Any

import msgspec

from venire.cases import child_safety, delivery, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.people.admin_log import log_line
from venire.people.model import DELETED
from venire.people.store import load_account, load_accounts
from venire.storage.tables.appeals import CASE_KEEPERS, CASE_NOTES, CaseKeeperRow, CaseNoteRow
from venire.storage.tables.cases import MODERATOR_ACTIONS, ModeratorActionRow
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Put, Write

TEXT_CHARACTERS = 2_000
MESSAGE = "message"
HAND_OVER = "hand_over"
TIMER = "note_told"
_NOTES = 100


async def _case(court: Court, public_id: str, actor_id: int) -> Case:
    """A case that this moderator may look after. NotFound, Forbidden `own_case`."""
    case = await store.case_by_public_id(court.world.storage, public_id)
    if case is None or not await is_open_to(court, case, actor_id):
        raise NotFound("case_not_found", "there is no such case")
    if case.author_id == actor_id:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    return case


async def is_open_to(court: Court, case: Case, actor_id: int) -> bool:
    """Whether a case is not sealed, or this account may open what is."""
    return SEALED not in case.categories or await child_safety.may_open(court, actor_id)


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > TEXT_CHARACTERS:
        raise Invalid("text_missing", "write something, in 2,000 characters at most")
    return text


async def add(court: Court, public_id: str, *, actor_id: int, text: str) -> CaseNoteRow:
    """Write a note beside a case, for moderators alone."""
    text = _checked(text)
    case = await _case(court, public_id, actor_id)
    row = CaseNoteRow(case.id, court.world.ids.next(), actor_id, text, court.world.now_ms())
    await court.world.storage.commit(f"case_notes:{case.id}", [Put(CASE_NOTES, row)])
    return row


async def of_case(court: Court, public_id: str, *, actor_id: int) -> dict[str, Any]:
    """Notes and keeper of a case, as moderators see them."""
    case = await _case(court, public_id, actor_id)
    rows = await court.world.storage.range(CASE_NOTES, (case.id,), limit=_NOTES)
    keeper = await court.world.storage.get(CASE_KEEPERS, (case.id,))
    keeper_id = None if keeper is None else keeper.account_id
    who = {row.actor_id for row in rows} | ({keeper_id} if keeper_id is not None else set())
    names = await load_accounts(court.world, who)
    known = {int(account_id): account.username for account_id, account in names.items()}
    return {
        "keeper_id": None if keeper_id is None else str(keeper_id),
        "keeper": None if keeper_id is None else known.get(keeper_id),
        "notes": [
            {
                "id": str(row.id),
                "actor_id": str(row.actor_id),
                "actor": known.get(row.actor_id),
                "text": row.text,
                "at": iso_ms(row.at_ms),
            }
            for row in rows
        ],
    }


async def hand_over(
    court: Court, public_id: str, *, actor_id: int, to: int | None, text: str = ""
) -> None:
    """Give a case to another moderator, who is told; to nobody when `to` is None. Logged.

    Raises Invalid `not_a_moderator`, Forbidden `own_case`, `named_person_only`.
    """
    case = await _case(court, public_id, actor_id)
    if len(text) > TEXT_CHARACTERS:
        raise Invalid("text_missing", "write something, in 2,000 characters at most")
    if to is not None:
        taker = await load_account(court.world, to)
        if taker is None or taker.state == DELETED or not taker.moderates:
            raise Invalid("not_a_moderator", "only a moderator can look after a case")
        if not await is_open_to(court, case, to):
            raise Forbidden("named_person_only", "only a person named for such cases can take it")
        if to == case.author_id:
            raise Forbidden("own_case", "another moderator has to act on what is yours")
    aggregate, now_ms = f"case_notes:{case.id}", court.world.now_ms()
    there = await court.world.storage.get(CASE_KEEPERS, (case.id,))
    version = 0 if there is None else there.version
    writes: list[Write] = [
        Put(CASE_KEEPERS, CaseKeeperRow(case.id, to, now_ms, version + 1)),
        log_line(
            court.world,
            actor_id=actor_id,
            action=HAND_OVER,
            target=case.public_id if to is None else f"{case.public_id} {to}",
            reason=text,
            aggregate=aggregate,
        ),
    ]
    if text.strip():
        note = CaseNoteRow(case.id, court.world.ids.next(), actor_id, text.strip(), now_ms)
        writes.append(Put(CASE_NOTES, note))
    if to is not None and to != actor_id:
        key = f"{HAND_OVER}:{case.id}:{version + 1}:{to}"
        writes.append(timer(aggregate, TIMER, key, now_ms))
    await court.world.storage.commit(aggregate, writes, expect=version)


async def message_author(court: Court, public_id: str, *, actor_id: int, text: str) -> None:
    """Write to the author of a case, without a strike and without a statement; logged.

    Raises Invalid `text_missing`; Forbidden `own_case`, `case_sealed`; Conflict `author_gone`.
    """
    text = _checked(text)
    case = await _case(court, public_id, actor_id)
    if SEALED in case.categories:
        raise Forbidden("case_sealed", "nobody writes to the author of a sealed case")
    author = await load_account(court.world, case.author_id)
    if author is None or author.state == DELETED:
        raise Conflict("author_gone", "nobody is there any more to read it")
    now_ms = court.world.now_ms()
    row = ModeratorActionRow(
        month=utc_day(now_ms)[:7],
        id=court.world.ids.next(),
        actor_id=actor_id,
        case_id=case.id,
        action=MESSAGE,
        reason=text,
        at_ms=now_ms,
    )
    aggregate, key = store.aggregate(case.id), f"{MESSAGE}:{case.id}:{row.id}:{row.month}"
    told = timer(aggregate, TIMER, key, now_ms)
    await court.world.storage.commit(aggregate, [store.put_moderator_action(row), told])


async def go_on(court: Court, key: str) -> None:
    """Tell what was logged; again is once. `key`: what, of which case, and where it stands."""
    what, case_id, number, more = key.split(":")
    case = await store.load(court.world.storage, int(case_id))
    if case is None:
        return
    if what == MESSAGE:
        row = await court.world.storage.get(MODERATOR_ACTIONS, (more, int(number)))
        # It may have been sealed since it was logged: then nobody is warned.
        if row is not None and SEALED not in case.categories:
            await _tell_author(court, case, row)
        return
    language = await people.language_of(court.world, int(more))
    url = f"{court.world.site.base_url}/moderation/cases/{case.public_id}"
    told = translate(language, "A case was handed over to you: {url}", url=url)
    await delivery.tell(court, int(more), told, key=f"hand_over:{case.id}:{number}")


async def _tell_author(court: Court, case: Case, row: ModeratorActionRow) -> None:
    language = await people.language_of(court.world, case.author_id)
    said = translate(
        language, "A moderator of this site writes to you. It costs nothing and decides nothing."
    )
    text = f"{said}\n\n{row.reason}"
    await delivery.tell(court, case.author_id, text, key=f"case_message:{row.id}")


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of this part does."""

    async def told(key: str) -> None:
        await go_on(court, key)

    return {TIMER: told}


async def keepers(court: Court, case_ids: list[int]) -> dict[int, int]:
    """Who looks after which of these cases."""
    rows = await court.world.storage.get_many(CASE_KEEPERS, [(one,) for one in case_ids])
    return {row.case_id: row.account_id for row in rows if row is not None and row.account_id}


def note_view(row: CaseNoteRow) -> dict[str, Any]:
    """A note as its writer sees it at once."""
    return {**msgspec.to_builtins(row), "id": str(row.id), "at": iso_ms(row.at_ms)}
