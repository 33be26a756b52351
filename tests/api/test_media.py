"""Uploads: what is taken and refused, what is said about them, and how posts carry them."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image

from tests.api.uploads import (
    contents,
    give_disk,
    objects,
    posted,
    served,
    take_disk,
    upload,
    uploaded,
)
from tests.kit.courthouse import Courthouse
from tests.kit.site import Member
from tests.kit.studio import open_studio
from tests.posts.media import files
from venire.people.tokens import issue_token
from venire.posts.media import store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path):
    async with open_studio(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ann(house: Courthouse) -> Member:
    return await house.site.member("ann")


async def test_a_picture_is_there_at_once_and_stands_in_its_post(house, ann):
    medium = await uploaded(
        ann, files.picture("JPEG", 1_200, 800), description=" A hill. ", focus="-0.5,0.25"
    )
    assert medium["type"] == "image"
    assert medium["description"] == "A hill."
    assert medium["meta"]["focus"] == {"x": -0.5, "y": 0.25}
    assert medium["meta"]["original"] == {
        "width": 1200, "height": 800, "size": "1200x800", "aspect": 1.5,
    }  # fmt: skip
    assert medium["meta"]["small"]["size"] == "587x391"
    assert len(medium["blurhash"]) == 36
    assert (await ann.get(f"/api/v1/media/{medium['id']}")).json() == medium
    for url, size in ((medium["url"], (1200, 800)), (medium["preview_url"], (587, 391))):
        answer = await served(house, url)
        assert answer.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(answer.content)).size == size
    post = await posted(house, ann, medium, text="")
    assert post["media_attachments"] == [medium]
    assert (await served(house, medium["url"])).status_code == 200
    assert (await ann.get(f"/api/v1/media/{medium['id']}")).status_code == 200


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "AVIF"])
async def test_no_stored_object_says_where_a_picture_was_taken(house, ann, form):
    await uploaded(ann, files.located(form))
    stored = contents(house)
    assert len(stored) == 2
    assert not any(b"CANARY" in content or b"12.3456" in content for content in stored)


REFUSED = {
    "nothing": (b"", 422, "media_empty"),
    "text": (b"only words", 422, "media_type_unknown"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", 422, "media_type_unknown"),
    "html": (b"<!doctype html><script>x()</script>", 422, "media_type_unknown"),
    "html_after_a_mark": (b"\x89PNG\r\n\x1a\n<script>x()</script>", 422, "media_broken"),
    "pdf": (b"%PDF-1.7", 422, "media_type_unknown"),
    "zip": (b"PK\x03\x04" + bytes(100), 422, "media_type_unknown"),
    "heic": (b"\x00\x00\x00\x18ftypheic" + bytes(40), 422, "media_type_unknown"),
    "cut_off": (files.cut("JPEG"), 422, "media_broken"),
    "bomb": (files.png_bomb(), 422, "image_too_large"),
    "frames": (files.gif_bomb(), 422, "animation_too_long"),
    "canvas": (files.gif_canvas_bomb(), 422, "image_too_large"),
    "no_size": (files.png_bomb(0, 0), 422, "media_broken"),
    "large": (files.picture() + bytes(16 << 20), 422, "media_too_large"),
    "film": (b"\x1a\x45\xdf\xa3" + bytes(100), 422, "films_not_supported"),
    "song": (b"ID3" + bytes(100), 422, "films_not_supported"),
}


@pytest.mark.parametrize(("content", "status", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_usable_picture_is_refused_and_nothing_is_stored(
    house, ann, content, status, code
):
    answer = await upload(ann, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert objects(house) == set()
    rows, _ = await house.world.storage.scan(store.MEDIA)
    assert rows == []


async def test_a_description_too_long_is_refused_in_mastodons_words(house, ann):
    answer = await upload(ann, files.picture(), description="x" * 1_501)
    assert answer.status_code == 422
    assert answer.json()["error"] == (
        "Validation failed: Description is too long (maximum is 1500 characters)"
    )
    for description in ("x" * (10 << 20), "x" * 200_000):
        assert (await upload(ann, files.picture(), description=description)).status_code in {
            400,
            422,
        }
    assert objects(house) == set()
    assert (await uploaded(ann, description="x" * 1_500))["description"] == "x" * 1_500


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"--x\r\n", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=", 400),
        ("multipart/form-data; boundary=x", b"--y--", 400),
        ("multipart/form-data; boundary=x", b"", 422),
        ("application/json", b'{"file": "a"}', 422),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b" " * (2 << 20), 413),
        ("image/png", files.picture(), 422),
    ],
)
async def test_a_body_that_is_no_upload_is_refused(house, ann, kind, body, status):
    for path in ("/api/v2/media", "/api/v1/media"):
        headers = {**ann.headers, "content-type": kind}
        answer = await house.site.client.post(path, content=body, headers=headers)
        assert answer.status_code in ({status} if status != 400 else {400, 422}), answer.text
    assert objects(house) == set()


async def test_a_body_over_the_largest_film_is_refused_before_it_is_read(house, ann):
    async def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(200):
            yield bytes(1 << 20)

    headers = {**ann.headers, "content-type": "multipart/form-data; boundary=x"}
    answer = await house.site.client.post("/api/v2/media", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert objects(house) == set()


async def test_a_member_uploads_a_few_files_at_once_and_not_more(house, ann):
    waiting = asyncio.Event()

    async def slow():
        await waiting.wait()
        yield b""

    headers = {**ann.headers, "content-type": "multipart/form-data; boundary=x"}
    calls = [
        asyncio.create_task(
            house.site.client.post("/api/v2/media", content=slow(), headers=headers)
        )
        for _ in range(4)
    ]
    while sum(house.court.media.studio._received.values()) < 4:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    answer = await upload(ann, files.picture())
    assert (answer.status_code, answer.json()["code"]) == (429, "media_busy")
    bob = await house.site.member("bob")
    await uploaded(bob)
    waiting.set()
    await asyncio.gather(*calls)
    await uploaded(ann)


async def test_only_ones_own_media_can_be_seen_changed_deleted_and_posted(house, ann):
    medium = await uploaded(ann)
    bob = await house.site.member("bob")
    path = f"/api/v1/media/{medium['id']}"
    assert (await bob.get(path)).status_code == 404
    assert (await bob.put(path, json={"description": "mine"})).status_code == 404
    assert (await bob.delete(path)).status_code == 404
    body = {"status": "Mine", "media_ids": [medium["id"]]}
    answer = await bob.post("/api/v1/statuses", json=body)
    assert answer.status_code == 422
    assert medium["id"] in answer.json()["error"]
    assert (await house.site.client.get(path)).status_code == 401


async def test_words_focus_and_thumbnail_are_changed_until_a_post_carries_it(house, ann):
    medium = await uploaded(ann, description="First", focus="0.1,0.1")
    path = f"/api/v1/media/{medium['id']}"
    changed = (await ann.put(path, json={"description": "Second"})).json()
    assert (changed["description"], changed["meta"]["focus"]["x"]) == ("Second", 0.1)
    changed = (await ann.put(path, data={"focus": "1,-1"})).json()
    assert changed["meta"]["focus"] == {"x": 1.0, "y": -1.0}
    assert (await ann.put(path, json={"description": ""})).json()["description"] is None
    thumbnail = {"thumbnail": ("t.png", files.picture("PNG", 50, 50))}
    changed = (await ann.put(path, files=thumbnail)).json()
    assert changed["meta"]["small"]["size"] == "50x50"
    assert changed["preview_url"] != medium["preview_url"] or changed["blurhash"]
    small = await served(house, changed["preview_url"])
    assert Image.open(io.BytesIO(small.content)).size == (50, 50)
    assert (await ann.put(path, json={"description": "x" * 1_501})).status_code == 422
    assert (await ann.put(path, json={"focus": "9,9"})).status_code == 422
    broken = {"thumbnail": ("t.png", b"no picture")}
    assert (await ann.put(path, files=broken)).status_code == 422
    await house.settle()
    assert len(objects(house)) == 2
    await posted(house, ann, medium)
    assert (await ann.put(path, json={"description": "Third"})).status_code == 404


async def test_a_thumbnail_of_ones_own_comes_with_the_upload(house, ann):
    sent = {
        "file": ("p.png", files.picture()),
        "thumbnail": ("t.png", files.picture("PNG", 64, 32)),
    }
    answer = await ann.post("/api/v2/media", files=sent)
    assert answer.json()["meta"]["small"]["size"] == "64x32"
    assert answer.json()["preview_url"].endswith(".png")
    small = await served(house, answer.json()["preview_url"])
    assert small.headers["content-type"] == "image/png"


async def test_a_deleted_upload_is_gone_and_one_in_a_post_cannot_be_deleted(house, ann):
    medium = await uploaded(ann)
    path = f"/api/v1/media/{medium['id']}"
    await posted(house, ann, medium)
    answer = await ann.delete(path)
    assert answer.status_code == 422
    assert answer.json()["error"] == "Media attachment is currently used by a status"
    other = await uploaded(ann, files.picture("JPEG"))
    assert (await ann.delete(f"/api/v1/media/{other['id']}")).status_code == 200
    assert (await ann.get(f"/api/v1/media/{other['id']}")).status_code == 404
    assert (await served(house, other["url"])).status_code == 404
    await house.settle()
    assert len(objects(house)) == 2


async def test_a_post_takes_four_pictures_in_the_order_asked_for(house, ann):
    media = [await uploaded(ann, files.picture("PNG", 20 + at, 20)) for at in range(5)]
    chosen = [media[3], media[0], media[4], media[1]]
    post = await posted(house, ann, *chosen)
    assert [one["id"] for one in post["media_attachments"]] == [one["id"] for one in chosen]
    body = {"status": "Five", "media_ids": [one["id"] for one in media]}
    answer = await ann.post("/api/v1/statuses", json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "Cannot attach more than 4 files")
    again = await ann.post("/api/v1/statuses", json={"status": "x", "media_ids": [media[0]["id"]]})
    assert again.status_code == 422
    assert again.json()["error"] == (
        f"Media {media[0]['id']} not found or already attached to another post"
    )


async def test_an_edit_changes_words_and_its_history_keeps_what_it_took_away(house, ann):
    media = [await uploaded(ann, files.picture("PNG", 20 + at, 20)) for at in range(2)]
    post = await posted(house, ann, *media)
    path = f"/api/v1/statuses/{post['id']}"
    changes = [{"id": media[0]["id"], "description": "New words"}]
    body = {"status": "Edited", "media_ids": [media[0]["id"]], "media_attributes": changes}
    edited = (await ann.put(path, json=body)).json()
    assert [one["description"] for one in edited["media_attachments"]] == ["New words"]
    await house.settle()
    seen = await ann.get(f"/api/v1/media/{media[0]['id']}")
    assert seen.json()["description"] == "New words"
    # Its history still shows the other one.
    assert (await served(house, media[1]["url"])).status_code == 200


async def test_a_failing_disk_is_told_and_leaves_nothing_by_half(house, ann):
    take_disk(house)
    answer = await upload(ann, files.picture())
    assert answer.status_code == 503
    give_disk(house)
    await house.settle()
    rows, _ = await house.world.storage.scan(store.MEDIA)
    assert rows == []
    await uploaded(ann)


async def test_scopes_are_held_for_uploads(house, ann):
    for scope, status in (("read", 403), ("write:statuses", 403), ("write:media", 422)):
        granted = await issue_token(house.world, client_id="app", scopes=[scope], account_id=ann.id)
        headers = {"Authorization": f"Bearer {granted.access_token}"}
        sent = {"file": ("p.png", b"no picture")}
        answer = await house.site.client.post("/api/v2/media", files=sent, headers=headers)
        assert answer.status_code == status
    assert (await house.site.client.post("/api/v2/media")).status_code == 401


async def test_the_old_address_takes_pictures_too(house, ann):
    answer = await upload(ann, files.picture(), version=1)
    assert answer.status_code == 200
    assert answer.json()["url"]


async def test_the_instance_says_what_can_be_uploaded(house):
    for path in ("/api/v2/instance", "/api/v1/instance"):
        told = (await house.site.client.get(path)).json()["configuration"]
        assert told["statuses"]["max_media_attachments"] == 4
        media = told["media_attachments"]
        assert "image/avif" in media["supported_mime_types"]
        assert "video/mp4" not in media["supported_mime_types"]
        assert (media["image_size_limit"], media["video_size_limit"]) == (16 << 20, 0)
        assert media["description_limit"] == 1_500
