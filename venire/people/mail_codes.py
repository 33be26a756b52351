"""Six digits by e-mail, as second step of a sign-in.

No code is kept, not even its hash: it is made from the letter's nonce by a key that lies outside
the database, once when the letter is written and once when somebody says what was in it.
"""

from __future__ import annotations

import hmac
from typing import Final

from venire.people.totp import digits
from venire.storage.tables.letters import LETTERS, LetterRow
from venire.storage.world import World

CODE: Final = "code"
_DIGITS: Final = 6
_PURPOSE: Final = "code by e-mail"


def code_of(world: World, letter: LetterRow) -> str:
    """The code in a letter."""
    said = letter.id.to_bytes(8, "big") + letter.account_id.to_bytes(8, "big") + letter.nonce
    number = int.from_bytes(world.vault.mark(_PURPOSE, said)[:8], "big")
    return str(number % 10**_DIGITS).zfill(_DIGITS)


async def fits(world: World, account_id: int, letter_id: int, said: str) -> bool:
    """Whether this is the code of a letter to this account, before its time is over."""
    letter = await world.storage.get(LETTERS, (letter_id,)) if letter_id else None
    if letter is None or letter.kind != CODE or letter.account_id != account_id:
        return False
    good = hmac.compare_digest(code_of(world, letter).encode(), digits(said).encode())
    return good and letter.until_ms > world.now_ms()
