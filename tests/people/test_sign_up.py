"""Joining: a name belongs to one account, whenever the power fails and whoever comes at once."""

from __future__ import annotations

import asyncio

import pytest

from tests.people.house import Killed, MortalStorage, make_world, someone
from venire.kernel.errors import Conflict, Invalid
from venire.people import actions as people
from venire.people import store
from venire.people.model import SignUp
from venire.people.rules import CLAIM_MS
from venire.storage.tables.people import ACCOUNTS, EMAILS, HANDLES, LOGINS, NAMES

pytestmark = pytest.mark.anyio


def a_newcomer(**changes: object) -> SignUp:
    given = {
        "username": "newcomer",
        "email": "new@mail.test",
        "password": "long enough",
        "agreement": True,
        "born": "1990-05-17",
        "address": "203.0.113.7",
        **changes,
    }
    return SignUp(**given)


async def join(world, **changes: object):
    return await people.sign_up(world, a_newcomer(**changes), minimum_age=16)


def refused(problem: Invalid) -> dict[str, str]:
    return {name: faults[0]["error"] for name, faults in problem.data["details"].items()}


async def test_who_joins_can_be_found_and_signs_in(world):
    account = await join(world, username="NewComer")
    assert account.uri == "http://venire.test/users/NewComer"
    assert account.state == "unconfirmed"
    assert (await store.find_by_handle(world, "newcomer")).id == account.id
    login = await store.load_login(world, account.id)
    assert login.birth_year == 1990
    assert login.agreed_at_ms == world.now_ms()
    assert "long enough" not in login.password_hash
    assert (await people.sign_in(world, "NEW@mail.test", "long enough")).id == account.id
    assert await people.sign_in(world, "newcomer", "long enough ") is None


async def test_a_confirmed_contact_opens_the_account(world):
    account = await join(world)
    assert (await people.confirm_contact(world, account.id)).state == "active"
    login = await store.load_login(world, account.id)
    assert login.confirmed_at_ms == world.now_ms()


async def test_who_waits_for_a_moderator_is_let_in_by_one(world):
    account = await people.sign_up(world, a_newcomer(), minimum_age=0, state="pending")
    assert (await people.confirm_contact(world, account.id)).state == "pending"
    assert (await people.approve_account(world, account.id)).state == "active"


async def test_a_name_and_an_address_are_given_once(world):
    await join(world)
    with pytest.raises(Invalid) as caught:
        await join(world, username="NEWCOMER", email="New@Mail.test ")
    assert refused(caught.value) == {"username": "ERR_TAKEN", "email": "ERR_TAKEN"}


async def test_of_many_who_want_one_name_at_once_one_gets_it(world):
    answers = await asyncio.gather(
        *(join(world, email=f"new{number}@mail.test") for number in range(8)),
        return_exceptions=True,
    )
    made = [answer for answer in answers if not isinstance(answer, Exception)]
    assert len(made) == 1
    assert (await store.find_by_handle(world, "newcomer")).id == made[0].id
    for number in range(8):
        found = await store.find_by_email(world, f"new{number}@mail.test")
        assert found is None or found.id == made[0].id


async def test_of_many_who_give_one_address_at_once_the_others_names_are_free_again(world):
    names = [f"newcomer{number}" for number in range(6)]
    answers = await asyncio.gather(
        *(join(world, username=name) for name in names), return_exceptions=True
    )
    made = [answer.username for answer in answers if not isinstance(answer, Exception)]
    assert len(made) == 1
    for name in names:
        assert await store.handle_taken(world, name) == (name in made)


async def _everything(world) -> dict[str, int]:
    counted = {}
    for table in (ACCOUNTS, HANDLES, EMAILS, LOGINS, NAMES):
        rows, _ = await world.storage.scan(table)
        counted[table.name] = len(rows)
    return counted


NOTHING = {"accounts": 0, "handles": 0, "emails": 0, "logins": 0, "account_names": 0}
WHOLE = {"accounts": 1, "handles": 1, "emails": 1, "logins": 1, "account_names": 1}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", range(5))
async def test_killed_between_any_two_steps_a_sign_up_leaves_no_ghost(
    tmp_path, clock, writes, after
):
    world = make_world(tmp_path, clock)
    mortal = MortalStorage(world.storage, writes, after=after)
    object.__setattr__(world, "storage", mortal)
    finished = True
    try:
        await join(world)
    except Killed:
        finished = False
    await mortal._storage.close()

    later = make_world(tmp_path, clock, seed="later", node=1)
    clock.advance(CLAIM_MS + 1)
    found = await _everything(later)
    assert found in (NOTHING, WHOLE)
    if finished:
        assert found == WHOLE
    if found == NOTHING:
        # Nothing of the dead attempt holds the name or the address.
        assert (await join(later)).username == "newcomer"
        assert await _everything(later) == WHOLE
    else:
        assert await people.sign_in(later, "newcomer", "long enough") is not None
        with pytest.raises(Invalid):
            await join(later)
    await later.storage.close()


async def test_an_account_is_not_made_on_a_claim_that_may_have_lapsed(world, clock, monkeypatch):
    async def slow(*_arguments):
        clock.advance(CLAIM_MS)
        return []

    monkeypatch.setattr(people, "address_writes", slow)
    with pytest.raises(Conflict, match="try_again"):
        await join(world)
    assert await _everything(world) == NOTHING


async def test_the_sites_own_account_is_made_once_and_nobody_signs_in_to_it(world):
    first = await people.ensure_site_account(world)
    assert first.username == "venire"
    assert first.bot
    assert (await people.ensure_site_account(world)).id == first.id
    assert await people.sign_in(world, "venire", "") is None


async def test_a_first_start_that_was_killed_does_not_keep_the_next_from_starting(world):
    await store.claim_handle(world, "venire", 77)
    assert (await people.ensure_site_account(world)).id == 77


async def test_two_first_starts_agree_on_the_sites_account(world):
    made = await asyncio.gather(*(people.ensure_site_account(world) for _ in range(4)))
    assert len({account.id for account in made}) == 1


async def test_an_operator_makes_an_account_with_a_token_and_a_password(world):
    created = await people.create_account(world, "mod", "mod@mail.test", role="moderator")
    assert len(created.password) == 24
    assert (await people.sign_in(world, "mod", created.password)).role == "moderator"
    with pytest.raises(Invalid) as caught:
        await people.create_account(world, "mod", "x", "short", "king")
    assert refused(caught.value) == {
        "email": "ERR_INVALID",
        "password": "ERR_TOO_SHORT",
        "role": "ERR_INCLUSION",
    }


async def test_a_closed_account_opens_nothing_and_its_name_stays_taken(world):
    account_id = await someone(world, "alice")
    await people.delete_account(world, account_id, returnable=False)
    assert await people.sign_in(world, "alice", "correct horse") is None
    with pytest.raises(Invalid):
        await join(world, username="alice")


async def test_a_hash_made_cheaply_is_replaced_at_the_first_sign_in_elsewhere(tmp_path, clock):
    cheap = make_world(tmp_path, clock, acceptance=True)
    account_id = await someone(cheap, "alice")
    weak = (await store.load_login(cheap, account_id)).password_hash
    await cheap.storage.close()
    usual = make_world(tmp_path, clock, acceptance=False)
    assert (await store.load_login(usual, account_id)).password_hash == weak
    assert (await people.sign_in(usual, "alice", "correct horse")).id == account_id
    strong = (await store.load_login(usual, account_id)).password_hash
    assert "m=65536,t=3,p=4" in strong
    assert (await people.sign_in(usual, "alice", "correct horse")).id == account_id
    await usual.storage.close()
