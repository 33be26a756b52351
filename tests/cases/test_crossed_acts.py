"""Acts that are cut off, or that cross each other: nothing is begun twice, and nothing is lost."""

from __future__ import annotations

import contextlib

import pytest

from tests.cases.test_orders import finish, order, the_people
from tests.kit.courthouse import open_courthouse
from venire.cases import bulk, order_effects
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.errors import Unavailable
from venire.people.follows import is_following
from venire.posts import actions as posts
from venire.storage.tables.orders import WITHHELD, WithheldRow

pytestmark = pytest.mark.anyio

B = "/api/v1/admin/bulk"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def test_a_wave_of_a_bulk_act_is_begun_once_and_restored_whole(house, monkeypatch):
    moderator = await house.site.member("mona", "moderator")
    spammer = await house.site.member("seller")
    target = await house.site.member("target")
    await house.post(spammer, "buy my rugs")
    await spammer.post(f"/api/v1/accounts/{target.id}/follow")
    house.site.clock.advance(1_000)
    body = {
        "kind": "wave",
        "account_id": str(spammer.id),
        "since": iso_ms(house.site.clock.now_ms() - DAY_MS),
        "category": "spam",
        "reason": "one campaign",
    }
    made = (await moderator.post(B, json=body)).json()
    await finish(house)
    real, calls = bulk.waves.begin, [0]

    async def dies_after(*asked, **more):
        begun = await real(*asked, **more)
        calls[0] += 1
        if calls[0] == 1:
            raise Unavailable("killed_here")
        return begun

    monkeypatch.setattr(bulk.waves, "begin", dies_after)
    assert (await moderator.post(f"{B}/{made['id']}/go")).is_success
    for _ in range(20):
        with contextlib.suppress(Unavailable):
            await house.settle()
        house.site.clock.advance(1_000)
    assert calls[0] == 2
    assert not await is_following(house.world, spammer.id, target.id)
    listed = (await moderator.get(f"/api/v1/admin/accounts/{spammer.id}/waves")).json()
    assert len(listed) == 1
    assert (await moderator.post(f"{B}/{made['id']}/restore")).status_code == 202
    for _ in range(20):
        await house.settle()
        house.site.clock.advance(1_000)
    assert await is_following(house.world, spammer.id, target.id)


async def test_two_orders_on_one_post_at_the_same_moment_both_reach(house, monkeypatch):
    moderator, approver, author = await the_people(house)
    post = await house.post(author, "a word on the minister")
    made = (await moderator.post("/api/v1/admin/orders", json=order(post))).json()
    await finish(house)
    real, calls = posts.set_withheld, [0]

    async def crossed(world, post_id, countries):
        calls[0] += 1
        if calls[0] == 1:
            # Another order is carried out between what this one has read and what it writes.
            await world.storage.put(WITHHELD, WithheldRow(post_id, 7, b'["DE"]'))
            await real(world, post_id, countries | {"DE"})
        return await real(world, post_id, countries)

    monkeypatch.setattr(order_effects.posts, "set_withheld", crossed)
    approved = await approver.post(f"/api/v1/admin/orders/{made['id']}/approve")
    assert approved.is_success, approved.text
    await finish(house)
    found = await posts.load(house.world, int(post))
    assert found.withheld_in == frozenset({"ID", "DE"})
