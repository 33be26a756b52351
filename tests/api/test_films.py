"""Video and sound, from upload to post."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.api.uploads import objects, posted, served, upload, uploaded
from tests.kit.studio import open_studio
from tests.posts.media import files
from venire.posts.media import store
from venire.posts.media.studio import Films

pytestmark = pytest.mark.anyio


@pytest.fixture
async def film_house(tmp_path: Path):
    async with open_studio(tmp_path, await Films.find()) as opened:
        yield opened


@files.with_ffmpeg
async def test_a_video_is_taken_in_converted_and_then_shown(film_house, tmp_path):
    house = film_house
    ann = await house.site.member("ann")
    content = files.film(tmp_path, "a.webm", "-c:v", "libvpx", "-c:a", "libopus")
    answer = await upload(ann, content, name="a.webm", description="A test")
    assert answer.status_code == 202
    medium = answer.json()
    assert (medium["type"], medium["url"], medium["description"]) == ("video", None, "A test")
    assert (await served(house, medium["preview_url"])).status_code == 200
    path = f"/api/v1/media/{medium['id']}"
    assert (await ann.get(path)).status_code == 206
    body = {"status": "Watch", "media_ids": [medium["id"]]}
    early = await ann.post("/api/v1/statuses", json=body)
    assert (early.status_code, early.json()["error"]) == (
        422,
        "Cannot attach files that have not finished processing. Try again in a moment!",
    )
    changed = await ann.put(path, json={"description": "Another"})
    assert (changed.status_code, changed.json()["description"]) == (206, "Another")
    await house.settle()
    done = await ann.get(path)
    assert done.status_code == 200
    medium = done.json()
    assert medium["description"] == "Another"
    assert medium["meta"]["original"]["frame_rate"] == "10/1"
    assert medium["meta"]["fps"] == 10
    assert medium["meta"]["length"].startswith("0:00:01")
    assert medium["meta"]["small"]["size"] == "320x240"
    played = await served(house, medium["url"], Range="bytes=0-11")
    assert (played.status_code, played.headers["content-type"]) == (206, "video/mp4")
    assert played.content[4:8] == b"ftyp"
    # The upload itself is not kept.
    assert len(objects(house)) == 2
    picture = await uploaded(ann)
    mixed = {"status": "Both", "media_ids": [medium["id"], picture["id"]]}
    answer = await ann.post("/api/v1/statuses", json=mixed)
    assert answer.json()["error"] == (
        "Cannot attach a video to a post that already contains images"
    )
    post = await posted(house, ann, medium)
    assert post["media_attachments"] == [medium]


@files.with_ffmpeg
async def test_a_gif_and_a_song_are_taken_where_there_is_ffmpeg(film_house, tmp_path):
    house = film_house
    ann = await house.site.member("ann")
    moving = await upload(ann, files.animation())
    assert (moving.status_code, moving.json()["type"]) == (202, "gifv")
    cover = ("c.png", files.picture("PNG", 64, 64))
    song = files.film(tmp_path, "a.flac", picture=False)
    sung = await ann.post("/api/v2/media", files={"file": ("a.flac", song), "thumbnail": cover})
    assert (sung.status_code, sung.json()["type"]) == (202, "audio")
    await house.settle()
    gif = (await ann.get(f"/api/v1/media/{moving.json()['id']}")).json()
    assert (await served(house, gif["url"])).headers["content-type"] == "video/mp4"
    audio = (await ann.get(f"/api/v1/media/{sung.json()['id']}")).json()
    assert (await served(house, audio["url"])).headers["content-type"] == "audio/mpeg"
    assert audio["meta"]["original"]["audio_encode"] == "mp3"
    assert Image.open(io.BytesIO((await served(house, audio["preview_url"])).content)).size == (
        64,
        64,
    )


@files.with_ffmpeg
async def test_a_film_that_is_deleted_while_it_waits_leaves_nothing(film_house, tmp_path):
    house = film_house
    ann = await house.site.member("ann")
    medium = (await upload(ann, files.animation())).json()
    assert (await ann.delete(f"/api/v1/media/{medium['id']}")).status_code == 200
    await house.settle()
    assert objects(house) == set()


@files.with_ffmpeg
async def test_a_film_that_cannot_be_converted_says_so(film_house, tmp_path):
    house = film_house
    ann = await house.site.member("ann")
    medium = (await upload(ann, files.animation())).json()
    found = await store.load(house.world, int(medium["id"]))
    folder = Path(house.court.media.objects._folder)
    (folder / found.raw[:2] / found.raw).write_bytes(b"GIF89a spoilt")
    await house.settle()
    answer = await ann.get(f"/api/v1/media/{medium['id']}")
    assert answer.status_code == 422
    assert answer.json()["error"] == "Error processing thumbnail for uploaded media"
    body = {"status": "Watch", "media_ids": [medium["id"]]}
    assert (await ann.post("/api/v1/statuses", json=body)).status_code == 422
