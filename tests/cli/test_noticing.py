"""`venire notice`: on a data folder, and on a site elsewhere that may not answer."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from tests.cli.calling import call, only_json, told
from tests.kit.courthouse import MILD
from venire.cases.policy import DEFAULT
from venire.notices import store
from venire.people import actions as people
from venire.posts import actions as publishing
from venire.posts.model import Draft
from venire.record.note import Signer
from venire.server.settings import load_settings
from venire.server.wiring import open_house


def test_a_notice_is_kept_shown_and_answered_from_the_data_folder(folder, tmp_path):
    notice = tmp_path / "notice.json"
    items = [{"n": 1, "text": MILD}, {"n": 2, "screenshot": "../gone.png"}]
    notice.write_text(json.dumps({"reference": "1", "items": items}))
    data = ("--data", folder)
    kept = only_json(call("notice", "import", notice, "--provider", "aws", *data, "--json", "-"))
    assert set(kept) == {"ref", "items"}
    assert kept["items"] == 2
    assert kept["ref"] in call("notice", "import", notice, "--provider", "aws", *data).stdout
    shown = only_json(call("notice", "show", kept["ref"], *data, "--json", "-"))
    assert (shown["ref"], shown["state"], shown["provider"]) == (kept["ref"], "reading", "aws")
    assert [(item["n"], item["state"], item["code"]) for item in shown["items"]] == [
        (1, "received", None),
        (2, "unreadable", "path_outside"),
    ]
    assert set(shown["items"][0]) >= {"n", "state", "code", "posts", "confidence", "held_at"}
    readable = call("notice", "show", kept["ref"], *data).stdout
    assert "path_outside" in readable
    out = tmp_path / "reply"
    written = call("notice", "reply", kept["ref"], "--out", out, *data)
    assert written.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["reply.csv", "reply.json", "reply.txt"]
    assert written.stdout.splitlines() == sorted(str(path) for path in out.iterdir())
    for ref in ("1", "x", "-1", str(1 << 70)):
        for command in ("show", "reply"):
            assert call("notice", command, "--", ref).exit_code == 1
            told(call("notice", command, *data, "--", ref), "notice_not_found")


@pytest.mark.parametrize(("posts", "waits"), [(3, True), (5, False)])
def test_a_large_notice_is_measured_by_what_is_posted_here_too(folder, tmp_path, posts, waits):
    policy = DEFAULT.read_text().replace("items_and_share = 200", "items_and_share = 1")
    (folder / "mine.toml").write_text(policy.replace("over_share = 0.05", "over_share = 0.5"))
    (folder / "venire.toml").write_text('policy = "mine.toml"')
    notice = tmp_path / "notice.csv"
    notice.write_text("n,url\n1,https://a.example/1\n2,https://a.example/2\n")

    async def publish():
        async with open_house(load_settings({"data": str(folder)}, {})) as house:
            author = await people.create_account(
                house.world, "author", "a@mail.test", "long enough"
            )
            for number in range(posts):
                draft = Draft(text=f"{MILD} {number}")
                await publishing.publish(house.world, int(author.id), draft)

    async def kept(ref):
        async with open_house(load_settings({"data": str(folder)}, {})) as house:
            return await store.load(house.storage, int(ref))

    asyncio.run(publish())
    ref = only_json(call("notice", "import", notice, "--data", folder, "--json", "-"))["ref"]
    assert asyncio.run(kept(ref)).needs_confirmation == waits


def test_what_cannot_be_imported_is_refused_with_the_place(folder, tmp_path):
    for name, content, code in (
        ("a.json", b'{"items": [', "notice_not_json"),
        ("b.csv", b"a,b\n", "notice_csv_header"),
        ("c.json", b"[]", "notice_not_an_object"),
    ):
        (tmp_path / name).write_bytes(content)
        told(call("notice", "import", tmp_path / name, "--data", folder), code)
    token = tmp_path / "token"
    token.write_bytes(b"\xff\n\x00")
    sent = ("--url", "http://127.0.0.1:9", "--token-file", token)
    told(call("notice", "show", "1", *sent), "token_file_invalid")
    told(call("notice", "import", tmp_path / "none", "--data", folder), "notice_path_missing")
    told(call("notice", "import", tmp_path, "--data", folder), "notice_path_missing")


@pytest.mark.loopback
def test_a_site_that_does_not_answer_is_said_not_to(tmp_path):
    token, notice = tmp_path / "token", tmp_path / "notice.json"
    token.write_text("secret\n")
    notice.write_text('{"items": []}')
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with_token = ("--url", url, "--token-file", token)
        for command in (("notice", "import", notice), ("notice", "show", "1")):
            said = told(call(*command, *with_token), "site_unreachable")
            assert url in said
            assert "secret" not in said
            told(call(*command, "--url", url), "token_file_missing")
            told(call(*command, "--url", "nonsense", "--token-file", token), "site_unreachable")
        key = tmp_path / "key"
        key.write_text(f"{Signer('example.org/record', b'x' * 32).verifier}\n")
        told(call("verify", "record", url, "--key", key), "source_unreachable")
