"""What somebody with a part of what opens an account tries next, in a browser."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.people.test_codes import NUMBER, POLICY, Carrier
from tests.web.test_security_pages import (
    PLACE,
    code_at,
    first_step,
    people_account,
    shown,
    with_app,
)
from venire.api.settings import ApiSettings
from venire.people import actions, factor_rows, letters, phones
from venire.people.store import load_login
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


async def test_where_a_code_by_e_mail_is_all_there_is_a_new_password_leaves_it_on(town):
    world = town.house.world
    object.__setattr__(world.site, "letters", True)
    browser, account_id = await town.member("ayu"), town.known["ayu"].id
    await shown(browser)
    await browser.send(PLACE, f"{PLACE}/mail", wanted="1")
    path = await by_letter(world, account_id, letters.RESET)
    other = await town.stranger()
    sent = await other.send(path, path, password="correct horse two")
    assert "second" not in sent.headers["location"]
    assert (await factor_rows.load(world, account_id)).needed


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
