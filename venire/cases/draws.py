"""From a case to its jurors: who may not sit, and who is next in the order drawn."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from venire.cases import store
from venire.cases.court import Court
from venire.cases.model import Case, Round
from venire.cases.ties import ties_of
from venire.jury import store as jury_store
from venire.jury.actions import bench
from venire.jury.model import Juror
from venire.jury.pool import exclusion_rule_hash
from venire.jury.rules import CaseFacts, exclusions
from venire.kernel.clock import utc_day
from venire.posts import actions as posts

EXCLUDED_AT_MOST = 3_500
"""Indices that fit one commit with their entries; more of them and the bench takes the case."""


class Prepared(NamedTuple):
    """What a draw's entry commits to before its order can be known."""

    epoch: int
    root: str
    rule_hash: str
    excluded: list[int]


class Found(NamedTuple):
    """Whom to ask next, with the rates their ballots will count by."""

    jurors: list[tuple[int, int | None, float, float]]
    cursor: int
    exhausted: bool


async def prepare(court: Court, case: Case) -> Prepared | None:
    """The exclusions of a case from the pool in force; None when there is nobody to draw."""
    pool = await court.pools.current()
    if pool is None:
        return None
    facts = await _facts(court, case, pool.accounts)
    found = exclusions(pool.accounts, facts, dose=court.policy.panel.dose)
    if len(pool.accounts) - len(found) < court.policy.panel.min_ballots:
        return None
    if len(found) > EXCLUDED_AT_MOST:
        return None
    return Prepared(
        pool.epoch,
        pool.root.hex(),
        exclusion_rule_hash(),
        [exclusion.index for exclusion in found],
    )


async def _facts(court: Court, case: Case, accounts: tuple[int, ...]) -> CaseFacts:
    storage = court.world.storage
    said = await store.sources(storage, case.id)
    day = utc_day(court.world.now_ms())
    ties = await ties_of(court.world, case.author_id, accounts)
    targets = (
        await posts.mentioned(court.world, case.subject_id) if case.subject_kind == "post" else ()
    )
    earlier = {seat.juror_id for seat in await store.seats(storage, case.id)}
    taken = {account: len(await store.service_on(storage, account, day)) for account in accounts}
    opted_out = set()
    for account in accounts:
        juror = await jury_store.load(storage, account)
        if juror is None or juror.state != "active" or case.category in juror.opt_outs:
            opted_out.add(account)
    return CaseFacts(
        author_id=case.author_id,
        reporters=frozenset(s.account_id for s in said if s.account_id is not None),
        targets=frozenset(targets),
        followers=ties.followers,
        followed=ties.followed,
        blocks=ties.blocks,
        mutes=ties.mutes,
        addresses=ties.addresses,
        earlier_panels=frozenset(earlier),
        opted_out=frozenset(opted_out),
        seats_today=taken,
    )


async def next_in_order(court: Court, case: Case, current: Round, count: int) -> Found:
    """The next jurors of a round. A bench round asks the bench, in an order of its own."""
    if current.kind != "panel":
        return await _next_of_bench(court, case, current, count)
    pool = await court.pools.of(current.epoch)
    drawn = pool.drawn(case.public_id, current.batch)
    excluded = set(current.excluded)
    jurors: list[tuple[int, int | None, float, float]] = []
    cursor = current.cursor
    while cursor < len(drawn) and len(jurors) < count:
        index = drawn[cursor]
        cursor += 1
        if index not in excluded:
            account = pool.accounts[index]
            juror = await jury_store.load(court.world.storage, account)
            jurors.append((account, index, *_rates(juror)))
    return Found(jurors, cursor, exhausted=len(jurors) < count)


def _rates(juror: Juror | None) -> tuple[float, float]:
    return (0.8, 0.2) if juror is None else (juror.rates.h, juror.rates.f)


async def _next_of_bench(court: Court, case: Case, current: Round, count: int) -> Found:
    """Bench members without ties to the case, those with the least to do today first."""
    storage = court.world.storage
    day = utc_day(court.world.now_ms())
    members = await bench(court.world)
    accounts = tuple(juror.account_id for juror in members)
    seats = await store.seats(storage, case.id)
    late = {s.juror_id for s in seats if s.round == current.number and s.state == "timed_out"}
    # The bench is the last resort: who was late is asked again, after the others, and the daily
    # dose of the lot does not bind it.
    facts = msgspec.structs.replace(
        await _facts(court, case, accounts),
        earlier_panels=frozenset(s.juror_id for s in seats) - late,
    )
    barred = {accounts[e.index] for e in exclusions(accounts, facts, dose=1 << 30)}
    free = [juror for juror in members if juror.account_id not in barred]
    busy = {j.account_id: len(await store.service_on(storage, j.account_id, day)) for j in free}
    free.sort(key=lambda j: (j.account_id in late, busy[j.account_id], j.account_id))
    chosen: list[tuple[int, int | None, float, float]] = [
        (juror.account_id, None, *_rates(juror)) for juror in free[:count]
    ]
    return Found(chosen, current.cursor, exhausted=False)
