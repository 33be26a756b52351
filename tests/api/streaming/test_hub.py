"""From the journal to the sockets of one process."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.streaming.wire import socket
from tests.api.telling_site import publish
from tests.kit.site import open_site
from venire.api.streaming.hub import newest_sequence
from venire.events import CaseChanged
from venire.posts import actions
from venire.posts.model import Draft
from venire.storage.verbs import Envelope

pytestmark = pytest.mark.anyio


class Journal:
    """A journal with holes, as commits without events leave them."""

    def __init__(self, sequences: set[int]) -> None:
        self.sequences = sorted(sequences)
        self.reads = 0

    async def tail(self, after: int, limit: int = 256) -> list[Envelope]:
        self.reads += 1
        found = [one for one in self.sequences if one > after][:limit]
        return [Envelope(one, one, 0, "x", CaseChanged(1)) for one in found]


@given(st.sets(st.integers(1, 1 << 40), max_size=40))
def test_the_end_of_a_journal_is_found_in_few_reads(sequences):
    journal = Journal(sequences)
    assert asyncio.run(newest_sequence(journal)) == max(sequences, default=0)
    assert journal.reads < 100


async def test_what_was_before_the_first_socket_is_not_told(site):
    ani = await site.member("ani")
    await publish(ani, "lama")
    async with socket(site, ani, stream="public") as line:
        posted = await publish(ani, "baru")
        assert (await line.event("update"))["id"] == posted
    await publish(ani, "antara")
    async with socket(site, ani, stream="public") as line:
        posted = await publish(ani, "lagi")
        assert (await line.event("update"))["id"] == posted


async def test_what_another_process_commits_is_told_here(tmp_path):
    async with open_site(tmp_path) as one, open_site(tmp_path) as other:
        ani = await one.member("ani")
        async with socket(one, ani, stream="public") as line:
            post = await actions.publish(other.world, ani.id, Draft("dari sebelah"))
            assert (await line.event("update"))["id"] == str(post.id)


async def test_one_event_that_cannot_be_told_does_not_silence_the_rest(site, caplog):
    ani = await site.member("ani")
    station = site.app.streaming.station
    tell = station.hub._tell
    failed = []

    async def fails_once(envelope) -> None:
        if not failed:
            failed.append(envelope)
            raise ValueError("broken")
        await tell(envelope)

    async with socket(site, ani, stream="public") as line:
        station.hub._tell = fails_once
        await publish(ani, "hilang")
        posted = await publish(ani, "sampai")
        assert (await line.event("update"))["id"] == posted
    assert any(record.message == "event_not_streamed" for record in caplog.records)


async def test_a_journal_that_cannot_be_read_is_tried_again(site, monkeypatch, caplog):
    ani = await site.member("ani")
    real, failures = site.storage.tail, iter([OSError("disk")])

    async def tail(after, limit=256):
        for failure in failures:
            raise failure
        return await real(after, limit)

    async with socket(site, ani, stream="public") as line:
        monkeypatch.setattr(site.storage, "tail", tail)
        posted = await publish(ani, "sampai")
        assert (await line.event("update"))["id"] == posted
    assert any(record.message == "streaming_stumbled" for record in caplog.records)


async def test_a_thousand_hear_a_post_that_was_written_once(site, monkeypatch):
    from venire.api.streaming import writing

    written = []
    real = writing.status_jsons

    async def counted(world, posts, viewer_id=None, **more):
        written.append(viewer_id)
        return await real(world, posts, viewer_id, **more)

    monkeypatch.setattr(writing, "status_jsons", counted)
    people = [await site.member(f"m{n}") for n in range(30)]
    opened = [socket(site, one, stream="public") for one in people]
    lines = [await one.__aenter__() for one in opened]
    try:
        posted = await publish(people[0], "sekali")
        payloads = {(await line.next())["payload"] for line in lines[1:]}
        assert len(payloads) == 1
        assert posted in payloads.pop()
        assert len(written) == 2, "its author's copy, and one for all others"
    finally:
        for one in opened:
            await one.__aexit__(None, None, None)
