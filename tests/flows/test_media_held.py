"""Pictures of a held post are gone at every address, from every process."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.kit.courthouse import MILD, THREAT
from tests.posts.media import files
from venire.cli.drills.site import create_account, started_site

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]
CONNECTIONS = 8
WITHIN_S = 10


def test_every_process_answers_404_within_ten_seconds(tmp_path, socket_enabled, record_property):
    folder = tmp_path / "data"
    ann = create_account(folder, "ann", "member", "acceptance")
    headers = {"Authorization": f"Bearer {ann['access_token']}"}
    with started_site(folder) as (url, _):
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            sent = client.post("/api/v2/media", files={"file": ("a.png", files.picture())}).json()
            body = {"status": MILD, "media_ids": [sent["id"]]}
            post = client.post("/api/v1/statuses", json=body).json()
        paths = ["/media/" + sent[one].partition("/media/")[2] for one in ("url", "preview_url")]
        callers = [
            httpx.Client(base_url=url, trust_env=False, timeout=30) for _ in range(CONNECTIONS)
        ]
        tag = callers[0].get(paths[0]).headers["etag"]
        kinds = ({}, {"Range": "bytes=0-9"}, {"If-None-Match": tag})

        def answers() -> set[int]:
            return {
                caller.get(path, headers=more).status_code
                for caller in callers
                for path in paths
                for more in kinds
            }

        assert answers() <= {200, 206, 304}
        edited = httpx.put(
            f"{url}/api/v1/statuses/{post['id']}",
            headers=headers,
            json={"status": THREAT, "media_ids": [sent["id"]]},
            trust_env=False,
        )
        begun = time.monotonic()
        assert edited.status_code == 200
        while answers() != {404} and time.monotonic() - begun < WITHIN_S:
            time.sleep(0.05)
        took_s = time.monotonic() - begun
        assert answers() == {404}
        for caller in callers:
            caller.close()
    record_property("figure", f"404 at every address of held media after {took_s:.2f} s")
    assert took_s < WITHIN_S
