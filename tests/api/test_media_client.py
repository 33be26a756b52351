"""Mastodon.py, a client that others wrote, uploads, describes and posts media."""

from __future__ import annotations

import io
import shutil
import time

import httpx
import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError
from PIL import Image

from tests.kit.served import serve_site
from tests.kit.studio import studio_parts
from tests.posts.media import files
from venire.people import actions as people
from venire.posts.media.studio import Films

pytestmark = [pytest.mark.loopback]


def films() -> Films | None:
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    return Films(ffmpeg, ffprobe) if ffmpeg and ffprobe else None


@pytest.fixture
def client(tmp_path, socket_enabled):
    with serve_site(tmp_path, **studio_parts(tmp_path, films())) as served:
        created = served.call(
            people.create_account(
                served.site.world, "ann", "ann@mail.test", "correct horse", "member"
            )
        )
        yield Mastodon(
            access_token=created.access_token, api_base_url=served.url, ratelimit_method="throw"
        )


def fetched(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


def test_a_picture_goes_from_upload_to_post(client):
    medium = client.media_post(
        files.picture("JPEG"), "image/jpeg", description="A hill", focus=(0.5, -0.5)
    )
    assert (medium.type, medium.description) == ("image", "A hill")
    assert medium.meta.focus.x == 0.5
    assert Image.open(io.BytesIO(fetched(medium.url).content)).size == (400, 300)
    updated = client.media_update(medium, description="A green hill", focus=(0, 0))
    assert updated.description == "A green hill"
    assert client.media(medium).id == medium.id
    post = client.status_post("Look", media_ids=[medium])
    assert [one.description for one in post.media_attachments] == ["A green hill"]
    assert fetched(post.media_attachments[0].preview_url).is_success
    changed = client.status_update(
        post,
        "Look again",
        media_attributes=[client.generate_media_edit_attributes(medium.id, description="Grass")],
    )
    assert [one.description for one in changed.media_attachments] == ["Grass"]
    with pytest.raises(MastodonNotFoundError):
        client.media_update(medium, description="Too late")
    client.status_delete(post)
    assert fetched(medium.url).status_code == 404


def test_an_avatar_and_a_header_are_set(client):
    me = client.account_update_credentials(
        avatar=files.picture(), avatar_mime_type="image/png",
        header=files.picture("JPEG"), header_mime_type="image/jpeg",
    )  # fmt: skip
    assert me.username == "ann"
    for url, size in ((me.avatar, (400, 400)), (me.header, (1500, 500))):
        assert "missing" not in url
        assert Image.open(io.BytesIO(fetched(url).content)).size == size


@files.with_ffmpeg
def test_a_film_is_waited_for(client, tmp_path):
    content = files.film(tmp_path, "a.webm", "-c:v", "libvpx", "-c:a", "libopus")
    medium = client.media_post(
        content, "video/webm", thumbnail=files.picture(), thumbnail_mime_type="image/png",
    )  # fmt: skip
    assert (medium.type, medium.url) == ("video", None)
    until = time.monotonic() + 30
    while medium.url is None and time.monotonic() < until:
        time.sleep(0.05)
        medium = client.media(medium)
    post = client.status_post("Watch", media_ids=[medium])
    played = fetched(post.media_attachments[0].url)
    assert played.headers["content-type"] == "video/mp4"
    assert int(played.headers["content-length"]) == len(played.content)


def test_what_is_no_picture_is_an_error_that_the_client_understands(client):
    with pytest.raises(MastodonAPIError, match="File content type is invalid"):
        client.media_post(b"<html>", "image/png")
