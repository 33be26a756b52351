"""The second step of a sign-in: what is asked, how often, and that nothing works twice."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.people.house import make_world, someone
from tests.people.test_letters import Service, office
from tests.people.test_passkeys import HOME, STANDBY, make
from venire.cli.drills.counterparts.authenticator import Authenticator
from venire.events import FactorsChanged
from venire.kernel.errors import Conflict, Invalid, Throttled, Unavailable
from venire.kernel.vault import Vault
from venire.people import (
    confirmations,
    factor_rows,
    factors,
    letters,
    mail_codes,
    passkeys,
    recovery,
    second_step,
    totp,
)
from venire.people.admin_log import log_page
from venire.people.second_step import BY_MAILBOX, BY_PASSWORD, MAIL, PASSKEY, RECOVERY, TOTP
from venire.storage.tables.factors import SECOND_STEPS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path, clock):
    made = make_world(tmp_path, clock)
    object.__setattr__(made.site, "letters", True)
    yield made
    await made.storage.close()


async def with_app(world, account_id):
    """Set an app up; its secret and the recovery codes."""
    secret = await factors.begin_totp(world, account_id)
    codes = await factors.confirm_totp(world, account_id, code_now(world, secret))
    return secret, codes


def code_now(world, secret, *, drift=0):
    return totp.code_at(secret, totp.step_of(world.now_ms()) + drift)


async def begun(world, account_id, *, first=BY_PASSWORD, party=HOME):
    ticket = await second_step.begin(world, account_id, first=first)
    step = await second_step.waiting(world, ticket, party)
    assert step is not None
    return ticket, step


async def news(world):
    told = [one.event for one in await world.storage.tail(0, 10_000)]
    return [one.kind for one in told if isinstance(one, FactorsChanged)]


async def test_without_a_factor_a_password_is_enough(world):
    account_id = await someone(world, "ayu")
    assert await second_step.begin(world, account_id, first=BY_PASSWORD) == ""
    await factors.begin_totp(world, account_id)
    assert await second_step.begin(world, account_id, first=BY_PASSWORD) == "", "not confirmed yet"


async def test_a_code_of_the_app_ends_the_second_step_and_fits_nowhere_again(world, clock):
    account_id = await someone(world, "ayu")
    secret, codes = await with_app(world, account_id)
    assert len(set(codes)) == recovery.MANY
    _, step = await begun(world, account_id)
    assert step.ways == (TOTP, RECOVERY)
    used = code_now(world, secret)
    assert not await second_step.answer(world, step, TOTP, used, HOME), "its first code was used"
    clock.advance(totp.STEP_MS)
    code = code_now(world, secret)
    assert await second_step.answer(world, step, TOTP, f"{code[:3]} {code[3:]}", HOME)
    assert not await second_step.answer(world, step, TOTP, code, HOME)
    _, again = await begun(world, account_id)
    assert not await second_step.answer(world, again, TOTP, code, HOME)


@pytest.mark.parametrize(
    ("drift", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_a_clock_may_be_one_step_off(world, clock, drift, fits):
    account_id = await someone(world, "ayu")
    secret, _ = await with_app(world, account_id)
    clock.advance(10 * totp.STEP_MS)
    assert await factors.use_totp(world, account_id, code_now(world, secret, drift=drift)) is fits


async def test_of_many_sign_ins_with_one_code_at_once_one_comes_in(world, clock):
    account_id = await someone(world, "ayu")
    secret, _ = await with_app(world, account_id)
    clock.advance(totp.STEP_MS)
    code = code_now(world, secret)
    steps = [(await begun(world, account_id))[1] for _ in range(8)]
    tries = [second_step.answer(world, step, TOTP, code, HOME) for step in steps]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert answers.count(True) == 1
    assert all(one in {True, False} or isinstance(one, Conflict) for one in answers)


async def test_five_wrong_answers_end_it_and_the_owner_hears_of_it(world, clock):
    account_id = await someone(world, "ayu")
    secret, _ = await with_app(world, account_id)
    clock.advance(totp.STEP_MS)
    ticket, step = await begun(world, account_id)
    tries = [second_step.answer(world, step, TOTP, "000000", HOME) for _ in range(50)]
    assert not any(await asyncio.gather(*tries))
    assert not await second_step.answer(world, step, TOTP, code_now(world, secret), HOME)
    assert await second_step.waiting(world, ticket, HOME) is None
    assert (await news(world)).count(factor_rows.TRIES_SPENT) == 1


async def test_a_ticket_ends_after_ten_minutes(world, clock):
    account_id = await someone(world, "ayu")
    await with_app(world, account_id)
    ticket, _ = await begun(world, account_id)
    clock.advance(second_step.LASTS_MS)
    assert await second_step.waiting(world, ticket, HOME) is None
    assert await second_step.waiting(world, "", HOME) is None
    assert await second_step.waiting(world, "é" * 50, HOME) is None


async def test_a_recovery_code_works_once_and_only_for_its_owner(world):
    ayu, bimo = await someone(world, "ayu"), await someone(world, "bimo")
    _, codes = await with_app(world, ayu)
    _, others = await with_app(world, bimo)
    _, step = await begun(world, ayu)
    for wrong in (others[3], "", "3", "3-", "x" * 200, codes[3][:-1], "9" + codes[3][1:]):
        assert not await factors.use_recovery(world, ayu, wrong)
    assert await second_step.answer(world, step, RECOVERY, codes[3].upper().replace("-", " "), HOME)
    assert not await factors.use_recovery(world, ayu, codes[3])
    assert (await factor_rows.load(world, ayu)).codes_left == 9
    assert factor_rows.RECOVERY_USED in await news(world)
    tries = [factors.use_recovery(world, ayu, codes[4]) for _ in range(4)]
    assert (await asyncio.gather(*tries)).count(True) == 1


async def test_new_recovery_codes_end_the_old_ones(world):
    account_id = await someone(world, "ayu")
    with pytest.raises(Conflict):
        await factors.renew_recovery(world, account_id)
    _, old = await with_app(world, account_id)
    new = await factors.renew_recovery(world, account_id)
    assert not await factors.use_recovery(world, account_id, old[0])
    assert await factors.use_recovery(world, account_id, new[0])


async def test_a_code_by_e_mail_is_of_this_sign_in_and_its_newest_letter(world, clock):
    account_id = await someone(world, "ayu")
    assert len(await factors.choose_mail(world, account_id, wanted=True)) == 10
    service = Service()
    _, step = await begun(world, account_id)
    ticket, other = await begun(world, account_id)
    assert step.ways == (MAIL, RECOVERY)
    assert not await second_step.answer(world, step, MAIL, "000000", HOME), "none was sent"
    await second_step.send_code(world, step)
    await office(world, service).deliver_due()
    first = service.taken[-1]
    assert first.to == "ayu@mail.test"
    clock.advance(1_000)
    await second_step.send_code(world, step)
    await office(world, service).deliver_due()
    code, old = (read_code(one) for one in (service.taken[-1], first))
    assert not await second_step.answer(world, step, MAIL, old, HOME)
    assert not await second_step.answer(world, other, MAIL, code, HOME), "another browser's"
    assert await second_step.answer(world, step, MAIL, code, HOME)
    fresh = await second_step.waiting(world, ticket, HOME)
    for _ in range(second_step.LETTERS):
        await second_step.send_code(world, await second_step.waiting(world, ticket, HOME))
    with pytest.raises(Throttled):
        await second_step.send_code(world, await second_step.waiting(world, ticket, HOME))
    assert fresh is not None


def read_code(letter):
    (code,) = [line for line in letter.text.splitlines() if line.isdigit()]
    assert len(code) == 6
    return code


async def test_a_code_by_e_mail_ends_after_ten_minutes(world, clock):
    account_id = await someone(world, "ayu")
    await factors.choose_mail(world, account_id, wanted=True)
    _, step = await begun(world, account_id)
    await second_step.send_code(world, step)
    service = Service()
    await office(world, service).deliver_due()
    sent = await world.storage.get(SECOND_STEPS, (step.row.ticket_hash,))
    code = read_code(service.taken[0])
    clock.advance(second_step.LASTS_MS - 1)
    assert await mail_codes.fits(world, account_id, sent.letter_id, code)
    assert not await mail_codes.fits(world, account_id + 1, sent.letter_id, code)
    clock.advance(1)
    assert not await mail_codes.fits(world, account_id, sent.letter_id, code)


async def test_whoever_came_by_a_letter_is_not_asked_for_one_again(world):
    account_id = await someone(world, "ayu")
    await factors.choose_mail(world, account_id, wanted=True)
    _, step = await begun(world, account_id, first=BY_MAILBOX)
    assert step.ways == (RECOVERY,)
    await with_app(world, account_id)
    _, step = await begun(world, account_id, first=BY_MAILBOX)
    assert step.ways == (TOTP, RECOVERY)
    with pytest.raises(Invalid):
        await second_step.send_code(world, step)
    with pytest.raises(Invalid):
        await second_step.answer(world, step, MAIL, "000000", HOME)


async def test_when_a_domain_is_gone_a_recovery_code_and_a_passkey_made_for_the_other_let_in(world):
    ayu, bimo = await someone(world, "ayu"), await someone(world, "bimo")
    one, both = Authenticator(), Authenticator()
    _, codes = await make(world, ayu, one)
    await make(world, bimo, both)
    await make(world, bimo, both, party=STANDBY, name="for the other domain")
    _, step = await begun(world, ayu, party=STANDBY)
    assert step.ways == (RECOVERY,), "her passkey is of the domain that is gone"
    assert await second_step.answer(world, step, RECOVERY, codes[0], STANDBY)
    _, step = await begun(world, bimo, party=STANDBY)
    assert step.ways == (PASSKEY, RECOVERY)
    options = passkeys.using_options(
        world, passkeys.SECOND, STANDBY, step.keys, step.row.ticket_hash
    )
    said = passkeys.json.dumps(both.use(options, origin=STANDBY.origin))
    assert await second_step.answer(world, step, PASSKEY, said, STANDBY)


async def test_an_admin_takes_everything_away_and_that_is_logged_and_told(world):
    ayu, chief = await someone(world, "ayu"), await someone(world, "chief")
    await make(world, ayu, Authenticator())
    await with_app(world, ayu)
    await factors.clear(world, ayu, actor_id=chief, reason="lost phone and paper")
    assert not (await factor_rows.load(world, ayu)).needed
    assert await second_step.begin(world, ayu, first=BY_PASSWORD) == ""
    (line,) = await log_page(world, "2026-01")
    assert (line.action, line.target, line.reason) == (
        "clear_factors",
        str(ayu),
        "lost phone and paper",
    )
    assert factor_rows.CLEARED in await news(world)


async def test_each_change_is_told_by_a_letter_of_its_own_in_the_readers_language(world):
    account_id = await someone(world, "ayu")
    await with_app(world, account_id)
    await factors.choose_mail(world, account_id, wanted=True)
    await factors.choose_mail(world, account_id, wanted=False)
    await factors.choose_mail(world, account_id, wanted=False)
    for envelope in await world.storage.tail(0, 10_000):
        await letters.hear(world, envelope)
    service = Service()
    await office(world, service).deliver_due()
    told = sorted(one.subject for one in service.taken)
    assert told == [
        "An authenticator app was added on Venire",
        "Codes by e-mail were turned off on Venire",
        "Codes by e-mail were turned on on Venire",
    ]
    assert all("http://venire.test/settings/security" in one.text for one in service.taken)


async def test_a_secret_lies_sealed_and_opens_for_its_own_account_alone(world):
    account_id = await someone(world, "ayu")
    secret, codes = await with_app(world, account_id)
    row = await factor_rows.load_row(world, account_id)
    assert secret not in row.totp_sealed
    assert not any(
        code.split("-", 1)[1].replace("-", "").encode() in row.recovery for code in codes
    )
    with pytest.raises(Unavailable):
        world.vault.open("totp secret", "1", row.totp_sealed)
    with pytest.raises(Unavailable):
        Vault(b"x" * 32).open("totp secret", str(account_id), row.totp_sealed)
    assert "x" not in repr(Vault(b"x" * 32)).replace("...", "")


async def test_showing_again_who_one_is_holds_for_ten_minutes_and_one_browser(world, clock):
    account_id = await someone(world, "ayu")
    mine, other = confirmations.of_session("mine"), confirmations.of_token(7)
    assert not await confirmations.confirm(world, account_id, mine, "password", "wrong")
    assert not await confirmations.confirm(world, account_id, mine, "pigeon", "x")
    assert not await confirmations.confirmed(world, account_id, mine)
    assert await confirmations.confirm(world, account_id, mine, "password", "correct horse")
    await confirmations.require(world, account_id, mine)
    assert not await confirmations.confirmed(world, account_id, other)
    assert not await confirmations.confirmed(world, account_id + 1, mine)
    clock.advance(confirmations.LASTS_MS)
    assert not await confirmations.confirmed(world, account_id, mine)


@settings(deadline=None)
@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**40), st.integers(-3, 3))
def test_a_code_fits_one_step_around_now_and_never_at_or_below_one_used(secret, now_ms, drift):
    step = max(0, totp.step_of(now_ms) + drift)
    code = totp.code_at(secret, step)
    found = totp.fitting_step(secret, code, now_ms, above=-1)
    near = [totp.step_of(now_ms) + off for off in (-1, 0, 1) if totp.step_of(now_ms) + off >= 0]
    same = [one for one in near if totp.code_at(secret, one) == code]
    assert (found in same) if same else found is None
    if found is not None:
        assert totp.fitting_step(secret, code, now_ms, above=max(near)) is None


@given(st.text(max_size=60))
def test_a_code_is_read_as_people_write_it(text):
    assert totp.digits(text) == "".join(s for s in text[:40] if s in "0123456789")


async def test_whoever_has_a_password_cannot_use_up_what_tells_its_owner(world):
    account_id = await someone(world, "ayu")
    await factors.choose_mail(world, account_id, wanted=True)
    for _ in range(2 * letters.DAILY):
        told = [FactorsChanged(account_id, factor_rows.TRIES_SPENT)]
        await world.storage.commit(f"x:{world.ids.next()}", [], told)
        await letters.send(world, account_id, mail_codes.CODE, letter_id=world.ids.next())
    await with_app(world, account_id)
    await letters.ask(world, account_id, letters.RESET)
    for envelope in await world.storage.tail(0, 10_000):
        await letters.hear(world, envelope)
    service = Service()
    await office(world, service).deliver_due()
    subjects = [one.subject for one in service.taken]
    assert subjects.count("Your code for Venire") == letters.DAILY
    assert subjects.count("Somebody failed at the second step on Venire") == letters.DAILY
    assert "An authenticator app was added on Venire" in subjects
    assert "Choose a new password for Venire" in subjects


async def test_a_lost_key_stops_codes_of_apps_and_nothing_else(world):
    account_id = await someone(world, "ayu")
    secret, codes = await with_app(world, account_id)
    await factors.begin_totp(world, await someone(world, "bimo"))
    other = dataclasses.replace(world, sealing=Vault(b"x" * 32))
    with pytest.raises(Unavailable):
        await factors.use_totp(other, account_id, code_now(world, secret))
    _, step = await begun(other, account_id)
    assert await second_step.answer(other, step, RECOVERY, codes[0], HOME)
    await factors.remove_totp(other, account_id)
    assert await factors.pending_totp(other, await someone(world, "chandra")) is None
