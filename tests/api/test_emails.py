"""Whoever waits for their address to be confirmed is told so, and nothing more."""

from __future__ import annotations

import msgspec
import pytest

from venire.events import LetterAsked
from venire.people.admission import change_account
from venire.people.store import load_login, save_login

pytestmark = pytest.mark.anyio


async def test_a_confirmed_member_is_told_so_and_sends_nothing_again(strict_site):
    ani = await strict_site.member("ani")
    assert (await ani.get("/api/v1/emails/check_confirmation")).json() is True
    again = await ani.post("/api/v1/emails/confirmations")
    assert (again.status_code, again.json()["code"]) == (403, "email_confirmed")


async def test_without_a_token_nothing_is_told(strict_site):
    for method, path in (("GET", "check_confirmation"), ("POST", "confirmations")):
        answer = await strict_site.client.request(method, f"/api/v1/emails/{path}")
        assert answer.status_code == 401


async def test_who_waits_is_told_and_can_do_nothing_else(strict_site):
    ani = await waiting(strict_site, "ani")
    assert (await ani.get("/api/v1/notifications")).status_code == 403
    assert (await ani.get("/api/v1/emails/check_confirmation")).json() is False
    again = await ani.post("/api/v1/emails/confirmations")
    assert (again.status_code, again.json()["code"]) == (503, "mail_unavailable")


async def test_where_nobody_waits_the_address_may_still_be_changed_unless_confirmed(site):
    ani = await waiting(site, "ani", "active")
    changed = await ani.post("/api/v1/emails/confirmations", json={"email": "ani@other.example"})
    assert (changed.status_code, changed.json()) == (200, {})
    login = await load_login(site.world, ani.id)
    assert login is not None
    assert login.email == "ani@other.example"


@pytest.fixture
async def writing_site(strict_site):
    object.__setattr__(strict_site.world.site, "letters", True)
    return strict_site


async def waiting(site, name, state="unconfirmed"):
    member = await site.member(name)
    login = await load_login(site.world, member.id)
    await save_login(site.world, login, msgspec.structs.replace(login, confirmed_at_ms=None))
    await change_account(site.world, member.id, state=state)
    return member


async def kinds(site):
    tail = await site.storage.tail(0, 1_000)
    return [one.event.key for one in tail if isinstance(one.event, LetterAsked)]


@pytest.mark.parametrize("state", ["unconfirmed", "pending"])
async def test_the_letter_is_sent_again_to_who_asks_for_it(writing_site, state):
    ani = await waiting(writing_site, "ani", state)
    again = await ani.post("/api/v1/emails/confirmations")
    assert (again.status_code, again.json()) == (200, {})
    assert await kinds(writing_site) == ["confirm"]


async def test_a_mistyped_address_is_replaced_on_the_way(writing_site):
    ani = await waiting(writing_site, "ani")
    path = "/api/v1/emails/confirmations"
    assert (await ani.post(path, data={"email": "Ani2@Mail.test"})).status_code == 200
    assert (await load_login(writing_site.world, ani.id)).email == "ani2@mail.test"
    bela = await waiting(writing_site, "bela")
    for wrong in ("ani2@mail.test", "no address", "x@mailinator.com"):
        refused = await bela.post(path, json={"email": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
        assert "email" in refused.json()["details"]
    assert (await bela.post(path, json={"email": "ani@mail.test"})).status_code == 200
    assert (await load_login(writing_site.world, bela.id)).email == "ani@mail.test"
