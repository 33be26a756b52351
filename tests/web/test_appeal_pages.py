"""Appealing on the pages: the form, its state, what jurors see, and the desk beside it."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import MILD, THREAT
from venire.people import standing

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(jury_town):
    """A town with jurors enough for a verdict and an appeal."""
    return jury_town


async def _removed(town):
    browser = await town.member("rudi")
    await town.post("rudi", THREAT)
    await town.house.vote("violates")
    statements = (await town.known["rudi"].get("/api/v1/statements")).json()
    return browser, f"/statements/{statements[0]['id']}"


@pytest.mark.parametrize("language", ["en", "id"])
async def test_an_author_appeals_and_withdraws_on_the_page_of_the_statement(town, language):
    await _removed(town)
    author = await town.member("rudi", language=language)
    statements = (await town.known["rudi"].get("/api/v1/statements")).json()
    address = f"/statements/{statements[0]['id']}"
    page = await author.text(address)
    assert ("Why you disagree" if language == "en" else "Mengapa Anda tidak setuju") in page
    sent = await author.send(address, f"{address}/appeal", reason="It is <b>a line</b> of a play.")
    assert sent.status_code == 303
    await town.house.settle()
    page = await author.text(address)
    assert ("Being heard" if language == "en" else "Sedang diadili") in page
    assert "<b>a line</b> of a play" in page
    gone = await author.send(address, f"{address}/appeal/withdraw")
    assert gone.status_code == 303
    await town.house.settle()
    assert ("Withdrawn" if language == "en" else "Ditarik") in await author.text(address)


async def test_a_reporter_appeals_on_the_page_of_the_case_and_a_stranger_sees_no_form(town):
    path = await town.post("rudi", MILD)
    reporter, stranger = await town.member("citra"), await town.member("ayu")
    report = {
        "account_id": town.known["rudi"].id,
        "status_ids": [path.rsplit("/", 1)[1]],
        "rule_ids": [3],
    }
    (await town.known["citra"].post("/api/v1/reports", json=report)).raise_for_status()
    await town.house.settle()
    await town.house.vote("keeps")
    case = await town.house.case_on(path.rsplit("/", 1)[1])
    address = f"/cases/{case.public_id}"
    assert "Why you disagree" in await reporter.text(address)
    assert "Why you disagree" not in await stranger.text(address)
    assert "Why you disagree" not in await (await town.member("rudi")).text(address)
    sent = await reporter.send(address, f"{address}/appeal", reason="He means me, and she knows.")
    assert sent.status_code == 303
    await town.house.settle()
    assert "Being heard" in await reporter.text(address)
    author_sees = await (await town.member("rudi")).text(address)
    assert "He means me" not in author_sees
    assert "citra" not in author_sees


async def test_a_suspended_author_may_still_appeal(town):
    author, address = await _removed(town)
    world = town.house.world
    await standing.suspend(world, town.known["rudi"].id, "test", None, 0)
    sent = await author.send(address, f"{address}/appeal", reason="It is a line of a play.")
    assert sent.status_code == 303


async def test_what_cannot_be_appealed_says_why(town):
    author, address = await _removed(town)
    empty = await author.send(address, f"{address}/appeal", reason=" ")
    assert (empty.status_code, "reason_missing" in empty.text) == (422, True)
    town.house.site.clock.advance(190 * 24 * 3_600_000)
    page = await (await town.member("rudi")).text(address)
    assert "The time for an appeal is over." in page


async def test_moderators_note_hand_over_and_write_on_the_page_of_the_case(town):
    path = await town.post("rudi", THREAT)
    case = await town.house.case_on(path.rsplit("/", 1)[1])
    desk, other = await town.member("desk", "moderator"), await town.member("other", "moderator")
    address = f"/moderation/cases/{case.public_id}"
    assert (await desk.send(address, f"{address}/notes", text="Knows him.")).status_code == 303
    given = await desk.send(address, f"{address}/hand-over", to="@other", text="Yours.")
    assert given.status_code == 303
    wrong = await desk.send(address, f"{address}/hand-over", to="@rudi", text="")
    assert (wrong.status_code, "not_a_moderator" in wrong.text) == (422, True)
    page = await other.text(address)
    assert "Knows him." in page
    assert "@other looks after this case." in page
    said = await desk.send(address, f"{address}/message", text="Say it another way.")
    assert said.status_code == 303
    await town.house.settle()
    assert "Say it another way." in await (await town.member("rudi")).text("/inbox")
    assert "Written to the author" in await desk.text("/moderation/log")
