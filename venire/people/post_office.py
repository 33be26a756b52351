"""Hands letters over, in the leader: at least once, each with the same name at every try.

A refusal for good is the recipient's and is not tried again; everything else is, ever more seldom,
for three days. Where it is we who are refused, or nobody answers, all letters wait; with several
ways out (`continuity/vendors/mail_routes.py`) that is so only where it holds of each.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from venire.kernel.clock import HOUR_MS, MINUTE_MS, utc_day
from venire.kernel.errors import Conflict
from venire.kernel.ports import Letter, MailAnswer, MailService
from venire.kernel.told_once import ToldOnce
from venire.people import unsubscribing
from venire.people.bounces import return_path
from venire.people.letter_words import words_of
from venire.people.letters import (
    LOST,
    NEEDLESS,
    OPTIONAL,
    QUEUED,
    SENT,
    TRIED_MS,
    address_of,
    link_of,
    put,
    stopped,
)
from venire.people.mail_codes import CODE
from venire.people.model import DELETED
from venire.people.store import load_account, load_login
from venire.people.suppression import BOUNCED, of_the_mailbox, suppress
from venire.storage.tables.letters import (
    LETTERS,
    LETTERS_DUE,
    LETTERS_LOST,
    LetterDueRow,
    LetterLostRow,
    LetterRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

_log = logging.getLogger(__name__)
PAUSES_MS: Final = (
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    4 * HOUR_MS,
    8 * HOUR_MS,
)
"""Between the tries of one letter; the last one again and again."""
SILENCE_MS: Final = {"unavailable": MINUTE_MS, "closed": 15 * MINUTE_MS}
"""How long nothing is sent after an answer that concerns every letter."""
_LOST_KEPT_MS = 30 * 24 * HOUR_MS
_PAGE = 50
_LOOK_S = 1.0
_TRIES = 8


class PostOffice:
    """Sends what is due, at most `per_hour` letters. One per site."""

    def __init__(self, world: World, service: MailService, *, per_hour: int) -> None:
        self._world = world
        self._service = service
        self._between_ms = HOUR_MS // max(1, per_hour)
        self._silent_until_ms = 0
        self._free_at_ms = 0

    async def run(self) -> None:
        """Send letters until cancelled."""
        stumbling = ToldOnce(_log, "post_office_stumbled")
        while True:
            try:
                await self.deliver_due()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a worker outlives its work
                stumbling.is_so(error=error)
            else:
                stumbling.is_over()
            await asyncio.sleep(_LOOK_S)

    async def deliver_due(self) -> int:
        """Send what is due now, as far as pace and silence let it; how many were handed over."""
        sent = 0
        due = await self._world.storage.range(
            LETTERS_DUE, (0,), below=(self._world.now_ms() + 1,), limit=_PAGE
        )
        for row in due:
            now_ms = self._world.now_ms()
            if now_ms < max(self._silent_until_ms, self._free_at_ms):
                break
            sent += await self._deliver(row)
        return sent

    async def _deliver(self, due: LetterDueRow) -> bool:
        world = self._world
        row = await world.storage.get(LETTERS, (due.id,))
        if row is None or row.state != QUEUED:
            await world.storage.delete(LETTERS_DUE, due)
            return False
        letter = await self._written(row)
        if letter is not None and await stopped(world, row.account_id, row.kind, letter.to):
            await self._settle(due, lambda found: self._ended(found, LOST, "suppressed"))
            return False
        if letter is None:
            await self._settle(due, lambda found: self._ended(found, NEEDLESS, ""))
            return False
        self._free_at_ms = world.now_ms() + self._between_ms
        answer = await self._service.send(letter)
        if answer.outcome == "rejected" and of_the_mailbox(answer.said):
            await suppress(world, letter.to, BOUNCED, answer.said)
        await self._note(due, answer)
        return answer.outcome == "sent"

    async def _written(self, row: LetterRow) -> Letter | None:
        """The letter as it goes out; None where nobody waits for it any more."""
        world = self._world
        account = await load_account(world, row.account_id)
        login = await load_login(world, row.account_id)
        if account is None or login is None:
            return None
        # Who left comes back by signing in, and that may take a code.
        if account.state == DELETED and row.kind != CODE:
            return None
        if row.used_at_ms is not None:
            return None
        address = await address_of(world, row.kind, login)
        link = await link_of(world, row, login)
        if not address or not link:
            return None
        words = words_of(row, world.site, account.username, link)
        return Letter(
            to=address,
            subject=words.subject,
            text=words.text,
            message_id=f"<letter.{row.id}@{mail_host(world.site.domain)}>",
            written_at_ms=row.queued_at_ms,
            language=row.language,
            return_path=await return_path(world, row, address),
            unsubscribe=await unsubscribing.link(world, row.account_id, row.kind)
            if row.kind in OPTIONAL
            else "",
        )

    async def _note(self, due: LetterDueRow, answer: MailAnswer) -> None:
        if answer.outcome == "sent":
            await self._settle(due, lambda found: self._ended(found, SENT, ""))
            return
        if answer.outcome == "rejected":
            await self._settle(due, lambda found: self._ended(found, LOST, answer.said))
            return
        silence_ms = SILENCE_MS.get(answer.outcome, 0)
        if silence_ms:
            self._silent_until_ms = self._world.now_ms() + silence_ms
            say = _log.error if answer.outcome == "closed" else _log.warning
            say("mail_" + answer.outcome, extra={"said": answer.said})
        await self._settle(due, lambda found: self._later(found, answer.said))

    def _ended(self, row: LetterRow, state: str, said: str) -> list[Write]:
        now_ms = self._world.now_ms()
        ended = msgspec.structs.replace(
            row,
            version=row.version + 1,
            state=state,
            settled_at_ms=now_ms,
            tries=row.tries + 1,
            said=said,
        )
        writes = [put(ended)]
        if state == LOST:
            _log.warning("letter_lost", extra={"letter": row.id, "kind": row.kind, "said": said})
            lost = LetterLostRow(utc_day(now_ms), row.id, row.account_id, row.kind, said, now_ms)
            writes.append(Put(LETTERS_LOST, lost, now_ms + _LOST_KEPT_MS))
        return writes

    def _later(self, row: LetterRow, said: str) -> list[Write]:
        pause_ms = PAUSES_MS[min(row.tries, len(PAUSES_MS) - 1)]
        # Up to a fifth longer: letters that failed together are not tried together.
        luck = int.from_bytes(self._world.chance.token(2), "big") / 65_536
        due_ms = self._world.now_ms() + round(pause_ms * (1 + luck / 5))
        if due_ms >= min(row.queued_at_ms + TRIED_MS, row.until_ms):
            return self._ended(row, LOST, said)
        later = msgspec.structs.replace(
            row, version=row.version + 1, tries=row.tries + 1, said=said
        )
        return [put(later), Put(LETTERS_DUE, LetterDueRow(0, due_ms, row.id))]

    async def _settle(
        self, due: LetterDueRow, writes_of: Callable[[LetterRow], list[Write]]
    ) -> None:
        """Write what became of a letter; its link may be used at this very moment."""
        storage = self._world.storage
        for _ in range(_TRIES):
            row = await storage.get(LETTERS, (due.id,))
            if row is None:
                await storage.delete(LETTERS_DUE, due)
                return
            writes = writes_of(row)
            if not any(isinstance(one, Put) and one.row == due for one in writes):
                writes = [Delete(LETTERS_DUE, due), *writes]
            try:
                await storage.commit(f"letter:{due.id}", writes, expect=row.version)
            except Conflict:
                continue
            return
        raise Conflict("try_again", "This changed meanwhile: try again")


def mail_host(domain: str) -> str:
    """The part of a site's domain that mail goes by: no port."""
    if domain.startswith("["):
        return domain[: domain.index("]") + 1]
    return domain.partition(":")[0]
