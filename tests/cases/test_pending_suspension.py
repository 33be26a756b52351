"""The author of a severe threat does not post until the verdict."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.desk import headers, live, messages, set_policy
from tests.kit.courthouse import MILD, THREAT
from venire.cases import pending_suspension, steps, store
from venire.kernel.clock import HOUR_MS
from venire.people import standing
from venire.storage.tables.clocks import PENDING

pytestmark = pytest.mark.anyio


async def threatened(house, *, by="author", target="sari"):
    author, sari = await house.site.member(by), await house.site.member(target)
    live(house)
    post = await house.post(author, f"@{target} {THREAT}")
    return author, sari, post


async def test_a_severe_threats_author_does_not_post_until_the_verdict(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    other = await house.post(author, MILD)
    live(house)
    await house.post(author, THREAT)
    refused = await author.post("/api/v1/statuses", json={"status": "One more."})
    assert (refused.status_code, refused.json()["code"]) == (403, "posting_stopped")
    assert (await stranger.get(f"/api/v1/statuses/{other}")).status_code == 200
    statements = (await author.get("/api/v1/statements")).json()
    assert [one["measure"] for one in statements] == ["suspend", "hold"]
    assert any("you cannot post" in text for text in await messages(author))
    await house.vote("keeps")
    assert (await author.post("/api/v1/statuses", json={"status": MILD})).status_code == 200
    assert any("You can post again." in text for text in await messages(author))
    kinds = [(one["type"], one.get("measure"), one.get("cause")) for one in await headers(house)]
    assert kinds.index(("hold", None, None)) < kinds.index(("measure", "suspend", None))
    assert ("lift", "suspend", "verdict") in kinds
    stopped = next(one for one in await headers(house) if one.get("measure") == "suspend")
    assert (stopped["days"], stopped["automated"]) == (3, True)


@pytest.mark.parametrize("at", [0.0, 0.99999])
async def test_what_is_less_sure_than_the_policy_asks_stops_nobody(house, at):
    author = await house.site.member("author")
    live(house)
    holds = msgspec.structs.replace(house.court.policy.holds, suspend_author_at=at)
    set_policy(house, holds=holds)
    post = await house.post(author, THREAT)
    assert (await house.case_on(post)).hold == "held"
    assert (await author.post("/api/v1/statuses", json={"status": MILD})).status_code == 200


async def test_the_acceptance_profile_stops_nobody(house):
    author = await house.site.member("author")
    await house.post(author, THREAT)
    rows, _ = await house.site.storage.scan(PENDING)
    assert not rows
    assert (await author.post("/api/v1/statuses", json={"status": MILD})).status_code == 200


async def test_it_ends_with_a_verdict_against_the_author_too(house):
    author, _, _ = await threatened(house)
    await house.vote("violates")
    stands = await standing.standing(house.world, author.id)
    assert (stands.pending, stands.points) == (False, 10)


async def test_it_ends_when_the_author_deletes_the_post(house):
    author, _, post = await threatened(house)
    assert (await standing.standing(house.world, author.id)).pending
    assert (await author.delete(f"/api/v1/statuses/{post}")).status_code == 200
    await house.settle()
    assert not (await standing.standing(house.world, author.id)).pending
    assert "deleted" in [
        one["cause"]
        for one in await headers(house)
        if one.get("measure") == "suspend" and one["type"] == "lift"
    ]


async def test_it_ends_at_the_latest_when_its_time_is_up(house):
    author, _, _ = await threatened(house)
    for _ in range(13):
        house.site.clock.advance(6 * HOUR_MS)
        await house.settle()
    assert not (await standing.standing(house.world, author.id)).pending
    causes = [one.get("cause") for one in await headers(house) if one.get("measure") == "suspend"]
    assert causes == [None, "clock"]


@pytest.mark.parametrize("where", ["before_the_record", "before_the_mark", "before_the_statement"])
async def test_a_crash_on_the_way_stops_the_author_once_and_ends_it_once(house, monkeypatch, where):
    author = await house.site.member("author")
    live(house)
    broken = {
        "before_the_record": (type(house.court.sequencer), "append"),
        "before_the_mark": (standing, "stop_posting"),
        "before_the_statement": (pending_suspension, "_tell"),
    }[where]
    real, calls = getattr(*broken), []

    async def dies(*args, **more):
        first = next((arg for arg in args if isinstance(arg, str)), "")
        mine = where != "before_the_record" or first.endswith(":suspend")
        if mine and not calls:
            calls.append(first)
            raise ConnectionResetError
        return await real(*args, **more)

    monkeypatch.setattr(*broken, dies)
    await house.post(author, THREAT)
    assert calls
    for _ in range(2):
        await house.settle()
    case = (await store.every_case(house.site.storage, None, 10))[0][0]
    assert (await standing.standing(house.world, author.id)).pending
    measures = [one for one in await headers(house) if one.get("measure") == "suspend"]
    assert len(measures) == 1
    statements = (await author.get("/api/v1/statements")).json()
    assert [one["measure"] for one in statements].count("suspend") == 1
    await steps.advance(house.court, case.id)
    await house.vote("keeps")
    assert not (await standing.standing(house.world, author.id)).pending


async def test_a_hold_that_is_told_after_it_was_lifted_stops_nobody(house):
    author, _, post = await threatened(house)
    await house.vote("keeps")
    case = await house.case_on(post)
    rows = await house.site.storage.range(PENDING, (case.id,), limit=9)
    await pending_suspension._on_hold(house.court, case, rows[0].key)
    assert not (await standing.standing(house.world, author.id)).pending
    await pending_suspension._on_hold(house.court, case, f"{case.public_id}:99:hold")
    assert not (await standing.standing(house.world, author.id)).pending
