"""The passkeys of an account: several, named, each for one domain, removable."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from venire.events import FactorsChanged
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.people import passkeys
from venire.people.factor_rows import (
    PASSKEY_ADDED,
    PASSKEY_REMOVED,
    TRIES,
    Step,
    add,
    load_row,
    settled,
)
from venire.people.model import Account
from venire.people.passkeys import Party
from venire.storage.tables.factors import (
    FACTORS,
    PASSKEY_CREDENTIALS,
    PASSKEYS,
    FactorsRow,
    PasskeyCredentialRow,
    PasskeyRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

PASSKEYS_MOST: Final = 20
NAME_CHARACTERS: Final = 60


class Ceremony(NamedTuple):
    """What a browser answered, at which address, and what its challenge was bound to."""

    credential: dict[str, Any]
    party: Party
    bound: str


async def passkeys_of(world: World, account_id: int) -> list[PasskeyRow]:
    """The passkeys of an account, oldest first."""
    return await world.storage.range(PASSKEYS, (account_id,), limit=PASSKEYS_MOST)


async def add_passkey(
    world: World, account: Account, ceremony: Ceremony, name: str
) -> tuple[PasskeyRow, list[str]]:
    """Keep a new passkey under a name; recovery codes if they are the first.

    Invalid `passkey_refused`, `name_invalid`; Conflict `too_many_passkeys`, `passkey_there`.
    """
    called = name_of(name)
    made = await passkeys.check_made(world, *ceremony)
    key = passkeys.credential_hash(made.credential_id)
    if await world.storage.get(PASSKEY_CREDENTIALS, (key,)) is not None:
        # Section 7.1: one credential is one account's.
        raise Conflict("passkey_there", "This passkey is known here already")
    row = PasskeyRow(
        account_id=account.id,
        id=world.ids.next(),
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=called,
        party=ceremony.party.domain,
        transports=passkeys.transports_of(ceremony.credential),
        backed_up=made.credential_backed_up,
        made_at_ms=world.now_ms(),
        used_at_ms=None,
    )
    index = PasskeyCredentialRow(key, account.id, row.id)

    def decide(old: FactorsRow) -> Step:
        if old.passkeys >= PASSKEYS_MOST:
            raise Conflict("too_many_passkeys", f"An account has {PASSKEYS_MOST} passkeys at most")
        more = msgspec.structs.replace(old, passkeys=old.passkeys + 1)
        writes: list[Write] = [Put(PASSKEYS, row), Put(PASSKEY_CREDENTIALS, index)]
        return Step(more, writes, PASSKEY_ADDED)

    return row, await add(world, account.id, decide) or []


def name_of(name: str) -> str:
    """What a member calls a passkey. Invalid `name_invalid`."""
    called = " ".join(name.split())
    if not 0 < len(called) <= NAME_CHARACTERS or not called.isprintable():
        raise Invalid("name_invalid", f"A name has 1 to {NAME_CHARACTERS} characters")
    return called


async def remove_passkey(world: World, account_id: int, passkey_id: int) -> None:
    """Take a passkey away. NotFound `record_not_found`, Conflict `try_again`."""
    for _ in range(TRIES):
        head = await load_row(world, account_id)
        row = await world.storage.get(PASSKEYS, (account_id, passkey_id))
        if row is None:
            raise NotFound("record_not_found", "Record not found")
        fewer = msgspec.structs.replace(head, passkeys=max(0, head.passkeys - 1))
        told = [FactorsChanged(account_id, PASSKEY_REMOVED)]
        if await save(world, fewer, forget_writes(row), told):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def save(
    world: World, row: FactorsRow, writes: list[Write], told: list[FactorsChanged]
) -> bool:
    """Save an account's row and passkeys, unless something changed since its row was read."""
    new = settled(msgspec.structs.replace(row, version=row.version + 1))
    try:
        await world.storage.commit(
            f"factors:{row.account_id}", [Put(FACTORS, new), *writes], told, expect=row.version
        )
    except Conflict:
        return False
    return True


def forget_writes(row: PasskeyRow) -> list[Write]:
    """The rows of a passkey that goes."""
    key = passkeys.credential_hash(row.credential_id)
    index = PasskeyCredentialRow(key, row.account_id, row.id)
    return [Delete(PASSKEYS, row), Delete(PASSKEY_CREDENTIALS, index)]


async def use_passkey(world: World, ceremony: Ceremony, *, purpose: str) -> int:
    """Whose passkey this is, checked, its count noted. Invalid `passkey_refused`."""
    key = passkeys.credential_hash(passkeys.credential_id_of(ceremony.credential))
    index = await world.storage.get(PASSKEY_CREDENTIALS, (key,))
    if index is None:
        raise passkeys.refused()
    place = (index.account_id, index.id)
    row = await world.storage.get(PASSKEYS, place)
    if row is None:
        raise passkeys.refused()
    used = await passkeys.check_used(world, ceremony, row, purpose=purpose)
    for _ in range(TRIES):
        head = await load_row(world, index.account_id)
        now = await world.storage.get(PASSKEYS, place)
        # Removed meanwhile, or used by a copy of it at the same moment.
        if now is None or 0 < used.sign_count <= now.sign_count:
            raise passkeys.refused()
        later = msgspec.structs.replace(now, sign_count=used.sign_count, used_at_ms=world.now_ms())
        if await save(world, head, [Put(PASSKEYS, later)], []):
            return index.account_id
    raise Conflict("try_again", "This changed meanwhile: try again")
