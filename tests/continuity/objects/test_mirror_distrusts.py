"""A list that is old, rolled back, forged or out of its time: a mirror shows nothing."""

from __future__ import annotations

import asyncio
import errno
import gzip

import httpx
import pytest

from tests.api.uploads import posted, uploaded
from tests.continuity.mirror_kit import RECORD, SIGNER, URL, says, set_state, site_and_mirror
from venire.continuity.objects import mirror_folder, revocations
from venire.continuity.objects.mirror import Mirror
from venire.continuity.objects.mirror_folder import MirrorFolder
from venire.continuity.objects.revocation_lists import LASTS_MS, SKEW_MS
from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Unavailable
from venire.record.note import Signer

pytestmark = pytest.mark.anyio

_FILE = f"{URL}/media/5/{'a' * 32}.png"


@pytest.fixture
async def two(tmp_path):
    async with site_and_mirror(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ann(two):
    return await two.house.site.member("ann")


async def test_a_list_that_is_an_hour_old_ends_it_and_a_new_one_brings_it_back(two, ann):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    # The site hangs: nothing new is signed.
    two.pass_time(LASTS_MS - 1)
    await two.mirror.follow()
    assert await two.shown(medium) == {200}
    two.pass_time(1)
    assert await two.shown(medium) == {503}
    await two.mirror.follow()
    assert await two.shown(medium) == {503}
    await two.round()
    assert await two.shown(medium) == {200}


@pytest.mark.parametrize("by_ms", [LASTS_MS, -LASTS_MS, SKEW_MS + MINUTE_MS])
async def test_a_clock_that_is_wrong_shows_nothing_rather_than_what_is_held(two, ann, by_ms):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    if by_ms > SKEW_MS + MINUTE_MS or by_ms < 0:
        two.clock.advance(by_ms)
        assert await two.shown(medium) == {503}
    else:
        # The site's clock is ahead by more than two clocks may be apart.
        two.house.site.clock.advance(by_ms)
        await two.round()
        assert two.kept.why == "list_from_the_future"
        assert await two.shown(medium) == {503}


async def test_a_clock_set_back_does_not_make_an_old_list_young(two, ann):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    two.ticks[0] += LASTS_MS / 1000
    assert await two.shown(medium) == {503}


async def test_a_list_that_is_rolled_back_ends_it_at_once(two, ann, tmp_path):
    medium, other = await uploaded(ann), await uploaded(ann)
    post = await posted(two.house, ann, medium)
    await posted(two.house, ann, other)
    await two.round()
    old = await revocations.newest(two.house.world)
    await set_state(two, post, "held")
    two.pass_time(MINUTE_MS)
    await two.round()
    assert await two.shown(other) == {200}
    two.mirror._client = says(old)
    await two.mirror.follow()
    assert two.kept.why == "list_rolled_back"
    assert await two.shown(other) == await two.shown(medium) == {503}
    # Also after a start, and until there is a newer one.
    again = MirrorFolder(tmp_path / "mirror", URL, RECORD.verifier, two.clock, lambda: 0.0)
    mirror = Mirror(says(old), URL, RECORD.verifier, again, 1 << 30)
    await mirror.follow()
    assert (again.why, again.fresh()) == ("list_rolled_back", False)


@pytest.mark.parametrize("answer", [b"", b"<html>for sale</html>", b"x" * 20_000])
async def test_what_is_no_list_ends_it_at_once(two, ann, answer):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    usual, two.mirror._client = two.mirror._client, says(answer)
    await two.mirror.follow()
    assert await two.shown(medium) == {503}
    two.mirror._client = usual
    await two.round()
    assert await two.shown(medium) == {200}


async def test_a_list_signed_with_another_key_ends_it_at_once(two, ann):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    forger = Signer(SIGNER.verifier.name, b"f" * 32)
    await revocations.issue(two.house.world, forger, RECORD.verifier.name, 0)
    await two.mirror.follow()
    assert two.kept.why == "bad_signature"
    assert await two.shown(medium) == {503}


async def test_entries_that_do_not_add_up_are_not_believed(two, ann):
    medium = await uploaded(ann)
    post = await posted(two.house, ann, medium)
    await two.round()
    await set_state(two, post, "held")
    await two.house.settle()
    await revocations.issue(two.house.world, SIGNER, RECORD.verifier.name, 0)
    note = await revocations.newest(two.house.world)
    for page in (b"", b"1 m1 revoked\n", f"1 m{medium['id']} restored\n".encode()):
        pages = {"/media/revocations": note, "/media/revocations/0": page}
        two.mirror._client = httpx.AsyncClient(
            transport=httpx.MockTransport(
                lambda asked, pages=pages: httpx.Response(200, content=pages[asked.url.path])
            )
        )
        await two.mirror.follow()
        assert two.kept.why in {"list_inconsistent", "page_malformed"}
        assert await two.shown(medium) == {503}


async def test_a_site_that_was_restored_begins_a_new_list_and_the_mirror_with_it(two, ann):
    kept, gone = await uploaded(ann), await uploaded(ann)
    await posted(two.house, ann, kept)
    post = await posted(two.house, ann, gone)
    await two.round()
    await set_state(two, post, "held")
    await two.house.settle()
    await revocations.issue(two.house.world, SIGNER, RECORD.verifier.name, 1)
    await two.mirror.follow()
    assert await two.shown(kept) == {200}
    assert await two.shown(gone) == {404}
    two.pass_time(MINUTE_MS)
    await two.round()
    assert two.kept.why == "list_rolled_back"


async def test_after_a_start_nothing_is_shown_before_there_is_a_list(two, ann, tmp_path):
    medium = await uploaded(ann)
    post = await posted(two.house, ann, medium)
    await two.round()
    await set_state(two, post, "held")
    await two.round()
    await set_state(two, post, "visible")
    await two.round()
    folder = tmp_path / "mirror"
    for name in ("revocations", "media.jsonl"):
        with (folder / name).open("ab") as file:
            file.write(b"cut sho")
    again = MirrorFolder(folder, URL, RECORD.verifier, two.clock, lambda: 0.0)
    assert not again.fresh()
    assert (again.known, again.count) == (two.kept.known, 1)
    await Mirror(two.house.site.client, URL, RECORD.verifier, again, 1 << 30).follow()
    assert again.fresh()
    with pytest.raises(Unavailable, match="mirror_of_another"):
        MirrorFolder(folder, "http://else.test", RECORD.verifier, two.clock, lambda: 0.0)
    (folder / "mirror.json").write_bytes(b"{")
    with pytest.raises(Unavailable, match="mirror_damaged"):
        MirrorFolder(folder, URL, RECORD.verifier, two.clock, lambda: 0.0)


@pytest.mark.parametrize(
    "post",
    [
        {"id": "5", "account": {"id": "nobody"}, "media_attachments": [{"url": _FILE}]},
        {"id": "5", "account": {"id": "1"}, "media_attachments": [{"url": "http://["}]},
        {"id": "9" * 30, "account": {"id": "1"}, "media_attachments": [{"url": _FILE}]},
    ],
)
async def test_a_timeline_that_makes_no_sense_ends_no_mirror(two, ann, post):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    note = await revocations.newest(two.house.world)

    def answer(asked: httpx.Request) -> httpx.Response:
        if asked.url.path == "/media/revocations":
            return httpx.Response(200, content=note)
        return httpx.Response(200, json=[{"visibility": "public", **post}])

    usual = two.mirror._client
    two.mirror._client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    await two.mirror.follow()
    two.mirror._client = usual
    await two.round()
    assert await two.shown(medium) == {200}


async def test_a_list_that_a_full_disk_does_not_take_ends_it_until_it_does(
    two, ann, tmp_path, monkeypatch
):
    medium, other = await uploaded(ann), await uploaded(ann)
    post = await posted(two.house, ann, medium)
    await posted(two.house, ann, other)
    await two.round()
    await set_state(two, post, "held")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(mirror_folder.os, "fsync", full)
        await two.round()
    assert two.kept.why == "list_not_kept"
    assert await two.shown(other) == await two.shown(medium) == {503}
    # What is half there is not counted on, now or after a start.
    await two.round()
    assert (await two.shown(other), await two.shown(medium)) == ({200}, {404})
    again = MirrorFolder(tmp_path / "mirror", URL, RECORD.verifier, two.clock, lambda: 0.0)
    assert (again.known, again.count) == (two.kept.known, two.kept.count)


async def test_media_that_a_full_disk_does_not_note_leave_a_folder_that_opens(
    two, ann, tmp_path, monkeypatch
):
    await two.round()

    def half(self: mirror_folder._Lines, lines: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(lines[: len(lines) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    with monkeypatch.context() as disk:
        disk.setattr(mirror_folder._Lines, "append", half)
        await two.round()
    await two.round()
    assert await two.shown(medium) == {200}
    again = MirrorFolder(tmp_path / "mirror", URL, RECORD.verifier, two.clock, lambda: 0.0)
    assert again.count == 1


async def test_nothing_that_is_packed_is_unpacked(two, ann):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    packed = gzip.compress(bytes(50_000_000))
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept-encoding"])
        stream = httpx.ByteStream(packed[:8_000])
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)

    two.mirror._client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    await two.mirror.follow()
    assert asked == ["identity"]
    assert two.kept.why == "answer_packed"
    assert await two.shown(medium) == {503}


async def test_a_mirror_that_stumbles_shows_nothing_and_goes_on(two, ann, monkeypatch):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()

    async def stumbles() -> None:
        raise RuntimeError

    monkeypatch.setattr(two.mirror, "follow", stumbles)
    running = asyncio.create_task(two.mirror.run())
    await asyncio.sleep(0.05)
    assert await two.shown(medium) == {503}
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
