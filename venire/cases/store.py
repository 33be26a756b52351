"""The only opener of the spine's tables."""

from __future__ import annotations

import msgspec

from venire.cases.model import Case, Source, Statement
from venire.kernel.ids import id_ms
from venire.storage.tables.cases import (
    CASES,
    COPIES,
    MODERATOR_ACTIONS,
    OPEN_CASES,
    PUBLIC_CASES,
    REPORTS,
    REPORTS_BY_REPORTER,
    SEATS,
    SERVICE,
    SOURCES,
    STATEMENTS,
    SUBJECTS,
    SUMMONS,
    CaseRow,
    CopyRow,
    ModeratorActionRow,
    OpenCaseRow,
    PublicCaseRow,
    ReporterRow,
    ReportRow,
    SeatRow,
    ServiceRow,
    SourceRow,
    StatementRow,
    SubjectRow,
    SummonsRow,
)
from venire.storage.verbs import Delete, Put, Storage, Write

SHARDS = 16
CLAIM_MS = 600_000
_QUEUE_READ = 2_000
_OF_JURORS = frozenset({"", "ballots", "bench"})
_SOURCES_MOST = 100_000
_SEATS_MOST = 10_000


def aggregate(case_id: int) -> str:
    """The aggregate of a case."""
    return f"case:{case_id}"


async def load(storage: Storage, case_id: int) -> Case | None:
    """Return a case."""
    row = await storage.get(CASES, (case_id,))
    return None if row is None else _case(row)


def _case(row: CaseRow) -> Case:
    case = msgspec.json.decode(row.body, type=Case)
    return msgspec.structs.replace(case, version=row.version)


def _shard(case_id: int) -> int:
    """By the moment, not the low bits: those are a sequence that is nearly always 0."""
    return id_ms(case_id) % SHARDS


def put_case(case: Case) -> list[Write]:
    """The writes that save a case as the next version of its head, and its place in the queue."""
    row = CaseRow(
        id=case.id,
        subject_kind=case.subject_kind,
        subject_id=case.subject_id,
        author_id=case.author_id,
        state=case.state,
        body=msgspec.json.encode(msgspec.structs.replace(case, version=0)),
        version=case.version + 1,
    )
    waiting = OpenCaseRow(_shard(case.id), case.id, case.state, case.waits_for, case.opened_at_ms)
    queue: Write = (
        Put(OPEN_CASES, waiting)
        if case.state in {"open", "judging"} and not case.asks
        else Delete(OPEN_CASES, waiting)
    )
    return [Put(CASES, row), queue]


def put_identity(case: Case) -> list[Write]:
    """The writes that confirm a new case's claim on its subject, and its public id."""
    return [
        Put(SUBJECTS, SubjectRow(case.subject_kind, case.subject_id, case.id)),
        Put(PUBLIC_CASES, PublicCaseRow(case.public_id, case.id)),
    ]


def release_subject(case: Case) -> Write:
    """The write that frees a subject for another case, when this one closes."""
    return Delete(SUBJECTS, SubjectRow(case.subject_kind, case.subject_id, case.id))


async def claim_subject(
    storage: Storage, kind: str, subject_id: int, case_id: int, now_ms: int
) -> int:
    """Claim a subject for a new case; return the case that has it, this one or an earlier."""
    there = await storage.put_if_absent(
        SUBJECTS, SubjectRow(kind, subject_id, case_id), expires_at_ms=now_ms + CLAIM_MS
    )
    return case_id if there is None else there.case_id


async def case_of_subject(storage: Storage, kind: str, subject_id: int) -> Case | None:
    """Return the case on a subject that is not closed."""
    row = await storage.get(SUBJECTS, (kind, subject_id))
    return None if row is None else await load(storage, row.case_id)


async def case_by_public_id(storage: Storage, public_id: str) -> Case | None:
    """Return the case that stands under this id in the record."""
    row = await storage.get(PUBLIC_CASES, (public_id,))
    return None if row is None else await load(storage, row.case_id)


async def open_cases(storage: Storage, limit: int = 100) -> list[OpenCaseRow]:
    """Cases that wait for something: first those that wait for a person here, oldest first.

    Behind a hundred panels that need nobody, a moderator would never find the one that does.
    """
    rows = [
        row
        for shard in range(SHARDS)
        for row in await storage.range(OPEN_CASES, (shard,), limit=max(limit, _QUEUE_READ))
    ]
    return sorted(rows, key=lambda row: (row.waits_for in _OF_JURORS, row.case_id))[:limit]


async def open_page(
    storage: Storage, shard: int, above: int | None, limit: int
) -> list[OpenCaseRow]:
    """A page of the open cases of one shard (0 to `SHARDS` - 1), oldest first."""
    after = None if above is None else (above,)
    return await storage.range(OPEN_CASES, (shard,), above=after, limit=limit)


async def every_case(
    storage: Storage, cursor: bytes | None, limit: int
) -> tuple[list[Case], bytes | None]:
    """Maintenance: all cases, page by page, in no promised order."""
    rows, following = await storage.scan(CASES, cursor, limit)
    return [_case(row) for row in rows], following


# what was said


def put_source(case_id: int, source: Source) -> list[Write]:
    """The writes of one source; a copy is found from its origin too."""
    row = SourceRow(
        case_id=case_id,
        kind=source.kind,
        ref=source.ref,
        at_ms=source.at_ms,
        account_id=source.account_id,
        body=msgspec.json.encode(source),
    )
    writes: list[Write] = [Put(SOURCES, row)]
    origin = source.body.get("copy_of")
    if isinstance(origin, str):
        writes.append(Put(COPIES, CopyRow(origin, case_id)))
    return writes


async def copies_of(storage: Storage, origin: str, limit: int = 1000) -> list[Case]:
    """The cases on copies of a case's post."""
    rows = await storage.range(COPIES, (origin,), limit=limit)
    loaded = await storage.get_many(CASES, [(row.case_id,) for row in rows])
    return [_case(row) for row in loaded if row is not None]


async def copies_page(
    storage: Storage, origin: str, above: int | None, limit: int = 200
) -> list[Case]:
    """The same page by page, however many there are: after the case `above`, in their order."""
    bound = None if above is None else (above,)
    rows = await storage.range(COPIES, (origin,), above=bound, limit=limit)
    loaded = await storage.get_many(CASES, [(row.case_id,) for row in rows])
    return [_case(row) for row in loaded if row is not None]


async def has_source(storage: Storage, case_id: int, source: Source) -> bool:
    """Whether this was said on this case before."""
    return await storage.get(SOURCES, (case_id, source.kind, source.ref)) is not None


async def has_reported(storage: Storage, case_id: int, account_id: int) -> bool:
    """Whether a member reported the subject of this case."""
    above = ("report", f"{account_id}:")
    found = await storage.range(SOURCES, (case_id,), above=above, limit=1)
    return any(row.kind == "report" and row.account_id == account_id for row in found)


async def reports_of(
    storage: Storage, case_id: int, account_id: int, limit: int = 100
) -> list[Source]:
    """What one member reported of the subject of this case."""
    above = ("report", f"{account_id}:")
    rows = await storage.range(SOURCES, (case_id,), above=above, limit=limit)
    return [
        msgspec.json.decode(row.body, type=Source)
        for row in rows
        if row.kind == "report" and row.account_id == account_id
    ]


async def sources(storage: Storage, case_id: int, limit: int = _SOURCES_MOST) -> list[Source]:
    """What was said: all of it, since every reporter is excluded from the draw and answered."""
    rows = await storage.range(SOURCES, (case_id,), limit=limit)
    return [msgspec.json.decode(row.body, type=Source) for row in rows]


async def said_by(storage: Storage, case_id: int, *kinds: str) -> list[Source]:
    """What was said by machines or by a body: few, however many members have reported."""
    rows = [row for kind in kinds for row in await storage.range(SOURCES, (case_id, kind))]
    return [msgspec.json.decode(row.body, type=Source) for row in rows]


# seats


async def seats(storage: Storage, case_id: int, round_number: int | None = None) -> list[SeatRow]:
    """The seats of a case, or of one of its rounds."""
    prefix = (case_id,) if round_number is None else (case_id, round_number)
    return await storage.range(SEATS, prefix, limit=_SEATS_MOST)


async def seat(storage: Storage, case_id: int, number: int, juror_id: int) -> SeatRow | None:
    """One juror's seat in a round."""
    return await storage.get(SEATS, (case_id, number, juror_id))


def put_seat(seat: SeatRow, day: str) -> list[Write]:
    """The writes of a seat, the juror's open summons, and the day's service."""
    summons = SummonsRow(seat.juror_id, seat.case_id, seat.round, seat.state, seat.deadline_ms)
    still_open = seat.state in {"offered", "seated"}
    served = ServiceRow(seat.juror_id, day, seat.case_id, seat.round, seat.state)
    counts = seat.state in {"offered", "seated", "voted"}
    return [
        Put(SEATS, seat),
        Put(SUMMONS, summons) if still_open else Delete(SUMMONS, summons),
        Put(SERVICE, served) if counts else Delete(SERVICE, served),
    ]


async def summons_of(storage: Storage, juror_id: int, limit: int = 40) -> list[SummonsRow]:
    """The open summons of a juror."""
    return await storage.range(SUMMONS, (juror_id,), limit=limit)


async def service_on(storage: Storage, juror_id: int, day: str) -> list[ServiceRow]:
    """The seats of a juror on a day that count towards the dose."""
    return await storage.range(SERVICE, (juror_id, day), limit=100)


# statements, reports, moderators


def put_statement(account_id: int, case_id: int, statement: Statement) -> Write:
    """The write of a statement of reasons."""
    row = StatementRow(
        account_id=account_id,
        id=statement.id,
        case_id=case_id,
        kind=statement.kind,
        at_ms=statement.at_ms,
        body=msgspec.json.encode(statement),
    )
    return Put(STATEMENTS, row)


async def statements(
    storage: Storage, account_id: int, *, below: int | None = None, limit: int = 40
) -> list[Statement]:
    """The statements sent to an account, newest first."""
    bound = None if below is None else (below,)
    rows = await storage.range(STATEMENTS, (account_id,), below=bound, limit=limit)
    return [msgspec.json.decode(row.body, type=Statement) for row in rows]


async def statement(storage: Storage, account_id: int, statement_id: int) -> Statement | None:
    """One statement of an account."""
    row = await storage.get(STATEMENTS, (account_id, statement_id))
    return None if row is None else msgspec.json.decode(row.body, type=Statement)


async def report(storage: Storage, report_id: int) -> ReportRow | None:
    """One report."""
    return await storage.get(REPORTS, (report_id,))


def put_report(row: ReportRow) -> list[Write]:
    """The writes of a report."""
    return [Put(REPORTS, row), Put(REPORTS_BY_REPORTER, ReporterRow(row.reporter_id, row.id))]


async def reports_by(storage: Storage, reporter_id: int, limit: int = 40) -> list[ReportRow]:
    """The reports of a member, newest first."""
    keys = await storage.range(REPORTS_BY_REPORTER, (reporter_id,), limit=limit)
    rows = await storage.get_many(REPORTS, [(key.report_id,) for key in keys])
    return [row for row in rows if row is not None]


def put_moderator_action(row: ModeratorActionRow) -> Write:
    """The write of a line in the moderators' log."""
    return Put(MODERATOR_ACTIONS, row)


async def moderator_actions(
    storage: Storage, month: str, limit: int = 100
) -> list[ModeratorActionRow]:
    """What moderators did in a month, newest first."""
    return await storage.range(MODERATOR_ACTIONS, (month,), limit=limit)
