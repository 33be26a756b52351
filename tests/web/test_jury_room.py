"""The jury room: consent after a plain warning, summons without content, a blind seat, one vote."""

from __future__ import annotations

import pytest

from tests.kit.courthouse import THREAT
from tests.web.browser import hidden_fields
from venire.jury import actions as jury

pytestmark = pytest.mark.anyio


async def _summoned(town):
    """A juror with an open summons, the browser and the path of the seat."""
    juror, summons = (await town.house.summoned())[0]
    return await town.member(juror.username), f"/jury/{summons['id']}"


async def test_service_begins_with_a_warning_and_consent(town):
    browser = await town.member("ayu")
    before = await browser.text("/jury")
    assert "You may read threats, hatred and abuse." in before
    refused = await browser.send("/jury", "/jury/join")
    assert refused.status_code == 422
    assert "consent_missing" in refused.text
    unknown = await browser.send("/jury", "/jury/join", consent="1", opt_outs="child_safety")
    assert "category_unknown" in unknown.text
    sent = await browser.send("/jury", "/jury/join", consent="1", opt_outs=["hate", "privacy"])
    joined = await browser.follow(sent)
    assert "You are on the list for the next draw." in joined
    assert "Hate, Private data and intimate images" in joined
    left = await browser.send("/jury", "/jury/leave")
    assert "You have left the jury." in await browser.follow(left)
    assert "Before you say yes" in await browser.text("/jury")


async def test_whom_an_operator_appointed_reads_the_warning_and_consents(open_town):
    town = await open_town(acceptance=False)
    browser = await town.member("ayu")
    await jury.appoint(town.house.world, town.known["ayu"].id, bench=False, paid=False)
    room = await browser.get("/jury")
    assert "You may read threats, hatred and abuse." in room.text
    assert 'name="consent" value="1" required>' in room.text
    await browser.send("/jury", "/jury/join", consent="1")
    assert "Before you say yes" not in await browser.text("/jury")


async def test_the_bench_is_not_told_what_only_the_pool_needs(open_town):
    town = await open_town(acceptance=False)
    browser = await town.member("ayu")
    await jury.appoint(town.house.world, town.known["ayu"].id, bench=True, paid=False)
    room = await browser.text("/jury")
    assert "You serve on the bench" in room
    assert "Before you can be drawn" not in room


async def test_what_is_missing_for_a_seat_is_said(open_town):
    town = await open_town(acceptance=False)
    browser = await town.member("ayu")
    sent = await browser.send("/jury", "/jury/join", consent="1")
    said = await browser.follow(sent)
    assert "Jurors are at least 18" in said
    assert "Your account must be 30 days old." in said


async def test_a_summons_shows_no_content_and_may_be_declined(jury_town):
    await jury_town.post("rudi", THREAT)
    browser, seat = await _summoned(jury_town)
    room = (await browser.get("/jury")).text
    assert "Rule 1: Threats" in room
    assert "traitors" not in room
    assert "rudi" not in room
    assert "summons_not_found" in await browser.text(seat, 404)
    sent = await browser.send("/jury", f"{seat}/skip")
    assert "not counted against you" in await browser.follow(sent)
    assert "No summons is open." in await browser.text("/jury")


async def test_a_juror_takes_the_seat_sees_the_text_blind_and_votes_once(jury_town):
    path = await jury_town.post("rudi", f"@ayu {THREAT}")
    browser, seat = await _summoned(jury_town)
    await browser.send("/jury", f"{seat}/accept")
    first = (await browser.get(seat)).text
    assert "traitors" not in first
    assert "It may hold threats" in first
    assert "/vote" not in first
    page = (await browser.get(f"{seat}/post")).text
    assert "@A We will hang" in page
    for hidden in ("rudi", "@ayu", path.rsplit("/", 1)[1]):
        assert hidden not in page
    assert "more ballots at most" in page
    assert "Do not threaten anyone" in page
    nothing = await browser.send(f"{seat}/post", f"{seat}/vote")
    assert "vote_unknown" in nothing.text
    sent = await browser.send(f"{seat}/post", f"{seat}/vote", vote="violates", reason="A threat.")
    assert "Your ballot is in" in await browser.follow(sent)
    assert "Thank you" in await browser.text(seat)


async def test_a_ballot_twice_and_a_seat_of_another_are_refused(jury_town):
    await jury_town.post("rudi", THREAT)
    browser, seat = await _summoned(jury_town)
    await browser.send("/jury", f"{seat}/accept")
    other = await jury_town.member("ayu")
    await other.get(seat, 404)
    page = await browser.get(f"{seat}/post")
    first = await browser.send(f"{seat}/post", f"{seat}/vote", vote="keeps")
    assert first.status_code == 303
    data = {**hidden_fields(page.text, f"{seat}/vote"), "vote": "violates"}
    second = await browser.client.post(f"{seat}/vote", data=data)
    assert second.status_code == 409
    assert "ballot_already_cast" in second.text
    foreign = await other.client.post(
        f"{seat}/vote",
        data={**hidden_fields((await other.get("/jury")).text, "/jury/join"), "vote": "keeps"},
    )
    assert foreign.status_code == 404


async def test_a_seat_may_be_given_back_after_seeing_the_post(jury_town):
    await jury_town.post("rudi", THREAT)
    browser, seat = await _summoned(jury_town)
    await browser.send("/jury", f"{seat}/accept")
    sent = await browser.send(seat, f"{seat}/skip")
    assert "That is all right" in await browser.follow(sent)


async def test_a_late_answer_is_told_that_it_is_late(jury_town):
    await jury_town.post("rudi", THREAT)
    browser, seat = await _summoned(jury_town)
    room = (await browser.get("/jury")).text
    data = hidden_fields(room, f"{seat}/accept")
    jury_town.house.site.clock.advance(3 * 3_600_000)
    late = await browser.client.post(f"{seat}/accept", data=data)
    assert late.status_code == 410
    assert "summons_expired" in late.text


async def test_service_is_shown_to_nobody_else(jury_town):
    juror = jury_town.house.jurors[0].username
    await jury_town.member("ayu")
    stranger = await jury_town.stranger()
    shown = []
    for name in (juror, "ayu"):
        page = (await stranger.get(f"/@{name}")).text.replace(name, "X")
        shown.append(page.split('<main id="main">')[1].split('aria-hidden="true">', 1)[1][1:])
    assert shown[0] == shown[1]


async def test_a_juror_sees_what_a_post_said_before_it_was_changed(jury_town):
    await jury_town.member("rudi")
    await jury_town.member("ayu")
    made = await jury_town.known["rudi"].post("/api/v1/statuses", json={"status": "First words."})
    post_id = made.json()["id"]
    report = {"account_id": jury_town.known["rudi"].id, "status_ids": [post_id], "rule_ids": [3]}
    (await jury_town.known["ayu"].post("/api/v1/reports", json=report)).raise_for_status()
    changed = await jury_town.known["rudi"].put(
        f"/api/v1/statuses/{post_id}", json={"status": "Second words."}
    )
    changed.raise_for_status()
    await jury_town.house.settle()
    browser, seat = await _summoned(jury_town)
    await browser.send("/jury", f"{seat}/accept")
    shown = await browser.text(f"{seat}/post")
    assert shown.index("Second words.") < shown.index("What it said before it was changed")
    assert shown.index("What it said before") < shown.index("First words.")


async def test_a_juror_chooses_alerts_pauses_and_comes_back(town):
    browser = await town.member("ayu")
    await browser.follow(await browser.send("/jury", "/jury/join", consent="1"))
    one = await browser.send("/jury", "/jury/alerts", channels=["mail"], quiet_from="22:00")
    assert one.status_code == 422
    chosen = {"quiet_from": "22:00", "quiet_to": "07:00", "utc_offset": "420"}
    sent = await browser.send("/jury", "/jury/alerts", channels=["mail", "push", ""], **chosen)
    assert "Alerts come in this way" in await browser.follow(sent)
    page = (await browser.get("/jury")).text
    assert '<option value="mail" selected>' in page
    assert 'value="22:00"' in page
    assert '<option value="420" selected>UTC+7:00' in page
    paused = await browser.follow(await browser.send("/jury", "/jury/pause", days="7"))
    assert "You pause. Nothing is asked of you" in paused
    assert "Paused until" in paused
    back = await browser.follow(await browser.send("/jury", "/jury/pause", days="0"))
    assert "Welcome back" in back
    assert "Paused until" not in back


async def test_a_changed_warning_is_read_again(town):
    browser = await town.member("ayu")
    stale = await browser.send("/jury", "/jury/join", consent="1", version="2019-01")
    assert "warning_changed" in stale.text


async def test_the_statement_says_what_was_served_and_names_no_case(jury_town):
    path = await jury_town.post("rudi", THREAT)
    browser, seat = await _summoned(jury_town)
    await browser.send("/jury", f"{seat}/accept")
    await browser.send(f"{seat}/post", f"{seat}/vote", vote="violates")
    await jury_town.house.vote("violates")
    await jury_town.house.settle()
    shown = (await browser.get("/jury/statement")).text
    assert "In 2026 you cast 1 ballot. Thank you." in shown
    assert seat.rsplit("/", 1)[1].split("-")[0] not in shown
    assert path.rsplit("/", 1)[1] not in shown
    assert "Owed to you" not in shown
    indonesian = await jury_town.member(jury_town.house.jurors[0].username, language="id")
    assert "Laporan Anda" in await indonesian.text("/jury/statement")
