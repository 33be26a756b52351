"""Avatars and headers: set, replaced, removed, served, and gone with their account."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.kit.studio import open_studio
from tests.posts.media import files
from venire.people import actions as people
from venire.people import standing
from venire.posts.media.pictures import SIDES, path_of, pictures

pytestmark = pytest.mark.anyio

CHANGE = "/api/v1/accounts/update_credentials"


@pytest.fixture
async def house(tmp_path: Path):
    async with open_studio(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ann(house):
    return await house.site.member("ann")


def sent(name: str, content: bytes, side: str = "avatar"):
    return {side: (name, content)}


async def paths(house, member) -> dict[str, str | None]:
    found = (await pictures(house.world, [member.id]))[member.id]
    return {side: path_of(member.id, side, getattr(found, side)) for side in SIDES}


def objects(house) -> set[str]:
    return {path.name for path in Path(house.court.media.objects._folder).glob("??/*")}


async def test_an_avatar_and_a_header_are_cropped_and_served(house, ann):
    assert await paths(house, ann) == {"avatar": None, "header": None}
    both = {
        **sent("a.jpg", files.located()),
        **sent("h.png", files.picture("PNG", 900, 900), "header"),
    }
    answer = await ann.patch(CHANGE, files=both, data={"display_name": "Ann"})
    assert answer.status_code == 200
    assert answer.json()["display_name"] == "Ann"
    found = await paths(house, ann)
    for side, size in (("avatar", (400, 400)), ("header", (1500, 500))):
        served = await house.site.client.get(found[side])
        assert served.headers["content-type"] in {"image/jpeg", "image/png"}
        assert Image.open(io.BytesIO(served.content)).size == size
        assert b"CANARY" not in served.content
        assert served.headers["access-control-allow-origin"] == "*"
    missing = await house.site.client.get("/avatars/original/missing.png")
    assert missing.status_code == 200


async def test_a_new_picture_has_a_new_address_and_the_old_one_is_gone(house, ann):
    await ann.patch(CHANGE, files=sent("a.png", files.picture()))
    old = (await paths(house, ann))["avatar"]
    await ann.patch(CHANGE, files=sent("a.png", files.picture("PNG", 300, 500)))
    new = (await paths(house, ann))["avatar"]
    assert new != old
    await house.settle()
    assert (await house.site.client.get(old)).status_code == 404
    assert (await house.site.client.get(new)).status_code == 200
    assert len(objects(house)) == 1


async def test_the_same_picture_on_both_sides_and_of_two_members_is_kept_once_each(house, ann):
    bob = await house.site.member("bob")
    for member in (ann, bob, ann):
        await member.patch(CHANGE, files=sent("a.png", files.picture()))
    await house.settle()
    assert len(objects(house)) == 1
    assert (await ann.delete("/api/v1/profile/avatar")).status_code == 200
    await house.settle()
    assert (await house.site.client.get((await paths(house, bob))["avatar"])).status_code == 200
    assert (await paths(house, ann))["avatar"] is None


async def test_pictures_are_removed_one_by_one_and_again_harmlessly(house, ann):
    both = {**sent("a.png", files.picture()), **sent("h.png", files.picture(), "header")}
    await ann.patch(CHANGE, files=both)
    assert (await ann.delete("/api/v1/profile/header")).status_code == 200
    found = await paths(house, ann)
    assert found["header"] is None
    assert found["avatar"] is not None
    for _ in range(2):
        assert (await ann.delete("/api/v1/profile/avatar")).json()["username"] == "ann"
    await house.settle()
    assert objects(house) == set()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x89PNG", "media_type_unknown"),
        (b"", "media_empty"),
        (b"<svg/>", "media_type_unknown"),
        (files.cut("PNG"), "media_broken"),
        (files.png_bomb(), "image_too_large"),
        (files.picture() + bytes(9 << 20), "media_too_large"),
        (b"ID3" + bytes(90), "films_not_supported"),
    ],
)
async def test_a_bad_picture_is_refused_and_nothing_of_the_request_happens(
    house, ann, content, code
):
    both = {**sent("h.png", files.picture(), "header"), **sent("a.png", content)}
    answer = await ann.patch(CHANGE, files=both, data={"display_name": "Changed"})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    me = (await ann.get("/api/v1/accounts/verify_credentials")).json()
    assert me["display_name"] == ""
    assert await paths(house, ann) == {"avatar": None, "header": None}
    await house.settle()
    assert objects(house) == set()


async def test_bad_words_beside_a_good_picture_change_neither(house, ann):
    answer = await ann.patch(
        CHANGE, files=sent("a.png", files.picture()), data={"display_name": "x" * 200}
    )
    assert answer.status_code == 422
    assert await paths(house, ann) == {"avatar": None, "header": None}


async def test_a_picture_that_is_no_file_is_refused(house, ann):
    answer = await ann.patch(CHANGE, json={"avatar": "data:image/png;base64,AAAA"})
    assert (answer.status_code, answer.json()["code"]) == (422, "media_empty")
    assert (await ann.patch(CHANGE, json={"avatar": ""})).status_code == 200


async def test_pictures_go_with_their_account(house, ann):
    bob = await house.site.member("bob")
    for member in (ann, bob):
        await member.patch(CHANGE, files=sent("a.png", files.picture()))
    mine, his = (await paths(house, ann))["avatar"], (await paths(house, bob))["avatar"]
    await standing.terminate(house.world, ann.id, "case:1", 1)
    await people.delete_account(house.world, bob.id)
    for path in (mine, his):
        assert (await house.site.client.get(path)).status_code == 404
    await house.settle()
    assert (await paths(house, bob))["avatar"] is None
    assert len(objects(house)) == 1


async def test_an_address_of_no_picture_leads_nowhere(house, ann):
    for path in (f"/avatars/{ann.id}/x.png", "/avatars/1/x.png", "/headers/x/x.png"):
        assert (await house.site.client.get(path)).status_code == 404
