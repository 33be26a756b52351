"""The record's own entries: the policy before its use, a notice as it arrives."""

from __future__ import annotations

import json

import msgspec
import pytest

from venire.cases.public import note_policy
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio


async def entries(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    return [(row, decode_entry(row.entry)) for row in sorted(rows, key=lambda r: r.leaf_index)]


async def test_a_policy_is_in_the_record_once_for_each_text_of_it(house):
    first = await note_policy(house.court)
    assert await note_policy(house.court) == first
    found = [entry for _, entry in await entries(house) if entry.header["type"] == "policy"]
    assert [entry.header["policy"] for entry in found] == [house.court.policy.digest]


async def test_a_policy_that_comes_back_is_a_change_and_its_thresholds_are_in_clear(house):
    first = house.court.policy
    other = msgspec.structs.replace(first, digest="d" * 64)
    for policy in (first, other, first, first):
        object.__setattr__(house.site.court, "policy", policy)
        await note_policy(house.court)
    found = [entry for _, entry in await entries(house) if entry.header["type"] == "policy"]
    assert [entry.header["policy"] for entry in found] == [
        first.digest,
        other.digest,
        first.digest,
    ]
    told = found[0].header
    assert (told["panel_rule"], told["violates_at"], told["keeps_at"]) == (
        "sequential",
        99_000,
        5_000,
    )
    assert (told["weight_cap"], told["contested_violates_at"]) == (200_000, 99_900)
    assert (told["again_share"], told["gold_share"]) == (5_000, 8_000)


async def test_killed_between_the_policy_and_its_entry_it_is_told_once(house, monkeypatch):
    changed = msgspec.structs.replace(house.court.policy, digest="ab" * 32)
    object.__setattr__(house.site.court, "policy", changed)

    async def killed(*_: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(house.court.sequencer, "append", killed)
        with pytest.raises(ConnectionError):
            await note_policy(house.court)
    assert await note_policy(house.court) == await note_policy(house.court)
    found = [entry for _, entry in await entries(house) if entry.header["type"] == "policy"]
    assert [entry.header["policy"] == "ab" * 32 for entry in found] == [False, True]


async def test_a_notice_is_in_the_record_before_anything_is_held_and_names_no_sender(house):
    operator = await house.site.member("operator", role="admin")
    document = {"provider": "canaryhost", "reference": "R-7", "items": [{"n": 1, "text": "no"}]}
    sent = await operator.post(
        "/api/v1/notices", files={"notice": ("notice.json", json.dumps(document))}
    )
    assert sent.status_code == 202
    await house.settle()
    row, entry = next(pair for pair in await entries(house) if pair[1].header["type"] == "notice")
    assert entry.header["items"] == 1
    assert entry.header["authenticated"] is True
    assert b"canaryhost" not in row.entry
    assert {"provider", "reference", "ref"} <= entry.commitments.keys()
