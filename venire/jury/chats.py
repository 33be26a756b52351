"""Chat as a way to a juror: an address at a service of the operator's choice, proved by a code.

What is said there is that there is an invitation, and where: no case, no post, no name. Nobody is
written to who has not said the code that came: a juror cannot have others told.
"""

from __future__ import annotations

import dataclasses
import hmac
import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from venire.kernel.i18n import translate
from venire.kernel.messages import ChatMessage
from venire.kernel.ports import ChatService
from venire.kernel.vendors import Rejected, VendorFault
from venire.people.phone_rules import Cap
from venire.people.text_counts import name_of, take
from venire.storage.tables.chats import JUROR_CHATS, JurorChatRow
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Put
from venire.storage.world import World

_log = logging.getLogger(__name__)
_PURPOSE: Final = "juror chat"
_TRIES: Final = 8
_CODE_TRIES: Final = 5
_CODE_MS: Final = 10 * MINUTE_MS
UNPROVED_MS: Final = DAY_MS
"""How long an address is kept that nobody has proved to be theirs: it may be a stranger's."""
TIMER: Final = "juror_chat"
_SERVICES_MOST: Final = 20
_BY_ACCOUNT: Final = Cap(5, HOUR_MS)
_BY_RECIPIENT: Final = Cap(3, HOUR_MS)


@dataclasses.dataclass(frozen=True)
class Chats:
    """The chat services that the operator named, by the name in the settings, in their order."""

    services: Mapping[str, ChatService]
    operators: tuple[tuple[str, str], ...] = ()
    """Where those who run the site hear of trouble: a service, and an address at it."""


class Chat(msgspec.Struct, frozen=True):
    """A juror's address at a service. `lapses_ms`: when it is forgotten if nobody proves it."""

    service: str
    proved: bool
    lapses_ms: int | None = None


async def chats_of(world: World, account_id: int) -> list[Chat]:
    """Where a juror wants to hear by chat."""
    rows = await world.storage.range(JUROR_CHATS, (account_id,), limit=_SERVICES_MOST)
    return [
        Chat(
            row.service,
            row.proved_at_ms is not None,
            _lapses_ms(row) if row.proved_at_ms is None else None,
        )
        for row in rows
        if not _lapsed(row, world.now_ms())
    ]


def _lapses_ms(row: JurorChatRow) -> int:
    return row.until_ms - _CODE_MS + UNPROVED_MS


def _lapsed(row: JurorChatRow, now_ms: int) -> bool:
    """Whether an address was never proved in its time; a clock that was ahead gives it no more."""
    if row.proved_at_ms is not None:
        return False
    return not row.sealed_recipient or not now_ms < _lapses_ms(row) <= now_ms + UNPROVED_MS


async def lapse(world: World, key: str) -> None:
    """Forget an address that nobody has proved in its time; by its timer, as often as it likes."""
    account_id, _, service = key.partition(" ")
    row = await world.storage.get(JUROR_CHATS, (int(account_id), service))
    if row is None or not row.sealed_recipient or not _lapsed(row, world.now_ms()):
        return
    # Emptied and not deleted: whoever names one at this moment must not lose it by this.
    bare = msgspec.structs.replace(row, sealed_recipient=b"", code_mark=b"", until_ms=0)
    await world.storage.compare_and_set(JUROR_CHATS, row, bare)


def _service(desk: Chats | None, name: str) -> ChatService:
    if desk is None or name not in desk.services:
        raise NotFound("chat_unknown", "This site does not use this chat service")
    return desk.services[name]


async def begin(
    world: World,
    desk: Chats | None,
    account_id: int,
    service: str,
    recipient: str,
    *,
    language: str = "en",
) -> None:
    """Name an address at a service; a code goes there, and it counts once that was said.

    NotFound `chat_unknown`; Invalid `chat_address_invalid`; Throttled `texts_throttled`;
    Unavailable `chat_unavailable`; Conflict `chat_there` where alerts come to another one.
    """
    way = _service(desk, service)
    there = await world.storage.get(JUROR_CHATS, (account_id, service))
    if there is not None and there.proved_at_ms is not None:
        # One that was mistyped must not end the one by which a juror is reached.
        raise Conflict("chat_there", "Alerts come to another address there: take it away first")
    if not way.accepts(recipient):
        raise Invalid("chat_address_invalid", "This is no address at this chat service")
    await take(world, name_of(world, "chats of", str(account_id)), _BY_ACCOUNT)
    await take(world, name_of(world, "chat", f"{service} {recipient}"), _BY_RECIPIENT)
    code = f"{int.from_bytes(world.chance.token(8), 'big') % 10**6:06d}"
    row = JurorChatRow(
        account_id=account_id,
        service=service,
        sealed_recipient=world.vault.seal(
            world.chance, _PURPOSE, f"{account_id} {service}", recipient.encode()
        ),
        code_mark=_mark(world, account_id, service, code),
        tries=0,
        until_ms=world.now_ms() + _CODE_MS,
        proved_at_ms=None,
    )
    place = f"juror_chat:{account_id}:{service}"
    end = timer(place, TIMER, f"{account_id} {service}", _lapses_ms(row))
    await world.storage.commit(place, [Put(JUROR_CHATS, row), end])
    words = translate(
        language, "Your code is {code}. It works for 10 minutes. Tell it to nobody.", code=code
    )
    try:
        await way.send(ChatMessage(recipient, world.site.title, words))
    except Rejected:
        raise Invalid("chat_address_invalid", "This is no address at this chat service") from None
    except VendorFault:
        raise Unavailable("chat_unavailable", "This chat service does not answer now") from None


def _mark(world: World, account_id: int, service: str, code: str) -> bytes:
    return world.vault.mark(_PURPOSE, f"{account_id} {service} {code}".encode())


def timers(world: World) -> dict[str, TimerHandler]:
    """What the clock of this part does."""

    async def forget_unproved(key: str) -> None:
        await lapse(world, key)

    return {TIMER: forget_unproved}


async def prove(world: World, account_id: int, service: str, code: str) -> None:
    """Say the code that came. Invalid `chat_code_wrong`, whatever is wrong about it."""
    wrong = Invalid("chat_code_wrong", "This code is wrong or over: look again, or begin anew")
    for _ in range(_TRIES):
        row = await world.storage.get(JUROR_CHATS, (account_id, service))
        over = row is None or row.tries >= _CODE_TRIES or row.until_ms <= world.now_ms()
        if row is None or over or not row.code_mark:
            raise wrong
        right = hmac.compare_digest(_mark(world, account_id, service, code), row.code_mark)
        # A try is spent in the same step that looks at it.
        new = msgspec.structs.replace(
            row,
            tries=row.tries + 1,
            code_mark=b"" if right else row.code_mark,
            proved_at_ms=world.now_ms() if right else row.proved_at_ms,
        )
        if await world.storage.compare_and_set(JUROR_CHATS, row, new):
            if right:
                return
            raise wrong
    raise Conflict("try_again", "This changed meanwhile: try again")


async def forget(world: World, account_id: int, service: str) -> None:
    """Take an address back; it is told nothing from now on."""
    row = await world.storage.get(JUROR_CHATS, (account_id, service))
    if row is not None:
        await world.storage.delete(JUROR_CHATS, row)


async def tell(world: World, desk: Chats | None, account_id: int, text: str) -> str:
    """Say it to a juror by the first service that takes it: "" when one has, else what stood in it.

    `no_address` where there is none; `rejected` where none of them reaches this juror.
    """
    rows = await world.storage.range(JUROR_CHATS, (account_id,), limit=_SERVICES_MOST)
    proved = {row.service: row for row in rows if row.proved_at_ms is not None}
    said = "no_address"
    # In the operator's order, which is that in which they are thought to be there.
    for name, way in ({} if desk is None else desk.services).items():
        if name not in proved:
            continue
        recipient = _recipient(world, proved[name])
        if recipient is None:
            continue
        try:
            await way.send(ChatMessage(recipient, world.site.title, text))
        except Rejected:
            said = "rejected" if said == "no_address" else said
        except VendorFault as fault:
            said = fault.said
        else:
            return ""
    return said


def _recipient(world: World, row: JurorChatRow) -> str | None:
    """Where a juror is; None where it was sealed by a lost key: then the next way is tried."""
    bound = f"{row.account_id} {row.service}"
    try:
        return world.vault.open(_PURPOSE, bound, row.sealed_recipient).decode()
    except Unavailable:
        return None


async def tell_operators(world: World, desk: Chats | None) -> int:
    """Say at every place of the operators that somebody has to look, and where; how many took it.

    What has happened stands on the page: a chat is read by its vendor, too.
    """
    if desk is None:
        return 0
    text = translate(
        world.site.language,
        "This site needs somebody who runs it: {url}",
        url=f"{world.site.base_url}/moderation/vendors",
    )
    told = 0
    for name, recipient in desk.operators:
        try:
            await desk.services[name].send(ChatMessage(recipient, world.site.title, text))
        except VendorFault as fault:
            _log.warning("operator_not_told", extra={"vendor": name, "said": fault.said})
        else:
            told += 1
    return told
