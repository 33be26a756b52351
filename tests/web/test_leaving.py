"""Deleting an account from any browser, and a guardian's answer by a link."""

from __future__ import annotations

import pytest

from tests.web.browser import words_of
from venire.api.settings import ApiSettings
from venire.people import actions as people
from venire.people import consent
from venire.people.model import SignUp
from venire.people.store import find_by_handle, load_account

pytestmark = pytest.mark.anyio

FORM = {"password": "correct horse", "understood": "1"}


async def state(town, name: str) -> str:
    return (await find_by_handle(town.house.world, name)).state


async def test_a_stranger_deletes_an_account_by_name_and_password(town):
    await town.member("ayu")
    browser = await town.stranger()
    page = await browser.text("/account/delete")
    assert "7 days" in page
    for wrong in ({"password": "wrong"}, {"name": "nobody"}, {"understood": ""}):
        given = {"name": "ayu", **FORM, **wrong}
        answer = await browser.send("/account/delete", "/account/delete", **given)
        assert answer.status_code == 422
        assert await state(town, "ayu") == "active"
    done = await browser.send("/account/delete", "/account/delete", name="AYU@mail.test", **FORM)
    assert done.status_code == 200
    assert await state(town, "ayu") == "deleted"


async def test_a_member_deletes_their_own_account_and_no_other(town):
    await town.member("budi")
    browser = await town.member("ayu")
    await browser.text("/account/delete")
    done = await browser.send("/account/delete", "/account/delete", name="budi", **FORM)
    assert done.status_code == 200
    assert (await state(town, "ayu"), await state(town, "budi")) == ("deleted", "active")
    assert "E-mail address or username" in await browser.text("/account/delete")


async def test_a_wrong_name_and_a_wrong_password_are_told_the_same(town):
    await town.member("ayu")
    browser = await town.stranger()
    answers = []
    for given in ({"name": "ayu", "password": "no"}, {"name": "zed", "password": "no"}):
        await browser.text("/account/delete")
        answer = await browser.send("/account/delete", "/account/delete", **given, understood="1")
        answers.append(words_of(answer.text).replace(given["name"], "NAME"))
    assert answers[0] == answers[1]


@pytest.fixture
async def child(open_town):
    settings = ApiSettings(confirmed_contact_required=False, minimum_age=13, rate_limits=False)
    town = await open_town(settings, acceptance=False)
    given = SignUp(
        "kid",
        "kid@post.example",
        "long enough",
        agreement=True,
        born="2012-01-02",
        guardian_email="parent@post.example",
    )
    account = await people.sign_up(
        town.house.world, given, minimum_age=13, state="active", consent_age=16
    )
    row = await consent.load_consent(town.house.world, account.id)
    link = await consent.consent_link(town.house.world, row)
    return town, account.id, link.removeprefix(town.house.world.site.base_url)


async def test_a_guardian_says_yes_once(child):
    town, account_id, path = child
    browser = await town.stranger()
    page = await browser.text(path)
    assert "@kid" in page
    assert "2012" in page
    assert (await load_account(town.house.world, account_id)).state == "consent"
    assert (await browser.send(path, path, answer="yes")).status_code == 200
    assert (await load_account(town.house.world, account_id)).state == "active"
    assert (await browser.client.get(path)).status_code == 410


async def test_a_guardians_no_closes_the_account(child):
    town, account_id, path = child
    browser = await town.stranger()
    await browser.text(path)
    assert (await browser.send(path, path, answer="no")).status_code == 200
    assert (await load_account(town.house.world, account_id)).state == "deleted"
    assert await people.sign_in(town.house.world, "kid", "long enough") is None


async def test_silence_closes_the_account_after_a_month(child):
    town, account_id, _ = child
    await town.house.settle()
    town.house.site.clock.advance(29 * 86_400_000)
    await town.house.settle()
    assert (await load_account(town.house.world, account_id)).state == "consent"
    town.house.site.clock.advance(2 * 86_400_000)
    await town.house.settle()
    assert (await load_account(town.house.world, account_id)).state == "deleted"


async def test_a_forged_link_leads_nowhere(child):
    town, _, path = child
    browser = await town.stranger()
    for forged in ("/consent/x", path[:-3] + "AAA", "/consent/" + "A" * 32):
        assert (await browser.client.get(forged)).status_code == 404
