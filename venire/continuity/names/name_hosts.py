"""The site's zones at several hosts of names at once: losing one of them is losing none of it.

Not failover: whoever asks for a name asks any of the hosts, so what is set is set at all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from venire.continuity.vendors.failover import Failover
from venire.kernel.ports import CertificateService, DnsService
from venire.kernel.vendors import VendorFault, VendorUnavailable
from venire.kernel.zones import DnsRecord, RecordKind, check_records, zone_of
from venire.storage.world import World

P = TypeVar("P", DnsService, CertificateService)
KIND: Final = "dns"
TRY_S: Final = 90.0


class SetAt(NamedTuple):
    """Which hosts took it, and what the others said."""

    taken: tuple[str, ...]
    faults: tuple[tuple[str, str], ...]


class NameHosts:
    """All hosts of names, by their name in the settings.

    `settle_s`: how long until what was set is told by every server of theirs.
    """

    def __init__(
        self, world: World, services: Mapping[str, DnsService], *, settle_s: float = 0.0
    ) -> None:
        self.settle_s = settle_s
        self.failover: Failover[DnsService] = Failover(
            world, KIND, services, try_s=TRY_S, share=0.0
        )
        self.zones = tuple(sorted({zone for one in services.values() for zone in one.zones}))

    async def replace(self, records: Sequence[DnsRecord]) -> SetAt:
        """Set records at every host that holds their zones, all hosts at once.

        Who was away is behind until the same is set again. Raises Invalid for records that no host
        should have, and the first fault where not one host took them.
        """
        check_records(records)
        wanted = [(zone_of(record.name, self.zones), record) for record in records]
        asked: dict[str, list[DnsRecord]] = {}
        for name, service in self.failover.services.items():
            if ours := [record for zone, record in wanted if zone in service.zones]:
                asked[name] = ours
        faults: dict[str, VendorFault] = {}

        async def one(name: str) -> None:
            try:
                await self.failover.call_one(name, lambda host: host.replace(asked[name]))
            except VendorFault as fault:
                faults[name] = fault

        await asyncio.gather(*(one(name) for name in asked))
        taken = tuple(name for name in asked if name not in faults)
        if not taken:
            raise next(iter(faults.values()), VendorUnavailable("no_vendor"))
        return SetAt(taken, tuple((name, fault.said) for name, fault in faults.items()))

    async def check(self) -> dict[str, str]:
        """Ask every host whether it still takes our key; what those said that do not."""
        return await asked_all(self.failover)

    async def look(self, name: str, kind: RecordKind) -> dict[str, tuple[str, ...] | None]:
        """What each host gives for a name; None where it does not answer."""
        zone = zone_of(name, self.zones)
        asked = [host for host, one in self.failover.services.items() if zone in one.zones]

        async def one(host: str) -> tuple[str, ...] | None:
            try:
                return await self.failover.call_one(host, lambda each: each.look(name, kind))
            except VendorFault:
                return None

        return dict(zip(asked, await asyncio.gather(*map(one, asked)), strict=True))


async def asked_all(failover: Failover[P]) -> dict[str, str]:
    """Ask every vendor of a kind whether we are served; faults by name.

    Names are set and certificates renewed so seldom that whoever left would be noticed on the day
    when it is needed.
    """
    faults: dict[str, str] = {}
    for name in failover.names:
        try:
            await failover.call_one(name, lambda one: one.check())
        except VendorFault as fault:
            faults[name] = fault.said
    return faults
