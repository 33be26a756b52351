"""Search for posts, as members and their clients use it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.search_site import (
    SEARCH,
    open_member,
    people,
    posts,
    publish,
    search,
    search_subscriptions,
)
from tests.kit.site import open_site
from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.kernel.clock import DAY_MS
from venire.people.rules import publicly_found
from venire.people.store import load_account
from venire.posts import actions

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path):
    index = SqliteIndex(tmp_path / "search.db")
    async with open_site(
        tmp_path, parts=lambda _world: {"search": index}, subscriptions=search_subscriptions
    ) as opened:
        yield opened
    await index.close()


# posts: whose


async def test_public_posts_of_the_willing_are_found_by_every_member(site):
    ani, eve, bob = await open_member(site, "ani"), await site.member("eve"), await site.member("b")
    one = await publish(ani, "kopi susu panas")
    two = await publish(ani, "kopi tanpa susu")
    await publish(ani, "kopi susu diam", visibility="unlisted")
    await publish(ani, "kopi susu rahasia", visibility="private")
    await publish(eve, "kopi susu pahit")
    await site.settle()
    assert await posts(bob, "SUSU kopi") == [two, one]
    assert (await site.client.get(SEARCH, params={"q": "kopi"})).json()["statuses"] == []


async def test_ones_own_posts_are_found_whatever_their_visibility(site):
    ani = await site.member("ani")
    made = [
        await publish(ani, "kopi", visibility=kind)
        for kind in ("public", "unlisted", "private", "direct")
    ]
    assert await posts(ani, "kopi") == made[::-1]


async def test_what_names_or_answers_the_viewer_is_found_by_them_alone(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    mine = await publish(bob, "teh")
    direct = await publish(ani, "@bob kopi", visibility="direct")
    named = await publish(ani, "@bob kopi")
    answer = await publish(ani, "kopi", in_reply_to_id=mine)
    await publish(ani, "kopi")
    await site.settle()
    assert await posts(bob, "kopi") == [answer, named, direct]
    assert await posts(eve, "kopi") == []


async def test_what_the_viewer_kept_is_found_by_them(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    made = [await publish(ani, f"kopi {n}") for n in range(4)]
    await site.settle()
    assert await posts(bob, "kopi") == []
    for post, act in zip(made, ("favourite", "bookmark", "reblog"), strict=False):
        assert (await bob.post(f"/api/v1/statuses/{post}/{act}")).status_code == 200
    assert await posts(bob, "kopi") == made[2::-1]
    assert await posts(bob, "in:library kopi") == made[2::-1]
    assert await posts(bob, "in:library") == made[2::-1]
    assert await posts(bob, "in:public kopi") == []
    await ani.post(f"/api/v1/accounts/{bob.id}/block")
    assert await posts(bob, "kopi") == []


async def test_a_private_post_that_was_kept_is_found_only_while_it_may_be_seen(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    secret = await publish(ani, "kopi rahasia", visibility="private")
    await site.settle()
    assert await posts(bob, "kopi") == []
    assert (await bob.post(f"/api/v1/statuses/{secret}/favourite")).status_code == 200
    assert await posts(bob, "kopi") == [secret]
    await bob.post(f"/api/v1/accounts/{ani.id}/unfollow")
    assert await posts(bob, "kopi") == []


async def test_a_new_post_is_found_at_once_and_so_is_an_edit(site):
    ani = await site.member("ani")
    post = await publish(ani, "mangga")
    assert await posts(ani, "mangga") == [post]
    edited = await ani.put(f"/api/v1/statuses/{post}", json={"status": "durian"})
    assert edited.status_code == 200
    assert await posts(ani, "mangga") == []
    assert await posts(ani, "durian is:edited") == [post]
    for number in range(80):
        await publish(ani, f"nomor{number} baru")
    assert await posts(ani, "nomor79") != []


async def test_hidden_removed_and_deleted_posts_are_not_found(site):
    ani, bob = await open_member(site, "ani"), await site.member("bob")
    held, removed, deleted = [await publish(ani, "kopi #teh") for _ in range(3)]
    await site.settle()
    assert len(await posts(bob, "kopi")) == 3
    await actions.set_state(site.world, int(held), "held", case_id=1, rule=1, at_ms=1)
    await actions.set_state(site.world, int(removed), "removed", case_id=2, rule=1, at_ms=1)
    await ani.delete(f"/api/v1/statuses/{deleted}")
    assert await posts(bob, "kopi") == []
    assert await posts(ani, "kopi") == [held]
    await site.settle()
    assert await posts(bob, "kopi") == []
    assert (await search(bob, "#te"))["hashtags"] == []
    assert await site.court.search.candidates(["kopi"], "any", 10) != []
    await actions.set_state(site.world, int(held), "visible", case_id=1, rule=1, at_ms=2)
    await site.settle()
    assert await posts(bob, "kopi") == [held]
    assert [tag["name"] for tag in (await search(bob, "#te"))["hashtags"]] == ["teh"]


async def test_blocks_both_ways_and_mutes_hold(site):
    ani, bob, eve = await open_member(site, "ani"), await site.member("b"), await site.member("eve")
    post = await publish(ani, "kopi")
    await site.settle()
    await bob.post(f"/api/v1/accounts/{ani.id}/mute")
    await ani.post(f"/api/v1/accounts/{eve.id}/block")
    assert (await posts(bob, "kopi"), await posts(eve, "kopi")) == ([], [])
    await bob.post(f"/api/v1/accounts/{ani.id}/unmute")
    assert await posts(bob, "kopi") == [post]
    await bob.post(f"/api/v1/accounts/{ani.id}/block")
    assert await posts(bob, "kopi") == []


async def test_a_wish_not_to_be_found_is_obeyed_at_once_and_undone_soon(site):
    ani, bob = await open_member(site, "ani"), await site.member("bob")
    post = await publish(ani, "kopi")
    await site.settle()
    for wish, found in ((False, []), (True, [post])):
        await ani.patch("/api/v1/accounts/update_credentials", json={"indexable": wish})
        if wish:
            await site.settle()
        assert await posts(bob, "kopi") == found
    account = await load_account(site.world, ani.id)
    assert publicly_found(account)


# posts: how


async def test_operators_narrow_what_is_found(site):
    ani, bob = await open_member(site, "ani"), await open_member(site, "bob")
    link = await publish(ani, "kopi https://kopi.example/x", language="id")
    poll = await publish(ani, "kopi?", poll={"options": ["ya", "tidak"], "expires_in": 600})
    quiet = await publish(bob, "kopi", sensitive=True, language="en")
    answer = await publish(bob, "kopi", in_reply_to_id=link, language="pt-BR")
    last = await publish(bob, "lihat kopi ini")
    await site.settle()
    everything = [last, answer, quiet, poll, link]
    expected = {
        "kopi": everything,
        "from:ani": [poll, link],
        "from:@ani@venire.test kopi": [poll, link],
        "from:me": [last, answer, quiet],
        "from:me from:ani": everything,
        "kopi -from:me": [poll, link],
        "from:nobody": [],
        "from:ani@other.test": [],
        "has:link": [link],
        "has:poll": [poll],
        "tidak": [poll],
        "has:media": [],
        "is:reply": [answer],
        "is:sensitive": [quiet],
        "kopi -is:reply -is:sensitive -has:poll": [last, link],
        "language:id": [link],
        "kopi language:pt": [answer],
        "language:pt-BR": [answer],
        "language:id language:pt": [answer, link],
        '"lihat kopi"': [last],
        '"kopi lihat"': [],
        "kopi -ini": [answer, quiet, poll, link],
        "kopi in:public": everything,
        "in:library kopi": [last, answer, quiet],
        "has:fun": [],
    }
    for query, wanted in expected.items():
        assert await posts(bob, query) == wanted, query


async def test_dates_narrow_what_is_found(site):
    ani = await site.member("ani")
    made = []
    for _ in range(4):
        made.append(await publish(ani, "kopi"))
        site.clock.advance(DAY_MS)
    days = [(await ani.get(f"/api/v1/statuses/{post}")).json()["created_at"][:10] for post in made]
    assert await posts(ani, f"kopi during:{days[1]}") == [made[1]]
    assert await posts(ani, f"before:{days[2]}") == made[1::-1]
    assert await posts(ani, f"after:{days[1]}") == made[:1:-1]
    assert await posts(ani, f"kopi -during:{days[1]} -during:{days[2]}") == [made[3], made[0]]
    assert await posts(ani, f"kopi during:{days[0][:4]} min_id", min_id=made[0]) == []
    assert await posts(ani, "kopi before:1971") == []


async def test_pages_by_offset_and_by_ids(site):
    ani, bob = await open_member(site, "ani"), await site.member("bob")
    made = [await publish(ani, f"kopi {n}") for n in range(9)][::-1]
    await site.settle()
    walked = []
    for offset in range(0, 12, 4):
        walked += await posts(bob, "kopi", type="statuses", limit=4, offset=offset)
    assert walked == made
    assert await posts(bob, "kopi", limit=3, max_id=made[2]) == made[3:6]
    assert await posts(bob, "kopi", limit=3, min_id=made[6]) == made[3:6]
    assert await posts(bob, "kopi", limit=3, since_id=made[6]) == made[:3]
    assert len(await posts(bob, "kopi", limit=1_000)) == 9
    assert await posts(bob, "kopi", account_id=bob.id) == []
    assert await posts(bob, "kopi from:bob", account_id=ani.id) == []
    assert await posts(bob, "kopi", account_id=ani.id) == made
    assert await posts(bob, "-during:1999 kopi", limit=5) == made[:5]


async def test_whole_words_come_before_parts_of_words(site):
    ani, bob = await open_member(site, "ani"), await site.member("bob")
    whole = await publish(ani, "bakar ayam")
    part = await publish(ani, "membakar ikan")
    later = await publish(ani, "pembakaran bakar")
    await site.settle()
    assert await posts(bob, "bakar") == [later, whole, part]
    assert await posts(bob, "bakar", limit=1, offset=2) == [part]
    assert await posts(bob, '"bakar"') == [later, whole]
    assert await posts(bob, "bak") == []


async def test_passing_over_hidden_authors_goes_on_to_older_posts(site):
    ani, eve = await open_member(site, "ani"), await open_member(site, "eve")
    bob = await site.member("bob")
    shown = await publish(ani, "kopi")
    for _ in range(12):
        await publish(eve, "kopi")
    await site.settle()
    await bob.post(f"/api/v1/accounts/{eve.id}/mute")
    assert await posts(bob, "kopi", limit=1) == [shown]


async def test_addresses_of_this_site_lead_to_what_they_name(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "kopi #teh", visibility="unlisted")
    secret = await publish(ani, "kopi", visibility="private")
    for path in (f"/@ani/{post}", f"/users/ani/statuses/{post}", f"/@ani/{post}/"):
        address = f"http://venire.test{path}"
        assert await posts(bob, address, resolve="true") == [post], path
        assert await posts(bob, address, type="accounts") == []
    assert await posts(bob, f"http://venire.test/@ani/{secret}") == []
    for path in ("/@ani", "/users/ani", "/@ANI/"):
        assert await people(bob, f"http://venire.test{path}", resolve="true") == ["ani"]
    tags = (await search(bob, "http://venire.test/tags/teh"))["hashtags"]
    assert [tag["name"] for tag in tags] == ["teh"]
    for odd in ("/@nobody", "/@ani/99999999999999999999", "/about", "/@ani/5"):
        found = await search(bob, f"http://venire.test{odd}")
        assert found == {"accounts": [], "statuses": [], "hashtags": []}, odd
    assert (await search(bob, "https://other.test/@ani", resolve="true"))["accounts"] == []


# bad input


async def test_what_is_missing_or_wrong_is_told(site):
    bob = await site.member("bob")
    for query in ({}, {"q": ""}, {"q": "   "}, {"q": "a" * 501}, {"q": "a", "limit": "x"}):
        answer = await bob.get(SEARCH, params=query)
        assert answer.status_code in {400, 413, 422}, query
        assert answer.json()["error"]
    for query in ({"q": "a", "max_id": "x"}, {"q": "a", "account_id": "-1"}):
        assert (await bob.get(SEARCH, params=query)).status_code == 422
    assert (await bob.get(SEARCH, params={"q": "a", "type": "other"})).status_code == 200
    assert (await bob.get(SEARCH, params={"q": "a", "offset": "-5"})).status_code == 200


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.text(max_size=30)
        | st.sampled_from(
            ['"', "NEAR(a", "*", "😀", "from:me", "-has:link", "in:library", "a" * 400, "\u202e"]
        ),
        min_size=1,
        max_size=12,
    ),
    options=st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["accounts", "statuses", "hashtags"]),
            "limit": st.integers(-2, 90),
            "offset": st.integers(-2, 2_000),
            "following": st.booleans(),
            "exclude_unreviewed": st.booleans(),
            "resolve": st.booleans(),
        },
    ),
)
def test_no_question_ends_in_an_error_of_ours(tmp_path_factory, texts, options):
    async def run() -> None:
        folder = tmp_path_factory.mktemp("site")
        index = SqliteIndex(folder / "search.db")
        async with open_site(
            folder, parts=lambda _world: {"search": index}, subscriptions=search_subscriptions
        ) as site:
            ani = await open_member(site, "ani")
            await publish(ani, "a kopi 😀 #a")
            answer = await ani.get(SEARCH, params={"q": " ".join(texts)[:500], **options})
            assert answer.status_code in {200, 422}, answer.text
        await index.close()

    asyncio.run(run())
