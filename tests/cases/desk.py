"""What the tests of clocks and of the fast lane do again and again."""

from __future__ import annotations

import dataclasses

import msgspec

from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES


async def headers(house):
    """The record's headers, in order."""
    rows, _ = await house.site.storage.scan(ENTRIES)
    ordered = sorted(rows, key=lambda row: row.leaf_index)
    return [decode_entry(row.entry).header for row in ordered]


async def messages(member):
    """What the site has written to a member, newest first."""
    found = (await member.get("/api/v1/notifications", params={"types[]": "mention"})).json()
    return [one["status"]["content"] for one in found]


def set_policy(house, **parts):
    """Let the house go by other numbers."""
    changed = msgspec.structs.replace(house.court.policy, **parts)
    object.__setattr__(house.site.court, "policy", changed)


def live(house):
    """The house as members have it: of the acceptance profile nothing is waived any more."""
    world = house.site.court.world
    site = dataclasses.replace(world.site, acceptance=False)
    object.__setattr__(world, "site", site)
