"""The work on imports: cut off anywhere it goes on, put off it waits, and it ends when it must."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest

from tests.kit.courthouse import Courthouse, open_courthouse
from tests.kit.site import Member
from tests.people.house import Killed, MortalStorage
from tests.posts.moving import archives
from tests.posts.moving.archives import document, files_of, note, zipped
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.people import standing
from venire.people.follows import followee_ids
from venire.posts.listing import account_entries
from venire.posts.media.studio import Tools
from venire.posts.model import Stretch
from venire.posts.moving import actions, steps, store
from venire.posts.moving.model import Import, Outcome, Report

pytestmark = pytest.mark.anyio
MEDIUM = "media_attachments/files/1/a.png"


@pytest.fixture
async def house(tmp_path: Path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ani(house: Courthouse) -> Member:
    return await house.site.member("ani")


def small_archive() -> bytes:
    posts = [note(number) for number in range(1, 16)]
    posts.append(note(16, attachment=[document(MEDIUM)], inReplyTo=archives.uri(1)))
    content = files_of(posts)
    content[MEDIUM] = archives.picture()
    return zipped(content)


async def begin(tools: Tools, member: Member, content: bytes) -> Import:
    begun = await actions.begin_archive(tools, member.id, io.BytesIO(content), len(content))
    return begun[0]


def dying(tools: Tools, writes: int, *, after: bool) -> Tools:
    mortal = MortalStorage(tools.world.storage, writes, after=after)
    return dataclasses.replace(tools, world=dataclasses.replace(tools.world, storage=mortal))


def objects(house: Courthouse) -> list[Path]:
    return list(Path(house.court.media.objects._folder).glob("??/*"))


@pytest.mark.parametrize("after", [False, True])
async def test_killed_at_any_write_every_post_is_brought_once(house, ani, after, tmp_path):
    tools: Tools = house.court.media
    with (tmp_path / "archive").open("w+b") as file:
        file.write(small_archive())
        file.flush()
        (one,) = await actions.begin_archive(tools, ani.id, file, file.tell())
    killed = 0
    while not one.ended:
        try:
            await steps.step(dying(tools, 1 + killed // 3, after=after), ani.id, one.id)
        except Killed:
            killed += 1
        one = await store.load(tools.world, ani.id, one.id)
        assert killed < 60
    assert killed > 5, "it was cut off again and again"
    entries = await account_entries(tools.world, ani.id, Stretch(None, None, 99))
    assert len(entries) == 16
    assert one.report.brought + one.report.there == 16
    await house.settle()
    shown = (await ani.get(f"/api/v1/accounts/{ani.id}/statuses?limit=40")).json()
    assert sum(len(post["media_attachments"]) for post in shown) == 1
    house.site.clock.advance(2 * DAY_MS)
    await house.settle()
    # The picture that is shown, large and small; those of attempts that were cut off are gone.
    assert len(objects(house)) <= 2


async def test_an_archive_that_never_arrived_whole_is_ended_and_leaves_nothing(
    house, ani, tmp_path
):
    tools: Tools = house.court.media
    with (tmp_path / "archive").open("w+b") as file:
        file.write(small_archive())
        file.flush()
        for writes in range(2):
            with pytest.raises(Killed):
                await actions.begin_archive(
                    dying(tools, writes, after=True), ani.id, file, file.tell()
                )
            house.site.clock.advance(2 * HOUR_MS)
            await house.settle()
    there = await store.imports_of(tools.world, ani.id)
    assert {(one.state, one.report.code) for one in there} <= {
        ("failed", "upload_cut_off"),
        ("done", ""),
    }
    assert any(one.state == "failed" for one in there)
    house.site.clock.advance(DAY_MS)
    await house.settle()
    sources = {one.source_key for one in there}
    assert not [path for path in objects(house) if path.name in sources]


async def test_the_budget_of_a_new_account_puts_an_import_off_until_the_next_day(house, ani):
    for number in range(105):
        await house.site.member(f"m{number}")
    object.__setattr__(house.world.site, "acceptance", False)
    content = "\n".join(f"m{number}" for number in range(105)).encode()
    one = await actions.begin_file(house.court.media, ani.id, "following", content)
    await house.settle()
    one = await store.load(house.world, ani.id, one.id)
    assert (one.state, one.report.brought) == ("working", 100)
    assert one.paused_until_ms is not None
    house.site.clock.advance(DAY_MS + 1)
    await house.settle()
    one = await store.load(house.world, ani.id, one.id)
    assert (one.state, one.report.brought) == ("done", 105)
    assert len(await followee_ids(house.world, ani.id)) == 105


async def test_an_import_ends_with_the_account(house, ani):
    content = "\n".join(f"n{number}@x.example" for number in range(90)).encode()
    one = await actions.begin_file(house.court.media, ani.id, "blocking", content)
    await ani.site.client.request(
        "DELETE",
        "/api/v1/accounts/self",
        headers=ani.headers,
        json={"password": "correct horse"},
    )
    await house.settle()
    one = await store.load(house.world, ani.id, one.id)
    assert (one.state, one.report.code) == ("failed", "account_closed")
    house.site.clock.advance(DAY_MS)
    await house.settle()
    assert not objects(house)


async def test_a_member_brings_one_archive_at_a_time(house, ani):
    content = small_archive()
    sent = {"data": ("a.zip", content)}
    first = await ani.post("/api/v1/imports", data={"type": "archive"}, files=sent)
    second = await ani.post("/api/v1/imports", data={"type": "archive"}, files=sent)
    assert (first.status_code, second.status_code) == (202, 429)
    assert second.json()["code"] == "imports_busy"
    await house.settle()
    third = await ani.post("/api/v1/imports", data={"type": "archive"}, files=sent)
    assert third.status_code == 202


async def test_a_file_that_is_gone_ends_its_import(house, ani):
    one = await actions.begin_file(house.court.media, ani.id, "blocking", b"x@y.example")
    await house.court.media.objects.delete(one.source_key)
    await house.settle()
    one = await store.load(house.world, ani.id, one.id)
    assert (one.state, one.report.code) == ("failed", "source_missing")


def test_a_report_counts_each_row_once():
    report = Report()
    for outcome in (
        Outcome("brought", media=2, media_missing=1),
        Outcome("there"),
        Outcome("waiting"),
        Outcome("skipped", "oneself"),
        Outcome("refused", "account_unknown"),
        Outcome("refused", "account_unknown"),
    ):
        report = steps.counted(report, outcome)
    assert (report.brought, report.there, report.waiting) == (1, 1, 1)
    assert (report.skipped, report.refused) == ({"oneself": 1}, {"account_unknown": 2})
    assert (report.media, report.media_missing) == (2, 1)


async def test_a_suspended_member_brings_nothing_more_and_still_takes_everything(house, ani):
    object.__setattr__(house.world.site, "acceptance", False)
    one = await actions.begin_file(house.court.media, ani.id, "blocking", b"a@x.example\n")
    await standing.suspend(house.world, ani.id, "test", house.world.now_ms() + DAY_MS, 1)
    await house.settle()
    one = await store.load(house.world, ani.id, one.id)
    assert (one.state, one.report.code) == ("failed", "account_suspended")
    sent = {"data": ("f.csv", b"b@x.example\n")}
    refused = await ani.post("/api/v1/imports", data={"type": "blocking"}, files=sent)
    assert refused.status_code == 403
    assert (await ani.post("/api/v1/exports")).status_code == 202
