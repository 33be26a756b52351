"""In which country a viewer is known to be: as they said, or as a trusted proxy tells.

Nothing is traced. What a member said at the door is kept; where a proxy says from which country a
request came (`country_header` in the settings), that counts while it is answered and is not kept.
"""

from __future__ import annotations

import re
from contextvars import ContextVar

from venire.kernel.errors import Invalid
from venire.storage.memory import Memory
from venire.storage.tables.countries import COUNTRIES, CountryRow
from venire.storage.world import World

_CODE = re.compile(r"[A-Z]{2}", re.ASCII)
_UNKNOWN = frozenset({"", "XX", "T1", "ZZ"})
"""What proxies say where they do not know."""
_NOWHERE: frozenset[str] = frozenset()
_NETWORK: ContextVar[str] = ContextVar("network_country", default="")
_SAID: Memory[frozenset[str]] = Memory(20_000)


def country_code(text: str) -> str:
    """ISO 3166-1 alpha-2 in capitals; empty where it is none, or nowhere."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) and code not in _UNKNOWN else ""


def note_network_country(text: str) -> None:
    """From which country the request that is being answered came, as a trusted proxy says."""
    _NETWORK.set(country_code(text))


async def say_country(world: World, account_id: int, text: str) -> None:
    """Keep where a member says that they are at home; empty takes it back. Invalid."""
    code = country_code(text)
    if text.strip() and not code:
        raise Invalid("country_unknown", "a country has two letters, as ISO 3166 has them")
    row = CountryRow(account_id, code, world.now_ms())
    if code:
        await world.storage.put(COUNTRIES, row)
    else:
        await world.storage.delete(COUNTRIES, row)


async def said_country(world: World, account_id: int) -> str:
    """Where a member says that they are at home; empty where they do not."""
    row = await world.storage.get(COUNTRIES, (account_id,))
    return "" if row is None else row.country


async def countries_of(world: World, account_id: int | None) -> frozenset[str]:
    """The countries in which a viewer (None: not signed in) is known to be; usually none."""
    network = _NETWORK.get()
    said = _NOWHERE
    if account_id is not None:
        said = await _SAID.recall(
            world.storage,
            account_id,
            ((COUNTRIES, (account_id,)),),
            lambda: _read(world, account_id),
        )
    return said | {network} if network else said


async def _read(world: World, account_id: int) -> frozenset[str]:
    code = await said_country(world, account_id)
    return frozenset({code}) if code else _NOWHERE
