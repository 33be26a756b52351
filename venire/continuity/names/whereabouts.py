"""The beacon that this site shows: published once it is believed, never an older one again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from venire.continuity.names.beacon import SIGNERS, Whereabouts, check, read, text_of
from venire.events import BeaconPublished
from venire.kernel.errors import Conflict, NotFound
from venire.record.note import VerifierKey, parse_verifier_key
from venire.storage.tables.beacons import BEACONS, BeaconRow
from venire.storage.verbs import Put
from venire.storage.world import World

MOVED: Final = "moved"
RENEWED: Final = "renewed"
_TRIES: Final = 8


def keys_of(texts: Sequence[str]) -> tuple[VerifierKey, ...]:
    """The keys of those who sign, as the settings name them. Conflict `beacon_has_no_keys`."""
    if len(texts) != SIGNERS:
        raise Conflict(
            "beacon_has_no_keys", f"beacon_signers: {SIGNERS} keys, one for each who may sign"
        )
    return tuple(parse_verifier_key(text) for text in texts)


def name_of(world: World) -> str:
    """What a beacon calls this site: it does not change when the site moves."""
    return world.site.beacon_site or world.site.domain


async def shown(world: World) -> BeaconRow:
    """The newest beacon. NotFound `no_beacon`."""
    row = await world.storage.get(BEACONS, (name_of(world),))
    if row is None:
        raise NotFound("no_beacon", "This site has published no beacon")
    return row


async def publish(world: World, signed: bytes) -> Whereabouts:
    """Show a beacon from now on; the same again is once. Raises what `beacon.check` does.

    Raises Conflict `beacon_has_no_keys`.
    """
    keys = keys_of(world.site.beacon_signers)
    for _ in range(_TRIES):
        row = await world.storage.get(BEACONS, (name_of(world),))
        newest = None if row is None else read(text_of(row.signed))
        said = check(signed, keys, site=name_of(world), now_ms=world.now_ms(), newest=newest)
        if row is not None and row.signed == signed:
            return said
        version = 0 if row is None else row.version
        made = BeaconRow(said.site, version + 1, said.sequence, signed, world.now_ms())
        try:
            await world.storage.commit(
                f"beacon:{said.site}",
                [Put(BEACONS, made)],
                [BeaconPublished(said.sequence, _kind_of(newest, said))],
                expect=version,
            )
        except Conflict:
            continue
        return said
    raise Conflict("try_again", "This changed meanwhile: try again")


def _kind_of(before: Whereabouts | None, now: Whereabouts) -> str:
    """Whether people have to go elsewhere than before: a beacon that is renewed says nothing new.

    Where the one before is lost, and this is not the first, it is taken for a move.
    """
    if before is None:
        return MOVED if now.sequence > 1 else RENEWED
    return RENEWED if before.addresses[0] == now.addresses[0] else MOVED
