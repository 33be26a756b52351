"""Who answers follow requests by hand is told of each."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import open_courthouse

pytestmark = pytest.mark.anyio


async def test_a_locked_account_is_notified_of_a_request_once(tmp_path):
    async with open_courthouse(tmp_path) as house:
        locked, asker = await house.site.member("locked"), await house.site.member("asker")
        await locked.patch("/api/v1/accounts/update_credentials", json={"locked": True})
        for _ in range(2):
            await asker.post(f"/api/v1/accounts/{locked.id}/follow")
            await house.settle()
        told = (await locked.get("/api/v1/notifications")).json()
        assert [(one["type"], one["account"]["username"]) for one in told] == [
            ("follow_request", "asker")
        ]
