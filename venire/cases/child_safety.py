"""What may harm a child: one named person looks, decides and reports; nobody else sees any of it.

A sealed case lies on a desk of its own. Its text is read after a click that is logged first, its
media are on no screen at all: the packet for the authority names them by their SHA-256, and they
stay in the object store, where no address leads to them. What was reported is kept as the law of
that authority requires, whoever leaves meanwhile. The appeal is heard by the other of the two.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from venire.cases import moderators, sealed_deciders, sealing, store
from venire.cases.court import Court
from venire.cases.detection import text_of
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.cases.policy import Policy
from venire.events import CaseChanged, CaseStepped
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.people.model import ADMIN, Account
from venire.people.store import load_account, load_login
from venire.posts import actions as posts
from venire.posts import store as post_store
from venire.posts.model import REMOVED, VISIBLE, Post
from venire.storage.tables.child_safety import (
    SEALED as SEALED_CASES,
)
from venire.storage.tables.child_safety import (
    SEALED_LIST,
    SEALED_LOG,
    SealedListRow,
    SealedLogRow,
    SealedRow,
)
from venire.storage.verbs import Delete, Envelope, Put, Write
from venire.storage.world import World

WAITING = "waiting"
UNFOUNDED = "unfounded"
PREPARED = "prepared"
REPORTED = "reported"
VERDICTS = {"violates": "remove", "keeps": "keep"}
HEARS = (CaseChanged, CaseStepped)
NAME_CHARACTERS = 200
_SCOPE = "open"
_LISTED = 200
_LOGGED = 1_000
_TRIES = 8
_OFFICE = moderators.How(by="named_person")


def is_named(policy: Policy, account: Account) -> bool:
    """Whether an account is the named person or the deputy; with nobody named, an admin is."""
    safety = policy.child_safety
    names = {name.lower() for name in (safety.person, safety.deputy) if name}
    if not names:
        return account.role == ADMIN
    return account.username.lower() in names


async def may_open(court: Court, account_id: int | None) -> bool:
    """Whether an account may open what is sealed."""
    account = None if account_id is None else await load_account(court.world, account_id)
    return account is not None and is_named(court.policy, account)


async def _person(court: Court, account_id: int) -> Account:
    account = await load_account(court.world, account_id)
    if account is None or not is_named(court.policy, account):
        raise Forbidden("named_person_only", "only the person named for such cases opens this")
    return account


async def _opened(court: Court, actor_id: int, public_id: str) -> tuple[Account, Case, SealedRow]:
    """Whoever is named, and a sealed case that is not about them. Forbidden, NotFound."""
    person = await _person(court, actor_id)
    case, row = await _sealed_case(court, public_id)
    if case.author_id == person.id:
        raise Forbidden("own_case", "another moderator has to act on what is yours")
    return person, case, row


async def _sealed_case(court: Court, public_id: str) -> tuple[Case, SealedRow]:
    case = await store.case_by_public_id(court.world.storage, public_id)
    if case is None or SEALED not in case.categories:
        raise NotFound("case_not_found", "there is no such case")
    await _list(court.world, case)
    row = await court.world.storage.get(SEALED_CASES, (case.id,))
    if row is None:
        raise NotFound("case_not_found", "there is no such case")
    return case, row


# what follows from a case's steps


async def hear(court: Court, envelope: Envelope) -> None:
    """Put a sealed case on its desk, lock what it hides, prepare the packet of what was found."""
    event = envelope.event
    if not isinstance(event, CaseChanged | CaseStepped):
        return
    case = await store.load(court.world.storage, event.case_id)
    if case is None or SEALED not in case.categories:
        return
    await _list(court.world, case)
    await sealing.take_words_back(court, case)
    if case.subject_kind == "post" and case.hold == "held" and case.measure != "remove":
        await _lock(court, case)
    if case.measure == "remove":
        await _prepare(court, case)


async def _list(world: World, case: Case) -> None:
    row = await world.storage.get(SEALED_CASES, (case.id,))
    undecided = case.state in {"open", "judging"}
    if row is not None and not (row.state == UNFOUNDED and undecided):
        return
    new = row or SealedRow(
        case_id=case.id,
        version=0,
        author_id=case.author_id,
        state=WAITING,
        decided_by=None,
        heard_by=None,
        packet=None,
        prepared_at_ms=None,
        reported_at_ms=None,
        reported_by=None,
        authority="",
        reference="",
        keep_until_ms=None,
    )
    with contextlib.suppress(Conflict):
        await _save(world, new, state=WAITING)


async def _save(world: World, row: SealedRow, *more: Write, **changes: Any) -> SealedRow:
    """Commit the next version of a sealed case, and its place on the desk. Conflict."""
    new = msgspec.structs.replace(row, version=row.version + 1, **changes)
    listed = SealedListRow(_SCOPE, row.case_id)
    place: Write = (
        Put(SEALED_LIST, listed)
        if new.state in {WAITING, PREPARED}
        else Delete(SEALED_LIST, listed)
    )
    writes = [Put(SEALED_CASES, new), place, *more]
    await world.storage.commit(f"sealed:{row.case_id}", writes, expect=row.version)
    return new


async def _lock(court: Court, case: Case) -> None:
    """Hide what is held from its author too: then it cannot be deleted, and no address opens it."""
    rule = court.policy.category(case.category).rule
    at_ms = case.held_at_ms or court.world.now_ms()
    await posts.set_state(
        court.world, case.subject_id, REMOVED, case_id=case.id, rule=rule, at_ms=at_ms
    )
    now = await store.load(court.world.storage, case.id)
    if now is not None and now.hold != "held" and now.measure != "remove":
        # Lifted while it was being locked: the lift must have the last word.
        await posts.set_state(
            court.world, case.subject_id, VISIBLE, case_id=case.id, rule=rule, at_ms=at_ms
        )


async def _prepare(court: Court, case: Case) -> None:
    row = await court.world.storage.get(SEALED_CASES, (case.id,))
    if row is None or row.packet is not None:
        return
    packet = msgspec.json.encode(await _packet(court, case))
    changes = {"packet": packet, "prepared_at_ms": court.world.now_ms(), "state": PREPARED}
    await _save(court.world, row, **changes)


async def _packet(court: Court, case: Case) -> dict[str, Any]:
    """What the authority needs to act: the post as it stood, and who is behind it. No reporter."""
    world = court.world
    account = await load_account(world, case.author_id)
    login = await load_login(world, case.author_id)
    post = await posts.load(world, case.subject_id) if case.subject_kind == "post" else None
    said = await store.sources(world.storage, case.id)
    return {
        "case": case.public_id,
        "site": world.site.base_url,
        "prepared_at": iso_ms(world.now_ms()),
        "authority": court.policy.child_safety.authority,
        "found_by": sorted({source.kind for source in said}),
        "account": None
        if account is None
        else {
            "id": str(account.id),
            "username": account.username,
            "uri": account.uri,
            "created_at": iso_ms(account.created_at_ms),
            "email": None if login is None else login.email,
            "birth_year": None if login is None else login.birth_year,
            "locale": None if login is None else login.locale,
        },
        "post": None if post is None else await _exhibit(world, post),
    }


async def _exhibit(world: World, post: Post) -> dict[str, Any]:
    versions = await post_store.versions(world, post.id)
    return {
        "id": str(post.id),
        "uri": post.uri,
        "created_at": iso_ms(post.created_at_ms),
        "edited_at": None if post.edited_at_ms is None else iso_ms(post.edited_at_ms),
        "text": text_of(post),
        "earlier": [row.text for row in versions],
        "media": [
            {
                "kind": one.kind,
                "sha256": one.original,
                "content_type": one.content_type,
                "description": one.description or "",
            }
            for one in post.attachments
        ],
    }


# the desk of the named person


async def desk(court: Court, actor_id: int) -> list[tuple[Case, SealedRow]]:
    """What waits, oldest first, none about who asks. Forbidden `named_person_only`."""
    await _person(court, actor_id)
    storage = court.world.storage
    listed = await storage.range(SEALED_LIST, (_SCOPE,), limit=_LISTED)
    found = []
    for one in listed:
        case = await store.load(storage, one.case_id)
        row = await storage.get(SEALED_CASES, (one.case_id,))
        if case is not None and row is not None and case.author_id != actor_id:
            found.append((case, row))
    return found


async def show(court: Court, actor_id: int, public_id: str) -> tuple[Case, SealedRow]:
    """One case, without any of what it is about. Forbidden, NotFound."""
    _, case, row = await _opened(court, actor_id, public_id)
    return case, row


async def trail(court: Court, actor_id: int, public_id: str) -> list[SealedLogRow]:
    """Who did what with a case, oldest first. Forbidden, NotFound."""
    _, case, _ = await _opened(court, actor_id, public_id)
    return await court.world.storage.range(SEALED_LOG, (case.id,), limit=_LOGGED)


def _line(world: World, case_id: int, actor_id: int, act: str, note: str = "") -> Put[SealedLogRow]:
    row = SealedLogRow(case_id, world.ids.next(), actor_id, act, note, world.now_ms())
    return Put(SEALED_LOG, row)


async def open_text(court: Court, actor_id: int, public_id: str) -> dict[str, Any]:
    """What was written, to the named person, once it is logged that they looked. No media."""
    person, case, _ = await _opened(court, actor_id, public_id)
    line = _line(court.world, case.id, person.id, "opened")
    await court.world.storage.commit(f"sealed:{case.id}", [line])
    post = await posts.load(court.world, case.subject_id) if case.subject_kind == "post" else None
    said = await store.sources(court.world.storage, case.id)
    comments = [
        str(source.body.get("comment") or source.body.get("reason") or "") for source in said
    ]
    return {
        "case": case.public_id,
        "post": None if post is None else await _exhibit(court.world, post),
        "comments": [comment for comment in comments if comment],
    }


async def decide(
    court: Court, actor_id: int, public_id: str, *, verdict: str, reason: str
) -> SealedRow:
    """Find or dismiss. An appeal is heard by whoever did not decide before.

    Raises Forbidden `named_person_only`, `own_case`, `second_person_needed`; Invalid
    `vote_unknown`, `reason_missing`; NotFound; Conflict `nothing_to_change`.
    """
    await _person(court, actor_id)
    if verdict not in VERDICTS:
        raise Invalid("vote_unknown", "vote is 'violates' or 'keeps'", vote=verdict[:40])
    if not reason.strip() or len(reason) > moderators.REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")
    person, case, row = await _opened(court, actor_id, public_id)
    await sealed_deciders.check(court.world, case, row, person.id, verdict)
    row = await _note_decision(court, case, person.id, verdict, reason)
    try:
        await moderators.act(
            court,
            public_id,
            actor_id=person.id,
            action=VERDICTS[verdict],
            reason=reason,
            category=SEALED if verdict == "violates" else "",
            how=_OFFICE,
        )
    except Conflict as conflict:
        # Hidden by a moderator already: the named person has confirmed it.
        if conflict.code != "nothing_to_change":
            raise
    return row


async def _note_decision(
    court: Court, case: Case, person_id: int, verdict: str, reason: str
) -> SealedRow:
    """Who decided, durable before it takes effect: else a crash would let them hear the appeal."""
    for _ in range(_TRIES):
        _, row = await _sealed_case(court, case.public_id)
        appeal = case.appeal is not None
        changes: dict[str, Any] = {"heard_by" if appeal else "decided_by": person_id}
        if verdict == "keeps" and row.state != REPORTED:
            changes["state"] = UNFOUNDED
        elif row.state == UNFOUNDED:
            changes["state"] = PREPARED if row.packet is not None else WAITING
        line = _line(court.world, case.id, person_id, verdict, reason)
        try:
            return await _save(court.world, row, line, **changes)
        except Conflict:
            continue
    raise Conflict("try_again", "This changed meanwhile: try again")


async def packet(court: Court, actor_id: int, public_id: str) -> bytes:
    """The packet for the authority, as JSON; that it was taken is logged. Forbidden; Conflict."""
    person, case, row = await _opened(court, actor_id, public_id)
    if row.packet is None:
        raise Conflict("packet_not_prepared", "the packet is made once it is found to be so")
    line = _line(court.world, case.id, person.id, "took_packet")
    await court.world.storage.commit(f"sealed:{case.id}", [line])
    return row.packet


async def note_reported(
    court: Court, actor_id: int, public_id: str, *, authority: str, reference: str
) -> SealedRow:
    """That the packet went to an authority, under its reference number.

    Raises Invalid `reference_missing`; Conflict `packet_not_prepared`, `reported_already`.
    """
    person, case, row = await _opened(court, actor_id, public_id)
    names = [authority.strip() or court.policy.child_safety.authority, reference.strip()]
    if not all(names) or max(map(len, names)) > NAME_CHARACTERS:
        raise Invalid("reference_missing", "name the authority and its reference number")
    if row.packet is None:
        raise Conflict("packet_not_prepared", "the packet is made once it is found to be so")
    if row.state == REPORTED:
        raise Conflict("reported_already", "this was reported", reference=row.reference)
    now_ms = court.world.now_ms()
    return await _save(
        court.world,
        row,
        _line(court.world, case.id, person.id, "reported", f"{names[0]} {names[1]}"),
        state=REPORTED,
        authority=names[0],
        reference=names[1],
        reported_at_ms=now_ms,
        reported_by=person.id,
        keep_until_ms=now_ms + court.policy.child_safety.keep_days * DAY_MS,
    )


async def is_kept(world: World, case_id: int) -> bool:
    """Whether the law wants what a case is about kept: until reported, and for its time after."""
    row = await world.storage.get(SEALED_CASES, (case_id,))
    if row is None or row.state == UNFOUNDED:
        return False
    return row.keep_until_ms is None or world.now_ms() < row.keep_until_ms


def desk_view(case: Case, row: SealedRow) -> dict[str, Any]:
    """A sealed case as its desk lists it: nothing of what it is about."""
    return {
        "case": case.public_id,
        "subject": case.subject_kind,
        "state": row.state,
        "case_state": case.state,
        "sources": list(case.sources),
        "reports": case.report_count,
        "hold": case.hold,
        "appeal": case.appeal is not None,
        "opened_at": iso_ms(case.opened_at_ms),
        "due_at": iso_ms(case.due_at_ms),
        "prepared_at": None if row.prepared_at_ms is None else iso_ms(row.prepared_at_ms),
        "reported_at": None if row.reported_at_ms is None else iso_ms(row.reported_at_ms),
        "authority": row.authority,
        "reference": row.reference,
        "keep_until": None if row.keep_until_ms is None else iso_ms(row.keep_until_ms),
    }
