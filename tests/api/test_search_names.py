"""Search for accounts and hashtags, as members and their clients use it."""

from __future__ import annotations

import msgspec
import pytest

from tests.api.search_site import SEARCH, people, posts, publish, search, search_subscriptions
from tests.kit.site import open_site
from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.people.store import changed_account_writes, load_account

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path):
    index = SqliteIndex(tmp_path / "search.db")
    async with open_site(
        tmp_path, parts=lambda _world: {"search": index}, subscriptions=search_subscriptions
    ) as opened:
        yield opened
    await index.close()


async def test_accounts_by_handle_by_beginnings_and_followed_first(site):
    bob = await site.member("bob")
    for name in ("ani", "anita", "anik"):
        await site.member(name)
    ita = await site.member("ita")
    await ita.patch("/api/v1/accounts/update_credentials", json={"display_name": "Ani Sari Dewi"})
    assert (await people(bob, "ani"))[0] == "ani"
    assert set(await people(bob, "@ani")) == {"ani", "anita", "anik", "ita"}
    assert await people(bob, "sar an") == ["ita"]
    assert await people(bob, "ani@venire.test") == await people(bob, "ani")
    assert await people(bob, "ani@other.test") == []
    await bob.post(f"/api/v1/accounts/{ita.id}/follow")
    assert (await people(bob, "ani"))[:2] == ["ani", "ita"]
    assert await people(bob, "ani", following="true") == ["ita"]
    stranger = await site.client.get(SEARCH, params={"q": "anit"})
    assert [one["username"] for one in stranger.json()["accounts"]] == ["anita"]
    listed = await bob.get("/api/v1/accounts/search", params={"q": "an", "limit": 2, "offset": 1})
    assert len(listed.json()) == 2
    assert (await site.client.get("/api/v1/accounts/search?q=an")).status_code == 401


async def test_a_new_account_is_found_at_once(site):
    bob = await site.member("bob")
    await site.member("baru")
    assert await people(bob, "bar") == ["baru"]


async def test_whom_one_blocks_is_found_by_the_whole_handle_so_that_it_can_be_undone(site):
    bob, ani = await site.member("bob"), await site.member("ani")
    await bob.post(f"/api/v1/accounts/{ani.id}/block")
    assert await people(bob, "ani") == ["ani"]
    assert await people(bob, "an") == []
    assert await people(ani, "bob") == []


async def test_minors_and_limited_accounts_are_not_offered(site):
    bob = await site.member("bob")
    for name, change in (("kecil", {"minor": True}), ("diam", {"silenced": True})):
        member = await site.member(name)
        await member.patch(
            "/api/v1/accounts/update_credentials",
            json={"display_name": "Siti", "indexable": True},
        )
        post = await publish(member, "kopi")
        await site.settle()
        old = await load_account(site.world, member.id)
        new = msgspec.structs.replace(old, version=old.version + 1, **change)
        await site.storage.commit(
            f"account:{old.id}", changed_account_writes(old, new), expect=old.version
        )
        assert await people(bob, "siti") == []
        assert await people(bob, name[:3]) == []
        assert await people(bob, name) == ([] if "minor" in change else [name])
        assert await posts(bob, "kopi") == []
        assert await posts(member, "kopi") == [post]
        assert await people(member, name) == [name]


# hashtags


async def test_hashtags_that_are_used_alike_come_shortest_first_then_by_name(site):
    ani = await site.member("ani")
    for name in ("teh_z", "teh_b", "teh_a", "teh_bb", "teh_z"):
        await publish(ani, f"#{name}")
    await site.settle()
    found = (await search(ani, "#teh"))["hashtags"]
    assert [tag["name"] for tag in found] == ["teh_a", "teh_b", "teh_z", "teh_bb"]
    for number in range(9):
        await publish(ani, f"#teh_bb {number}")
    await site.settle()
    assert (await search(ani, "#teh"))["hashtags"][0]["name"] == "teh_bb"


async def test_hashtags_by_their_beginning_with_a_week_of_use(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    for text in ("#Kopi #kopisusu", "#kopisusu", "#teh #kopi"):
        await publish(ani, text)
    await publish(bob, "#kopisusu #kopitubruk", visibility="unlisted")
    await site.settle()
    found = (await search(bob, "#ko"))["hashtags"]
    assert {tag["name"] for tag in found} == {"kopi", "kopisusu"}
    assert found[0]["url"].startswith("http://venire.test/tags/")
    assert [day["uses"] for day in found[0]["history"]] == ["2", *6 * ["0"]]
    assert (await search(bob, "KOPI"))["hashtags"][0]["name"] == "kopi"
    assert (await search(bob, "kopi", type="hashtags", limit=1, offset=1))["hashtags"] != []
    assert (await search(bob, "@kopi"))["hashtags"] == []
    stranger = (await site.client.get(SEARCH, params={"q": "ko"})).json()
    assert len(stranger["hashtags"]) == 2
    assert (await search(bob, "#kopi"))["accounts"] == []
    old = (await bob.get("/api/v1/search", params={"q": "#ko"})).json()
    assert sorted(old["hashtags"]) == ["kopi", "kopisusu"]
    assert await posts(ani, "#kopi -#teh") == await posts(ani, "#kopi #kopisusu") != []
