"""The answer to an act counts it, before whoever counts has heard of it."""

from __future__ import annotations

import pytest

from tests.api.gathering import hears
from tests.kit.site import open_site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


async def test_a_favourite_and_a_boost_are_counted_in_their_own_answer(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    post = (await ani.post("/api/v1/statuses", json={"status": "Kopi"})).json()
    path = f"/api/v1/statuses/{post['id']}"
    assert (await bob.post(f"{path}/favourite")).json()["favourites_count"] == 1
    boost = (await bob.post(f"{path}/reblog")).json()
    assert (boost["reblog"]["reblogs_count"], boost["reblog"]["reblogged"]) == (1, True)
    await site.settle()
    for _ in range(2):
        assert (await eve.post(f"{path}/favourite")).json()["favourites_count"] == 2
        await site.settle()
    through_boost = f"/api/v1/statuses/{boost['id']}/unfavourite"
    for _ in range(2):
        assert (await bob.post(through_boost)).json()["favourites_count"] == 1
        await site.settle()
    assert (await bob.post(f"{path}/unreblog")).json()["reblogs_count"] == 0
    await site.settle()
    seen = (await ani.get(path)).json()
    assert (seen["favourites_count"], seen["reblogs_count"]) == (1, 0)
