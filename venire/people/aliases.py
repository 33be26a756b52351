"""Other identities of an account, and where it has moved: what others are told, nothing is moved.

Names elsewhere are kept as their owner writes them: this site cannot ask another whether it is so.
"""

from __future__ import annotations

import re
from typing import Final

from venire.kernel.errors import Invalid, NotFound
from venire.people.admission import change_account
from venire.people.finding import local_name
from venire.people.model import ACTIVE, Account
from venire.people.store import find_by_handle, load_account
from venire.storage.tables.moving import ALIASES, AliasRow
from venire.storage.world import World

ALIASES_MOST: Final = 20
_HANDLE: Final = re.compile(
    r"@?([A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)@([\w-]+(?:\.[\w-]+)+(?::\d{1,5})?)"
)
_ADDRESS: Final = re.compile(r"https?://[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?/[^\s<>\"'\\^`{|}]{1,400}")


async def aliases_of(world: World, account_id: int) -> list[str]:
    """The other identities that an account names, in order of their text."""
    rows = await world.storage.range(ALIASES, (account_id,), limit=ALIASES_MOST)
    return [row.uri for row in rows]


async def identity_of(world: World, text: str) -> tuple[str, Account | None]:
    """What a text names: the identity of an account here, else a handle or address as it stands.

    Invalid `alias_invalid`; NotFound `record_not_found` for a name of this site that nobody has.
    """
    bare = text.strip()
    known = _HANDLE.fullmatch(bare) or _ADDRESS.fullmatch(bare)
    name = local_name(world, bare)
    if name is not None and name == bare and known is not None:
        name = None
    if name is not None:
        account = await find_by_handle(world, name)
        if account is None or account.state != ACTIVE:
            raise NotFound("record_not_found", "Record not found")
        return account.uri, account
    match = _HANDLE.fullmatch(bare)
    if match is not None:
        return f"{match[1]}@{match[2].lower()}", None
    if known is None:
        raise Invalid("alias_invalid", "Write a handle like name@example.org, or a web address")
    return bare, None


async def add_alias(world: World, account_id: int, text: str) -> str:
    """Name another identity as one's own; again is once. Invalid `too_many_aliases`."""
    uri, _ = await identity_of(world, text)
    there = await aliases_of(world, account_id)
    if uri not in there and len(there) >= ALIASES_MOST:
        raise Invalid(
            "too_many_aliases",
            "Validation failed: You have as many aliases as there may be",
            limit=ALIASES_MOST,
        )
    await world.storage.put(ALIASES, AliasRow(account_id, uri, world.now_ms()))
    return uri


async def drop_alias(world: World, account_id: int, text: str) -> None:
    """Name an identity no longer. Harmless where it was not named."""
    for uri in {text.strip(), text.strip().removeprefix("@")}:
        await world.storage.delete(ALIASES, AliasRow(account_id, uri, 0))


async def move(world: World, account_id: int, text: str) -> Account:
    """Tell whoever looks that an account has moved; the account as it is then.

    To an account here only where that one names this one as its own: nobody is sent to a stranger.
    Invalid `alias_missing`, `alias_invalid`, `not_yourself`; NotFound.
    """
    uri, target = await identity_of(world, text)
    if target is None:
        return (await change_account(world, account_id, moved_to_id=None, moved_to=uri))[1]
    me = await load_account(world, account_id)
    if target.id == account_id:
        raise Invalid("not_yourself", "You cannot do this to yourself")
    if me is None or me.uri not in await aliases_of(world, target.id):
        raise Invalid("alias_missing", "The other account must name this one as an alias first")
    return (await change_account(world, account_id, moved_to_id=target.id, moved_to=None))[1]


async def stay(world: World, account_id: int) -> Account:
    """Take back that an account has moved."""
    return (await change_account(world, account_id, moved_to_id=None, moved_to=None))[1]
