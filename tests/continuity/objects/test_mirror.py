"""A mirror shows what the site shows, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.api.uploads import posted, served, uploaded
from tests.continuity.mirror_kit import RECORD, SIGNER, URL, set_state, site_and_mirror
from tests.kit.courthouse import MILD, THREAT
from venire.continuity.objects import revocation_lists, revocations
from venire.events import BeaconPublished, PostShown
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.kernel.errors import NotFound
from venire.people import standing
from venire.posts import actions as posts
from venire.record.note import parse_verifier_key
from venire.record.verify import verify_path
from venire.storage.tables.outbox import PARKED, ParkedRow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two(tmp_path):
    async with site_and_mirror(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ann(two):
    return await two.house.site.member("ann")


async def test_what_is_held_is_gone_here_and_there_and_comes_back_when_it_is_lifted(two, ann):
    medium = await uploaded(ann)
    post = await posted(two.house, ann, medium)
    assert await two.shown(medium) == {503}
    await two.round()
    assert await two.shown(medium) == {200}
    assert await two.shown(medium, Range="bytes=0-9") == {206}
    at_mirror = await two.client.get(medium["url"].removeprefix(URL))
    at_site = await served(two.house, medium["url"])
    assert at_mirror.content == at_site.content
    for header in ("content-type", "content-security-policy", "cache-control"):
        assert at_mirror.headers[header] == at_site.headers[header]
    for state, status in (("held", 404), ("visible", 200), ("removed", 404), ("visible", 200)):
        await set_state(two, post, state)
        assert (await served(two.house, medium["url"])).status_code == status
        two.pass_time(MINUTE_MS)
        await two.round()
        assert await two.shown(medium) == {status}
        assert await two.shown(medium, Range="bytes=0-9") == {206 if status == 200 else 404}
        there = list((two.kept.folder / "media").glob("*/*"))
        assert bool(there) == (status == 200)


async def test_a_detector_holds_and_a_jury_lifts_and_every_address_follows(two, ann):
    await two.house.seat_pool(24)
    medium = await uploaded(ann)
    body = {"status": MILD, "media_ids": [medium["id"]]}
    post = (await ann.post("/api/v1/statuses", json=body)).json()
    await two.round()
    assert await two.shown(medium) == {200}
    edited = {"status": THREAT, "media_ids": [medium["id"]]}
    assert (await ann.put(f"/api/v1/statuses/{post['id']}", json=edited)).status_code == 200
    two.pass_time(MINUTE_MS)
    await two.round()
    for address in ("url", "preview_url"):
        assert (await served(two.house, medium[address])).status_code == 404
        assert (await served(two.house, medium[address], Range="bytes=0-9")).status_code == 404
    assert await two.shown(medium) == {404}
    await two.house.vote("keeps")
    two.pass_time(MINUTE_MS)
    await two.round()
    assert (await served(two.house, medium["url"])).status_code == 200
    assert await two.shown(medium) == {200}


async def test_what_its_author_deletes_or_a_country_is_not_shown_is_not_mirrored(two, ann):
    first, second = await uploaded(ann), await uploaded(ann)
    one = await posted(two.house, ann, first)
    two_ = await posted(two.house, ann, second)
    await two.round()
    assert await two.shown(first) == await two.shown(second) == {200}
    await ann.delete(f"/api/v1/statuses/{one['id']}")
    await posts.set_withheld(two.house.world, int(two_["id"]), frozenset({"DE"}))
    await two.round()
    assert await two.shown(first) == await two.shown(second) == {404}
    await posts.set_withheld(two.house.world, int(two_["id"]), frozenset())
    await posted(two.house, ann, first, text="Once more.")
    await two.round()
    assert await two.shown(first) == await two.shown(second) == {200}


async def test_of_an_account_that_is_gone_nothing_is_shown(two, ann):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    await standing.terminate(two.house.world, ann.id, "k", case_id=1)
    await two.round()
    assert await two.shown(medium) == {404}
    await standing.undo_termination(two.house.world, ann.id, "k")
    await two.round()
    assert await two.shown(medium) == {200}


@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct"])
async def test_what_not_everyone_was_shown_is_neither_mirrored_nor_listed(two, ann, visibility):
    medium = await uploaded(ann)
    body = {"status": "Look.", "media_ids": [medium["id"]], "visibility": visibility}
    post = (await ann.post("/api/v1/statuses", json=body)).json()
    await two.round()
    assert await two.shown(medium) == {404}
    await set_state(two, post, "held")
    await two.round()
    assert two.kept.known == 0


async def test_a_site_that_is_behind_signs_nothing(two, ann):
    medium = await uploaded(ann)
    post = await posted(two.house, ann, medium)
    await two.round()
    await set_state(two, post, "held")
    assert await revocations.is_up_to_date(two.house.world)
    two.pass_time(MINUTE_MS)
    # Nobody has heard of it for a minute.
    assert not await revocations.issue(two.house.world, SIGNER, RECORD.verifier.name, 0)
    await two.round()
    assert await two.shown(medium) == {404}
    row = ParkedRow(revocations.CURSOR, 1, b"", "")
    await two.house.world.storage.put(PARKED, row)
    assert not await revocations.issue(two.house.world, SIGNER, RECORD.verifier.name, 0)


async def test_a_site_that_is_behind_by_more_than_one_look_signs_nothing(two, ann, monkeypatch):
    monkeypatch.setattr(revocations, "_EVENTS", 4)
    medium = await uploaded(ann)
    post = await posted(two.house, ann, medium)
    await two.round()
    world = two.house.world
    for number in range(20):
        # What is nothing to the list, and comes before what is.
        await world.storage.commit(f"beacon:{number}", [], [BeaconPublished(1, "renewed")])
    await set_state(two, post, "held")
    two.pass_time(MINUTE_MS)
    assert not await revocations.is_up_to_date(world)
    await two.round()
    assert await revocations.is_up_to_date(world)
    assert await two.shown(medium) == {404}


async def test_the_record_is_served_as_far_as_it_was_verified(two, ann):
    await two.round()
    await two.house.court.sequencer.checkpoint()
    answer = await two.client.get("/record/checkpoint")
    key = parse_verifier_key(two.house.court.sequencer.verifier_key)
    report = verify_path(two.kept.folder / "record", str(key))
    assert answer.status_code == 200
    assert report.size >= 1
    assert (await two.client.get("/record/tile/0/000.p/1")).status_code in {200, 404}
    for path in ("/record/../mirror.json", "/record/x", "/record/tile/entries/../../x", "/record/"):
        assert (await two.client.get(path)).status_code == 404


async def test_a_mirror_is_read_only_and_serves_nothing_else(two, ann):
    medium = await uploaded(ann)
    await posted(two.house, ann, medium)
    await two.round()
    name = medium["url"].rpartition("/")[2]
    for path in (
        "/mirror.json",
        "/media/../mirror.json",
        f"/media/{medium['id']}/..%2f..%2fmirror.json",
        f"/media/{medium['id']}/.{name}.fresh",
        f"/media/1/{name}",
        f"/media/{10**18}/{name}",
        f"/media/{medium['id']}/{'0' * 32}.png",
    ):
        assert (await two.client.get(path)).status_code == 404
    assert (await two.client.post("/")).status_code == 405
    told = (await two.client.get("/")).json()
    assert (told["shows_media"], told["media"], told["mirror_of"]) == (True, 1, URL)


async def test_told_twice_and_in_any_order_the_log_says_the_same(two, ann):
    medium = await uploaded(ann)
    post = await posted(two.house, ann, medium)
    await set_state(two, post, "held")
    await two.house.settle()
    content, _ = await revocations.page(two.house.world, 0)
    assert content == f"1 m{medium['id']} revoked\n".encode()
    told = await two.house.world.storage.tail(0, 10_000)
    for envelope in [*reversed(told), *told]:
        await revocations.hear(two.house.world, envelope)
    assert any(isinstance(envelope.event, PostShown) for envelope in told)
    assert (await revocations.page(two.house.world, 0))[0] == content


async def test_pages_of_the_list_are_read_by_anyone_and_no_others_are_there(two, ann):
    fresh = await two.house.site.client.get("/media/revocations")
    assert fresh.status_code == 404
    await two.round()
    for path, status in (("0", 404), ("x", 404), ("-1", 404), ("9" * 30, 404)):
        answer = await two.house.site.client.get(f"/media/revocations/{path}")
        assert answer.status_code == status
    note = await two.house.site.client.get("/media/revocations")
    assert (note.status_code, note.headers["cache-control"]) == (200, "no-cache")


async def test_a_list_is_signed_again_as_soon_as_it_says_more(two, ann):
    world = two.house.world
    signing = asyncio.create_task(revocations.keep_issued(world, SIGNER, RECORD.verifier.name, 0))
    try:
        medium = await uploaded(ann)
        post = await posted(two.house, ann, medium)
        await set_state(two, post, "held")
        await two.house.settle()
        for _ in range(100):
            with contextlib.suppress(NotFound):
                note = await revocations.newest(world)
                if revocation_lists.opened(note, RECORD.verifier).size == 1:
                    break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("nothing was signed")
    finally:
        signing.cancel()
        await asyncio.gather(signing, return_exceptions=True)


async def test_a_clock_that_was_ahead_and_is_set_right_keeps_no_list_from_being_signed(
    two, ann, monkeypatch
):
    monkeypatch.setattr(revocations, "_LOOK_S", 0.01)
    world, clock = two.house.world, two.house.site.clock

    async def signed_now() -> None:
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(NotFound):
                    note = await revocations.newest(world)
                    issued = revocation_lists.opened(note, RECORD.verifier).issued_at_ms
                    if issued == clock.now_ms():
                        return
                await asyncio.sleep(0.01)

    clock.advance(2 * HOUR_MS)
    signing = asyncio.create_task(revocations.keep_issued(world, SIGNER, RECORD.verifier.name, 0))
    await signed_now()
    clock.advance(-2 * HOUR_MS)
    await signed_now()
    signing.cancel()
    await asyncio.gather(signing, return_exceptions=True)
    await two.mirror.follow()
    assert two.kept.fresh()
