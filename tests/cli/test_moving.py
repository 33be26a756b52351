"""`venire import` and `venire export`, also when the machine goes down in the middle."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tarfile
import time

import apsw
import pytest

from tests.cli.calling import call, only_json, told
from tests.posts.moving.archives import document, files_of, note, picture, tarred, zipped


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "data"
    for name in ("ani", "bob"):
        made = call("account", "create", name, "--email", f"{name}@mail.test", "--data", folder)
        assert made.exit_code == 0, made.stderr
    return folder


def write(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    return file


def test_files_of_ties_are_brought_along(site, tmp_path):
    file = write(tmp_path, "f.csv", b"Account address\nbob\nfar@elsewhere.example\n")
    arguments = ("import", "csv", "follows", file, "--account", "ani", "--data", site)
    (one,) = only_json(call(*arguments, "--json", "-"))["imports"]
    assert (one["state"], one["brought"], one["waiting"]) == ("done", 1, 1)
    said = call(*arguments)
    wanted = "following done 0 brought, 1 there already, 1 wait for other sites"
    assert said.stdout.split() == wanted.split()


def test_an_archive_is_brought_along_and_everything_is_taken_out_again(site, tmp_path):
    posts = [note(number) for number in range(1, 90)]
    posts.append(note(90, attachment=[document("media_attachments/1/a.png", name="Words")]))
    content = files_of(posts)
    content["media_attachments/1/a.png"] = picture()
    content["blocked_accounts.csv"] = b"bob\n"
    file = write(tmp_path, "a.zip", zipped(content))
    brought = only_json(
        call("import", "archive", file, "--account", "@ani", "--data", site, "--json", "-")
    )
    archive, blocks = brought["imports"]
    assert (archive["brought"], archive["media"], blocks["brought"]) == (90, 1, 1)

    out = tmp_path / "out.tar.gz"
    made = only_json(call("export", "account", "ani", out, "--data", site, "--json", "-"))
    assert (made["posts"], made["media"], made["left_out"]) == (90, 1, 0)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with tarfile.open(out) as opened:
        outbox = json.load(opened.extractfile("outbox.json"))
        assert opened.extractfile("blocked_accounts.csv").read().startswith(b"bob@")
        media = [name for name in opened.getnames() if name.startswith("media_attachments/")]
    assert outbox["totalItems"] == 90
    assert len(media) == 1
    again = only_json(
        call("import", "archive", out, "--account", "bob", "--data", site, "--json", "-")
    )
    assert again["imports"][0]["brought"] == 90


def test_slips_are_told(site, tmp_path):
    file = write(tmp_path, "f.csv", b"bob\n")
    told(
        call("import", "csv", "follows", file, "--account", "nobody", "--data", site),
        "account_not_found",
    )
    told(
        call("import", "archive", file, "--account", "ani", "--data", site),
        "archive_broken",
    )
    told(call("export", "account", "nobody", tmp_path / "o", "--data", site), "account_not_found")
    assert not list(tmp_path.glob(".o*"))
    assert call("export", "account", "ani", file, "--data", site).exit_code == 2
    assert call("import", "csv", "votes", file, "--account", "ani", "--data", site).exit_code == 2


def imported(site):
    connection = apsw.Connection(str(site / "venire.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return [row[0] for row in connection.execute("SELECT uri FROM post_origins")]
    finally:
        connection.close()


def test_an_import_that_was_killed_goes_on_and_brings_each_post_once(site, tmp_path):
    posts = [
        note(number, at=f"2021-03-01T{number // 60 % 60:02d}:{number % 60:02d}:00Z")
        for number in range(1, 1_201)
    ]
    file = write(tmp_path, "a.tar.gz", tarred(files_of(posts)))
    arguments = ["import", "archive", str(file), "--account", "ani", "--data", str(site)]
    code = "from venire.cli.main import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while len(imported(site)) < 150:
        assert time.monotonic() < until
        assert child.poll() is None
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert 150 <= len(imported(site)) < 1_200
    # The same again: what was cut off goes on first, then all of it is there already.
    first, again = only_json(call(*arguments, "--json", "-"))["imports"]
    assert (first["state"], again["there"]) == ("done", 1_200)
    assert first["brought"] + first["there"] == 1_200
    uris = imported(site)
    assert len(uris) == len(set(uris)) == 1_200
