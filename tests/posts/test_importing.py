"""Old posts: where they stand, how often, what they may say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.site import OpenSite, open_site
from venire.kernel.ids import IMPORT_NODE, id_ms, imported_id, is_imported
from venire.people.store import load_account
from venire.posts import importing
from venire.posts.actions import load
from venire.posts.listing import account_entries
from venire.posts.model import Stretch
from venire.posts.moving.model import BroughtPost, Outcome

pytestmark = pytest.mark.anyio
AT = 1_600_000_000_000


@pytest.fixture
async def site(tmp_path: Path):
    async with open_site(tmp_path) as opened:
        yield opened


def line(number: int, at_ms: int = AT, **more) -> BroughtPost:
    fields = {"text": f"Post {number}", "visibility": "public", **more}
    return BroughtPost(number, f"https://old.example/{number}", at_ms, **fields)


async def keep(site: OpenSite, account_id: int, one: BroughtPost) -> Outcome:
    author = await load_account(site.world, account_id)
    prepared = await importing.prepare(site.world, author, one)
    if isinstance(prepared, Outcome):
        return prepared
    return await importing.keep(site.world, prepared, ())


async def ids_of(site: OpenSite, account_id: int) -> list[int]:
    return [
        one.id for one in await account_entries(site.world, account_id, Stretch(None, None, 9_999))
    ]


@given(st.integers(0, 4_102_444_800_000), st.integers(0, 1 << 40))
def test_an_id_of_an_old_post_tells_its_moment_and_that_it_is_old(at_ms, sequence):
    found = imported_id(at_ms, sequence)
    assert id_ms(found) == at_ms
    assert is_imported(found)
    assert (found >> 11) % 32 == IMPORT_NODE


async def test_an_id_that_was_given_here_is_never_that_of_an_old_post(site):
    assert not is_imported(site.world.ids.next())


async def test_many_posts_of_one_second_all_find_a_place_of_their_own(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    for number in range(150):
        for one in (ani, bob):
            assert (await keep(site, one.id, line(number))).state == "brought"
    ids = [*await ids_of(site, ani.id), *await ids_of(site, bob.id)]
    assert len(set(ids)) == 300
    assert {id_ms(one) // 1_000 for one in ids} == {AT // 1_000}
    for number in range(150):
        assert (await keep(site, ani.id, line(number))).state == "there"


async def test_two_attempts_at_once_keep_one_post(site):
    ani = await site.member("ani")
    outcomes = await asyncio.gather(*(keep(site, ani.id, line(1)) for _ in range(8)))
    assert sorted(one.state for one in outcomes) == ["brought", *["there"] * 7]
    assert len(await ids_of(site, ani.id)) == 1


async def test_an_answer_stands_after_what_it_answers_also_within_a_second(site):
    ani = await site.member("ani")
    await keep(site, ani.id, line(1))
    for number in range(2, 30):
        reply = line(number, reply_uri=f"https://old.example/{number - 1}")
        assert (await keep(site, ani.id, reply)).state == "brought"
    author = await load_account(site.world, ani.id)
    posts = [
        await importing.own_post(site.world, author, f"https://old.example/{number}")
        for number in range(1, 30)
    ]
    ids = [post.id for post in posts]
    assert ids == sorted(ids)
    threads = {post.conversation_id for post in posts}
    assert len(threads) < 4, "nearly all are one thread"


async def test_a_deleted_old_post_does_not_come_back(site):
    ani = await site.member("ani")
    await keep(site, ani.id, line(1))
    (post_id,) = await ids_of(site, ani.id)
    assert (await ani.delete(f"/api/v1/statuses/{post_id}")).status_code == 200
    assert (await keep(site, ani.id, line(1))).state == "there"
    assert (await load(site.world, post_id)).state == "deleted"


async def test_a_post_of_this_site_is_not_brought_to_itself(site):
    ani = await site.member("ani")
    made = (await ani.post("/api/v1/statuses", json={"status": "Here"})).json()
    one = BroughtPost(1, made["uri"], AT, "public", "Here")
    assert (await keep(site, ani.id, one)).state == "there"
    bob = await site.member("bob")
    assert (await keep(site, bob.id, one)).state == "brought"


async def test_a_name_means_somebody_here_only_where_the_post_says_so(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    texts = {
        1: ("@bob and @bob@elsewhere.example", ()),
        2: ("@bob@venire.test", ()),
        3: ("@bob@venire.test", ("bob@venire.test",)),
    }
    for number, (text, named) in texts.items():
        await keep(site, ani.id, line(number, text=text, named=named))
    author = await load_account(site.world, ani.id)
    for number in texts:
        post = await importing.own_post(site.world, author, f"https://old.example/{number}")
        assert [one.id for one in post.mentions] == ([bob.id] if number == 3 else [])


async def test_what_was_said_elsewhere_has_its_origin_kept_and_an_identity_of_its_own(site):
    ani = await site.member("ani")
    await keep(site, ani.id, line(1, url="https://old.example/@ani/1"))
    (post_id,) = await ids_of(site, ani.id)
    post = await load(site.world, post_id)
    origin = await importing.origin_of(site.world, post_id)
    assert post.uri == f"http://venire.test/users/ani/statuses/{post_id}"
    assert (origin.uri, origin.url) == ("https://old.example/1", "https://old.example/@ani/1")


@pytest.mark.parametrize("visibility", ["direct", "everyone", ""])
async def test_what_was_not_for_followers_or_everyone_is_refused(site, visibility):
    ani = await site.member("ani")
    outcome = await keep(site, ani.id, line(1, visibility=visibility))
    assert (outcome.state, outcome.code) == ("refused", "visibility_unknown")


async def test_text_tricks_are_taken_out_as_of_any_post(site):
    ani = await site.member("ani")
    text = "a\u0000b\ufdd0 <script>alert(1)</script> \u202ereversed"
    await keep(site, ani.id, line(1, text=text, spoiler="\u0007w"))
    (post_id,) = await ids_of(site, ani.id)
    post = await load(site.world, post_id)
    assert "\u0000" not in post.text
    assert "\ufdd0" not in post.html
    assert "<script" not in post.html
    assert post.spoiler == "w"
