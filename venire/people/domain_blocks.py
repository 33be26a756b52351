"""Other sites of which a member wants to see nothing. Kept for when there are others."""

from __future__ import annotations

import re

from venire.kernel.errors import Invalid
from venire.storage.tables.discovery import DOMAIN_BLOCKS, DomainBlockRow
from venire.storage.world import World

BLOCKED_MOST = 1_000
_LENGTH = 253
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
)


def normal_domain(text: str) -> str:
    """A domain in the form in which it is compared (A-labels, lower case).

    Invalid `domain_invalid`.
    """
    bare = text.strip().lower().rstrip(".")
    try:
        name = bare if bare.isascii() else bare[:_LENGTH].encode("idna").decode()
    except UnicodeError:
        name = ""
    if not _DOMAIN.fullmatch(name):
        raise Invalid("domain_invalid", "Validation failed: Domain is not a valid domain name")
    return name


async def blocked_domains(world: World, account_id: int) -> list[DomainBlockRow]:
    """The domains that an account blocks, the latest first."""
    rows = await world.storage.range(DOMAIN_BLOCKS, (account_id,), limit=BLOCKED_MOST)
    return sorted(rows, key=lambda row: -row.block_id)


async def block_domain(world: World, account_id: int, domain: str) -> None:
    """Block a domain; again is once. Invalid `domain_invalid`, `too_many_domains`."""
    name = normal_domain(domain)
    if await world.storage.get(DOMAIN_BLOCKS, (account_id, name)) is not None:
        return
    if len(await blocked_domains(world, account_id)) >= BLOCKED_MOST:
        hint = "Validation failed: You block as many domains as you may"
        raise Invalid("too_many_domains", hint, limit=BLOCKED_MOST)
    row = DomainBlockRow(account_id, name, world.ids.next())
    await world.storage.put_if_absent(DOMAIN_BLOCKS, row)


async def unblock_domain(world: World, account_id: int, domain: str) -> None:
    """Block a domain no longer. Harmless where it was not blocked. Invalid `domain_invalid`."""
    row = await world.storage.get(DOMAIN_BLOCKS, (account_id, normal_domain(domain)))
    if row is not None:
        await world.storage.delete(DOMAIN_BLOCKS, row)
