from __future__ import annotations

import json

import pytest

from tests.kit.courthouse import open_courthouse

pytestmark = pytest.mark.anyio


async def test_a_reply_repeats_nothing_of_an_item_about_a_child(tmp_path):
    async with open_courthouse(tmp_path) as house:
        operator = await house.site.member("operator", role="admin")
        document = {
            "provider": "host",
            "reference": "R-1",
            "items": [
                {"n": 1, "text": "canary of a child", "category": "csam"},
                {"n": 2, "text": "an ordinary sentence nobody wrote", "category": "hate"},
            ],
        }
        sent = await operator.post(
            "/api/v1/notices", files={"notice": ("notice.json", json.dumps(document))}
        )
        assert sent.status_code == 202
        await house.settle()
        for name in ("reply.txt", "reply.csv", "reply.json"):
            reply = await operator.get(f"/api/v1/notices/{sent.json()['ref']}/{name}")
            assert reply.status_code == 200
            assert "canary" not in reply.text
            if name == "reply.txt":
                assert "ordinary sentence" in reply.text
