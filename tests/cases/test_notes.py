"""What moderators do beside judging stays among them, and moves nothing."""

from __future__ import annotations

import pytest

from tests.cases.attacks import messages_to, people_of, points
from tests.kit.courthouse import THREAT, open_courthouse
from venire.cases.personal_data import personal_data

pytestmark = pytest.mark.anyio

CANARY = "canary-note: I know him from school"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as opened:
        yield opened


async def moderators(house, *names):
    return [await house.site.member(name, role="moderator") for name in names]


async def test_a_note_is_seen_by_moderators_and_by_nobody_else(house):
    (author,) = await people_of(house, "author")
    first, second = await moderators(house, "first", "second")
    post = await house.post(author, THREAT)
    case = (await house.case_on(post)).public_id
    path = f"/api/v1/admin/cases/{case}/notes"
    assert (await first.post(path, json={"text": CANARY})).status_code == 200
    (note,) = (await second.get(path)).json()["notes"]
    assert (note["actor"], note["text"]) == ("first", CANARY)
    assert (await author.get(path)).status_code == 403
    await house.vote("violates")
    seen = [
        (await author.get("/api/v1/statements")).text,
        (await author.get(f"/api/v1/cases/{case}")).text,
        (await author.get("/api/v1/notifications")).text,
    ]
    for member in (author, first):
        async for _, lines in personal_data(house.world, member.id):
            seen += [line.decode() async for line in lines]
    assert not any("canary-note" in text for text in seen)


async def test_a_juror_sees_no_note(house):
    (author,) = await people_of(house, "author")
    (first,) = await moderators(house, "first")
    post = await house.post(author, THREAT)
    case = (await house.case_on(post)).public_id
    await first.post(f"/api/v1/admin/cases/{case}/notes", json={"text": CANARY})
    juror, summons = (await house.summoned())[0]
    path = f"/api/v1/jury/summons/{summons['id']}"
    for shown in (await juror.post(f"{path}/accept"), await juror.get(path)):
        assert shown.status_code == 200
        assert "canary-note" not in shown.text


async def test_a_case_is_handed_to_a_moderator_who_is_told_and_to_nobody_else(house):
    author, member = await people_of(house, "author", "member")
    first, second = await moderators(house, "first", "second")
    post = await house.post(author, THREAT)
    case = (await house.case_on(post)).public_id
    path = f"/api/v1/admin/cases/{case}/hand_over"
    done = await first.post(path, json={"account_id": str(second.id), "text": "You speak Javanese"})
    assert (done.status_code, done.json()["keeper"]) == (200, "second")
    assert [one["text"] for one in done.json()["notes"]] == ["You speak Javanese"]
    await house.settle()
    assert any("handed over to you" in text for text in await messages_to(second))
    refused = await first.post(path, json={"account_id": str(member.id)})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_moderator")
    freed = await second.post(path, json={})
    assert freed.json()["keeper"] is None


async def test_a_moderator_keeps_no_notes_on_a_case_of_their_own(house):
    first, second = await moderators(house, "first", "second")
    post = await house.post(first, THREAT)
    case = (await house.case_on(post)).public_id
    await second.post(f"/api/v1/admin/cases/{case}/notes", json={"text": CANARY})
    for answer in (
        await first.get(f"/api/v1/admin/cases/{case}/notes"),
        await first.post(f"/api/v1/admin/cases/{case}/notes", json={"text": "mine"}),
        await second.post(
            f"/api/v1/admin/cases/{case}/hand_over", json={"account_id": str(first.id)}
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "own_case")


async def test_a_word_to_the_author_costs_nothing_and_stands_in_the_log(house):
    (author,) = await people_of(house, "author")
    (first,) = await moderators(house, "first")
    post = await house.post(author, THREAT)
    case = (await house.case_on(post)).public_id
    statements = len((await author.get("/api/v1/statements")).json())
    path = f"/api/v1/admin/cases/{case}/message"
    sent = await first.post(path, json={"text": "Please say it another way next time."})
    assert sent.status_code == 200
    await house.settle()
    assert any("another way next time" in text for text in await messages_to(author))
    assert len((await author.get("/api/v1/statements")).json()) == statements
    assert await points(house, author) == 0
    assert (await house.case_on(post)).state == "judging"
    log = (await first.get("/api/v1/admin/actions")).json()
    assert [(one["action"], one["reason"]) for one in log] == [
        ("message", "Please say it another way next time.")
    ]
    long = await first.post(path, json={"text": "x" * 2_001})
    assert (long.status_code, long.json()["code"]) == (422, "text_missing")
