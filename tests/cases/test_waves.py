"""A wave is taken back whole, each post by its case, and put back; killed anywhere, it goes on."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import Courthouse, open_courthouse
from venire.cases import waves
from venire.kernel.clock import iso_ms
from venire.people.follows import is_following

pytestmark = pytest.mark.anyio

A = "/api/v1/admin"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def finish(house: Courthouse) -> None:
    for _ in range(60):
        await house.settle()
        house.site.clock.advance(1_000)


async def a_wave(house: Courthouse, posts: int = 12, follows: int = 11):
    moderator = await house.site.member("mona", "moderator")
    spammer = await house.site.member("spammer")
    friend = await house.site.member("friend")
    await spammer.post(f"/api/v1/accounts/{friend.id}/follow")
    early = await house.post(spammer, "hello, I am new here")
    house.site.clock.advance(3_600_000)
    since = iso_ms(house.site.clock.now_ms())
    made = []
    for number in range(posts):
        answer = await spammer.post(
            "/api/v1/statuses", json={"status": f"visit my shop number {number}"}
        )
        made.append(answer.json()["id"])
    await spammer.post(f"/api/v1/statuses/{early}/reblog")
    targets = [await house.site.member(f"target{number}") for number in range(follows)]
    for target in targets:
        await spammer.post(f"/api/v1/accounts/{target.id}/follow")
    await house.settle()
    house.site.clock.advance(1_000)
    return moderator, spammer, friend, targets, early, made, since


async def undo(moderator, spammer, since, **more):
    return await moderator.post(
        f"{A}/accounts/{spammer.id}/waves", json={"since": since, "text": "spam wave", **more}
    )


async def seen(house: Courthouse, ids) -> int:
    found = [await house.site.client.get(f"/api/v1/statuses/{one}") for one in ids]
    return sum(answer.status_code == 200 for answer in found)


async def test_a_wave_is_taken_back_and_put_back_whole(house):
    moderator, spammer, friend, targets, early, made, since = await a_wave(house)
    begun = await undo(moderator, spammer, since)
    assert begun.status_code == 202, begun.text
    await finish(house)
    assert await seen(house, made) == 0
    assert await seen(house, [early]) == 1
    for target in targets:
        assert not await is_following(house.world, spammer.id, target.id)
        told = (await target.get("/api/v1/notifications")).json()
        assert [one for one in told if one["type"] == "follow"] == []
    assert await is_following(house.world, spammer.id, friend.id)
    (wave,) = (await moderator.get(f"{A}/accounts/{spammer.id}/waves")).json()
    counted = (wave["state"], wave["posts"], wave["boosts"], wave["follows"])
    assert counted == ("undone", 12, 1, 11)
    statements = (await spammer.get("/api/v1/statements", params={"limit": 40})).json()
    measures = [one for one in statements if one["kind"] == "measure"]
    assert len(measures) == 12
    assert all(one["decided_by"] == "moderator" for one in measures)

    again = await moderator.post(f"{A}/waves/{wave['id']}/restore")
    assert again.status_code == 202
    await finish(house)
    assert await seen(house, made) == 12
    for target in targets:
        assert await is_following(house.world, spammer.id, target.id)
    (wave,) = (await moderator.get(f"{A}/accounts/{spammer.id}/waves")).json()
    assert wave["state"] == "restored"
    log = (await moderator.get(f"{A}/log")).json()
    assert [line["action"] for line in log] == ["restore_wave", "undo_wave"]
    assert log[1]["reason"] == "spam wave"


async def test_each_part_may_be_done_twice(house):
    moderator, spammer, _, _, _, made, since = await a_wave(house, posts=3, follows=2)
    begun = (await undo(moderator, spammer, since)).json()
    for _ in range(40):
        await waves.go_on(house.court, begun["id"])
        await house.settle()
        house.site.clock.advance(200)
    assert await seen(house, made) == 0
    (wave,) = (await moderator.get(f"{A}/accounts/{spammer.id}/waves")).json()
    assert (wave["state"], wave["posts"], wave["follows"]) == ("undone", 3, 2)


async def test_what_was_said_in_private_is_left_alone(house):
    moderator, spammer, friend, *_, since = await a_wave(house, posts=0, follows=0)
    body = {"status": "@friend only for you", "visibility": "direct"}
    private = (await spammer.post("/api/v1/statuses", json=body)).json()["id"]
    house.site.clock.advance(1_000)
    assert (await undo(moderator, spammer, since)).status_code == 202
    await finish(house)
    assert (await friend.get(f"/api/v1/statuses/{private}")).status_code == 200


async def test_a_wave_needs_a_reason_a_span_and_somebody_of_lower_rank(house):
    moderator, spammer, *_, since = await a_wave(house, posts=1, follows=0)
    admin = await house.site.member("boss", "admin")
    for change in (
        {"text": " "},
        {"since": "yesterday"},
        {"since": "2025-01-01T00:00:00Z"},
        {"since": "2027-01-01T00:00:00Z"},
        {"category": "nonsense"},
        {"until": since},
    ):
        answer = await undo(moderator, spammer, **{"since": since, **change})
        assert answer.status_code == 422, change
    assert (await undo(moderator, admin, since)).status_code == 403
    assert (await undo(spammer, moderator, since)).status_code == 403
    begun = (await undo(moderator, spammer, since)).json()
    early = await moderator.post(f"{A}/waves/{begun['id']}/restore")
    assert (early.status_code, early.json()["code"]) == (409, "wave_moving")
