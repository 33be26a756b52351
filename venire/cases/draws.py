"""From a case to its jurors: who may not sit, and who is next in the order drawn."""

from __future__ import annotations

from typing import Final, NamedTuple

from venire.cases import last_resort
from venire.cases.court import Court
from venire.cases.draw_facts import facts_of
from venire.cases.model import Case, Round
from venire.jury import store as jury_store
from venire.jury.freezing import Frozen, Pool, freeze
from venire.jury.model import Juror
from venire.jury.pool import exclusion_rule_hash
from venire.jury.rules import CaseFacts, Panel, barred, hides_who_sits, panel_for
from venire.jury.sheets import decoys
from venire.kernel.errors import Unavailable
from venire.people.counts import load_site_counts

EXCLUDED_AT_MOST: Final = 3_500
"""Indices that fit one commit with their entries; more of them and the bench takes the case."""
LEFT_AT_LEAST: Final = 40
"""Eligible members below which no decoy is taken: a pool that small needs everyone."""
_SMALLEST_APPEAL: Final = 5
_TRIES = 10


class Prepared(NamedTuple):
    """What a draw's entry commits to before its order can be known.

    `panel` says how the pool could give one; `eligible` are left after exclusions and decoys.
    `seed` and `randomness` are the operator's, for a draw without the beacon.
    """

    epoch: int
    root: str
    rule_hash: str
    excluded: list[int]
    panel: Panel
    eligible: int
    seed: str
    randomness: str


class Found(NamedTuple):
    """Whom to ask next, with the rates their ballots will count by."""

    jurors: list[tuple[int, int | None, float, float]]
    cursor: int
    exhausted: bool


async def prepare(court: Court, case: Case, *, seats: int, appeal: bool = False) -> Prepared | None:
    """The exclusions of a case from the pool in force; None when there is nobody to draw.

    `seats`: the least that the panel needs, the rule's minimum or an appeal's 11.
    """
    members = await court.pools.current()
    if members is None:
        return None
    facts = await facts_of(court, case, members)
    strict, loose = (_out(court, facts, members, loose=loose) for loose in (False, True))
    panel = panel_for(
        court.policy.jury.preset,
        eligible=len(members.accounts) - len(strict),
        with_one_way_follows=len(members.accounts) - len(loose),
        seats=seats,
        appeal=appeal,
    )
    out = strict if panel == "ordinary" else loose
    if panel == "bench" and appeal and len(members.accounts) - len(strict) >= _SMALLEST_APPEAL:
        # Fresh jurors, if fewer, before anyone who is asked every time.
        panel, out = "all_who_remain", strict
    if panel == "bench" or len(out) + 2 * LEFT_AT_LEAST > EXCLUDED_AT_MOST:
        return None
    if not await _is_hidden(court, facts, one_way_follows=out is loose):
        return None
    sheet = await _sheet(court)
    excluded = {sheet.places[account] for account in out}
    spare = len(members.accounts) - len(out) - max(LEFT_AT_LEAST, seats)
    number = 1 if case.round is None else case.round.number + 1
    size = len(sheet.accounts)
    label = f"{case.public_id}:{number}"
    excluded.update(decoys(sheet.secret, label, size, excluded, spare))
    return Prepared(
        epoch=sheet.epoch,
        root=sheet.root.hex(),
        rule_hash=exclusion_rule_hash(one_way_follows=out is loose),
        excluded=sorted(excluded),
        panel=panel,
        eligible=size - len(excluded),
        seed=sheet.seed.hex(),
        randomness=sheet.randomness.hex(),
    )


def _out(court: Court, facts: CaseFacts, members: Frozen, *, loose: bool) -> list[int]:
    """The members who may not sit; `loose`: with follows that are not returned let pass."""
    against = barred(facts, dose=court.policy.panel.dose, one_way_follows=loose)
    return [account for account in against if account in members.places]


async def _is_hidden(court: Court, facts: CaseFacts, *, one_way_follows: bool) -> bool:
    """Whether outsiders are left in doubt who sits, where an author may be tied to everyone.

    The bench is known by name and has agreed to that; those of the lot are not.
    """
    if court.policy.jury.preset != "small":
        return True
    # The site's own account, which is counted too, sits nowhere.
    members = (await load_site_counts(court.world)).users - 1
    return hides_who_sits(members, facts, one_way_follows=one_way_follows)


async def _sheet(court: Court) -> Pool:
    """A sheet of the pool in force that no other draw has: its members written anew if need be."""
    for _ in range(_TRIES):
        sheet = await court.pools.take()
        if sheet is not None:
            return sheet
        await freeze(court.world, court.sequencer, court.policy, frozen_by="draw")
    raise Unavailable("pool_busy", "try again in a moment")


async def next_in_order(court: Court, case: Case, current: Round, count: int) -> Found:
    """The next jurors of a round. A bench round asks the bench, in an order of its own."""
    if current.kind == "bench":
        return await _next_of_bench(court, case, current, count)
    pool = await court.pools.of(current.epoch)
    randomness = bytes.fromhex(current.randomness)
    drawn = await pool.drawn(case.public_id, current.batch, randomness)
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
    """The next of those who take what no panel can decide."""
    jurors: list[tuple[int, int | None, float, float]] = []
    for account in (await last_resort.in_order(court, case, current))[:count]:
        juror = await jury_store.load(court.world.storage, account)
        jurors.append((account, None, *_rates(juror)))
    return Found(jurors, current.cursor, exhausted=False)
