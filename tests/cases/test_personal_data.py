"""What an archive holds of the tables: all that is somebody's, and nothing that is not theirs."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from tests.kit.courthouse import MILD, THREAT, Courthouse, open_courthouse
from venire.cases import exports, personal_data
from venire.people.store import load_account
from venire.storage.tables.every import ALL

pytestmark = pytest.mark.anyio


async def archive_of(house: Courthouse, account_id: int) -> dict[str, bytes]:
    account = await load_account(house.world, account_id)
    with io.BytesIO() as held:
        await exports.write_archive(house.court, account, held)
        held.seek(0)
        with tarfile.open(fileobj=held) as opened:
            return {
                info.name: file.read()
                for info in opened
                if (file := opened.extractfile(info)) is not None
            }


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


@pytest.fixture
async def jury_house(tmp_path):
    async with open_courthouse(tmp_path, jurors=8) as opened:
        yield opened


def test_each_table_with_a_subject_goes_out_or_says_why_it_does_not():
    named = {table.name for table in ALL if table.subject and not table.rebuildable}
    assert not personal_data.WITHHELD.keys() - named
    assert not personal_data.REPEATED.keys() - named
    assert not personal_data.WITHHELD.keys() & personal_data.REPEATED.keys()
    out = {table.name for table in personal_data.exported_tables()}
    assert out == named - personal_data.WITHHELD.keys() - personal_data.REPEATED.keys()
    # What repeats is said by a table that goes out itself.
    assert set(personal_data.REPEATED.values()) <= out
    assert personal_data._WAYS.keys() <= out


async def test_rows_are_found_in_every_part_of_a_table_as_a_scan_finds_them(house):
    ani, bob = await house.site.member("ani"), await house.site.member("bob")
    for one, other in ((ani, bob), (bob, ani)):
        await one.post(f"/api/v1/accounts/{other.id}/follow")
        post = (await one.post("/api/v1/statuses", json={"status": MILD})).json()
        await other.post(f"/api/v1/statuses/{post['id']}/favourite")
        await other.post(f"/api/v1/statuses/{post['id']}/bookmark")
        await other.post(f"/api/v1/statuses/{post['id']}/reblog")
        await one.post(f"/api/v1/statuses/{post['id']}/pin")
        await one.put(f"/api/v1/statuses/{post['id']}", json={"status": f"{MILD} Indeed."})
        await one.post(f"/api/v1/accounts/{other.id}/note", json={"comment": "a note"})
        await one.post("/api/v1/markers", json={"home": {"last_read_id": post["id"]}})
        sent = {"status": f"@{other.username} psst", "visibility": "direct"}
        await one.post("/api/v1/statuses", json=sent)
        report = {"account_id": other.id, "comment": f"complaint of {one.username}"}
        await one.post("/api/v1/reports", json=report)
        files = {"data": ("f.csv", b"far@x.example\n not one \n")}
        await one.post("/api/v1/imports", data={"type": "blocking"}, files=files)
        await house.settle()
    full = 0
    for table in personal_data.exported_tables():
        rows, cursor = await house.site.storage.scan(table, None, 10_000)
        assert cursor is None
        wanted = {
            table.key_of(row)
            for row in rows
            if getattr(row, table.subject[0]) == ani.id and not personal_data._of_duty(row)
        }
        found = [row async for row in personal_data.rows_of(house.world, table, ani.id)]
        assert {table.key_of(row) for row in found} == wanted, table.name
        assert len(found) == len(wanted), table.name
        full += bool(wanted)
    assert full > 20


async def test_the_files_hold_what_is_ones_own_and_no_secret(house):
    ani = await house.site.member("ani")
    await ani.post("/api/v1/statuses", json={"status": "A sentence of my own."})
    await house.settle()
    files = await archive_of(house, ani.id)
    login = json.loads(files["data/logins.jsonl"])
    assert login["email"] == "ani@mail.test"
    assert "password_hash" not in login
    post = json.loads(files["data/posts.jsonl"])
    assert post["text"] == "A sentence of my own."
    everything = b"".join(files.values())
    for secret in (b"argon2", b"scrypt", ani.created.access_token.encode()):
        assert secret not in everything


async def test_no_archive_tells_who_judged_or_who_reported(jury_house):
    house = jury_house
    author = await house.site.member("rudi")
    reporter = await house.site.member("zebadiah")
    moderator = await house.site.member("chief", "moderator")
    post_id = await house.post(author, "Everyone there is a coward and a liar.")
    report = {
        "account_id": author.id,
        "status_ids": [post_id],
        "rule_ids": [1],
        "comment": "I recognise his handwriting.",
    }
    (await reporter.post("/api/v1/reports", json=report)).raise_for_status()
    await house.settle()
    await house.vote("violates")
    await house.settle()
    seated = []
    for juror in house.jurors:
        rows, _ = await house.site.storage.scan(_table("seats"))
        if any(row.juror_id == juror.id and row.vote for row in rows):
            seated.append(juror)
    assert seated

    told = b"".join((await archive_of(house, author.id)).values())
    for canary in (reporter.username, "handwriting", str(reporter.id)):
        assert canary.encode() not in told
    for juror in house.jurors:
        assert juror.username.encode() not in told
        assert str(juror.id).encode() not in told
    assert b"statements" in b" ".join(name.encode() for name in await archive_of(house, author.id))

    # The moderator heard who reported: in their own archive it is not.
    told = b"".join((await archive_of(house, moderator.id)).values())
    assert str(reporter.id).encode() not in told

    # A juror's own archive does not say that they judge: the wrong person may come to read it.
    for juror in seated[:2]:
        files = await archive_of(house, juror.id)
        held = {name for name, content in files.items() if content}
        assert not {"data/seats.jsonl", "data/jurors.jsonl", "data/pool_members.jsonl"} & set(files)
        assert not [name for name in held if "summons" in name or "service" in name]
        everything = b"".join(files.values())
        assert str(author.id).encode() not in everything
        assert post_id.encode() not in everything

    # What the reporter said is theirs, and in their own archive.
    assert b"handwriting" in (await archive_of(house, reporter.id))["data/reports.jsonl"]


def _table(name: str):
    return next(table for table in ALL if table.name == name)


async def test_what_was_removed_is_repeated_nowhere(jury_house):
    house = jury_house
    author = await house.site.member("rudi")
    await house.post(author, THREAT)
    await house.vote("violates")
    files = await archive_of(house, author.id)
    for name in ("outbox.json", "data/posts.jsonl", "data/post_versions.jsonl"):
        assert b"traitors" not in files[name], name
