"""Signing in with more than a password, and changing what opens an account, in a browser."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.way_in import asked, make_app
from tests.people.test_codes import NUMBER, POLICY, Carrier
from tests.web.browser import token_of, words_of
from venire.api.settings import ApiSettings
from venire.cli.drills.counterparts.authenticator import Authenticator
from venire.people import actions, factor_rows, letters, phones, sessions, totp, unsubscribing
from venire.people.store import load_login
from venire.people.suppression import BOUNCED, reason_of, suppress
from venire.people.texts import Phones

pytestmark = pytest.mark.anyio

PLACE = "/settings/security"


def options_of(page, action):
    """What the form for a passkey asks for."""
    found = re.search(
        rf'<form[^>]*action="{action}"[^>]*data-passkey="(\w+)" data-options="([^"]*)" hidden', page
    )
    assert found, page
    return json.loads(html.unescape(found[2]))


async def shown(browser):
    """Show who one is; the page with everything that can be changed."""
    sent = await browser.send(PLACE, f"{PLACE}/confirm", said="correct horse", way="password")
    assert "For ten minutes" in await browser.follow(sent)
    return (await browser.get(PLACE)).text


async def with_app(browser, clock):
    """Set an app up; its secret and the recovery codes as the page shows them."""
    await shown(browser)
    began = await browser.send(PLACE, f"{PLACE}/app")
    page = (await browser.get(began.headers["location"].split("#")[0])).text
    secret = bytes_of(re.search(r'class="mono secret">([A-Z2-7 ]+)<', page)[1])
    assert "otpauth://totp/" in page
    wrong = await browser.send(PLACE, f"{PLACE}/app/confirm", code="000000")
    assert "This code is wrong" in wrong.text
    sent = await browser.send(PLACE, f"{PLACE}/app/confirm", code=code_at(secret, clock))
    codes = re.findall(r'<li class="mono">([0-9a-z-]+)</li>', sent.text)
    assert len(codes) == 10
    assert sent.headers["cache-control"] == "no-store"
    clock.advance(totp.STEP_MS)
    return secret, codes


def bytes_of(shown_secret):
    import base64

    return base64.b32decode(shown_secret.replace(" ", ""))


def code_at(secret, clock):
    return totp.code_at(secret, totp.step_of(clock.now_ms()))


async def first_step(town, name="ayu", to="/inbox"):
    browser = await town.stranger()
    sent = await browser.send(f"/sign-in?to={to}", "/sign-in", name=name, password="correct horse")
    assert sent.status_code == 303
    assert "venire_session" not in sent.headers.get("set-cookie", "")
    return browser, sent.headers["location"]


async def test_an_app_is_set_up_and_asked_for_at_the_next_sign_in(town):
    clock = town.house.world.clock
    secret, _ = await with_app(await town.member("ayu"), clock)
    browser, second = await first_step(town)
    assert second == "/sign-in/second?to=%2Finbox"
    assert "Authenticator app" in await browser.text(second)
    wrong = await browser.send(second, "/sign-in/second", code="123", way="totp")
    assert wrong.status_code == 422
    fields = {"code": code_at(secret, clock), "way": "totp"}
    sent = await browser.send(second, "/sign-in/second", **fields)
    assert sent.headers["location"] == "/inbox"
    assert "@ayu" in (await browser.get("/inbox")).text
    other, again = await first_step(town)
    replayed = await other.send(again, "/sign-in/second", **fields)
    assert replayed.status_code == 422


async def test_a_ticket_of_one_browser_is_none_of_anothers_and_five_wrong_answers_end_it(town):
    await with_app(await town.member("ayu"), town.house.world.clock)
    stranger = await town.stranger()
    assert (await stranger.client.get("/sign-in/second")).headers["location"] == "/sign-in?to=%2F"
    browser, second = await first_step(town)
    for _ in range(4):
        sent = await browser.send(second, "/sign-in/second", code="000000", way="totp")
        assert sent.status_code == 422
    last = await browser.send(second, "/sign-in/second", code="000000", way="totp")
    assert last.headers["location"].startswith("/sign-in?")
    assert (await browser.client.get(second)).status_code == 303


async def test_a_recovery_code_lets_in_once(town):
    _, codes = await with_app(await town.member("ayu"), town.house.world.clock)
    for status in (303, 422):
        browser, second = await first_step(town)
        sent = await browser.send(second, "/sign-in/second", code=codes[7], way="recovery")
        assert sent.status_code == status
    assert "9 of 10 are left" in await (await town.member("ayu")).text(PLACE)


async def test_a_passkey_is_made_used_alone_used_as_second_step_and_removed(town):
    device, browser = Authenticator(), await town.member("ayu")
    page = await shown(browser)
    made = device.make(options_of(page, f"{PLACE}/passkeys"))
    sent = await browser.send(
        PLACE, f"{PLACE}/passkeys", name="<b>phone</b>", credential=json.dumps(made)
    )
    assert "shown this once" in words_of(sent.text)
    page = (await browser.get(PLACE)).text
    assert "&lt;b&gt;phone&lt;/b&gt;" in page
    again = await browser.send(
        PLACE, f"{PLACE}/passkeys", name="again", credential=json.dumps(made)
    )
    assert "The passkey was not accepted" in again.text

    alone = await town.stranger()
    page = (await alone.get("/sign-in?to=/inbox")).text
    used = json.dumps(device.use(options_of(page, "/sign-in/passkey")))
    sent = await alone.send("/sign-in?to=/inbox", "/sign-in/passkey", credential=used)
    assert sent.headers["location"] == "/inbox"
    assert "@ayu" in (await alone.get("/inbox")).text
    thief = await town.stranger()
    stolen = await thief.send("/sign-in", "/sign-in/passkey", credential=used)
    assert "passkey_refused" in stolen.text, "made for another browser, and used already"

    second, place = await first_step(town)
    page = (await second.get(place)).text
    foreign = json.dumps(
        device.use(options_of(page, "/sign-in/second"), origin="https://evil.test")
    )
    sent = await second.send(place, "/sign-in/second", credential=foreign, way="passkey")
    assert sent.status_code == 422
    good = json.dumps(device.use(options_of(sent.text, "/sign-in/second")))
    sent = await second.send(place, "/sign-in/second", credential=good, way="passkey")
    assert sent.headers["location"] == "/inbox"

    gone = await browser.send(PLACE, f"{PLACE}/passkeys/remove")
    assert "The passkey is removed." in await browser.follow(gone)
    assert not (await factor_rows.load(town.house.world, town.known["ayu"].id)).needed


async def test_a_stolen_session_alone_changes_nothing(town):
    await with_app(await town.member("ayu"), town.house.world.clock)
    thief = await town.member("ayu")
    before = await factor_rows.load_row(town.house.world, town.known["ayu"].id)
    page = (await thief.get(PLACE)).text
    assert f'action="{PLACE}/confirm"' in page
    token = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)[1]
    for act in ("passkeys", "passkeys/remove", "app", "app/confirm", "app/remove", "mail", "codes"):
        fields = {"form_token": token, "code": "1", "name": "x", "credential": "{}", "passkey": "1"}
        sent = await thief.client.post(f"{PLACE}/{act}", data=fields)
        assert "Show first that it is you" in sent.text, act
    after = await factor_rows.load_row(town.house.world, town.known["ayu"].id)
    assert after == before
    wrong = await thief.send(PLACE, f"{PLACE}/confirm", said="guessed", way="password")
    assert wrong.status_code == 422


async def test_an_app_of_the_client_kind_signs_in_by_way_of_the_second_step(town):
    clock = town.house.world.clock
    secret, _ = await with_app(await town.member("ayu"), clock)
    app = await make_app(town.house.site)
    browser = await town.stranger()
    query = {**asked(app), "force_login": "true", "state": "s" * 900}
    shown_page = await browser.client.get("/oauth/authorize", params=query)
    carried = dict(
        re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', shown_page.text)
    )
    fields = {name: html.unescape(value) for name, value in carried.items()}
    sent = await browser.client.post(
        "/oauth/authorize",
        data={**fields, "username": "ayu", "password": "correct horse", "decision": "allow"},
    )
    assert "code=" not in sent.headers["location"]
    second = sent.headers["location"]
    assert second.startswith("/sign-in/second?to=")
    fields = {"code": code_at(secret, clock), "way": "totp"}
    sent = await browser.send(second, "/sign-in/second", **fields)
    back = sent.headers["location"]
    assert back.startswith("/oauth/authorize?")
    page = (await browser.client.get(back)).text
    assert "@ayu" in page
    carried = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
    fields = {name: html.unescape(value) for name, value in carried.items()}
    sent = await browser.client.post("/oauth/authorize", data={**fields, "decision": "allow"})
    answer = parse_qs(urlsplit(sent.headers["location"]).query)
    assert answer["code"]
    assert answer["state"] == ["s" * 900]


async def test_a_letter_that_signs_in_is_one_step_where_there_are_two(open_town):
    town = await open_town(ApiSettings(minimum_age=0, rate_limits=False), acceptance=False)
    object.__setattr__(town.house.world.site, "letters", True)
    clock = town.house.world.clock
    secret, _ = await with_app(await town.member("ayu"), clock)
    world, account_id = town.house.world, town.known["ayu"].id
    for kind, fields in (
        (letters.SIGN_IN, {}),
        (letters.RESET, {"password": "correct horse"}),
    ):
        account = await people_account(world, account_id)
        link = await letters.link_by_hand(world, account, kind, lasts_ms=60_000)
        path = urlsplit(link).path
        browser = await town.stranger()
        sent = await browser.send(path, path, **fields)
        second = sent.headers["location"]
        assert second.startswith("/sign-in/second?")
        assert "venire_session" not in sent.headers["set-cookie"]
        assert "Code by e-mail" not in await browser.text(second)
        clock.advance(totp.STEP_MS)
        code = code_at(secret, clock)
        done = await browser.send(second, "/sign-in/second", code=code, way="totp")
        assert done.headers["location"].startswith("/")


async def people_account(world, account_id):
    from venire.people.store import load_account

    return await load_account(world, account_id)


async def test_a_code_by_e_mail_is_sent_when_it_is_asked_for(town):
    object.__setattr__(town.house.world.site, "letters", True)
    browser = await town.member("ayu")
    await shown(browser)
    sent = await browser.send(PLACE, f"{PLACE}/mail", wanted="1")
    assert "shown this once" in words_of(sent.text)
    other, second = await first_step(town)
    asked_for = await other.send(second, "/sign-in/second/code")
    assert "A code is on its way" in await other.follow(asked_for)
    off = await browser.send(PLACE, f"{PLACE}/mail")
    assert "No code is sent any more" in await browser.follow(off)


async def test_a_passkey_for_a_standby_domain_is_made_there_by_a_link_that_works_once(town):
    object.__setattr__(town.house.world.site, "passkey_domains", ("standby.test",))
    browser = await town.member("ayu")
    await shown(browser)
    sent = await browser.send(PLACE, f"{PLACE}/standby", domain="standby.test")
    link = html.unescape(re.search(r'href="(https://standby\.test/link/[^"]+)"', sent.text)[1])
    there = await town.stranger()
    there.client.headers["Host"] = "standby.test"
    there.base_url = "https://standby.test"
    entered = await there.send(urlsplit(link).path, urlsplit(link).path, to=PLACE)
    assert entered.headers["location"] == PLACE
    page = await shown(there)
    device = Authenticator(origin="https://standby.test")
    made = device.make(options_of(page, f"{PLACE}/passkeys"))
    assert device.keys[0].party == "standby.test"
    await there.send(PLACE, f"{PLACE}/passkeys", name="there", credential=json.dumps(made))
    assert "standby.test" in await browser.text(PLACE)
    elsewhere = await browser.send(PLACE, f"{PLACE}/standby", domain="evil.test")
    assert elsewhere.status_code == 422


async def test_the_domain_is_gone_and_a_recovery_code_lets_in_at_the_other(town):
    """The drill `passkey-domain-lost`: the site answers under its standby domain alone."""
    device, browser = Authenticator(), await town.member("ayu")
    page = await shown(browser)
    made = device.make(options_of(page, f"{PLACE}/passkeys"))
    sent = await browser.send(PLACE, f"{PLACE}/passkeys", name="x", credential=json.dumps(made))
    codes = re.findall(r'<li class="mono">([0-9a-z-]+)</li>', sent.text)
    site = town.house.world.site
    object.__setattr__(site, "domain", "standby.test")
    object.__setattr__(site, "base_url", "http://standby.test")
    there = await town.stranger()
    there.client.headers["Host"] = "standby.test"
    there.base_url = "http://standby.test"
    options = options_of((await there.get("/sign-in")).text, "/sign-in/passkey")
    with pytest.raises(StopIteration):
        device.use(options)
    sent = await there.send("/sign-in", "/sign-in", name="ayu", password="correct horse")
    second = sent.headers["location"]
    assert "data-passkey" not in (await there.get(second)).text
    sent = await there.send(second, "/sign-in/second", code=codes[0], way="recovery")
    assert sent.headers["location"] == "/"
    page = await shown(there)
    device.make(options_of(page, f"{PLACE}/passkeys"), origin="http://standby.test")


async def test_ending_the_letters_of_a_jury_takes_one_request_and_no_cookie(town):
    await town.member("ayu")
    world, account_id = town.house.world, town.known["ayu"].id
    link = urlsplit(await unsubscribing.link(world, account_id, letters.SUMMONS)).path
    stranger = await town.stranger()
    assert "come to this mailbox" in await stranger.text(link)
    assert not await unsubscribing.has_stopped(world, account_id, letters.SUMMONS)
    program = await town.stranger()
    sent = await program.client.post(
        link, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "https://mail.test"}
    )
    assert sent.status_code == 200
    assert await unsubscribing.has_stopped(world, account_id, letters.SUMMONS)
    back = await stranger.send(link, link)
    assert "come to this mailbox" in words_of(back.text)
    for wrong in (link[:-2], link + "AA", "/unsubscribe/x", "/unsubscribe/" + "A" * 400):
        assert (await program.client.post(wrong)).status_code == 404


async def test_an_address_that_bounced_is_written_to_again_when_it_is_confirmed(town):
    world = town.house.world
    object.__setattr__(world.site, "letters", True)
    browser = await town.member("ayu")
    account = await people_account(world, town.known["ayu"].id)
    await suppress(world, "ayu@mail.test", BOUNCED, "5.1.1")
    assert "Confirm the address again" in await browser.text(PLACE)
    link = await letters.link_by_hand(world, account, letters.CONFIRM, lasts_ms=60_000)
    path = urlsplit(link).path
    await browser.send(path, path)
    login = await load_login(world, account.id)
    assert await reason_of(world, login.email) is None
    assert "Confirm the address again" not in await browser.text(PLACE)


async def test_an_operators_link_lets_in_at_once(town):
    await with_app(await town.member("ayu"), town.house.world.clock)
    secret = await sessions.make_sign_in_link(town.house.world, town.known["ayu"].id)
    browser = await town.stranger()
    sent = await browser.send(f"/link/{secret}", f"/link/{secret}")
    assert sent.headers["location"] == "/"


async def test_whoever_left_comes_back_by_both_steps_and_by_no_password_alone(town):
    clock, world = town.house.world.clock, town.house.world
    secret, _ = await with_app(await town.member("ayu"), clock)
    account_id = town.known["ayu"].id
    await actions.delete_account(world, account_id)
    browser, second = await first_step(town)
    assert (await people_account(world, account_id)).state == "deleted"
    fields = {"code": code_at(secret, clock), "way": "totp"}
    sent = await browser.send(second, "/sign-in/second", **fields)
    assert sent.headers["location"] == "/inbox"
    assert (await people_account(world, account_id)).state == "active"
    assert "@ayu" in (await browser.get("/inbox")).text
    await actions.delete_account(world, account_id)
    clock.advance(8 * 24 * 3_600_000)
    late = await town.stranger()
    refused = await late.send("/sign-in", "/sign-in", name="ayu", password="correct horse")
    assert refused.status_code == 422


async def test_a_text_will_do_beside_another_factor_if_it_was_chosen_and_never_alone(town):
    world, carrier = town.house.world, Carrier()
    object.__setattr__(town.house.court, "phones", Phones(carrier, POLICY))
    browser = await town.member("ayu")
    account_id = town.known["ayu"].id
    await phones.give(world, account_id, NUMBER, "ID")
    assert "Code by text" not in await shown(browser)
    token = re.search(r'name="form_token" value="([0-9a-f]{64})"', (await browser.get(PLACE)).text)
    fields = {"form_token": token[1], "wanted": "1"}
    alone = await browser.client.post(f"{PLACE}/texts", data=fields)
    assert "a text alone is too weak" in alone.text
    world.clock.advance(10 * 60_000)
    await with_app(browser, world.clock)
    other, second = await first_step(town)
    assert "Code by text" not in await other.text(second), "nobody chose it"
    chosen = await browser.send(PLACE, f"{PLACE}/texts", wanted="1")
    assert "a text to your phone will do" in await browser.follow(chosen)

    other, second = await first_step(town)
    sent = await other.send(second, "/sign-in/second/text")
    assert "A text is on its way" in await other.follow(sent)
    code = carrier.code
    thief, elsewhere = await first_step(town)
    assert "The six digits in our text" not in await thief.text(elsewhere)
    wrong = await thief.client.post(
        "/sign-in/second",
        data={"form_token": token_of(await thief.get(elsewhere)), "way": "text", "code": code},
    )
    assert wrong.status_code == 422, "a code for another browser"
    good = await other.send(second, "/sign-in/second", way="text", code=code)
    assert good.headers["location"] == "/inbox"
    again, second = await first_step(town)
    replayed = await again.client.post(
        "/sign-in/second",
        data={"form_token": token_of(await again.get(second)), "way": "text", "code": code},
    )
    assert replayed.status_code == 422
    await browser.send(PLACE, f"{PLACE}/app/remove")
    held = await factor_rows.load(world, account_id)
    assert (held.needed, held.text_at_ms) == (False, None)
