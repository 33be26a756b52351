"""A member's phone number: optional, theirs alone, sealed, and never the only way in.

One number belongs to one account, which is what it is good for besides alerts: a brake on whoever
wants many. It is found by a mark that only this site's key makes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from venire.kernel.errors import Conflict, Unavailable
from venire.people import phone_rules as rules
from venire.people.phone_rules import Number
from venire.people.rules import CLAIM_MS
from venire.storage.tables.phones import PHONE_NUMBERS, PHONES, PhoneNumberRow, PhoneRow
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

_PURPOSE: Final = "phone number"
_TRIES: Final = 8


class Phone(msgspec.Struct, frozen=True):
    """A number whose owner has shown that they read its texts."""

    e164: str
    region: str
    verified_at_ms: int


def mark_of(world: World, e164: str) -> bytes:
    """What a number is found by."""
    return world.vault.mark(_PURPOSE, e164.encode())


def seal_number(world: World, account_id: int, e164: str) -> bytes:
    """A number as it may lie in a row of an account."""
    return world.vault.seal(world.chance, _PURPOSE, str(account_id), e164.encode())


def open_number(world: World, account_id: int, sealed: bytes) -> str:
    """The number that was sealed. Unavailable `secret_sealed_otherwise`."""
    return world.vault.open(_PURPOSE, str(account_id), sealed).decode()


async def phone_of(world: World, account_id: int) -> Phone | None:
    """The number of an account, if it has one; None also where it was sealed by a lost key."""
    row = await world.storage.get(PHONES, (account_id,))
    number = "" if row is None else number_in(world, row)
    return None if row is None or not number else Phone(number, row.region, row.verified_at_ms)


def number_in(world: World, row: PhoneRow) -> str:
    """The number in a row; empty where there is none, or none that this site's key opens."""
    if not row.sealed_number:
        return ""
    try:
        return open_number(world, row.account_id, row.sealed_number)
    except Unavailable:
        return ""


def number_of(phone: Phone, countries: Collection[str]) -> Number:
    """A number as it is counted. Invalid where its country is no longer open."""
    return rules.read_number(phone.e164, phone.region, countries)


async def has_phone(world: World, account_id: int) -> bool:
    """Whether an account has a number; opens nothing."""
    row = await world.storage.get(PHONES, (account_id,))
    return row is not None and bool(row.sealed_number)


async def is_number_of(world: World, account_id: int, mark: bytes) -> bool:
    """Whether a number, by its mark, is an account's; opens nothing."""
    row = await world.storage.get(PHONES, (account_id,))
    return row is not None and row.number_mark == mark


async def give(world: World, account_id: int, e164: str, region: str) -> None:
    """Give a number to an account whose owner reads its texts; the one before it is free again.

    Conflict `phone_taken` where it is another account's.
    """
    mark = mark_of(world, e164)
    claim = PhoneNumberRow(mark, account_id)
    there = await world.storage.put_if_absent(
        PHONE_NUMBERS, claim, expires_at_ms=world.now_ms() + CLAIM_MS
    )
    if there is not None and there.account_id != account_id:
        raise Conflict("phone_taken", "This number belongs to another account here")
    for _ in range(_TRIES):
        row = await world.storage.get(PHONES, (account_id,))
        version = 0 if row is None else row.version
        new = PhoneRow(
            account_id=account_id,
            version=version + 1,
            sealed_number=seal_number(world, account_id, e164),
            number_mark=mark,
            region=region,
            verified_at_ms=world.now_ms(),
        )
        writes: list[Write] = [Put(PHONES, new), Put(PHONE_NUMBERS, claim)]
        if row is not None and row.number_mark not in {b"", mark}:
            writes.append(Delete(PHONE_NUMBERS, PhoneNumberRow(row.number_mark, account_id)))
        if await _committed(world, account_id, writes, version):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def take_away(world: World, account_id: int) -> None:
    """Forget the number of an account; free for others at once."""
    for _ in range(_TRIES):
        row = await world.storage.get(PHONES, (account_id,))
        if row is None or not row.sealed_number:
            return
        empty = PhoneRow(account_id, row.version + 1, b"", b"", "", 0)
        gone = PhoneNumberRow(row.number_mark, account_id)
        writes: list[Write] = [Put(PHONES, empty), Delete(PHONE_NUMBERS, gone)]
        if await _committed(world, account_id, writes, row.version):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _committed(world: World, account_id: int, writes: list[Write], version: int) -> bool:
    try:
        await world.storage.commit(f"phone:{account_id}", writes, expect=version)
    except Conflict as conflict:
        if conflict.code != "version_moved":
            raise
        return False
    return True
