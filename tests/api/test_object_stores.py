"""Whoever runs the site sees how its stores stand; nobody else does."""

from __future__ import annotations

import pytest

from tests.continuity.object_kit import place_at
from tests.kit.courthouse import open_courthouse
from venire.continuity.objects.object_manifests import compare

pytestmark = pytest.mark.anyio


async def test_what_waits_and_what_was_compared_is_told_to_operators_alone(tmp_path):
    (tmp_path / "site").mkdir()
    async with open_courthouse(tmp_path / "site") as house:
        path = "/api/v1/admin/objects"
        ann = await house.site.member("ann")
        operator = await house.site.member("op", "admin")
        assert (await ann.get(path)).status_code == 403
        told = (await operator.get(path)).json()
        empty = {"evidence": None, "media": None}
        assert told == {"waiting": 0, "waiting_since": None, "stores": {}, "compared": empty}
        place = place_at(house.world, tmp_path / "kept")
        await place.media.put(b"one")
        told = (await operator.get(path)).json()
        assert told["waiting"] == 1
        assert told["waiting_since"].startswith("2026-")
        place.a.mood = "closed"
        await place.settle()
        await compare(house.world, place.media, tmp_path / "manifests")
        told = (await operator.get(path)).json()
        assert told["stores"]["a"] == {"state": "shut", "said": "forbidden"}
        media = told["compared"]["media"]
        assert (media["objects"], media["stores"]["b"]["held"]) == (1, 1)
        assert media["stores"]["a"]["reachable"] is False
