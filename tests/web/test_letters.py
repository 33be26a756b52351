"""Pages that letters lead to: opening does nothing, the button does it once."""

from __future__ import annotations

import re

import pytest

from tests.web.browser import words_of
from venire.kernel.ports import MailAnswer
from venire.people import actions, letters
from venire.people.model import SignUp
from venire.people.post_office import PostOffice
from venire.people.store import find_by_handle, load_account
from venire.people.tokens import authenticate

pytestmark = pytest.mark.anyio


class Service:
    def __init__(self) -> None:
        self.taken = []

    async def send(self, letter):
        self.taken.append(letter)
        return MailAnswer("sent")


@pytest.fixture
async def writing_town(open_town):
    town = await open_town(acceptance=False)
    object.__setattr__(town.house.world.site, "letters", True)
    return town


async def delivered(town):
    """Let everything be heard; the letters that go out now."""
    await town.house.settle()
    service = Service()
    await PostOffice(town.house.world, service, per_hour=10**9).deliver_due()
    return service.taken


def path_in(letter):
    return re.search(r"http://venire\.test(/\S+)\n", letter.text)[1]


async def newcomer(town, name="ani", *, state="unconfirmed"):
    given = SignUp(name, f"{name}@mail.test", "correct horse", agreement=True, born="1990-01-01")
    return await actions.sign_up(town.house.world, given, minimum_age=0, state=state)


async def test_an_address_is_confirmed_by_the_button_and_not_by_opening_the_link(writing_town):
    town = writing_town
    account = await newcomer(town)
    (letter,) = await delivered(town)
    path, browser = path_in(letter), await town.stranger()
    for _ in range(3):
        await browser.get(path)
    assert (await load_account(town.house.world, account.id)).state == "unconfirmed"
    done = await browser.send(path, path)
    assert "Your address is confirmed" in words_of(done.text)
    assert (await load_account(town.house.world, account.id)).state == "active"
    assert "used already" in await browser.text(path, status=410)


async def test_who_also_waits_for_a_moderator_is_told_so(writing_town):
    town = writing_town
    await newcomer(town, state="pending")
    (letter,) = await delivered(town)
    browser = await town.stranger("id")
    done = await browser.send(path_in(letter), path_in(letter))
    assert "diperiksa moderator" in words_of(done.text)


async def test_a_new_password_by_letter_signs_out_everywhere_and_in_here(writing_town):
    town = writing_town
    inside = await town.member("ani")
    browser = await town.stranger()
    asked = await browser.send("/password", "/password", name="ani@mail.test", kind="reset")
    assert "a letter is on its way" in words_of(asked.text)
    (letter,) = await delivered(town)
    path = path_in(letter)
    short = await browser.send(path, path, password="short")
    assert short.status_code == 422
    assert "too short" in words_of(short.text)
    done = await browser.send(path, path, password="another fine horse")
    assert "Your password is set" in await browser.follow(done)
    assert "ani" in (await browser.get("/")).text
    assert (await inside.client.get("/home")).headers["location"].startswith("/sign-in")
    token = town.known["ani"].created.access_token
    assert await authenticate(town.house.world, token) is None
    assert await actions.sign_in(town.house.world, "ani", "correct horse") is None
    assert await actions.sign_in(town.house.world, "ani", "another fine horse") is not None
    assert (await browser.client.get(path)).status_code == 410


async def test_the_answer_is_the_same_for_nobody_and_writes_to_nobody(writing_town):
    town = writing_town
    await town.member("ani")
    browser = await town.stranger()
    answers = set()
    for name in ("ani", "ANI@mail.test", "nobody", "nobody@mail.test", "", "@", "x" * 300):
        for kind in letters.ASKED:
            sent = await browser.send("/password", "/password", name=name, kind=kind)
            answers.add((sent.status_code, words_of(sent.text)))
    assert len(answers) == 1
    assert {letter.to for letter in await delivered(town)} == {"ani@mail.test"}


async def test_a_letter_signs_in_once(writing_town):
    town = writing_town
    await town.member("ani")
    browser, thief = await town.stranger(), await town.stranger()
    await browser.send("/password", "/password", name="ani", kind="sign_in")
    (letter,) = await delivered(town)
    path = path_in(letter)
    await thief.get(path)
    assert (await browser.send(path, path)).status_code == 303
    assert (await browser.get("/home")).status_code == 200
    assert (await thief.client.get(path)).status_code == 410


async def test_an_account_is_deleted_by_letter_without_its_password(writing_town):
    town = writing_town
    await town.member("ani")
    browser = await town.stranger()
    await browser.send("/password", "/password", name="ani", kind="leave")
    (letter,) = await delivered(town)
    path = path_in(letter)
    assert (await browser.send(path, path)).status_code == 422
    assert (await find_by_handle(town.house.world, "ani")).state == "active"
    gone = await browser.send(path, path, understood="1")
    assert "The account is deleted" in words_of(gone.text)
    assert (await find_by_handle(town.house.world, "ani")).state == "deleted"
    assert (await browser.client.get(path)).status_code == 410


async def test_a_link_of_another_kind_or_of_nobody_opens_nothing(writing_town):
    town = writing_town
    await newcomer(town)
    (letter,) = await delivered(town)
    token = path_in(letter).rpartition("/")[2]
    browser = await town.stranger()
    for path in (f"/password/{token}", f"/sign-in/{token}", f"/account/delete/{token}"):
        await browser.get(path, status=404)
    await browser.get("/confirm/%00", status=404)
    await browser.get(f"/confirm/{'A' * 32}", status=404)


async def test_without_mail_the_page_says_whom_to_ask(town):
    browser = await town.stranger()
    assert "sends no letters" in await browser.text("/password")


async def test_a_kind_that_is_none_is_refused(writing_town):
    browser = await writing_town.stranger()
    answer = await browser.send("/password", "/password", name="ani", kind="admin")
    assert answer.status_code == 422
