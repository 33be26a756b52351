"""What the tests of appeals do again and again: a decision, an appeal, a look."""

from __future__ import annotations

from tests.cases.attacks import report
from tests.kit.courthouse import MILD, THREAT
from venire.cases import store
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

REASON = "It is a line from a play that everyone here has seen. @author_x wrote it for school."


async def headers(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    ordered = sorted(rows, key=lambda row: row.leaf_index)
    return [decode_entry(row.entry).header for row in ordered]


async def removed(house, author, text=THREAT):
    """A post that a panel removed, and the statement that says so."""
    post = await house.post(author, text)
    await house.vote("violates")
    found = (await author.get("/api/v1/statements")).json()[0]
    assert found["kind"] == "measure"
    return post, found["id"]


async def kept(house, author, reporter):
    """A post that one reported and a panel kept; its case's public id."""
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    await house.vote("keeps")
    return post, (await house.case_on(post)).public_id


async def appeal(house, member, path, reason=REASON):
    answer = await member.post(path, json={"reason": reason})
    await house.settle()
    return answer


async def seen_by(juror, summons, vote):
    """What a juror sees who takes the seat, asks for it, and votes."""
    path = f"/api/v1/jury/summons/{summons['id']}"
    assert (await juror.post(f"{path}/accept")).status_code == 200
    shown = (await juror.get(path)).json()
    assert (await juror.post(f"{path}/ballot", json={"vote": vote})).status_code == 200
    return shown


async def jurors_of(house, post, number=None):
    case = await house.case_on(post)
    return {seat.juror_id for seat in await store.seats(house.site.storage, case.id, number)}
