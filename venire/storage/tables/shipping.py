"""Tables of the journal's way out: whose turn it is to ship, and how each store does."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class ShipGenerationRow(msgspec.Struct, frozen=True):
    """The site's turn at shipping; one row. `number` 0: a new one is to be begun.

    `document`: what the stores were told of it, byte for byte. `after`: JSON of where a restored
    site goes on from. `fenced`: the generation of a later host that was found; 0 for none.
    """

    site: int
    version: int
    number: int
    document: bytes
    after: bytes
    fenced: int


class ShipStateRow(msgspec.Struct, frozen=True):
    """How one store does; `state` as in `continuity.ship_states`, `said` a code, never a text.

    `base`: what lies at or below it in the journal is in no segment of this store.
    """

    store: str
    state: str
    since_ms: int
    said: str
    base: int


SHIP_GENERATIONS = Table(
    name="ship_generations",
    row=ShipGenerationRow,
    question="In which generation does this site ship its journal?",
    partition=("site",),
    aggregate="shipping:{site}",
    version="version",
    retention="as long as the site",
)
SHIP_STATES = Table(
    name="ship_states",
    row=ShipStateRow,
    question="Does this store take what it is sent, and since when?",
    partition=("store",),
    aggregate="store:{store}",
    retention="as long as the store is named in the settings",
)

TABLES = (SHIP_GENERATIONS, SHIP_STATES)
