"""`kill -9` while a film is converted: the site that starts again finishes it."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.posts.media import files
from venire.cli.drills.site import create_account, started_site

pytestmark = [pytest.mark.loopback, files.with_ffmpeg, pytest.mark.timeout(180)]


def calling(url: str, headers: dict[str, str]) -> httpx.Client:
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30)


def test_a_film_whose_conversion_was_killed_with_the_site_is_there_after_the_next_start(
    tmp_path, socket_enabled
):
    folder = tmp_path / "data"
    ann = create_account(folder, "ann", "member", "acceptance")
    headers = {"Authorization": f"Bearer {ann['access_token']}"}
    options = ("-c:v", "libvpx", "-c:a", "libopus", "-vf", "scale=854:480,loop=-1:10", "-t", "4")
    film = files.film(tmp_path, "long.webm", *options)
    with started_site(folder) as (url, process), calling(url, headers) as client:
        told = client.get("/api/v2/instance").json()["configuration"]["media_attachments"]
        assert "video/mp4" in told["supported_mime_types"]
        sent = client.post("/api/v2/media", files={"file": ("a.webm", film)})
        assert sent.status_code == 202
        path = f"/api/v1/media/{sent.json()['id']}"
        assert client.get(path).status_code == 206
        process.kill()
        process.wait()
    with started_site(folder) as (url, _), calling(url, headers) as client:
        until = time.monotonic() + 60
        while client.get(path).status_code == 206 and time.monotonic() < until:
            time.sleep(0.1)
        done = client.get(path)
        assert done.status_code == 200
        played = client.get(done.json()["url"], headers={"Range": "bytes=4-7"})
        assert (played.status_code, played.content) == (206, b"ftyp")
        # Two objects, and soon nothing of what was begun before, nor of what was sent.
        while len(kept := list((folder / "media").glob("??/*"))) > 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(kept) == 2
