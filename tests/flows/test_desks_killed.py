"""`kill -9` while a desk acts on many posts: everything happens, and all of it once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import msgspec
import pytest

from tests.cases.test_copyright_desk import ANSWER, claim
from tests.flows.dying_desk import (
    MOST_KILLS,
    POSTS_EACH,
    Desk,
    is_sound,
    kept,
    opened,
    storage_of,
)
from venire.cli.drills.people import answer, call
from venire.kernel.clock import DAY_MS, SystemClock, iso_ms
from venire.storage.tables.outbox import TIMERS

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(280)]


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path / "data", random.Random(23))
    made.site.start()
    try:
        yield made
    finally:
        if made.site.process is not None:
            made.site.kill()


def stop(desk):
    desk.site.kill()
    desk.site.process = None


async def bulk_removed(desk):
    """Everything that links to one domain is counted and removed; where that act is to be read."""
    async with opened(desk.site) as client:
        body = {
            "kind": "domain",
            "sought": "shop.example",
            "since": iso_ms(SystemClock().now_ms() - DAY_MS),
            "category": "spam",
            "reason": "one campaign",
        }
        made = await answer(client, "POST", "/api/v1/admin/bulk", desk.admin, json=body)
    path = f"/api/v1/admin/bulk/{made['id']}"
    await desk.until(path, lambda one: one["state"] == "ready")

    async def go(client):
        body = {"count": len(desk.posts)}
        return await call(client, "POST", f"{path}/go", desk.admin, json=body)

    desk.kills = 0
    done = await desk.until(path, lambda one: one["state"] == "done", go)
    assert desk.kills, "it was over before the site died: nothing was tried"
    return path, done


async def bulk_restored(desk, path):
    async def back(client):
        return await call(client, "POST", f"{path}/restore", desk.admin)

    desk.kills = 0
    await desk.until(path, lambda one: one["state"] == "restored", back)
    assert desk.kills


async def seen(desk):
    return await desk.shown_to_others(), set((await desk.mentions()).values())


def acts_of(headers):
    return Counter(one["action"] for one in headers if one["type"] == "moderator_action")


def test_a_bulk_removal_and_its_undoing_survive_every_death_whole_and_once(desk):
    asyncio.run(desk.write("Offer {n}: https://win.shop.example/{n} only today"))
    posts = len(desk.posts)
    path, done = asyncio.run(bulk_removed(desk))
    assert (done["counted"], done["done"], done["left_alone"]) == (posts, posts, 0)
    assert asyncio.run(seen(desk)) == (0, {POSTS_EACH})
    stop(desk)
    headers, said, points = asyncio.run(kept(desk.folder))
    assert acts_of(headers) == {"remove": posts}
    assert said == Counter({("measure", int(post)): 1 for post in desk.posts})
    assert points == 4 * posts
    desk.site.start()
    asyncio.run(bulk_restored(desk, path))
    assert asyncio.run(seen(desk)) == (posts, {2 * POSTS_EACH})
    stop(desk)
    headers, said, points = asyncio.run(kept(desk.folder))
    acts = acts_of(headers)
    assert acts.pop("remove") == posts
    assert list(acts.values()) == [posts]
    assert set(said.values()) == {1}
    assert points == 0
    is_sound(desk.folder)


def test_an_order_is_carried_out_and_ended_whole_and_once_however_often_the_site_dies(desk):
    asyncio.run(desk.write("A word on the minister, number {n}"))
    posts = len(desk.posts)

    async def withheld():
        async with opened(desk.site) as client:
            body = {
                "authority": "Kominfo",
                "country": "ID",
                "legal_ground": "Regulation 5/2020, Art. 14",
                "reference": "K-2026-17",
                "posts": list(desk.posts),
            }
            made = await answer(client, "POST", "/api/v1/admin/orders", desk.admin, json=body)
        path = f"/api/v1/admin/orders/{made['id']}"

        async def approve(client):
            return await call(client, "POST", f"{path}/approve", desk.approver)

        await desk.until(path, lambda one: one["state"] == "carried_out", approve)
        return path, desk.kills, await messages(desk, posts), await desk.shown_to_others()

    path, kills, told, visible = asyncio.run(withheld())
    assert kills, "it was over before the site died: nothing was tried"
    assert visible == posts, "nobody who reads from nowhere in particular is in the territory"
    assert set(told.values()) == {POSTS_EACH}
    stop(desk)
    headers, _, _ = asyncio.run(kept(desk.folder))
    assert [one["action"] for one in headers if one.get("source") == "order"] == [
        "withhold"
    ] * posts
    desk.site.start()

    async def ended():
        async def lift(client):
            body = {"reason": "a court annulled it"}
            return await call(client, "POST", f"{path}/lift", desk.approver, json=body)

        desk.kills = 0
        await desk.until(path, lambda one: one["state"] == "lifted", lift)
        return desk.kills, await messages(desk, 2 * posts)

    kills, told = asyncio.run(ended())
    assert kills
    assert set(told.values()) == {2 * POSTS_EACH}
    stop(desk)
    headers, _, _ = asyncio.run(kept(desk.folder))
    acts = Counter(one["action"] for one in headers if one.get("source") == "order")
    assert acts == {"withhold": posts, "lift": posts}
    is_sound(desk.folder)


async def messages(desk, wanted):
    """What authors were told, once a timer has told all of them."""
    for _ in range(40):
        told = await desk.mentions()
        if sum(told.values()) >= wanted:
            return told
        await asyncio.sleep(0.25)
    return told


async def claimed(desk, posts):
    """What a claimant names is removed; where the notice is to be read."""
    async with opened(desk.site) as client:
        body = claim() | {"urls": [desk.urls[post] for post in posts]}
        made = await answer(client, "POST", "/api/v1/copyright/notices", json=body)
    path = f"/api/v1/copyright/notices/{made['id']}"

    async def accept(client):
        return await call(client, "POST", f"{path}/accept", desk.admin)

    def gone(one):
        return {item["state"] for item in one["items"]} == {"removed"}

    await desk.until(path, gone, accept)
    assert desk.kills, "it was over before the site died: nothing was tried"
    return path


async def answered(desk, path, posts):
    """Each uploader answers, and the site dies over each answer."""
    for number, post in enumerate(posts, 1):

        async def counter(client, number=number, post=post):
            where = f"{path}/items/{number}/counter"
            return await call(client, "POST", where, desk.posts[post], json=ANSWER)

        def stands(one, number=number):
            return one["items"][number - 1]["state"] == "countered"

        desk.kills = MOST_KILLS - 1
        await desk.until(path, stands, counter)


async def restored(desk, path, wanted):
    def stands(one):
        return [item["state"] for item in one["items"]] == wanted

    desk.kills = 0
    await desk.until(path, stands)
    assert desk.kills


def test_a_counter_notice_brings_back_what_it_answers_once_however_often_the_site_dies(desk):
    asyncio.run(desk.write("look at the harbour, picture {n}"))
    posts = list(desk.posts)[:4]
    path = asyncio.run(claimed(desk, posts))
    asyncio.run(answered(desk, path, posts[:-1]))
    assert asyncio.run(desk.shown_to_others()) == len(desk.posts) - len(posts)
    stop(desk)
    assert asyncio.run(ten_business_days_pass(desk.folder)) == len(posts) - 1
    desk.site.start()
    asyncio.run(restored(desk, path, ["restored"] * 3 + ["removed"]))
    assert asyncio.run(desk.shown_to_others()) == len(desk.posts) - 1
    stop(desk)
    headers, said, points = asyncio.run(kept(desk.folder))
    acts = acts_of(headers)
    assert acts["remove"] == len(posts)
    assert sum(acts.values()) == 2 * len(posts) - 1
    assert set(said.values()) == {1}
    assert points == 2
    assert sum(one["type"] == "notice" for one in headers) == 1
    is_sound(desk.folder)


async def ten_business_days_pass(folder):
    """While the site is down its counter-notices' clocks come to their end; how many there are."""
    async with storage_of(folder) as storage:
        due = await storage.range(TIMERS, (0,), limit=1_000)
        waiting = [row for row in due if row.kind == "copyright" and ":restore:" in row.key]
        now_ms = SystemClock().now_ms()
        for number, row in enumerate(waiting):
            # One after the other, so that the site dies before, between and in the midst of them.
            due_ms = now_ms + 3_000 + 2_000 * number
            await storage.delete(TIMERS, row)
            await storage.put(TIMERS, msgspec.structs.replace(row, due_at_ms=due_ms))
        return len(waiting)
