"""Whatever is said about a subject becomes a source of its one open case."""

from __future__ import annotations

from venire.cases import brigades, clocks, rules, store
from venire.cases.model import Case, Source, Subject
from venire.cases.policy import Policy
from venire.events import CaseChanged
from venire.kernel.errors import Conflict, Unavailable
from venire.storage.timers import timer
from venire.storage.world import World

_TRIES = 20


async def note_source(world: World, policy: Policy, subject: Subject, source: Source) -> Case:
    """Add a source to the subject's case, opening one if there is none; return the case.

    Telling the same source twice changes nothing. Raises Unavailable `case_busy` when the case
    kept changing underneath, which the caller's redelivery cures.
    """
    for _ in range(_TRIES):
        there = await store.case_of_subject(world.storage, subject.kind, subject.id)
        if there is not None and await store.has_source(world.storage, there.id, source):
            return there
        case = there or await _new_case(world, policy, subject, source)
        merged = case
        if there is not None:
            case = await brigades.looked_at(world, policy, there, source)
            new = await _is_new_reporter(world, case.id, source)
            merged = rules.merge(case, source, policy, new_reporter=new)
            merged = clocks.wound(there, merged, source.at_ms)
        writes = [*store.put_case(merged), *store.put_source(case.id, source)]
        if there is None:
            writes += store.put_identity(case)
        if there is None or merged.due_at_ms != there.due_at_ms:
            # The case's own clock: it looks again then, even if every telling of it was lost.
            writes += clocks.timers(merged, policy, world.now_ms())
        if merged.second_by_ms and (there is None or not there.second_by_ms):
            again_ms = merged.second_by_ms
            writes.append(timer(store.aggregate(case.id), "case", str(case.id), again_ms))
        try:
            await world.storage.commit(
                store.aggregate(case.id), writes, [CaseChanged(case.id)], expect=case.version
            )
        except Conflict:
            continue
        return merged
    raise Unavailable("case_busy", "the case changed too often; it is tried again")


async def _is_new_reporter(world: World, case_id: int, source: Source) -> bool:
    if source.kind != "report" or source.account_id is None:
        return True
    return not await store.has_reported(world.storage, case_id, source.account_id)


async def _new_case(world: World, policy: Policy, subject: Subject, source: Source) -> Case:
    """A case under a claimed id.

    Whoever finds a claim without a case builds the case under that very id: a claimant that died
    between its claim and its commit must not lock the subject until the claim lapses.
    """
    case_id = await store.claim_subject(
        world.storage, subject.kind, subject.id, world.ids.next(), world.now_ms()
    )
    return rules.open_case(
        case_id=case_id,
        public_id=world.chance.token(16).hex(),
        subject_kind=subject.kind,
        subject_id=subject.id,
        author_id=subject.author_id,
        source=source,
        policy=policy,
        now_ms=world.now_ms(),
    )
