"""Media as they are served, and when they are not: holds, deletions, lapses, shared objects."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.uploads import objects, posted, served, uploaded
from tests.kit.courthouse import Courthouse
from tests.kit.site import Member
from tests.kit.studio import open_studio
from tests.posts.media import files
from venire.api.media_files import part_of
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.people import actions as people
from venire.people import standing
from venire.posts import actions as posts
from venire.posts.media import actions, store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path):
    async with open_studio(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ann(house: Courthouse) -> Member:
    return await house.site.member("ann")


async def test_a_picture_is_what_it_is_and_not_what_it_is_called(house, ann):
    answer = await served(house, (await uploaded(ann, files.picture("WEBP"), name="x.html"))["url"])
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    caching = answer.headers["cache-control"]
    assert int(caching.split("max-age=")[1].split(",")[0]) < 10


async def test_a_part_of_a_file_is_served_as_players_ask_for_it(house, ann):
    url = (await uploaded(ann))["url"]
    whole = await served(house, url)
    size, tag = len(whole.content), whole.headers["etag"]
    for asked, expected in (
        ("bytes=0-9", (0, 9)),
        ("bytes=10-", (10, size - 1)),
        ("bytes=-5", (size - 5, size - 1)),
        ("bytes=0-99999999", (0, size - 1)),
    ):
        answer = await served(house, url, Range=asked)
        first, last = expected
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert answer.content == whole.content[first : last + 1]
    for asked in (f"bytes={size}-", f"bytes={size + 9}-{size + 20}"):
        answer = await served(house, url, Range=asked)
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{size}"
    for asked in ("bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=a-b"):
        assert (await served(house, url, Range=asked)).status_code == 200
    assert (await served(house, url, **{"If-None-Match": tag})).status_code == 304
    stale = await served(house, url, Range="bytes=0-9", **{"If-Range": '"other"'})
    assert (stale.status_code, len(stale.content)) == (200, size)
    head = await house.site.client.head(url)
    assert (head.headers["content-length"], head.content) == (str(size), b"")


async def test_an_address_cannot_be_guessed(house, ann):
    medium = await uploaded(ann)
    name = medium["url"].rpartition("/")[2]
    for wrong in ("0" * 32 + ".png", name.replace(".png", ".jpg"), "..", "x", name + "0", "%00"):
        answer = await served(house, f"/media/{medium['id']}/{wrong}")
        assert answer.status_code == 404
    assert (await served(house, f"/media/1/{name}")).status_code == 404
    assert (await served(house, f"/media/{10**18}/{name}")).status_code == 404


async def test_media_of_a_held_or_removed_post_are_gone_until_it_is_shown_again(house, ann):
    medium = await uploaded(ann)
    post = await posted(house, ann, medium)
    addresses = (medium["url"], medium["preview_url"])
    tag = (await served(house, medium["url"])).headers["etag"]
    for state, status in (("held", 404), ("visible", 200), ("removed", 404), ("visible", 200)):
        await posts.set_state(house.world, int(post["id"]), state, case_id=1, rule=None, at_ms=1)
        for address in addresses:
            assert (await served(house, address)).status_code == status
            if status == 404:
                again = await served(house, address, **{"If-None-Match": tag})
                assert again.status_code == 404


async def test_media_of_a_deleted_post_are_gone_and_can_be_posted_again(house, ann):
    medium = await uploaded(ann)
    first = await posted(house, ann, medium)
    deleted = await ann.delete(f"/api/v1/statuses/{first['id']}")
    await house.settle()
    assert (await served(house, medium["url"])).status_code == 404
    assert deleted.json()["media_attachments"][0]["id"] == medium["id"]
    second = await posted(house, ann, medium, text="Look again.")
    assert (await served(house, medium["url"])).status_code == 200
    # The first one is erased at last: what the second one shows stays.
    await posts.erase(house.world, int(first["id"]))
    await house.settle()
    assert (await served(house, medium["url"])).status_code == 200
    assert len(objects(house)) == 2
    await ann.delete(f"/api/v1/statuses/{second['id']}")
    await posts.erase(house.world, int(second["id"]))
    await house.settle()
    assert objects(house) == set()


async def test_media_of_a_closed_or_terminated_account_are_gone(house, ann):
    bob = await house.site.member("bob")
    mine, his = await uploaded(ann), await uploaded(bob, files.picture("JPEG"))
    await posted(house, ann, mine)
    await posted(house, bob, his)
    await standing.terminate(house.world, ann.id, "case:1", 1)
    await people.delete_account(house.world, bob.id)
    for medium in (mine, his):
        assert (await served(house, medium["url"])).status_code == 404
        assert (await served(house, medium["preview_url"])).status_code == 404


async def test_an_upload_that_nobody_posts_lapses_after_a_day(house, ann):
    kept, lapsed = await uploaded(ann), await uploaded(ann, files.picture("JPEG"))
    await posted(house, ann, kept)
    house.site.clock.advance(DAY_MS - HOUR_MS)
    await house.settle()
    assert (await served(house, lapsed["url"])).status_code == 200
    house.site.clock.advance(HOUR_MS + 1)
    assert (await served(house, lapsed["url"])).status_code == 404
    assert (await ann.get(f"/api/v1/media/{lapsed['id']}")).status_code == 404
    await house.settle()
    assert len(objects(house)) == 2
    assert (await served(house, kept["url"])).status_code == 200


async def test_media_of_a_planned_post_are_kept_until_it_is_due(house, ann):
    medium = await uploaded(ann)
    until_ms = house.world.now_ms() + 40 * DAY_MS
    kept = await actions.reserve(house.world, ann.id, [int(medium["id"])], until_ms)
    assert [str(one.id) for one in kept] == [medium["id"]]
    house.site.clock.advance(40 * DAY_MS)
    await house.settle()
    await posted(house, ann, medium)
    house.site.clock.advance(2 * HOUR_MS)
    await house.settle()
    assert (await served(house, medium["url"])).status_code == 200


async def test_two_uploads_of_one_picture_share_their_objects_until_both_are_gone(house, ann):
    bob = await house.site.member("bob")
    mine, his = await uploaded(ann), await uploaded(bob)
    assert len(objects(house)) == 2
    await ann.delete(f"/api/v1/media/{mine['id']}")
    await house.settle()
    assert (await served(house, his["url"])).status_code == 200
    assert (await served(house, mine["url"])).status_code == 404
    await bob.delete(f"/api/v1/media/{his['id']}")
    await house.settle()
    assert objects(house) == set()
    # And again: what was removed can be put anew.
    assert (await served(house, (await uploaded(ann))["url"])).status_code == 200


async def test_an_upload_waits_while_its_object_is_being_removed(house, ann):
    medium = await uploaded(ann)
    found = await store.load(house.world, int(medium["id"]))
    key = found.attachment.original
    await store.mark_leaving(house.world, key)
    waiting = asyncio.create_task(uploaded(ann))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await store.unmark_leaving(house.world, key)
    assert (await served(house, (await waiting)["url"])).status_code == 200


@given(st.text(max_size=40), st.integers(1, 10**6))
def test_a_range_lies_within_the_file(asked, size):
    found = part_of(asked, size)
    assert found is None or (found.start >= 0 and found.stop <= max(size, found.start))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6))
def test_an_asked_for_part_is_the_part_given(first, last, size):
    found = part_of(f"bytes={first}-{last}", size)
    if first >= size:
        assert found is not None
        assert not found
    elif last < first:
        assert found is None
    else:
        assert found == range(first, min(last, size - 1) + 1)
