"""Where a life is at risk: a packet for the police, sealed until a named person releases it.

DSA Art. 18. The system prepares one when a threat that it is sure of is aimed at somebody, a
moderator may for any case. Until it is released nobody reads it; that it was, by whom and to which
contact stays written: on the packet, in the operators' log, and as an entry in the record first.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from venire.cases import alarm_words, as_it_stood, delivery, entries, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.cases.policy import Policy
from venire.events import CaseChanged, CaseStepped
from venire.kernel.clock import DAY_MS, MINUTE_MS, iso_ms, utc_day
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.people import actions as people
from venire.people.admin_log import log_line
from venire.people.model import ADMIN, Account
from venire.people.store import find_by_handle, load_account, load_login, staff
from venire.posts import actions as posts
from venire.record import store as record_store
from venire.record.entry import SALT_BYTES
from venire.storage.tables.clocks import PACKET_LIST, PACKETS, PacketListRow, PacketRow
from venire.storage.verbs import Envelope, Put, Write

HEARS: Final = (CaseStepped, CaseChanged)
SEALED_STATE: Final = "sealed"
RELEASING: Final = "releasing"
RELEASED: Final = "released"
REASON_CHARACTERS: Final = 2_000
CONTACT_CHARACTERS: Final = 400
KEPT_MS: Final = 183 * DAY_MS
"""From when it was prepared, and from its release on anew."""
_OF_CASE_MOST: Final = 10
_LISTED: Final = 100
_TRIES: Final = 8
_WINDOW_MS: Final = 10 * MINUTE_MS
_SYSTEM: Final = 0


def may_release(policy: Policy, account: Account) -> bool:
    """Whether an account is named to release packets; with nobody named, an admin is."""
    named = {name.lower() for name in policy.packets.released_by}
    return account.username.lower() in named if named else account.role == ADMIN


async def may_read(court: Court, account_id: int) -> bool:
    """Whether an account may release and read packets."""
    account = await load_account(court.world, account_id)
    return account is not None and may_release(court.policy, account)


async def hear(court: Court, envelope: Envelope) -> None:
    """Prepare a packet when a threat that the detectors are sure of, aimed at somebody, is held."""
    event = envelope.event
    if not isinstance(event, HEARS) or (isinstance(event, CaseStepped) and event.step != "hold"):
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None or not await _is_pressing(court, case):
        return
    row = await _first_of(court, case)
    if row is None:
        if isinstance(event, CaseChanged) and case.hold != "held":
            return
        row = await _prepare(court, case, _SYSTEM, "a threat that is aimed at somebody")
    elif isinstance(event, CaseChanged) and row.prepared_at_ms < envelope.at_ms:
        return
    await _alarm(court, case, row)


async def _is_pressing(court: Court, case: Case) -> bool:
    packets = court.policy.packets
    if case.category not in packets.categories or packets.prepare_at <= 0:
        return False
    if case.subject_kind != "post" or SEALED in case.categories:
        return False
    if "detector" not in case.sources:
        return False
    said = await store.said_by(court.world.storage, case.id, "detector")
    sure = any((one.score or 0) >= packets.prepare_at for one in said)
    return sure and bool(await posts.aimed_at(court.world, case.subject_id))


async def _first_of(court: Court, case: Case) -> PacketRow | None:
    rows = await court.world.storage.range(PACKETS, (case.id,), limit=_OF_CASE_MOST)
    return next((row for row in rows if row.prepared_by == _SYSTEM), None)


async def prepare(court: Court, public_id: str, *, actor_id: int, reason: str) -> PacketRow:
    """Prepare a packet by hand.

    NotFound `case_not_found`; Forbidden `own_case`; Invalid; Conflict `packets_enough`.
    """
    case = await _not_own(court, public_id, actor_id)
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    there = await court.world.storage.range(PACKETS, (case.id,), limit=_OF_CASE_MOST)
    if len(there) >= _OF_CASE_MOST:
        raise Conflict("packets_enough", "release one of those that are there")
    row = await _prepare(court, case, actor_id, reason)
    await _alarm(court, case, row)
    return row


async def case_of(court: Court, public_id: str) -> Case:
    """A case that there may be packets of. NotFound `case_not_found`."""
    case = await store.case_by_public_id(court.world.storage, public_id)
    if case is None or SEALED in case.categories:
        # What may harm a child has a desk of its own, and goes to an authority of its own.
        raise NotFound("case_not_found", "there is no such case")
    return case


async def _not_own(court: Court, public_id: str, actor_id: int) -> Case:
    """A case that there may be packets of, for who acts on one. Forbidden `own_case`."""
    case = await case_of(court, public_id)
    if case.author_id == actor_id:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    return case


async def _prepare(court: Court, case: Case, actor_id: int, reason: str) -> PacketRow:
    now_ms, world = court.world.now_ms(), court.world
    document = await _document(court, case, now_ms)
    row = PacketRow(
        case_id=case.id,
        id=world.ids.next(),
        version=1,
        author_id=case.author_id,
        state=SEALED_STATE,
        prepared_by=actor_id,
        prepared_at_ms=now_ms,
        reason=reason,
        body=msgspec.json.encode(document),
        digest=as_it_stood.digest(document),
        released_by=None,
        released_to="",
        released_at_ms=None,
        record_index=None,
    )
    writes = _put(row)
    if actor_id != _SYSTEM:
        writes.append(_log(court, case, row, "prepare_packet", reason))
    await world.storage.commit(_aggregate(row), writes, expect=0)
    return row


def _put(row: PacketRow) -> list[Write]:
    """The writes of a packet and of its place in a list: both lapse, and at the same time."""
    listed = PacketListRow(_month(row.prepared_at_ms), row.id, row.case_id)
    lapses_ms = (row.released_at_ms or row.prepared_at_ms) + KEPT_MS
    return [Put(PACKETS, row, lapses_ms), Put(PACKET_LIST, listed, lapses_ms)]


def _month(at_ms: int) -> str:
    return utc_day(at_ms)[:7]


def _aggregate(row: PacketRow) -> str:
    return f"packet:{row.id}"


def _log(
    court: Court,
    case: Case,
    row: PacketRow,
    action: str,
    reason: str,
    *,
    actor_id: int | None = None,
) -> Write:
    """A line of the operators' log: by whoever released it, else by whoever prepared it."""
    known = row.prepared_by if row.released_by is None else row.released_by
    return log_line(
        court.world,
        actor_id=known if actor_id is None else actor_id,
        action=action,
        target=f"case:{case.public_id}",
        reason=reason,
        aggregate=_aggregate(row),
    )


async def _document(court: Court, case: Case, now_ms: int) -> dict[str, Any]:
    """The post as it stood, whose it is, when and where it is written down.

    Of the account only what leads to a person: no messages, no other posts, nobody else.
    """
    account = await load_account(court.world, case.author_id)
    login = await load_login(court.world, case.author_id)
    category = court.policy.category(case.category)
    return {
        "site": court.world.site.domain,
        "contact": court.world.site.contact,
        "prepared_at": iso_ms(now_ms),
        "ground": "Regulation (EU) 2022/2065, Article 18",
        "case": case.public_id,
        "category": category.name,
        "rule": category.rule,
        "post": await as_it_stood.exhibit(court, case),
        "account": {
            "id": str(case.author_id),
            "handle": "" if account is None else f"@{account.username}@{court.world.site.domain}",
            "display_name": "" if account is None else account.display_name,
            "created_at": None if account is None else iso_ms(account.created_at_ms),
            "email": "" if login is None else login.email,
            "email_confirmed_at": (
                None
                if login is None or login.confirmed_at_ms is None
                else iso_ms(login.confirmed_at_ms)
            ),
            "language": "" if login is None else login.locale,
        },
        "hold": {
            "state": case.hold,
            "since": None if case.held_at_ms is None else iso_ms(case.held_at_ms),
        },
        "record": {
            "checkpoint": f"{court.world.site.base_url}/record/checkpoint",
            "entries": await as_it_stood.places(court, case),
        },
    }


async def _alarm(court: Court, case: Case, row: PacketRow) -> None:
    """Tell whoever may release it; at most once in ten minutes each, naming one of them."""
    found = {one.account_id for one in await staff(court.world)}
    for username in court.policy.packets.released_by:
        named = await find_by_handle(court.world, username)
        if named is not None:
            found.add(named.id)
    url = f"{court.world.site.base_url}/moderation/cases/{case.public_id}"
    window = row.prepared_at_ms // _WINDOW_MS
    for account_id in sorted(found - {case.author_id, row.prepared_by}):
        if await may_read(court, account_id):
            language = await people.language_of(court.world, account_id)
            text = alarm_words.packet_message(language, url)
            await delivery.tell(court, account_id, text, key=f"packet:{account_id}:{window}")


async def of_case(court: Court, public_id: str, *, viewer_id: int = _SYSTEM) -> list[PacketRow]:
    """The packets of a case, oldest first; none for whom they are about. NotFound."""
    case = await case_of(court, public_id)
    if case.author_id == viewer_id:
        return []
    return await court.world.storage.range(PACKETS, (case.id,), limit=_OF_CASE_MOST)


async def of_month(
    court: Court, month: str, *, viewer_id: int = _SYSTEM
) -> list[tuple[Case, PacketRow]]:
    """The packets prepared in a month (`YYYY-MM`), newest first; none about the viewer."""
    found = []
    for one in await court.world.storage.range(PACKET_LIST, (month,), limit=_LISTED):
        case = await store.load(court.world.storage, one.case_id)
        row = await court.world.storage.get(PACKETS, (one.case_id, one.id))
        if case is not None and row is not None and case.author_id != viewer_id:
            found.append((case, row))
    return found


def month_now(court: Court) -> str:
    """`YYYY-MM`."""
    return _month(court.world.now_ms())


async def release(
    court: Court, public_id: str, packet_id: int, *, actor_id: int, contact: str, reason: str
) -> PacketRow:
    """Open a packet and say to whom it goes; the record has it first. Again is the same.

    Raises Forbidden `named_person_only`, `own_case`; NotFound; Invalid `contact_missing`,
    `reason_missing`.
    """
    if not await may_read(court, actor_id):
        raise Forbidden("named_person_only", "only the person named for such packets releases one")
    case = await _not_own(court, public_id, actor_id)
    for _ in range(_TRIES):
        row = await court.world.storage.get(PACKETS, (case.id, packet_id))
        if row is None:
            raise NotFound("record_not_found", "Record not found")
        try:
            if row.state == RELEASED:
                # Read again: that stands in the log too.
                line = _log(court, case, row, "open_packet", row.released_to, actor_id=actor_id)
                await court.world.storage.commit(_aggregate(row), [line])
                return row
            if row.state == SEALED_STATE:
                given = _given(court, row, actor_id, contact, reason)
                row = await _intend(court, case, given, reason)
            return await _finish(court, case, row)
        except Conflict:
            continue
    raise Conflict("try_again", "This changed meanwhile: try again")


def _given(court: Court, row: PacketRow, actor_id: int, contact: str, reason: str) -> PacketRow:
    """A sealed packet as it is once somebody has said to whom it goes, and why."""
    contact = contact.strip() or court.policy.packets.contact
    if not contact or len(contact) > CONTACT_CHARACTERS:
        raise Invalid("contact_missing", "say to whom it goes, in 400 characters at most")
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    return msgspec.structs.replace(
        row,
        version=row.version + 1,
        state=RELEASING,
        released_by=actor_id,
        released_to=contact,
        released_at_ms=court.world.now_ms(),
    )


async def _intend(court: Court, case: Case, row: PacketRow, reason: str) -> PacketRow:
    salt = court.world.chance.token(SALT_BYTES)
    writes = [
        *_put(row),
        record_store.put_salt(_entry_key(row), _aggregate(row), salt, row.author_id),
        _log(court, case, row, "release_packet", f"{row.released_to}: {reason}"),
    ]
    await court.world.storage.commit(_aggregate(row), writes, expect=row.version - 1)
    return row


def _entry_key(row: PacketRow) -> str:
    return f"packet:{row.id}:release"


async def _finish(court: Court, case: Case, row: PacketRow) -> PacketRow:
    """Into the record, and only then open: also for whoever finds a release half done."""
    salt = await record_store.salt(court.world.storage, _entry_key(row)) or bytes(SALT_BYTES)
    header = {
        "category": case.category,
        "clause": court.policy.category(case.category).rule,
        "automated": False,
    }
    commits = {
        "packet": row.digest,
        "contact": row.released_to,
        "released_by": str(row.released_by),
    }
    entry = entries.encode(
        case,
        court.policy,
        salt,
        kind="disclosure",
        at_ms=row.released_at_ms or 0,
        header=header,
        commits=commits,
    )
    index = await court.sequencer.append(_entry_key(row), entry)
    done = msgspec.structs.replace(row, version=row.version + 1, state=RELEASED, record_index=index)
    await court.world.storage.commit(_aggregate(row), _put(done), expect=row.version)
    return done


def view(case: Case, row: PacketRow, *, opened: bool) -> dict[str, Any]:
    """A packet as those who may know of it see it; its document only once it is released."""
    released = row.state == RELEASED
    return {
        "id": str(row.id),
        "case": case.public_id,
        "state": row.state,
        "prepared_by": "system" if row.prepared_by == _SYSTEM else str(row.prepared_by),
        "prepared_at": iso_ms(row.prepared_at_ms),
        "reason": row.reason,
        "sha256": row.digest,
        "released_by": str(row.released_by) if released else None,
        "released_to": row.released_to if released else None,
        "released_at": iso_ms(row.released_at_ms or 0) if released else None,
        "record_index": row.record_index,
        "document": msgspec.Raw(row.body) if released and opened else None,
    }
