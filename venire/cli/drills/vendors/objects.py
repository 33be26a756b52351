"""Drills of files: a store that holds them is gone, or holds what nobody may see any more."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from PIL import Image

from venire.cli.demo_corpus import written_posts
from venire.cli.drills import site
from venire.cli.drills.vendors import stores
from venire.cli.drills.vendors.shelves import Shelf
from venire.cli.drills.vendors.stage import Caller, Stage, vendor_state, wait_until, write_settings
from venire.kernel.chance import SystemChance
from venire.kernel.errors import Unavailable

_PICTURES: Final = 4
_SIDE: Final = 64
_TOLD_S: Final = 150.0
_REFILLED_S: Final = 150.0
_SHOWN: Final = 200
_GONE: Final = 404


def upload(caller: Caller) -> tuple[str, str]:
    """A member posts a picture of chance: the post's id, and the picture's address."""
    noise = SystemChance().token(_SIDE * _SIDE * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (_SIDE, _SIDE), noise).save(file, "PNG")
    sent = {"file": ("picture.png", file.getvalue(), "image/png")}
    made = caller.ask("POST", "/api/v2/media", files=sent)
    wait_until("the picture is ready", lambda: bool(_shown(caller, made["id"])))
    words = {"status": "A picture of today.", "media_ids": [made["id"]]}
    post = caller.ask("POST", "/api/v1/statuses", json=words)
    return str(post["id"]), str(post["media_attachments"][0]["url"])


def _shown(caller: Caller, media_id: str) -> bool:
    answer = caller.client.get(f"/api/v1/media/{media_id}")
    return answer.status_code == 200 and bool(answer.json()["url"])  # noqa: PLR2004 - HTTP


def _files(shelf: Shelf) -> int:
    return len(shelf.names("objects"))


def bucket_a_gone(stage: Stage) -> None:
    """The first store and this machine's own files vanish; pictures come from the second."""
    _, public = stores.offline_key(stage)
    data = stage.data()
    plain = {"backup_recipients": [public], "workers": 1}
    shelves = [stage.shelf(data, name) for name in "ab"]
    write_settings(data, plain, *(one.block for one in shelves))
    serving = stage.serve(data)
    admin = stage.caller(serving.url, stage.account(data, "keeper", "admin"))
    member = stage.caller(serving.url, stage.account(data, "member"))
    addresses = [upload(member)[1] for _ in range(_PICTURES)]
    before = [fetched(member, address) for address in addresses]
    first, second = shelves
    wait_until("pictures lie in both stores", lambda: _files(first) == _files(second) > _PICTURES)
    held = _files(first)
    stage.log.step("pictures lie in both stores", note=f"{held} files in each")
    # Away in one step: the site writes there while they go.
    (data / "media").rename(stage.folder / "gone-media")
    first.vanish()
    (data / "media").mkdir(mode=0o700)
    stage.log.gone("the first store, and this machine's copies")
    after = [fetched(member, address) for address in addresses]
    stage.log.step("every picture is shown, byte for byte", good=after == before)
    stage.log.switched()
    fresh = upload(member)[1]
    stage.log.step("new pictures are taken", good=bool(fetched(member, fresh)))
    wait_until("the site says so", lambda: _is_told(admin), most_s=_TOLD_S)
    stage.log.detected()
    first.come_back()
    wait_until("the first store is filled again", lambda: _files(first) >= held, most_s=_REFILLED_S)
    stage.log.step("the first store is filled again", note=f"{_files(first)} files")


def _is_told(admin: Caller) -> bool:
    """Whether the site itself shows that the first store is away, or has lost what it held."""
    if vendor_state(admin, "objects", "a") != "serving":
        return True
    compared = admin.ask("GET", "/api/v1/admin/objects")["compared"].values()
    return any(made is not None and made["stores"]["a"]["lost"] > 0 for made in compared)


def fetched(caller: Caller, address: str) -> bytes:
    """A picture's bytes. Unavailable `picture_not_shown`."""
    answer = caller.client.get(address)
    if not answer.is_success:
        raise Unavailable("picture_not_shown", str(answer.status_code))
    return answer.content


@contextlib.contextmanager
def _mirrored(stage: Stage, url: str, data: Path) -> Iterator[str]:
    """A mirror of the site, run by a stranger with the site's public key."""
    port = site.free_port()
    command = [sys.executable, "-m", "venire", "mirror", url, "--port", str(port)]
    command += ["--key", str(data / "record.pub"), "--data", str(stage.folder / "mirror")]
    with (stage.folder / "mirror.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own program
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            site.stop(process)


def media_revoked(stage: Stage) -> None:
    """A picture's post is held: 404 here within ten seconds, and at a stranger's mirror after."""
    _, public = stores.offline_key(stage)
    data = stage.data()
    shelves = [stage.shelf(data, name) for name in "ab"]
    plain = {"backup_recipients": [public], "workers": 1}
    write_settings(data, plain, *(one.block for one in shelves))
    serving = stage.serve(data)
    member = stage.caller(serving.url, stage.account(data, "member"))
    stranger = stage.caller(serving.url)
    post_id, address = upload(member)
    path = urlsplit(address).path
    threat = next(row.text for row in written_posts() if row.violates)
    with _mirrored(stage, serving.url, data) as mirror_url:
        mirror = stage.caller(mirror_url)
        wait_until("the mirror shows it", lambda: _status(mirror, path) == _SHOWN, most_s=90)
        stage.log.step("a stranger and a mirror show it", good=_status(stranger, path) == _SHOWN)
        # Held as what it says: the picture was public until this moment.
        member.ask("PUT", f"/api/v1/statuses/{post_id}", json={"status": threat})
        stage.log.gone("the right to show a picture: its post is held")
        wait_until("404 at the site", lambda: _status(stranger, path) == _GONE)
        stage.log.detected()
        stage.log.switched()
        wait_until("404 at the mirror", lambda: _status(mirror, path) != _SHOWN, most_s=90)
        stage.log.step("gone at the mirror", note=f"{_status(mirror, path)}")
        own = member.client.get(f"/api/v1/statuses/{post_id}")
        stage.log.step("its author has the post still", good=own.is_success)


def _status(caller: Caller, path: str) -> int:
    try:
        return caller.client.get(path).status_code
    except httpx.TransportError:
        return 0
