"""One-time codes by text: six digits, five tries, ten minutes, for the session that asked.

Nobody learns from an answer whether a number is known here: the same is done and said for one that
belongs to somebody, and only who reads its texts is told so. The whole chain before a text goes out
is in `text_counts` and `phone_rules`.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.kernel.i18n import translate
from venire.kernel.messages import TextMessage
from venire.people import challenges, phones, texts
from venire.people import phone_rules as rules
from venire.people import text_counts as counts
from venire.people.factor_rows import TEXT_REMOVED, Step, change
from venire.people.model import ACTIVE, UNCONFIRMED
from venire.people.phone_rules import Number
from venire.people.store import load_account, load_login
from venire.people.texts import Phones
from venire.storage.tables.factors import FactorsRow
from venire.storage.tables.phones import PHONE_CODES, PhoneCodeRow
from venire.storage.world import World

_SESSION: Final = "phone session"
_CODE: Final = "phone code"
_RANDOM_BYTES: Final = 8
_TRIES: Final = 8


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and from where. `session` is of a browser or a token, and never leaves it."""

    account_id: int
    session: str
    address: str
    language: str = "en"


class Asked(msgspec.Struct, frozen=True):
    """A code is on its way, if the number takes any. `again_at_ms`: when another may be sent."""

    until_ms: int
    again_at_ms: int


class Waiting(msgspec.Struct, frozen=True):
    """A code that was asked for in this session."""

    e164: str
    until_ms: int
    tries_left: int


async def needs_challenge(world: World, account_id: int) -> bool:
    """Whether a member has to do some work first: who has confirmed an address has done it."""
    login = await load_login(world, account_id)
    return login is None or login.confirmed_at_ms is None


async def ask(
    world: World,
    desk: Phones | None,
    asker: Asker,
    text: str,
    *,
    region: str = "",
    solved: tuple[str, str] = ("", ""),
) -> Asked:
    """Send a code to a number that somebody says is theirs. `solved`: a challenge, its answer.

    Invalid `phone_invalid`, `phone_country_closed`, `phone_kind_refused`, `challenge_failed`;
    Throttled `texts_throttled`; Unavailable `texts_stopped`, `texts_unavailable`; Forbidden
    `account_not_active`.
    """
    desk = opened(desk)
    account = await load_account(world, asker.account_id)
    if account is None or account.state not in {ACTIVE, UNCONFIRMED}:
        raise Forbidden("account_not_active", "This account cannot do this now")
    number = rules.read_number(text, region, desk.policy.countries)
    await texts.refuse_stopped(world)
    if await needs_challenge(world, asker.account_id):
        await _spend_challenge(world, *solved)
    session = counts.name_of(world, "session", asker.session)
    await counts.take(world, session, rules.SESSION)
    whose = counts.name_of(world, "account", str(asker.account_id))
    await counts.take(world, whose, rules.ACCOUNT)
    await counts.take(world, counts.network_name(world, asker.address), rules.NETWORK)
    again_at_ms = await counts.take_pace(world, counts.name_of(world, "number", number.e164))
    code = _new_code(world)
    words = _words(world, code, asker.language)
    await texts.spend(world, desk, number, words)
    row = _row(world, asker, number, code)
    # Before it is sent: a code that arrives has to be known.
    await world.storage.put(PHONE_CODES, row, expires_at_ms=row.until_ms)
    message = TextMessage(number.e164, words, row.text_key, asker.language, rules.CODE_MS // 1_000)
    await texts.hand_over(world, desk, number, message)
    return Asked(row.until_ms, again_at_ms)


async def _spend_challenge(world: World, challenge: str, answer: str) -> None:
    if not await challenges.spend_challenge(world, challenge, answer):
        raise Invalid(
            "challenge_failed", "Confirm your e-mail address first, or answer a challenge"
        )


def opened(desk: Phones | None) -> Phones:
    """The way to phones. NotFound `texts_off` where this site has none."""
    if desk is None or not desk.policy.countries:
        raise NotFound("texts_off", "This site sends no texts")
    return desk


def _new_code(world: World) -> str:
    drawn = int.from_bytes(world.chance.token(_RANDOM_BYTES), "big")
    return f"{drawn % 10**rules.CODE_DIGITS:0{rules.CODE_DIGITS}d}"


def _words(world: World, code: str, language: str) -> str:
    words = translate(
        language, "Your code is {code}. It works for 10 minutes. Tell it to nobody.", code=code
    )
    return rules.code_text(world.site.host, code, words)


def _row(world: World, asker: Asker, number: Number, code: str) -> PhoneCodeRow:
    now_ms, key = world.now_ms(), texts.new_key(world)
    return PhoneCodeRow(
        account_id=asker.account_id,
        session_mark=world.vault.mark(_SESSION, asker.session.encode()),
        code_mark=_code_mark(world, key, code),
        sealed_number=phones.seal_number(world, asker.account_id, number.e164),
        number_mark=phones.mark_of(world, number.e164),
        region=number.region,
        text_key=key,
        tries=0,
        asked_at_ms=now_ms,
        until_ms=now_ms + rules.CODE_MS,
    )


def _code_mark(world: World, key: str, code: str) -> bytes:
    # A million codes are tried in a second: what keeps a copied row shut is the site's key.
    return world.vault.mark(_CODE, f"{key}:{code}".encode())


async def waiting(world: World, asker: Asker) -> Waiting | None:
    """The code that was asked for in this session and still works."""
    row = await _mine(world, asker)
    if row is None:
        return None
    number = phones.open_number(world, asker.account_id, row.sealed_number)
    return Waiting(number, row.until_ms, rules.CODE_TRIES - row.tries)


async def _mine(world: World, asker: Asker) -> PhoneCodeRow | None:
    row = await world.storage.get(PHONE_CODES, (asker.account_id,))
    if row is None or row.until_ms <= world.now_ms() or row.tries >= rules.CODE_TRIES:
        return None
    mark = world.vault.mark(_SESSION, asker.session.encode())
    return row if hmac.compare_digest(mark, row.session_mark) else None


async def verify(world: World, asker: Asker, code: str) -> None:
    """Say the code that came: the number is the account's from now on.

    Invalid `phone_code_wrong`, the same for one that is wrong, over, used up or of another session;
    Conflict `phone_taken`.
    """
    code = "".join(sign for sign in code[:20] if sign.isdigit() and sign.isascii())
    for _ in range(_TRIES):
        row = await _mine(world, asker)
        if row is None:
            raise _wrong()
        # The try is spent before it is looked at: two at once are two.
        spent = msgspec.structs.replace(row, tries=row.tries + 1)
        if await world.storage.compare_and_set(PHONE_CODES, row, spent):
            break
    else:
        raise Conflict("try_again", "This changed meanwhile: try again")
    if not hmac.compare_digest(_code_mark(world, row.text_key, code), row.code_mark):
        raise _wrong()
    await texts.note_verified(world, row.text_key)
    number = phones.open_number(world, asker.account_id, row.sealed_number)
    if not await phones.is_number_of(world, asker.account_id, row.number_mark):
        await _end_texts(world, asker.account_id)
    await phones.give(world, asker.account_id, number, row.region)
    await world.storage.delete(PHONE_CODES, spent)


def _wrong() -> Invalid:
    return Invalid("phone_code_wrong", "This code is wrong or over: look again, or ask for another")


async def _end_texts(world: World, account_id: int) -> None:
    """End texts as a second step: another phone is another factor, and has to be chosen as one.

    Nobody shows again who they are to change a number: a stolen session must not get more by it.
    """

    def decide(old: FactorsRow) -> Step | None:
        if old.text_at_ms is None:
            return None
        return Step(msgspec.structs.replace(old, text_at_ms=None), (), TEXT_REMOVED)

    await change(world, account_id, decide)


async def take_away(world: World, account_id: int) -> None:
    """Forget a member's number, and a code that waits."""
    await _end_texts(world, account_id)
    await phones.take_away(world, account_id)
    row = await world.storage.get(PHONE_CODES, (account_id,))
    if row is not None:
        await world.storage.delete(PHONE_CODES, row)
