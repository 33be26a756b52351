"""How each store does, in rows that all processes and the next start share.

working   takes what it is sent
failing   has not for `store_patience_s`: nobody waits for it any more
closed    refuses our account: not asked again before a person has looked, or a new start
lapsed    failing for `store_given_up_days`: the journal is not kept for it any more
refused   holds the journal of something else: never written to
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from venire.events import Event, VendorReset, VendorShut
from venire.storage.tables.shipping import SHIP_STATES, ShipStateRow
from venire.storage.verbs import Put, Storage

State = Literal["working", "failing", "closed", "lapsed", "refused"]
KIND: Final = "objects"
FAR: Final = (1 << 63) - 1
"""The cursor of a store that the journal is not kept for."""


def cursor_of(name: str) -> str:
    """The name of a store's cursor."""
    return f"ship:{name}"


async def load(storage: Storage, name: str) -> ShipStateRow | None:
    """How a store does; None before it was first tried."""
    return await storage.get(SHIP_STATES, (name,))


async def load_all(storage: Storage, names: Sequence[str]) -> list[ShipStateRow | None]:
    """How stores do, in their order."""
    return await storage.get_many(SHIP_STATES, [(name,) for name in names])


async def every(storage: Storage) -> list[ShipStateRow]:
    """All stores that were ever tried: a handful."""
    rows, _ = await storage.scan(SHIP_STATES)
    return rows


async def note(
    storage: Storage, name: str, state: State, now_ms: int, *, said: str = "", base: int = 0
) -> ShipStateRow:
    """Write how a store does; a store that shuts its door is told of, for another channel."""
    row = ShipStateRow(name, state, now_ms, said, base)
    events: list[Event] = [VendorShut(KIND, name)] if state == "closed" else []
    await storage.commit(f"store:{name}", [Put(SHIP_STATES, row)], events)
    return row


async def reset(storage: Storage, name: str, now_ms: int) -> None:
    """A person has looked: a store that is closed is asked again."""
    row = await load(storage, name)
    if row is not None and row.state == "closed":
        again = ShipStateRow(name, "failing", now_ms, row.said, row.base)
        told = VendorReset(KIND, name)
        await storage.commit(f"store:{name}", [Put(SHIP_STATES, again)], [told])


async def forget_absent(storage: Storage, names: Sequence[str], now_ms: int) -> None:
    """Keep the journal no longer for stores that the settings do not name any more."""
    for row in await every(storage):
        if row.store not in names:
            if row.state != "lapsed":
                await note(storage, row.store, "lapsed", now_ms, said="not_in_settings")
            # Each time: the last one may have been killed between the two.
            await storage.advance(cursor_of(row.store), FAR)
