"""Coming in and going out: by password, by link, by joining; and forms that are not ours."""

from __future__ import annotations

import re

import pytest

from tests.web.browser import words_of
from venire.api.counters import SharedCounters
from venire.api.settings import ApiSettings
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Throttled
from venire.people import sessions
from venire.web.limits import WebLimits

pytestmark = pytest.mark.anyio


async def test_a_member_signs_in_by_name_and_password_and_goes_where_they_wanted(town):
    await town.house.site.member("ayu")
    browser = await town.stranger()
    asked = await browser.client.get("/inbox")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/sign-in?to=/inbox"
    sent = await browser.send(
        "/sign-in?to=/inbox", "/sign-in", name="ayu", password="correct horse"
    )
    assert sent.headers["location"] == "/inbox"
    cookie = sent.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    inbox = await browser.get("/inbox")
    assert inbox.headers["cache-control"] == "no-store"
    assert "@ayu" in inbox.text


async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(town):
    await town.house.site.member("ayu")
    browser = await town.stranger()
    said = []
    for name in ("ayu", "nobody"):
        sent = await browser.send("/sign-in", "/sign-in", name=name, password="wrong password")
        assert sent.status_code == 422
        assert "venire_session" not in sent.headers.get("set-cookie", "")
        said.append(words_of(sent.text))
    assert said[0] == said[1]
    assert "Wrong name or password" in said[0]


async def test_signing_in_never_leads_away_from_this_site(town):
    await town.house.site.member("ayu")
    away = (
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "javascript:x",
        "",
    )
    for to in away:
        browser = await town.stranger()
        sent = await browser.send(
            "/sign-in", "/sign-in", name="ayu", password="correct horse", to=to
        )
        assert sent.headers["location"] == "/"


async def test_signing_out_ends_the_session_for_good(town):
    browser = await town.member("ayu")
    secret = browser.client.cookies["venire_session"]
    sent = await browser.send("/", "/sign-out")
    assert "You are signed out." in await browser.follow(sent)
    assert await sessions.session_account(town.house.world, secret) is None


async def test_a_link_is_not_spent_by_looking_at_it_and_works_once(town):
    await town.member("ayu")
    account_id = town.known["ayu"].id
    secret = await sessions.make_sign_in_link(town.house.world, account_id)
    preview = await town.stranger()
    await preview.get(f"/link/{secret}")
    await preview.client.head(f"/link/{secret}")
    browser = await town.stranger()
    sent = await browser.send(f"/link/{secret}", f"/link/{secret}")
    assert sent.headers["location"] == "/"
    assert "@ayu" in (await browser.get("/")).text
    late = await preview.send(f"/link/{secret}", f"/link/{secret}")
    assert late.status_code == 410
    assert "link_spent" in late.text


async def test_a_link_may_name_the_page_to_go_to_within_this_site_only(town):
    await town.member("ayu")
    for to, led in (("/jury", "/jury"), ("https://evil.test", "/")):
        secret = await sessions.make_sign_in_link(town.house.world, town.known["ayu"].id)
        browser = await town.stranger()
        sent = await browser.send(f"/link/{secret}?to={to}", f"/link/{secret}")
        assert sent.headers["location"] == led


async def test_someone_joins_and_is_signed_in(town):
    browser = await town.stranger()
    sent = await browser.send(
        "/sign-up",
        "/sign-up",
        username="wayan",
        email="wayan@mail.test",
        password="a few good words",
        agreement="1",
    )
    assert "Welcome. Your account is ready." in await browser.follow(sent)
    assert "@wayan" in (await browser.get("/")).text


async def test_what_is_wrong_with_a_sign_up_stands_at_its_field_and_nothing_is_lost(town):
    await town.house.site.member("ayu")
    browser = await town.stranger()
    sent = await browser.send("/sign-up", "/sign-up", username="ayu", email="no", password="short")
    assert sent.status_code == 422
    for field, said in (
        ("username", "This is taken already."),
        ("email", "This has the wrong form."),
        ("password", "This is too short."),
        ("agreement", "Please read the rules and agree to them."),
    ):
        assert f'id="{field}-fault">{said}' in sent.text
    assert 'value="ayu"' in sent.text
    assert "short" not in sent.text.split('name="password"')[1].split(">")[0]


async def test_a_site_that_asks_for_confirmation_says_so_and_signs_nobody_in(open_town):
    settings = ApiSettings(confirmed_contact_required=True, minimum_age=16, rate_limits=False)
    town = await open_town(settings, acceptance=False)
    browser = await town.stranger()
    fields = {
        "username": "wayan",
        "email": "wayan@mail.test",
        "password": "a few good words",
        "agreement": "1",
        "born": "2015-01-01",
    }
    young = await browser.send("/sign-up", "/sign-up", **fields)
    assert "You are too young to join this site." in young.text
    sent = await browser.send("/sign-up", "/sign-up", **{**fields, "born": "1990-01-01"})
    assert "once your e-mail address is confirmed" in words_of(sent.text)
    assert "venire_session" not in sent.headers.get("set-cookie", "")
    again = await browser.send("/sign-in", "/sign-in", name="wayan", password="a few good words")
    assert "once your e-mail address is confirmed" in words_of(again.text)
    assert (await browser.client.get("/inbox")).status_code == 303


async def test_a_closed_site_takes_no_new_members(open_town):
    town = await open_town(ApiSettings(registrations="closed", rate_limits=False))
    browser = await town.stranger()
    assert "registrations_closed" in await browser.text("/sign-up", 403)
    assert 'href="/sign-up"' not in (await browser.get("/")).text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form_token": ""}, "form_out_of_date"),
        ({"form_token": "0" * 64}, "form_out_of_date"),
        ({"form_token": "é" * 64}, "form_out_of_date"),
    ],
)
async def test_a_form_without_its_token_is_refused(town, change, code):
    browser = await town.member("ayu")
    sent = await browser.send("/", "/", text="Not mine.", **change)
    assert sent.status_code == 403
    assert code in sent.text
    assert "Not mine." not in await browser.text("/")


async def test_a_form_from_another_site_is_refused_even_with_a_token(town):
    browser = await town.member("ayu")
    token = re.search(r'name="form_token" value="(\w+)"', (await browser.get("/")).text)
    for origin in ("https://evil.test", "http://venire.test.evil.test", "null"):
        sent = await browser.client.post(
            "/", data={"form_token": token[1], "text": "Not mine."}, headers={"Origin": origin}
        )
        assert sent.status_code == 403
        assert "form_foreign" in sent.text


async def test_the_token_of_one_session_is_no_good_in_another(town):
    ayu, bima = await town.member("ayu"), await town.member("bima")
    token = re.search(r'name="form_token" value="(\w+)"', (await ayu.get("/")).text)
    sent = await bima.client.post("/", data={"form_token": token[1], "text": "Not mine."})
    assert sent.status_code == 403


async def test_a_forged_session_is_nobodys(town):
    browser = await town.stranger()
    browser.client.cookies.set("venire_session", "A" * 43)
    assert 'href="/sign-in"' in (await browser.get("/")).text
    assert (await browser.client.get("/inbox")).status_code == 303


async def test_guessing_passwords_is_counted_where_limits_are_on(open_town):
    settings = ApiSettings(rate_limits=True, confirmed_contact_required=False)
    town = await open_town(settings, acceptance=False)
    browser = await town.stranger()
    statuses = []
    for _ in range(26):
        sent = await browser.client.post("/sign-in", data={"name": "ayu", "password": "x"})
        statuses.append(sent.status_code)
    assert statuses == [*[403] * 25, 429]
    assert sent.headers["retry-after"] == "300"


async def test_guesses_at_the_pages_of_two_processes_are_counted_together(open_town):
    counters = SharedCounters(ManualClock())
    doors = [WebLimits(counters), WebLimits(counters)]
    for turn in range(20):
        await doors[turn % 2].take("sign_in_name", "name:ayu")
    for door in doors:
        with pytest.raises(Throttled):
            await door.take("sign_in_name", "name:ayu")
    settings = ApiSettings(counters=counters, confirmed_contact_required=False)
    town = await open_town(settings, acceptance=False)
    browser = await town.stranger()
    sent = await browser.send("/sign-in", "/sign-in", name="Ayu", password="a few good words")
    assert sent.status_code == 429
