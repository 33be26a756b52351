"""Reporting what is hidden opens it for nobody: a copy is for whoever had the words already."""

from __future__ import annotations

import pytest

from tests.cases.attacks import messages_to, people_of, report
from tests.kit.courthouse import MILD, THREAT
from venire.kernel.clock import MINUTE_MS

pytestmark = pytest.mark.anyio

WORDS = "You know where I will be waiting for you, and with what."


async def copy_for(house, member, post):
    """The status of the answer; `post`: its id, or the case on what is deleted meanwhile."""
    case = await house.case_on(post) if isinstance(post, str) else post
    return (await member.get(f"/api/v1/cases/{case.public_id}/police_copy")).status_code


async def test_who_reports_a_post_that_was_hidden_already_gets_no_copy_of_it(house):
    author, sari, reader = await people_of(house, "author", "sari", "reader")
    post = await house.post(author, f"@sari {THREAT}")
    house.site.clock.advance(MINUTE_MS)
    for one in (reader, sari):
        await report(house, one, author, post, 1)
    assert await copy_for(house, reader, post) == 404
    await report(house, reader, author, post, 3)
    assert await copy_for(house, reader, post) == 404, "nor by saying it once more"
    await house.vote("violates")
    assert await messages_to(reader), "the report counts all the same"
    assert await copy_for(house, reader, post) == 404
    assert await copy_for(house, sari, post) == 200, "whom it is aimed at has it always"


async def test_who_reported_it_while_it_stood_keeps_the_copy_when_it_is_gone(house):
    author, reader, other = await people_of(house, "author", "reader", "other")
    post = await house.post(author, WORDS)
    body = {"account_id": str(author.id), "status_ids": [post], "rule_ids": [4]}
    for one in (reader, other):
        # Both were filed before either was looked at: the first hides it from the second.
        assert (await one.post("/api/v1/reports", json=body)).status_code == 200
    await house.settle()
    assert (await house.case_on(post)).hold == "held"
    house.site.clock.advance(MINUTE_MS)
    for one in (reader, other):
        assert await copy_for(house, one, post) == 200
    await house.vote("violates")
    assert (await house.case_on(post)).measure == "remove"
    for one in (reader, other):
        assert await copy_for(house, one, post) == 200


async def test_a_report_made_while_it_was_hidden_opens_nothing_when_its_author_takes_it_back(house):
    author, reader = await people_of(house, "author", "reader")
    post = await house.post(author, f"{THREAT} {MILD}")
    house.site.clock.advance(MINUTE_MS)
    await report(house, reader, author, post, 1)
    case = await house.case_on(post)
    await author.delete(f"/api/v1/statuses/{post}")
    await house.settle()
    assert await copy_for(house, reader, case) == 404
