"""The power fails at any write while a factor is added or used: all of it is there, or nothing."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest

from tests.people.house import Killed, MortalStorage, make_world, someone
from tests.people.test_passkeys import HOME, make
from venire.cli.drills.counterparts.authenticator import Authenticator
from venire.people import factor_rows, factors, passkeys, second_step, totp
from venire.people.own_passkeys import Ceremony, passkeys_of, use_passkey
from venire.people.second_step import BY_PASSWORD, RECOVERY

pytestmark = pytest.mark.anyio

_WRITES = 4


def dying(world, writes, *, after):
    return dataclasses.replace(world, storage=MortalStorage(world.storage, writes, after=after))


@pytest.fixture(params=[(n, after) for n in range(_WRITES) for after in (False, True)])
def blow(request):
    return request.param


@pytest.fixture
async def world(tmp_path, clock):
    made = make_world(tmp_path, clock)
    yield made
    await made.storage.close()


async def whole(world, account_id):
    """What there is fits together: a factor never without its codes, an index never without it."""
    held = await factor_rows.load(world, account_id)
    keys = await passkeys_of(world, account_id)
    assert held.passkeys == len(keys)
    assert held.codes_left == (10 if held.needed else 0)
    return held


async def test_a_passkey_that_is_being_made(world, blow):
    account_id, device = await someone(world, "ayu"), Authenticator()
    try:
        await make(dying(world, blow[0], after=blow[1]), account_id, device)
    except Killed:
        held = await whole(world, account_id)
        if not held.needed:
            device.keys.clear()
            await make(world, account_id, device)
    held = await whole(world, account_id)
    assert held.passkeys == 1
    options = passkeys.using_options(world, passkeys.ENTER, HOME, (), "browser")
    ceremony = Ceremony(device.use(options), HOME, "browser")
    assert await use_passkey(world, ceremony, purpose=passkeys.ENTER) == account_id


async def test_an_app_that_is_being_added(world, blow, clock):
    account_id = await someone(world, "ayu")
    secret = await factors.begin_totp(world, account_id)
    code = totp.code_at(secret, totp.step_of(world.now_ms()))
    try:
        await factors.confirm_totp(dying(world, blow[0], after=blow[1]), account_id, code)
    except Killed:
        held = await whole(world, account_id)
        if not held.needed:
            assert len(await factors.confirm_totp(world, account_id, code)) == 10
        else:
            # It counts, and nobody has seen the codes: the owner makes new ones.
            assert len(await factors.renew_recovery(world, account_id)) == 10
    held = await whole(world, account_id)
    assert held.totp_at_ms
    clock.advance(totp.STEP_MS)
    later = totp.code_at(secret, totp.step_of(world.now_ms()))
    assert await factors.use_totp(world, account_id, later)


async def test_a_recovery_code_that_is_being_used_is_used_once_or_not_at_all(world, blow):
    account_id = await someone(world, "ayu")
    object.__setattr__(world.site, "letters", True)
    codes = await factors.choose_mail(world, account_id, wanted=True)
    object.__setattr__(world.site, "letters", True)
    ticket = await second_step.begin(world, account_id, first=BY_PASSWORD)
    step = await second_step.waiting(world, ticket, HOME)
    killed = dying(world, blow[0], after=blow[1])
    let_in = False
    with contextlib.suppress(Killed):
        let_in = await second_step.answer(killed, step, RECOVERY, codes[0], HOME)
    left = (await factor_rows.load(world, account_id)).codes_left
    assert left in {9, 10}
    if let_in:
        assert left == 9
    again = await factors.use_recovery(world, account_id, codes[0])
    assert again is (left == 10), "what was used is used; what was not still works"
