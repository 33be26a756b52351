"""A post that was hidden a moment ago still stands on somebody's phone, and can be reported."""

from __future__ import annotations

import pytest

from tests.cases.desk import messages
from tests.kit.courthouse import MILD, THREAT

pytestmark = pytest.mark.anyio


async def reported(member, author, post):
    filed = {"account_id": str(author.id), "status_ids": [post], "rule_ids": [1]}
    return await member.post("/api/v1/reports", json=filed)


async def test_whoever_was_shown_a_post_reports_it_though_it_has_been_held_since(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    reader = await house.site.member("reader")
    post = await house.post(author, f"@sari {THREAT}")
    for one in (sari, reader):
        assert (await one.get(f"/api/v1/statuses/{post}")).status_code == 404
        assert (await reported(one, author, post)).status_code == 200
    await house.settle()
    assert "detector" in (await house.case_on(post)).sources
    assert (await house.case_on(post)).report_count == 2
    await house.vote("violates")
    for one in (sari, reader):
        told = " ".join(await messages(one))
        assert "has arrived" in told
        assert "What you reported was found to break rule 1" in told


async def test_who_threatens_and_blocks_at_once_is_reported_all_the_same(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    reader = await house.site.member("reader")
    question = await house.post(sari, MILD)
    named = await house.post(author, f"@sari I know where you live. {MILD}")
    answer = await house.post(author, "I know where you live.", in_reply_to_id=question)
    for one in (sari, reader):
        await author.post(f"/api/v1/accounts/{one.id}/block")
    for post in (named, answer):
        assert (await sari.get(f"/api/v1/statuses/{post}")).status_code == 404
        assert (await reported(sari, author, post)).status_code == 200
        assert (await reported(reader, author, post)).status_code == 404


async def test_what_somebody_was_never_shown_or_is_no_more_is_not_reported(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    question = await house.post(sari, MILD)
    for more in ({"visibility": "direct"}, {"visibility": "private", "in_reply_to_id": question}):
        post = await house.post(author, THREAT, **more)
        assert (await reported(sari, author, post)).status_code == 404
    post = await house.post(author, f"@sari {THREAT}")
    await house.vote("violates")
    assert (await reported(sari, author, post)).status_code == 404
    post = await house.post(author, f"@sari {MILD}")
    await author.delete(f"/api/v1/statuses/{post}")
    assert (await reported(sari, author, post)).status_code == 404
