"""`kill -9` after uploads: what was acknowledged is soon in every store, and erased in all."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import httpx
import pyrage
import pytest
from pyrage.x25519 import Identity

from tests.posts.media import files
from venire.cli.drills.site import create_account, started_site

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]
COUNT = 12


def outside(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("objects/media/sha256/*/*/*")}


def until(seen, wanted, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while (found := seen()) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    assert found == wanted


def test_uploads_survive_the_process_the_folder_and_a_store(tmp_path, socket_enabled):
    folder, stores = tmp_path / "data", [tmp_path / "first", tmp_path / "second"]
    ann = create_account(folder, "ann", "member", "acceptance")
    owner = Identity.generate()
    blocks = [f'[[stores]]\nname = "{one.name}"\nurl = "file://{one}"\n' for one in stores]
    (folder / "venire.toml").write_text(
        "\n".join([f'backup_recipients = ["{owner.to_public()}"]', *blocks])
    )
    headers = {"Authorization": f"Bearer {ann['access_token']}"}
    with started_site(folder) as (url, process):
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            sent = [
                client.post(
                    "/api/v2/media", files={"file": ("a.png", files.picture(width=100 + n))}
                )
                for n in range(COUNT)
            ]
        assert {answer.status_code for answer in sent} == {200}
        process.kill()
        process.wait()
    kept = {path.name for path in (folder / "media").glob("??/*")}
    shutil.rmtree(stores[0], ignore_errors=True)
    stores[0].mkdir()
    paths = [answer.json()["url"].partition("/media/")[2] for answer in sent]
    with started_site(folder) as (url, _):
        until(lambda: [len(outside(one)) for one in stores], [len(kept)] * 2)
        assert outside(stores[0]) == outside(stores[1])
        assert not outside(stores[0]) & kept
        # The folder is lost while the site runs, and one of the stores with it.
        shutil.rmtree(folder / "media")
        shutil.rmtree(stores[0] / "objects")
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            for path in paths:
                assert client.get(f"/media/{path}").status_code == 200
            for answer in sent:
                gone = client.delete(f"/api/v1/media/{answer.json()['id']}")
                assert gone.status_code == 200
        until(lambda: len(outside(stores[1])), 0)
    escrowed = (stores[1] / "objects" / "objects.key.age").read_bytes()
    assert pyrage.decrypt(escrowed, [owner]) == (folder / "keys" / "objects.key").read_bytes()
