"""How often a notice may be sent: operators as they need, others now and then."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


async def test_a_member_sends_ten_notices_an_hour_and_an_operator_as_they_come(strict_site):
    member = await strict_site.member("member")
    operator = await strict_site.member("operator", role="moderator")
    for sender, most in ((member, 10), (operator, 20)):
        for _ in range(most):
            answer = await sender.post("/api/v1/notices")
            assert (answer.status_code, answer.json()["code"]) == (422, "notice_part_missing")
    over = await member.post("/api/v1/notices")
    assert (over.status_code, over.json()["code"]) == (429, "throttled")
    assert int(over.headers["retry-after"]) > 0
