"""What moderators do beside judging: notes among themselves, handing a case over, a plain word.

None of it moves the case. Notes and keepers are for moderators alone: no author, no juror, no
record, no export shows them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from venire.cases import delivery, store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.people.admin_log import log_line
from venire.people.model import DELETED
from venire.people.store import load_account, load_accounts
from venire.storage.tables.appeals import CASE_KEEPERS, CASE_NOTES, CaseKeeperRow, CaseNoteRow
from venire.storage.tables.cases import ModeratorActionRow
from venire.storage.verbs import Put, Write

TEXT_CHARACTERS = 2_000
MESSAGE = "message"
HAND_OVER = "hand_over"
_NOTES = 100


async def _case(court: Court, public_id: str, actor_id: int) -> Case:
    """A case that this moderator may look after. NotFound, Forbidden `own_case`."""
    case = await store.case_by_public_id(court.world.storage, public_id)
    if case is None:
        raise NotFound("case_not_found", "there is no such case")
    if case.author_id == actor_id:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    return case


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

    Raises Invalid `not_a_moderator`, Forbidden `own_case`.
    """
    case = await _case(court, public_id, actor_id)
    if len(text) > TEXT_CHARACTERS:
        raise Invalid("text_missing", "write something, in 2,000 characters at most")
    if to is not None:
        taker = await load_account(court.world, to)
        if taker is None or taker.state == DELETED or not taker.moderates:
            raise Invalid("not_a_moderator", "only a moderator can look after a case")
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
    await court.world.storage.commit(aggregate, writes, expect=version)
    if to is not None and to != actor_id:
        language = await people.language_of(court.world, to)
        url = f"{court.world.site.base_url}/moderation/cases/{case.public_id}"
        told = translate(language, "A case was handed over to you: {url}", url=url)
        await delivery.tell(court, to, told, key=f"hand_over:{case.id}:{version + 1}")


async def message_author(court: Court, public_id: str, *, actor_id: int, text: str) -> None:
    """Write to the author of a case, without a strike and without a statement; logged.

    Raises Invalid `text_missing`; Forbidden `own_case`; Conflict `author_gone`.
    """
    text = _checked(text)
    case = await _case(court, public_id, actor_id)
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
    await court.world.storage.commit(store.aggregate(case.id), [store.put_moderator_action(row)])
    language = await people.language_of(court.world, case.author_id)
    told = translate(
        language, "A moderator of this site writes to you. It costs nothing and decides nothing."
    )
    await delivery.tell(court, case.author_id, f"{told}\n\n{text}", key=f"case_message:{row.id}")


async def keepers(court: Court, case_ids: list[int]) -> dict[int, int]:
    """Who looks after which of these cases."""
    rows = await court.world.storage.get_many(CASE_KEEPERS, [(one,) for one in case_ids])
    return {row.case_id: row.account_id for row in rows if row is not None and row.account_id}


def note_view(row: CaseNoteRow) -> dict[str, Any]:
    """A note as its writer sees it at once."""
    return {**msgspec.to_builtins(row), "id": str(row.id), "at": iso_ms(row.at_ms)}
