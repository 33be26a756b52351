"""Signed-in browsers, links that work once, tokens that end."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tests.people.house import someone
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Problem
from venire.people import actions as people
from venire.people import factors, oauth, second_step, sessions, tokens, totp
from venire.people.model import App

pytestmark = pytest.mark.anyio


async def test_a_session_lasts_thirty_days_and_ends_at_will(world):
    alice = await someone(world, "alice")
    one, other = [await sessions.start_session(world, alice) for _ in range(2)]
    assert (await sessions.session_account(world, one)).id == alice
    await sessions.end_session(world, one)
    assert await sessions.session_account(world, one) is None
    assert (await sessions.session_account(world, other)).id == alice
    world.clock.advance(30 * DAY_MS)
    assert await sessions.session_account(world, other) is None
    for nothing in (None, "", "forged"):
        assert await sessions.session_account(world, nothing) is None


async def test_signing_out_everywhere_ends_every_session(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")
    mine = [await sessions.start_session(world, alice) for _ in range(3)]
    theirs = await sessions.start_session(world, bob)
    await sessions.end_all_sessions(world, alice)
    assert [await sessions.session_account(world, one) for one in mine] == [None] * 3
    assert await sessions.session_account(world, theirs) is not None


async def test_what_was_opened_before_a_name_was_lost_opens_nothing(world):
    alice = await someone(world, "alice")

    async def opened() -> tuple[str, str]:
        token = await tokens.issue_token(world, client_id="x", scopes=["read"], account_id=alice)
        return await sessions.start_session(world, alice), token.access_token

    app = await tokens.issue_token(world, client_id="x", scopes=["read"])
    before = await opened()
    world.clock.advance(1)
    site = dataclasses.replace(world.site, signed_out_before_ms=world.now_ms())
    after = await opened()
    lost = dataclasses.replace(world, site=site)
    assert await sessions.session_account(lost, before[0]) is None
    assert await tokens.authenticate(lost, before[1]) is None
    assert (await sessions.session_account(lost, after[0])).id == alice
    assert (await tokens.authenticate(lost, after[1])).account.id == alice
    # An app that speaks for nobody has nothing of anybody's.
    assert await tokens.authenticate(lost, app.access_token) is not None
    assert await tokens.authenticate(world, before[1]) is not None


async def test_a_session_of_a_closed_account_opens_nothing(world):
    alice = await someone(world, "alice")
    secret = await sessions.start_session(world, alice)
    token = await tokens.issue_token(world, client_id="x", scopes=["read"], account_id=alice)
    await people.delete_account(world, alice)
    assert await sessions.session_account(world, secret) is None
    assert await tokens.authenticate(world, token.access_token) is None


async def test_a_form_token_fits_its_own_session_alone(world):
    one, other = sessions.form_token("one"), sessions.form_token("other")
    assert sessions.form_token_fits("one", one)
    assert not sessions.form_token_fits("one", other)
    assert not sessions.form_token_fits("one", "é")
    assert not sessions.form_token_fits("one", "")


async def test_a_sign_in_link_lets_in_once_even_if_many_come(world):
    alice = await someone(world, "alice")
    link = await sessions.make_sign_in_link(world, alice)
    entered = await asyncio.gather(*(sessions.spend_sign_in_link(world, link) for _ in range(5)))
    assert sorted(entered, key=bool) == [None] * 4 + [alice]
    late = await sessions.make_sign_in_link(world, alice, lasts_ms=5)
    world.clock.advance(5)
    assert await sessions.spend_sign_in_link(world, late) is None


async def test_a_token_with_an_end_ends(world):
    alice = await someone(world, "alice")
    granted = await tokens.issue_token(
        world,
        client_id="x",
        scopes=["read"],
        account_id=alice,
        until_ms=world.now_ms() + 10,
    )
    bearer = await tokens.authenticate(world, granted.access_token)
    assert (bearer.account.id, bearer.scopes) == (alice, {"read"})
    world.clock.advance(10)
    assert await tokens.authenticate(world, granted.access_token) is None


async def test_no_secret_is_kept(world, tmp_path):
    alice = await someone(world, "alice")
    secrets = [
        (
            await tokens.issue_token(world, client_id="x", scopes=["read"], account_id=alice)
        ).access_token,
        await sessions.start_session(world, alice),
        await sessions.make_sign_in_link(world, alice),
        "correct horse",
    ]
    await world.storage.advance("flush", 1)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("venire.db*"))
    assert b"alice@mail.test" in files
    for secret in secrets:
        assert secret.encode() not in files


async def test_of_many_exchanges_of_one_code_at_once_one_gets_a_token(world):
    alice = await someone(world, "alice")
    app, _ = await oauth.create_app(
        world, name="x", redirect_uris=[oauth.OUT_OF_BAND], scopes=["read"], website=None
    )
    consent = oauth.Consent(app, oauth.OUT_OF_BAND, ("read",), "", "")
    code = await oauth.issue_code(world, consent, alice)

    async def exchange(app: App):
        return await oauth.exchange_code(
            world, app, code=code, redirect_uri=oauth.OUT_OF_BAND, verifier=""
        )

    answers = await asyncio.gather(*(exchange(app) for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(answer, Exception) for answer in answers) == 1


async def test_a_new_password_ends_what_was_given_out_under_the_old_one_and_not_used(world):
    alice = await someone(world, "alice")
    app, _ = await oauth.create_app(
        world, name="x", redirect_uris=[oauth.OUT_OF_BAND], scopes=["read"], website=None
    )
    consent = oauth.Consent(app, oauth.OUT_OF_BAND, ("read",), "", "")
    secret = await factors.begin_totp(world, alice)
    await factors.confirm_totp(world, alice, totp.code_at(secret, totp.step_of(world.now_ms())))
    code = await oauth.issue_code(world, consent, alice)
    link = await sessions.make_sign_in_link(world, alice)
    ticket = await second_step.begin(world, alice, first=second_step.BY_PASSWORD)
    assert await second_step.waiting(world, ticket, None) is not None
    await people.change_password(world, alice, "another horse")
    with pytest.raises(Problem):
        await oauth.exchange_code(
            world, app, code=code, redirect_uri=oauth.OUT_OF_BAND, verifier=""
        )
    assert await sessions.spend_sign_in_link(world, link) is None
    assert await second_step.waiting(world, ticket, None) is None
