"""What may harm a child is the named person's to write about, and is written to no author."""

from __future__ import annotations

import pytest

from tests.cases.attacks import messages_to, people_of, report
from tests.cases.desk import set_policy
from tests.kit.courthouse import MILD, open_courthouse
from venire.cases.policy import ChildSafetyPolicy

pytestmark = pytest.mark.anyio

WORDS = "Delete everything you have before they come."


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as opened:
        set_policy(
            opened, child_safety=ChildSafetyPolicy(person="nina", deputy="dora", authority="NCMEC")
        )
        yield opened


async def sealed(house, author, reporter):
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 6)
    return (await house.case_on(post)).public_id


async def test_a_moderator_neither_reads_nor_writes_beside_a_sealed_case(house):
    author, reporter = await people_of(house, "author", "reporter")
    nina, mona = [await house.site.member(name, role="moderator") for name in ("nina", "mona")]
    boss = await house.site.member("boss", role="admin")
    path = f"/api/v1/admin/cases/{await sealed(house, author, reporter)}"
    kept = await nina.post(f"{path}/notes", json={"text": "the packet goes out on Monday"})
    assert kept.status_code == 200
    for other in (mona, boss):
        for answer in (
            await other.get(f"{path}/notes"),
            await other.post(f"{path}/notes", json={"text": WORDS}),
            await other.post(f"{path}/hand_over", json={"account_id": str(other.id)}),
            await other.post(f"{path}/message", json={"text": WORDS}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")
            assert "Monday" not in answer.text
    taken = await nina.post(f"{path}/hand_over", json={"account_id": str(mona.id)})
    assert (taken.status_code, taken.json()["code"]) == (403, "named_person_only")
    (note,) = (await nina.get(f"{path}/notes")).json()["notes"]
    assert note["actor"] == "nina"


async def test_nobody_writes_to_the_author_of_a_sealed_case_through_the_site(house):
    author, reporter = await people_of(house, "author", "reporter")
    nina = await house.site.member("nina", role="moderator")
    path = f"/api/v1/admin/cases/{await sealed(house, author, reporter)}"
    told = await messages_to(author)
    refused = await nina.post(f"{path}/message", json={"text": WORDS})
    assert (refused.status_code, refused.json()["code"]) == (403, "case_sealed")
    await house.settle()
    assert await messages_to(author) == told
    assert (await nina.get("/api/v1/admin/actions")).json() == []


async def test_what_was_written_to_an_author_is_not_sent_once_the_case_is_sealed(house):
    author, reporter, other = await people_of(house, "author", "reporter", "other")
    mona = await house.site.member("mona", role="moderator")
    post = await house.post(author, MILD)
    await report(house, reporter, author, post, 3)
    case = await house.case_on(post)
    sent = await mona.post(f"/api/v1/admin/cases/{case.public_id}/message", json={"text": WORDS})
    assert sent.status_code == 200
    filed = {"account_id": str(author.id), "status_ids": [post], "rule_ids": [6]}
    (await other.post("/api/v1/reports", json=filed)).raise_for_status()
    # What the case hears comes before its timers here; a crash can put hours between the two.
    await house.settle()
    assert not any(WORDS in text for text in await messages_to(author))
