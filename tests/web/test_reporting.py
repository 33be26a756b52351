"""The report form, the receipt, and the inbox."""

from __future__ import annotations

import pytest

from tests.web.browser import hidden_fields, words_of
from venire.people.follows import follow
from venire.posts.actions import send_direct

pytestmark = pytest.mark.anyio


async def test_a_report_by_rule_is_receipted_and_its_reporter_stays_unknown(town):
    path = await town.post("rudi", "Nobody likes you, go away.")
    post_id = path.rsplit("/", 1)[1]
    browser = await town.member("citra")
    form = await browser.text(f"/report/{post_id}")
    assert "Which rule does it break?" in form
    assert "Harassment" in form
    assert "The author is never told who reported." in form
    sent = await browser.send(
        f"/report/{post_id}", f"/report/{post_id}", rule="3", comment="Every evening."
    )
    assert "Your report has arrived." in await browser.follow(sent)
    await town.house.settle()
    assert "your report" in await browser.text("/inbox")
    case = await town.house.case_on(post_id)
    assert case.categories == ("harassment",)
    author = await town.member("rudi")
    for page in ("/inbox", path, f"/cases/{case.public_id}"):
        text = (await author.get(page)).text
        assert "citra" not in text
        assert "Every evening" not in text


async def test_a_report_without_a_rule_keeps_what_was_written(town):
    path = await town.post("rudi", "Nobody likes you.")
    address = f"/report/{path.rsplit('/', 1)[1]}"
    browser = await town.member("citra")
    sent = await browser.send(address, address, comment="Please <look> at this.")
    assert sent.status_code == 422
    assert "Choose the rule that it breaks." in words_of(sent.text)
    assert "Please &lt;look&gt; at this." in sent.text
    long = await browser.send(address, address, rule="3", comment="a" * 1001)
    assert "A comment has 1,000 characters at most." in words_of(long.text)
    unknown = await browser.send(address, address, rule="77")
    assert "rule_unknown" in unknown.text


async def test_what_was_hidden_while_its_report_was_written_is_reported_and_not_shown(town):
    path = await town.post("rudi", "Nobody likes you, @citra, and we know where you live.")
    address = f"/report/{path.rsplit('/', 1)[1]}"
    browser = await town.member("citra")
    fields = hidden_fields((await browser.get(address)).text, address)
    await town.member("mona", role="moderator")
    held = {"action": "hold", "reason": "a threat", "category": "incitement"}
    post_id = path.rsplit("/", 1)[1]
    acted = await town.known["mona"].post(f"/api/v1/admin/posts/{post_id}/actions", json=held)
    assert acted.is_success
    await town.house.settle()
    await browser.get(address, 404)
    headers = {"Origin": browser.base_url}
    sent = await browser.client.post(address, data={**fields, "rule": "1"}, headers=headers)
    assert "Your report has arrived." in await browser.follow(sent)
    untold = await browser.client.post(address, data=fields, headers=headers)
    assert untold.status_code == 404
    assert "we know where you live" not in untold.text


async def test_a_stranger_is_asked_to_sign_in_and_brought_back(town):
    path = await town.post("rudi", "Nobody likes you.")
    address = f"/report/{path.rsplit('/', 1)[1]}"
    browser = await town.stranger()
    asked = await browser.client.get(address)
    assert asked.headers["location"] == f"/sign-in?to={address}"


async def test_whoever_reports_what_was_not_public_is_told_who_will_read_it(town):
    path = await town.post("rudi", "For followers only.", visibility="private")
    address = f"/report/{path.rsplit('/', 1)[1]}"
    browser = await town.member("citra")
    await browser.get(address, 404)
    await follow(town.house.world, town.known["citra"].id, town.known["rudi"].id)
    assert "No panel sees it." in await browser.text(address)


async def test_the_inbox_is_its_owners_alone_and_links_stay_on_this_site(town):
    path = await town.post("rudi", "Nobody likes you.")
    address = f"/report/{path.rsplit('/', 1)[1]}"
    browser = await town.member("citra")
    await browser.send(address, address, rule="3")
    await town.house.settle()
    page = (await browser.get("/inbox")).text
    assert 'href="http://venire.test/' not in page
    other = await town.member("ayu")
    assert "No messages yet." in await other.text("/inbox")


async def test_no_link_of_an_old_message_leads_to_a_name_that_the_site_has_lost(town):
    ayu = await town.member("ayu")
    words = "See http://venire.test/cases/7 and http://lost.test/cases/8, not http://evil.test/9"
    court, me = town.house.court, town.known["ayu"]
    await send_direct(court.world, court.site_account_id, me.id, words, key="one")
    await town.house.settle()
    object.__setattr__(town.house.world.site, "names", ("lost.test",))
    town.house.world.site.__dict__.pop("own", None)
    page = (await ayu.get("/inbox")).text
    assert 'href="/cases/7"' in page
    assert 'href="/cases/8"' in page
    assert 'href="http://evil.test/9"' in page
