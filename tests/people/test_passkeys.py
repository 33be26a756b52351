"""Passkeys: made and used at their own address, by their own owner, once for each challenge."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.people.house import make_world, someone
from venire.cli.drills.counterparts.authenticator import Authenticator
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.people import factor_rows, passkeys
from venire.people.own_passkeys import (
    PASSKEYS_MOST,
    Ceremony,
    add_passkey,
    passkeys_of,
    remove_passkey,
    use_passkey,
)
from venire.people.passkeys import AGAIN, ENTER, SECOND, Party, party_of
from venire.people.store import load_account
from venire.storage.world import Site

pytestmark = pytest.mark.anyio

HOME = Party("venire.test", "http://venire.test")
STANDBY = Party("standby.test", "https://standby.test")


async def make(world, account_id, device, *, party=HOME, name="phone", origin=None):
    account = await load_account(world, account_id)
    there = await passkeys_of(world, account_id)
    options = passkeys.making_options(world, account, party, there, "me")
    made = device.make(options, origin=origin or party.origin)
    return await add_passkey(world, account, Ceremony(made, party, "me"), name)


def asked(world, device, *, party=HOME, purpose=ENTER, bound="browser", origin=None):
    options = passkeys.using_options(world, purpose, party, (), bound)
    return Ceremony(device.use(options, origin=origin or party.origin), party, bound)


async def refused(world, ceremony, purpose=ENTER):
    with pytest.raises(Invalid) as problem:
        await use_passkey(world, ceremony, purpose=purpose)
    assert problem.value.code == "passkey_refused"


async def test_a_passkey_lets_its_owner_in_and_recovery_codes_come_with_the_first(world):
    account_id, device = await someone(world, "ayu"), Authenticator()
    row, codes = await make(world, account_id, device)
    assert len(codes) == 10
    assert (row.name, row.party, row.transports) == ("phone", "venire.test", "hybrid internal")
    assert await use_passkey(world, asked(world, device), purpose=ENTER) == account_id
    (kept,) = await passkeys_of(world, account_id)
    assert kept.sign_count == 1
    assert kept.used_at_ms == world.now_ms()
    _, more = await make(world, account_id, Authenticator(), name="key on my ring")
    assert more == []
    assert [one.name for one in await passkeys_of(world, account_id)] == ["phone", "key on my ring"]


async def test_an_answer_counts_once(world):
    account_id, device = await someone(world, "ayu"), Authenticator(counts=False)
    await make(world, account_id, device)
    ceremony = asked(world, device)
    assert await use_passkey(world, ceremony, purpose=ENTER) == account_id
    await refused(world, ceremony)
    account = await load_account(world, account_id)
    options = passkeys.making_options(world, account, HOME, (), "me")
    made = Ceremony(device.make(options), HOME, "me")
    await add_passkey(world, account, made, "second")
    with pytest.raises((Invalid, Conflict)):
        await add_passkey(world, account, made, "third")


async def test_of_a_hundred_replays_at_once_one_counts(world):
    account_id, device = await someone(world, "ayu"), Authenticator(counts=False)
    await make(world, account_id, device)
    ceremony = asked(world, device)
    tries = [use_passkey(world, ceremony, purpose=ENTER) for _ in range(100)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert [one for one in answers if not isinstance(one, Invalid)] == [account_id]


@pytest.mark.parametrize(
    "wrong", ["origin", "party", "purpose", "bound", "late", "signature", "stranger", "unverified"]
)
async def test_what_is_not_as_it_was_asked_is_refused(world, clock, wrong):
    account_id, device = await someone(world, "ayu"), Authenticator()
    await make(world, account_id, device)
    ceremony, purpose = asked(world, device), ENTER
    if wrong == "origin":
        ceremony = asked(world, device, origin="https://venire.test.evil.test")
    elif wrong == "party":
        ceremony = ceremony._replace(party=STANDBY)
    elif wrong == "purpose":
        purpose = SECOND
    elif wrong == "bound":
        ceremony = ceremony._replace(bound="another browser")
    elif wrong == "late":
        clock.advance(passkeys.LASTS_MS)
    elif wrong == "signature":
        other = asked(world, device)
        ceremony.credential["response"]["signature"] = other.credential["response"]["signature"]
    elif wrong == "stranger":
        other = Authenticator()
        other.make(
            passkeys.making_options(world, await load_account(world, account_id), HOME, (), "x")
        )
        ceremony = asked(world, other)
    else:
        device.verifies = False
        ceremony = asked(world, device)
    await refused(world, ceremony, purpose)


async def test_beside_a_password_a_key_need_not_ask_who_uses_it(world):
    account_id, device = await someone(world, "ayu"), Authenticator(verifies=False)
    await make(world, account_id, device)
    ceremony = asked(world, device, purpose=SECOND)
    assert await use_passkey(world, ceremony, purpose=SECOND) == account_id
    await refused(world, asked(world, device))


async def test_a_count_that_goes_back_is_a_copy(world):
    account_id, device = await someone(world, "ayu"), Authenticator()
    await make(world, account_id, device)
    device.keys[0].count = 9
    await use_passkey(world, asked(world, device), purpose=ENTER)
    device.keys[0].count = 3
    await refused(world, asked(world, device))


async def test_a_passkey_works_for_its_own_domain_and_one_may_be_made_for_each(world):
    account_id, device = await someone(world, "ayu"), Authenticator()
    await make(world, account_id, device)
    with pytest.raises(StopIteration):
        asked(world, device, party=STANDBY)
    await make(world, account_id, device, party=STANDBY, name="for the day it is gone")
    ceremony = asked(world, device, party=STANDBY)
    assert await use_passkey(world, ceremony, purpose=ENTER) == account_id


async def test_a_passkey_that_was_taken_away_opens_nothing(world):
    account_id, device = await someone(world, "ayu"), Authenticator()
    row, _ = await make(world, account_id, device)
    stranger = await someone(world, "bimo")
    with pytest.raises(NotFound):
        await remove_passkey(world, stranger, row.id)
    tries = [remove_passkey(world, account_id, row.id) for _ in range(3)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in ends if one is not None] == [NotFound, NotFound]
    await refused(world, asked(world, device))
    held = await factor_rows.load(world, account_id)
    assert (held.needed, held.codes_left) == (False, 0), "codes go with what they stand in for"


async def test_an_account_has_a_bounded_number_of_them_with_names_that_can_be_read(world):
    account_id = await someone(world, "ayu")
    for name in ("", " ", "x" * 61, "a\x00b", "a\u202eb"):
        with pytest.raises(Invalid):
            await make(world, account_id, Authenticator(), name=name)
    for number in range(PASSKEYS_MOST):
        await make(world, account_id, Authenticator(), name=f"key  {number}")
    with pytest.raises(Conflict):
        await make(world, account_id, Authenticator())
    assert (await passkeys_of(world, account_id))[1].name == "key 1"


def test_a_party_is_one_of_ours_whatever_a_caller_says():
    site = Site("venire.test", "https://venire.test", passkey_domains=("standby.test",))
    assert party_of(site, "venire.test") == Party("venire.test", "https://venire.test")
    assert party_of(site, "standby.test") == STANDBY
    for host in ("evil.test", "", "venire.test:8000", "a.venire.test"):
        assert party_of(site, host) is None
    assert party_of(Site("127.0.0.1:8000", "http://127.0.0.1:8000"), "127.0.0.1:8000") is None
    here = Site("localhost:8000", "http://localhost:8000")
    assert party_of(here, "localhost:8000") == Party("localhost", "http://localhost:8000")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    ["id", "rawId", "type", "response", "clientDataJSON", "authenticatorData", "signature"]
)


_SENT = st.dictionaries(_FIELDS, _JSON | st.dictionaries(_FIELDS, _JSON))


@settings(max_examples=15, deadline=None)
@given(st.lists(_SENT, min_size=1, max_size=10))
def test_whatever_a_browser_sends_is_refused_and_nothing_breaks(tmp_path_factory, sent):
    from venire.kernel.clock import ManualClock

    async def run():
        world = make_world(tmp_path_factory.mktemp("odd"), ManualClock())
        try:
            account_id, device = await someone(world, "ayu"), Authenticator()
            await make(world, account_id, device)
            account = await load_account(world, account_id)
            for one in sent:
                good = asked(world, device)
                for credential in (one, {**good.credential, **one}):
                    await _refused_or_in(world, account, good._replace(credential=credential))
        finally:
            await world.storage.close()

    asyncio.run(run())


async def _refused_or_in(world, account, ceremony):
    read = passkeys.read_credential(json.dumps(ceremony.credential))
    ceremony = ceremony._replace(credential=read)
    with contextlib.suppress(Invalid):
        assert await use_passkey(world, ceremony, purpose=ENTER) == account.id
    with pytest.raises(Invalid):
        await add_passkey(world, account, ceremony, "odd")


async def test_a_challenge_is_for_one_purpose(world):
    account_id, device = await someone(world, "ayu"), Authenticator()
    await make(world, account_id, device)
    for purpose in (SECOND, AGAIN):
        await refused(world, asked(world, device, purpose=purpose))
