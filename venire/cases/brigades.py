"""Reporters who hang together: their case may have been made by a faction, and is contested.

Not a judgement of them, and told to nobody: it makes each ballot weigh less and asks more jurors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from venire.cases import store
from venire.cases.model import Case, Source
from venire.cases.policy import Policy
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.people import addresses, follows, roll
from venire.people.store import load_accounts
from venire.storage.world import World

LOOKED_AT: Final = 24
"""Reporters whose ties are read at most: a brigade shows among its first."""
_NEW_MS: Final = 30 * DAY_MS
_WAVE_MS: Final = HOUR_MS
_CROWD: Final = 40
_SHARED_REPORTS: Final = 2
_REPORTS_READ: Final = 40
_SOURCES_READ: Final = 200


class Reporter(NamedTuple):
    """What is looked at in one who reported.

    `in_wave`: whether the account is new and came with few others, so that its hour tells
    something. `address`: the network of the sign-up, where few share it. `before`: posts reported
    earlier.
    """

    account_id: int
    created_at_ms: int
    in_wave: bool = False
    address: bytes | None = None
    before: frozenset[int] = frozenset()


def tied(one: Reporter, other: Reporter) -> bool:
    """Whether two reporters came from one place, in one wave, or have reported together before."""
    if one.address is not None and one.address == other.address:
        return True
    apart_ms = abs(one.created_at_ms - other.created_at_ms)
    if one.in_wave and other.in_wave and apart_ms <= _WAVE_MS:
        return True
    return len(one.before & other.before) >= _SHARED_REPORTS


def largest_group(reporters: Sequence[Reporter], following: Mapping[int, Collection[int]]) -> int:
    """How many reporters hang together, each tied to some other of them.

    `following`: whom each follows of the others. The order in which they came changes nothing.
    """
    group = {one.account_id: one.account_id for one in reporters}

    def root(account_id: int) -> int:
        while group[account_id] != account_id:
            account_id = group[account_id]
        return account_id

    for place, one in enumerate(reporters):
        for other in reporters[:place]:
            follows_either = other.account_id in following.get(
                one.account_id, ()
            ) or one.account_id in following.get(other.account_id, ())
            if follows_either or tied(one, other):
                group[root(one.account_id)] = root(other.account_id)
    sizes: dict[int, int] = {}
    for account_id in group:
        sizes[root(account_id)] = sizes.get(root(account_id), 0) + 1
    return max(sizes.values(), default=0)


def hang_together(group: int, reporters: int, least: int) -> bool:
    """Whether a group is a faction of those who reported: enough of them, and half of all."""
    return group >= least and 2 * group >= reporters


def is_time(reporters: int, least: int) -> bool:
    """Whether so many reporters are a moment to look: a few times a case, however many report."""
    return least <= reporters <= LOOKED_AT and reporters in {least, 6, 8, 12, 16, 20, LOOKED_AT}


async def looked_at(world: World, policy: Policy, case: Case, source: Source) -> Case:
    """The case with what its reporters' ties show, this one's too, where it is time to look."""
    least = policy.panel.contested.together_reports
    if source.kind != "report" or source.account_id is None or case.together:
        return case
    if not is_time(case.report_count + 1, least):
        return case
    said = await store.sources(world.storage, case.id, limit=_SOURCES_READ)
    known = dict.fromkeys(one.account_id for one in said if one.kind == "report")
    ids = [one for one in (*known, source.account_id) if one is not None]
    reporters = await _reporters(world, list(dict.fromkeys(ids))[:LOOKED_AT], case.subject_id)
    everyone = [one.account_id for one in reporters]
    following = {
        one: await follows.following_among(world, one, [who for who in everyone if who != one])
        for one in everyone
    }
    group = largest_group(reporters, following)
    if not hang_together(group, len(reporters), least):
        return case
    return msgspec.structs.replace(case, together=True)


async def _reporters(world: World, ids: Sequence[int], subject_id: int) -> list[Reporter]:
    accounts = await load_accounts(world, ids)
    found = []
    for account_id, account in accounts.items():
        reports = await store.reports_by(world.storage, account_id, limit=_REPORTS_READ)
        named = {
            post_id
            for row in reports
            for post_id in msgspec.json.decode(row.post_ids, type=list[int])
        }
        address = await addresses.lonely_address(world, account_id)
        before = frozenset(named - {subject_id})
        wave = await _in_wave(world, account.created_at_ms)
        found.append(Reporter(int(account_id), account.created_at_ms, wave, address, before))
    return found


async def _in_wave(world: World, created_at_ms: int) -> bool:
    """Whether an account is new, and its hour not one in which half the town signed up.

    A drill makes all its members within a minute, and none of them for a purpose.
    """
    if world.site.acceptance or created_at_ms < world.now_ms() - _NEW_MS:
        return False
    since_ms, until_ms = created_at_ms - _WAVE_MS, created_at_ms + _WAVE_MS
    came = await roll.count_new(world, since_ms, until_ms, most=_CROWD + 1)
    return len(came) <= _CROWD
