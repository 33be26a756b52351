"""The record's own entries: the policy before its use, a notice as it arrives."""

from __future__ import annotations

import json

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
