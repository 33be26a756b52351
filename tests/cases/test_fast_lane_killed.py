"""`kill -9` before and after every write of the fast lane: each thing is done, and once."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.attacks import messages_to, report, seen_by_others
from tests.cases.desk import headers, live, messages, set_policy
from tests.cases.test_appeals_killed import MortalHere
from tests.kit.courthouse import MILD, THREAT
from tests.people.house import Killed
from venire.cases import (
    effects,
    escalation,
    found_conflicts,
    hold_keys,
    packets,
    pending_suspension,
    report_desk,
    steps,
    store,
    winding,
    withdrawn,
)
from venire.jury import actions as jury
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.people import standing
from venire.storage.tables.clocks import KEY_HOLDS, PACKETS, PENDING

pytestmark = pytest.mark.anyio


MOMENTS = [(left, after) for most in range(9) for left in range(most) for after in (False, True)]
"""How many writes are left when the power fails, and whether the last of them lands."""


async def until_it_lives(house, what):
    """Do something that dies before, then after, one write after another; how often it died."""
    storage = house.world.storage
    for deaths, (left, after) in enumerate(MOMENTS):
        mortal = MortalHere(storage, left, after=after)
        object.__setattr__(house.world, "storage", mortal)
        try:
            await what()
        except Killed:
            continue
        finally:
            object.__setattr__(house.world, "storage", storage)
        return deaths
    raise AssertionError("it was never done")


class Deaf:
    """A house in which some subscribers hear only what they are told here, dying all the time."""

    def __init__(self, house, *names):
        self.house = house
        self.heard = 0
        site = house.site
        site.subscriptions = [one for one in site.subscriptions if one.name not in names]
        site.relay = None

    async def tell(self, *handlers):
        """Tell them all that has happened since; how often they died of it."""
        await self.house.settle()
        deaths = 0
        for envelope in await self.house.site.storage.tail(self.heard, 10_000):
            self.heard = envelope.sequence
            for handler in handlers:

                async def hear(envelope=envelope, handler=handler):
                    await handler(self.house.court, envelope)

                deaths += await until_it_lives(self.house, hear)
        await self.house.settle()
        return deaths


def suspensions(entries):
    return [(one["type"], one.get("cause")) for one in entries if one.get("measure") == "suspend"]


@pytest.mark.parametrize("vote", ["keeps", "violates"])
async def test_an_author_is_stopped_once_and_goes_on_once(house, vote):
    author = await house.site.member("author")
    live(house)
    deaf = Deaf(house, "pending_suspensions")
    await house.post(author, THREAT)
    assert await deaf.tell(pending_suspension.hear) >= 8
    assert (await standing.standing(house.world, author.id)).pending
    assert suspensions(await headers(house)) == [("measure", None)]
    statements = (await author.get("/api/v1/statements")).json()
    assert [one["measure"] for one in statements].count("suspend") == 1
    await house.vote(vote)
    assert await deaf.tell(pending_suspension.hear) >= 6
    assert not (await standing.standing(house.world, author.id)).pending
    assert suspensions(await headers(house)) == [("measure", None), ("lift", "verdict")]
    told = await messages(author)
    assert sum("you cannot post" in text for text in told) == 1
    assert sum("You can post again." in text for text in told) == 1


async def test_a_site_that_was_down_until_its_time_was_up_stops_nobody_any_more(house, monkeypatch):
    """Killed when it had begun, it starts again days later: its end is found, not its beginning."""
    author = await house.site.member("author")
    live(house)
    deaf = Deaf(house, "pending_suspensions")
    await house.post(author, THREAT)
    (hold,) = [
        one
        for one in await house.site.storage.tail(0, 10_000)
        if isinstance(one.event, pending_suspension.CaseStepped) and one.event.step == "hold"
    ]

    async def dies(*_args, **_more):
        raise Killed

    with monkeypatch.context() as cut:
        cut.setattr(pending_suspension, "_stop", dies)
        with pytest.raises(Killed):
            await pending_suspension.hear(house.court, hold)
    house.site.clock.advance(4 * DAY_MS)
    await deaf.tell(pending_suspension.hear)
    assert not (await standing.standing(house.world, author.id)).pending
    assert suspensions(await headers(house)) == []
    assert not any("you cannot post" in text for text in await messages(author))
    (row,) = (await house.site.storage.scan(PENDING))[0]
    assert (row.ended_cause, row.end_index) == ("clock", -1)


async def test_a_suspension_that_ends_by_the_clock_ends_once(house):
    author = await house.site.member("author")
    live(house)
    await house.post(author, THREAT)
    (row,) = (await house.site.storage.scan(PENDING))[0]
    house.site.clock.advance(row.until_ms - house.site.clock.now_ms())

    async def due():
        await pending_suspension.on_due(house.court, f"{row.case_id}:{row.key}")

    assert await until_it_lives(house, due) >= 6
    await house.settle()
    assert suspensions(await headers(house)) == [("measure", None), ("lift", "clock")]
    assert sum("You can post again." in text for text in await messages(author)) == 1


async def test_a_packet_is_prepared_once_and_released_once(house):
    admin = await house.site.member("admin", role="admin")
    author, _ = await house.site.member("author"), await house.site.member("sari")
    deaf = Deaf(house, "packets")
    post = await house.post(author, f"@sari {THREAT}")
    assert await deaf.tell(packets.hear) >= 4
    (row,) = (await house.site.storage.scan(PACKETS))[0]
    assert sum("A life may be at risk" in text for text in await messages(admin)) == 1
    case = await house.case_on(post)

    async def release():
        await packets.release(
            house.court, case.public_id, row.id, actor_id=admin.id, contact="110", reason="tonight"
        )

    assert await until_it_lives(house, release) >= 4
    (done,) = (await house.site.storage.scan(PACKETS))[0]
    assert (done.state, done.released_to) == ("released", "110")
    entries = [one["type"] for one in await headers(house)]
    assert entries.count("disclosure") == 1
    assert entries[done.record_index] == "disclosure"
    log = (await admin.get("/api/v1/admin/log")).text
    assert log.count("release_packet") == 1


async def test_an_alarm_is_told_once(house):
    moderator = await house.site.member("moderator", role="moderator")
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    deaf = Deaf(house, "escalations")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 7)
    case = await house.case_on(post)
    house.site.clock.advance(case.due_at_ms - house.site.clock.now_ms())

    async def mark():
        await escalation.on_clock(house.court, str(case.id))

    assert await until_it_lives(house, mark) >= 2
    assert await deaf.tell(escalation.on_case_escalated) >= 2
    told = [text for text in await messages(moderator) if "should have been decided" in text]
    assert len(told) == 1
    assert (await house.case_on(post)).alarms >= 3


async def test_a_hold_that_ends_by_itself_is_shown_and_told_once(house):
    author = await house.site.member("author")
    lifting = tuple(
        msgspec.structs.replace(one, hold_lifts_after_hours=2)
        for one in house.court.policy.categories
    )
    set_policy(house, categories=lifting)
    post = await house.post(author, THREAT)
    case = await house.case_on(post)
    deaf = Deaf(house, "effects", "cases")
    house.site.clock.advance(2 * HOUR_MS)

    async def advance():
        await steps.advance(house.court, case.id)

    assert await until_it_lives(house, advance) >= 3
    assert await deaf.tell(effects.on_case_stepped) >= 4
    assert await seen_by_others(house, post)
    lifts = [one for one in await headers(house) if one["type"] == "lift"]
    assert [one["cause"] for one in lifts] == ["clock"]
    assert sum("nobody has judged it in time" in text for text in await messages(author)) == 1


async def test_a_key_that_is_lost_is_lost_once(house):
    admin = await house.site.member("admin", role="admin")
    juror, author = await house.site.member("keyed"), await house.site.member("author")
    await jury.appoint(house.world, juror.id, bench=False, paid=False)
    await hold_keys.grant(house.court, juror.id, actor_id=admin.id, reason="careful")
    deaf = Deaf(house, "hold_keys")
    for number in range(5):
        post = await house.post(author, f"I will be waiting for you, number {number} of my list.")
        await hold_keys.hold(house.court, juror.id, int(post), "a threat")
        await house.settle()
        case = await house.case_on(post)
        kept = await admin.post(
            f"/api/v1/cases/{case.public_id}/actions", json={"action": "keep", "reason": "no"}
        )
        kept.raise_for_status()
    assert await deaf.tell(hold_keys.hear) >= 10
    assert not await hold_keys.has_key(house.court, juror.id)
    rows, _ = await house.site.storage.scan(KEY_HOLDS)
    assert [row.lifted for row in rows] == [True] * 5
    told = [text for text in await messages(juror) if "You cannot hide posts by yourself" in text]
    assert len(told) == 1


async def test_what_its_author_deleted_is_told_once(house):
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    sari = await house.site.member("sari")
    post = await house.post(author, f"@sari {THREAT}")
    await report(house, reporter, author, post, 1)
    deaf = Deaf(house, "withdrawn")
    await author.delete(f"/api/v1/statuses/{post}")
    assert await deaf.tell(withdrawn.hear) >= 4
    for member in (reporter, sari):
        told = [text for text in await messages_to(member) if "was deleted by its author" in text]
        assert len(told) == 1
    (filed,) = await report_desk.search(house.world, report_desk.Search(state="resolved"))
    assert filed.report.reporter_id == reporter.id


async def test_a_conflicted_juror_is_taken_out_once(house):
    admin = await house.site.member("admin", role="admin")
    author = await house.site.member("author")
    post = await house.post(author, THREAT)
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    await juror.post(f"{path}/accept")
    await juror.post(f"{path}/ballot", json={"vote": "keeps"})
    case = await house.case_on(post)

    async def take():
        await found_conflicts.found_conflicted(
            house.court, case.public_id, juror.id, actor_id=admin.id, reason="a cousin"
        )

    assert await until_it_lives(house, take) >= 1
    await house.settle()
    log = (await admin.get("/api/v1/admin/actions")).json()
    # Begun again after the strike, it is one more question, and logged as one.
    assert [one["action"] for one in log if one["action"] != found_conflicts.ASKED] == [
        "strike_ballot"
    ]
    seats = await store.seats(house.world.storage, case.id)
    assert [seat.state for seat in seats if seat.juror_id == juror.id] == ["struck"]
    assert (await house.case_on(post)).round.keeps == 0


async def test_clocks_that_were_brought_back_are_so_wherever_it_was_cut_off(house):
    author = await house.site.member("author")
    house.site.clock.advance(9 * DAY_MS)
    posts = [await house.post(author, f"{THREAT} {number}") for number in range(3)]
    house.site.clock.advance(-9 * DAY_MS)

    async def wind():
        await winding.wind(house.court)

    assert await until_it_lives(house, wind) >= 3
    now_ms = house.world.now_ms()
    for post in posts:
        case = await house.case_on(post)
        assert case.due_at_ms <= now_ms + DAY_MS
        for seat in await store.seats(house.world.storage, case.id):
            assert seat.deadline_ms <= now_ms + 2 * HOUR_MS
    assert await winding.wind(house.court) == 0
