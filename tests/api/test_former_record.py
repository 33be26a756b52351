"""A record that ended at a restore is still served, and checked as any other is."""

from __future__ import annotations

import pytest

from venire.continuity.recovery import successor
from venire.record.checkpoint import open_checkpoint, sign_checkpoint
from venire.record.entry import encode_entry
from venire.record.former import name_of
from venire.record.headers import hour_of
from venire.record.model import Checkpoint
from venire.record.note import Signer, parse_verifier_key
from venire.record.verify import RecordFault, verify_path

pytestmark = pytest.mark.anyio
SEED = b"k" * 32


async def say_something(house) -> None:
    """A few entries."""
    for n in range(5):
        header = {"type": "disclosure", "hour": hour_of(house.world.now_ms()), "rules": "1"}
        header |= {"category": "incitement", "automated": False}
        await house.court.sequencer.append(f"said:{n}", encode_entry(header, {}))


async def end(house, *, forked: bool = False) -> int:
    """As a restore: somebody has seen the record further than it is here; how long it was here."""
    sequencer = house.court.sequencer
    size = await sequencer.size()
    seen = Checkpoint(sequencer.origin, size if forked else size + 3, b"r" * 32)
    note = sign_checkpoint(seen, sequencer.signer)
    done = await successor.settle(house.world, sequencer.verifier_key, SEED, [note])
    assert done.epoch == sequencer.epoch + 1
    sequencer._epoch, sequencer._signed = done.epoch, None
    sequencer._signer = Signer(done.origin, SEED)
    return size


async def fetch(house, path: str, status: int = 200) -> bytes:
    answer = await house.site.client.get(path)
    assert answer.status_code == status, answer.text
    return answer.content


async def lay_out(house, folder, base: str, size: int) -> None:
    """The log as a folder, from what is served below an address."""
    for path in ("checkpoint", f"tile/entries/000.p/{size}", f"tile/0/000.p/{size}"):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(await fetch(house, f"{base}/{path}"))


@pytest.fixture
async def ended(house):
    await say_something(house)
    earlier = await house.court.sequencer.checkpoint()
    key = house.court.sequencer.verifier_key
    return house, await end(house), key, earlier


async def test_what_is_left_of_a_record_verifies_under_its_own_name_and_key(ended, tmp_path):
    house, size, key, earlier = ended
    base = "/record/former/0"
    answer = await house.site.client.get("/record/former/0/key")
    assert answer.text.strip() == key
    await lay_out(house, tmp_path, base, size)
    report = verify_path(tmp_path, key, earlier=earlier)
    assert (report.size, report.origin) == (size, "venire.test/record")
    now = open_checkpoint(
        await fetch(house, "/record/checkpoint"),
        parse_verifier_key((await fetch(house, "/record/key")).decode()),
    )
    assert (now.origin, now.size) == ("venire.test/record/1", 1)
    with pytest.raises(RecordFault):
        verify_path(tmp_path, house.court.sequencer.verifier_key)


async def test_the_records_that_ended_are_listed_with_how(ended):
    house, size, key, _ = ended
    await end(house, forked=True)
    first, second = (await house.site.client.get("/record/former")).json()
    assert first == {
        "epoch": 0,
        "origin": "venire.test/record",
        "key": key,
        "entries": size,
        "seen": size + 3,
        "ended": "behind",
        "url": f"{house.world.site.base_url}/record/former/0",
    }
    assert (second["origin"], second["ended"]) == ("venire.test/record/1", "forked")


async def test_a_record_that_is_another_one_than_was_seen_is_never_signed_again(house):
    await say_something(house)
    size = await end(house, forked=True)
    refused = await house.site.client.get("/record/former/0/checkpoint")
    assert (refused.status_code, refused.json()["code"]) == (404, "checkpoint_not_signed")
    found = await house.site.client.get(f"/record/former/0/tile/entries/000.p/{size}")
    assert found.status_code == 200


async def test_the_record_that_goes_on_is_no_former_one(ended):
    house, size, _, _ = ended
    for epoch in ("1", "2", "-1", "x", "9" * 25):
        for rest in ("checkpoint", "key", "tile/0/000.p/1"):
            await fetch(house, f"/record/former/{epoch}/{rest}", 404)
    for rest in (f"tile/0/000.p/{size + 1}", "tile/x"):
        await fetch(house, f"/record/former/0/{rest}", 404)


async def test_a_site_that_was_never_restored_has_none(house):
    assert (await house.site.client.get("/record/former")).json() == []
    await fetch(house, "/record/former/0/checkpoint", 404)


def test_names_of_records_follow_from_each_other():
    assert name_of("example.org/record", 0, 1) == "example.org/record/1"
    assert name_of("example.org/record/1", 1, 2) == "example.org/record/2"
    assert name_of("example.org/record/2", 2, 0) == "example.org/record"
    assert name_of("example.org/10", 0, 0) == "example.org/10"
