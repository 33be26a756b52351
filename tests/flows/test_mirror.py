"""`venire mirror` beside a site: it shows what the site shows, and goes on after `kill -9`."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.posts.media import files
from venire.cli.drills.site import create_account, free_port, started_site

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]


@contextlib.contextmanager
def mirror(url: str, key: Path, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "venire", "mirror", url, "--key", str(key)]
    process = subprocess.Popen([*command, "--data", str(folder), "--port", str(port)])
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def shows(address: str, seconds: float = 60) -> dict:
    end, told = time.monotonic() + seconds, {}
    while time.monotonic() < end and not told.get("shows_media"):
        with contextlib.suppress(httpx.HTTPError):
            told = httpx.get(address, trust_env=False).json()
        time.sleep(0.1)
    return told


def test_a_mirror_is_one_command(tmp_path, socket_enabled):
    folder = tmp_path / "data"
    ann = create_account(folder, "ann", "member", "acceptance")
    headers = {"Authorization": f"Bearer {ann['access_token']}"}
    with started_site(folder) as (url, _):
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            sent = client.post("/api/v2/media", files={"file": ("a.png", files.picture())}).json()
            body = {"status": "Look.", "media_ids": [sent["id"]]}
            assert client.post("/api/v1/statuses", json=body).status_code == 200
        path = sent["url"].partition("/media/")[2]
        whole = httpx.get(sent["url"], trust_env=False).content
        for _ in range(2):
            with mirror(url, folder / "record.pub", tmp_path / "mirror") as (address, process):
                assert shows(address)["shows_media"] is True
                end = time.monotonic() + 30
                found = httpx.get(f"{address}/media/{path}", trust_env=False)
                while found.status_code != 200 and time.monotonic() < end:
                    time.sleep(0.1)
                    found = httpx.get(f"{address}/media/{path}", trust_env=False)
                assert found.content == whole
                recorded = httpx.get(f"{address}/record/checkpoint", trust_env=False)
                while recorded.status_code != 200 and time.monotonic() < end:
                    time.sleep(0.1)
                    recorded = httpx.get(f"{address}/record/checkpoint", trust_env=False)
                assert recorded.status_code == 200
                process.kill()
                process.wait()


def test_a_mirror_of_nothing_is_refused(tmp_path):
    (tmp_path / "key").write_text("no key\n")
    for url in ("ftp://example.test", "http://", "http://example.test/path", "http://example.test"):
        command = [sys.executable, "-m", "venire", "mirror", url, "--key", str(tmp_path / "key")]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 1
        assert "malformed" in done.stderr
