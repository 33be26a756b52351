"""Tables of the continuity room that hold where the site says it is."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class BeaconRow(msgspec.Struct, frozen=True):
    """The newest beacon that the site believes; `signed` as it was published, byte for byte."""

    site: str
    version: int
    sequence: int
    signed: bytes
    at_ms: int


BEACONS = Table(
    name="beacons",
    row=BeaconRow,
    question="Where does this site say that it is?",
    partition=("site",),
    aggregate="beacon:{site}",
    version="version",
    retention="as long as the site stands",
)

TABLES = (BEACONS,)
