"""What somebody with a part of what opens an account tries next, in a browser."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.people.house import Killed
from tests.people.test_codes import NUMBER, POLICY, Carrier
from tests.web.browser import hidden_fields
from tests.web.test_security_pages import (
    PLACE,
    code_at,
    first_step,
    people_account,
    shown,
    with_app,
)
from venire.api.settings import ApiSettings
from venire.people import actions, factor_rows, letters, mail_codes, phones
from venire.people.store import load_account, load_login
from venire.people.suppression import BOUNCED, suppress
from venire.people.texts import Phones
from venire.storage.tables.letters import LETTERS, LETTERS_DUE

pytestmark = pytest.mark.anyio


async def by_letter(world, account_id, kind):
    """The address in a letter that somebody asked for at the page for it."""
    await letters.ask(world, account_id, kind)
    event = (await world.storage.tail(0, 10_000))[-1]
    await letters.hear(world, event)
    row = await world.storage.get(LETTERS, (event.id,))
    login = await load_login(world, account_id)
    return urlsplit(await letters.link_of(world, row, login)).path


async def test_who_reads_the_mailbox_alone_does_not_pass_an_app_by_a_new_password(open_town):
    town = await open_town(ApiSettings(minimum_age=0, rate_limits=False), acceptance=False)
    world, clock = town.house.world, town.house.world.clock
    object.__setattr__(world.site, "letters", True)
    browser, account_id = await town.member("ayu"), town.known["ayu"].id
    secret, _ = await with_app(browser, clock)
    on = await browser.send(PLACE, f"{PLACE}/mail", wanted="1")
    assert on.status_code == 303
    path = await by_letter(world, account_id, letters.RESET)
    thief = await town.stranger()
    sent = await thief.send(path, path, password="a new one, of the thief")
    assert sent.headers["location"].startswith("/sign-in/second?")
    again = await town.stranger()
    first = await again.send("/sign-in", "/sign-in", name="ayu", password="a new one, of the thief")
    page = await again.text(first.headers["location"])
    assert "Code by e-mail" not in page, "the same mailbox twice is one step"
    held = await factor_rows.load(world, account_id)
    assert (held.mail_at_ms, held.needed) == (None, True)
    clock.advance(60_000)
    good = await again.send(
        first.headers["location"], "/sign-in/second", way="totp", code=code_at(secret, clock)
    )
    assert good.status_code == 303


async def with_codes_by_mail(town, name="ayu"):
    """Somebody whose one factor is a code by e-mail: their id and recovery codes."""
    object.__setattr__(town.house.world.site, "letters", True)
    browser, account_id = await town.member(name), town.known[name].id
    await shown(browser)
    sent = await browser.send(PLACE, f"{PLACE}/mail", wanted="1")
    return account_id, re.findall(r'<li class="mono">([0-9a-z-]+)</li>', sent.text)


async def codes_written(world):
    """The codes in letters that wait."""
    due = await world.storage.range(LETTERS_DUE, (0,), limit=100)
    rows = [await world.storage.get(LETTERS, (one.id,)) for one in due]
    return [mail_codes.code_of(world, row) for row in rows if row.kind == mail_codes.CODE]


async def test_where_a_code_by_e_mail_is_all_there_is_a_mailbox_alone_opens_nothing_for_days(town):
    world, clock = town.house.world, town.house.world.clock
    account_id, codes = await with_codes_by_mail(town)
    path = await by_letter(world, account_id, letters.RESET)
    thief = await town.stranger()
    assert "does not count for 3 days" in await thief.text(path)
    sent = await thief.send(path, path, password="a new one, of the thief")
    assert sent.headers["location"].startswith("/sign-in/second?")
    again = await town.stranger()
    for _ in range(2):
        name_and_password = {"name": "ayu", "password": "a new one, of the thief"}
        first = await again.send("/sign-in", "/sign-in", **name_and_password)
        second = first.headers["location"]
        page = await again.text(second)
        assert "your mailbox alone would open your account" in page
        assert "Code by e-mail" not in page
        data = hidden_fields((await again.get(second)).text, "/sign-in/second")
        headers = {"Origin": again.base_url}
        asked = await again.client.post("/sign-in/second/code", data=data, headers=headers)
        assert asked.headers["location"].startswith("/sign-in?")
        assert await codes_written(world) == []
        clock.advance(factor_rows.PAUSE_MS // 2 - 1)
    # The owner, meanwhile, comes in by paper, and puts something in its place.
    owner = await town.stranger()
    path = await by_letter(world, account_id, letters.RESET)
    sent = await owner.send(path, path, password="correct horse two")
    good = await owner.send(
        sent.headers["location"], "/sign-in/second", way="recovery", code=codes[0]
    )
    assert good.status_code == 303
    assert "codes by e-mail do not count until" in await owner.text(PLACE)


async def test_who_lost_the_password_and_the_paper_waits_three_days_and_is_in(town):
    world, clock = town.house.world, town.house.world.clock
    account_id, _ = await with_codes_by_mail(town)
    path = await by_letter(world, account_id, letters.RESET)
    browser = await town.stranger()
    await browser.send(path, path, password="correct horse two")
    clock.advance(factor_rows.PAUSE_MS)
    sent = await browser.send("/sign-in", "/sign-in", name="ayu", password="correct horse two")
    second = sent.headers["location"]
    await browser.send(second, "/sign-in/second/code")
    (code,) = await codes_written(world)
    good = await browser.send(second, "/sign-in/second", way="mail", code=code)
    assert good.status_code == 303
    assert (await browser.client.get("/home")).status_code == 200


async def test_a_letter_that_signs_in_is_not_enough_where_the_other_step_is_a_letter_too(town):
    world = town.house.world
    account_id, codes = await with_codes_by_mail(town)
    path = await by_letter(world, account_id, letters.SIGN_IN)
    browser = await town.stranger()
    sent = await browser.send(path, path)
    second = sent.headers["location"]
    assert second.startswith("/sign-in/second?")
    page = await browser.text(second)
    assert "Sign in with your password, then a code by e-mail will do" in page
    assert (await browser.client.get("/home")).status_code == 303
    held = await factor_rows.load(world, account_id)
    assert factor_rows.paused_until_ms(held.mail_at_ms, world.now_ms()) is None, "nothing changed"
    good = await browser.send(second, "/sign-in/second", way="recovery", code=codes[1])
    assert good.status_code == 303


async def test_killed_before_the_new_password_counts_the_pause_is_there_already(town, monkeypatch):
    world = town.house.world
    account_id, _ = await with_codes_by_mail(town)
    path = await by_letter(world, account_id, letters.RESET)

    async def dies(*_):
        raise Killed

    monkeypatch.setattr(actions, "change_password", dies)
    thief = await town.stranger()
    with pytest.raises(Killed):
        await thief.send(path, path, password="a new one, of the thief")
    held = await factor_rows.load(world, account_id)
    assert factor_rows.paused_until_ms(held.mail_at_ms, world.now_ms()) is not None
    assert await actions.sign_in(world, "ayu", "correct horse") is not None, "nothing else changed"


async def test_a_link_that_an_operator_hands_over_pauses_nothing(town):
    world = town.house.world
    account_id, _ = await with_codes_by_mail(town)
    account = await load_account(world, account_id)
    link = await letters.link_by_hand(world, account, letters.RESET, lasts_ms=60_000)
    path = urlsplit(link).path
    browser = await town.stranger("id")
    assert "3 hari" not in await browser.text(path)
    sent = await browser.send(path, path, password="correct horse two")
    assert "mail" in re.findall(
        r'name="way" value="(\w+)"',
        (
            await browser.get(
                (await browser.send(sent.headers["location"], "/sign-in/second/code")).headers[
                    "location"
                ]
            )
        ).text,
    ), "the mailbox was not shown yet, so its code is a second step"


async def test_a_clock_that_was_ahead_pauses_nobody_for_longer_than_a_pause(town):
    world = town.house.world
    now_ms = world.now_ms()
    assert factor_rows.paused_until_ms(now_ms + factor_rows.PAUSE_MS, now_ms) is not None
    assert factor_rows.paused_until_ms(now_ms + factor_rows.PAUSE_MS + 1, now_ms) is None
    assert factor_rows.paused_until_ms(now_ms, now_ms) is None


async def test_whoever_left_comes_back_by_a_code_by_e_mail(town):
    world = town.house.world
    object.__setattr__(world.site, "letters", True)
    browser, account_id = await town.member("ayu"), town.known["ayu"].id
    await shown(browser)
    await browser.send(PLACE, f"{PLACE}/mail", wanted="1")
    await actions.delete_account(world, account_id)
    other, second = await first_step(town)
    sent = await other.send(second, "/sign-in/second/code")
    assert "A code is on its way" in await other.follow(sent)
    (due,) = await world.storage.range(LETTERS_DUE, (0,), limit=10)
    row = await world.storage.get(LETTERS, (due.id,))
    login = await load_login(world, account_id)
    code = await letters.link_of(world, row, login)
    good = await other.send(second, "/sign-in/second", way="mail", code=code)
    assert good.headers["location"] == "/inbox"
    assert (await people_account(world, account_id)).state == "active"


async def test_a_code_that_no_letter_brings_is_not_said_to_be_on_its_way(town):
    world = town.house.world
    object.__setattr__(world.site, "letters", True)
    browser, account_id = await town.member("ayu"), town.known["ayu"].id
    await shown(browser)
    await browser.send(PLACE, f"{PLACE}/mail", wanted="1")
    login = await load_login(world, account_id)
    await suppress(world, login.email, BOUNCED, "5.1.1")
    other, second = await first_step(town)
    sent = await other.send(second, "/sign-in/second/code")
    assert sent.status_code == 422
    assert "No letter reaches your mailbox" in sent.text


async def test_another_phone_ends_the_texts_at_sign_in_until_they_are_chosen_again(town):
    world, carrier = town.house.world, Carrier()
    object.__setattr__(town.house.court, "phones", Phones(carrier, POLICY))
    browser, account_id = await town.member("ayu"), town.known["ayu"].id
    await phones.give(world, account_id, NUMBER, "ID")
    await with_app(browser, world.clock)
    await browser.send(PLACE, f"{PLACE}/texts", wanted="1")
    world.clock.advance(11 * 60_000)
    # A stolen session, which cannot show whose it is.
    await browser.send("/settings/phone", "/settings/phone", number="+6281234567999")
    await browser.send("/settings/phone", "/settings/phone/verify", code=carrier.code)
    phone = await phones.phone_of(world, account_id)
    assert phone.e164 == "+6281234567999"
    assert (await factor_rows.load(world, account_id)).text_at_ms is None
    told = [one.event for one in await world.storage.tail(0, 10_000)]
    kinds = [one.kind for one in told if type(one).__name__ == "FactorsChanged"]
    assert kinds[-1] == factor_rows.TEXT_REMOVED
    other, second = await first_step(town)
    assert "Code by text" not in await other.text(second)


async def test_a_phone_taken_away_ends_the_texts_at_sign_in(town):
    world, carrier = town.house.world, Carrier()
    object.__setattr__(town.house.court, "phones", Phones(carrier, POLICY))
    browser, account_id = await town.member("ayu"), town.known["ayu"].id
    await phones.give(world, account_id, NUMBER, "ID")
    await with_app(browser, world.clock)
    await browser.send(PLACE, f"{PLACE}/texts", wanted="1")
    await browser.send("/settings/phone", "/settings/phone/remove")
    assert (await factor_rows.load(world, account_id)).text_at_ms is None
    await phones.give(world, account_id, "+6281234567999", "ID")
    other, second = await first_step(town)
    assert "Code by text" not in await other.text(second)
