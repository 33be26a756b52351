"""Letters that came back: which they were, what they stop, and what nobody can forge."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.reports import bounce, complaint
from tests.people.house import make_world, someone
from tests.people.test_letters import Service, heard, office
from venire.events import FactorsChanged
from venire.kernel.errors import Invalid, NotFound, TooLarge
from venire.kernel.ports import MailAnswer
from venire.people import bounces, factor_rows, letters, suppression
from venire.people.letters import CONFIRM, RESET, SUMMONS
from venire.people.store import changed_address_writes, load_account, load_login, row_of
from venire.people.suppression import BOUNCED, COMPLAINED, reason_of
from venire.storage.tables.people import ACCOUNTS
from venire.storage.verbs import Put

pytestmark = pytest.mark.anyio

ADDRESS = "ayu@mail.test"


@pytest.fixture
async def world(tmp_path, clock):
    made = make_world(tmp_path, clock, acceptance=False)
    object.__setattr__(made.site, "letters", True)
    object.__setattr__(made.site, "bounces", "bounces.venire.test")
    yield made
    await made.storage.close()


async def sent(world, account_id, kind):
    """Send a letter of a kind; what went out, None where nothing did."""
    if kind in letters.ASKED:
        await letters.ask(world, account_id, kind)
    elif kind == SUMMONS:
        await letters.send(world, account_id, kind, letter_id=world.ids.next())
    else:
        told = [FactorsChanged(account_id, kind)]
        await world.storage.commit(f"x:{world.ids.next()}", [], told)
    await heard(world)
    service = Service()
    await office(world, service).deliver_due()
    return service.taken[-1] if service.taken else None


async def begun(world):
    account_id = await someone(world, "ayu")
    await sent(world, account_id, RESET)
    return account_id


async def test_each_letter_comes_back_to_an_address_of_its_own(world):
    account_id = await begun(world)
    paths = {(await sent(world, account_id, RESET)).return_path for _ in range(3)}
    assert len(paths) == 3
    assert all(re.fullmatch(r"bounce\+[a-z2-7]{29}@bounces\.venire\.test", one) for one in paths)
    assert all(len(one.partition("@")[0]) <= 64 for one in paths)
    object.__setattr__(world.site, "bounces", "")
    assert (await sent(world, account_id, RESET)).return_path == ""


@pytest.mark.parametrize(
    ("status", "action", "fate"),
    [
        ("5.1.1", "failed", "suppressed"),
        ("5.1.10", "failed", "suppressed"),
        ("5.2.1", "failed", "suppressed"),
        ("5.1.1", "delayed", "noted"),
        ("4.4.1", "failed", "noted"),
        ("5.2.2", "failed", "noted"),
        ("5.7.1", "failed", "noted"),
        ("2.0.0", "delivered", "noted"),
    ],
)
async def test_only_what_is_said_of_the_mailbox_for_good_stops_letters(world, status, action, fate):
    account_id = await begun(world)
    letter = await sent(world, account_id, RESET)
    report = bounce(status, action=action)
    assert await bounces.take_in(world, letter.return_path.upper(), report) == fate
    assert (await reason_of(world, ADDRESS) == BOUNCED) is (fate == "suppressed")


async def test_a_dead_mailbox_gets_nothing_but_the_letter_to_confirm_it(world):
    account_id = await begun(world)
    letter = await sent(world, account_id, RESET)
    await bounces.take_in(world, letter.return_path, bounce("5.1.1"))
    for kind in (RESET, SUMMONS, factor_rows.PASSKEY_ADDED):
        assert await sent(world, account_id, kind) is None
    again = await sent(world, account_id, CONFIRM)
    assert "/confirm/" in again.text
    await suppression.lift(world, ADDRESS)
    assert await sent(world, account_id, RESET) is not None
    assert await sent(world, account_id, CONFIRM) is None, "nothing is to be confirmed any more"


async def test_a_letter_that_waits_when_its_mailbox_dies_does_not_go(world, clock):
    account_id = await begun(world)
    for _ in range(2):
        await letters.ask(world, account_id, RESET)
    await heard(world)
    service = Service(MailAnswer("rejected", "550 5.1.1"))
    await office(world, service).deliver_due()
    assert (len(service.offered), service.taken) == (1, [])
    assert await reason_of(world, ADDRESS) == BOUNCED
    post = await letters.post_of(world)
    assert sorted(one.said for one in post.lost) == ["550 5.1.1", "suppressed"]


async def test_a_complaint_stops_what_can_be_ended_and_nothing_that_an_account_needs(world):
    account_id = await begun(world)
    letter = await sent(world, account_id, SUMMONS)
    assert letter.unsubscribe.startswith("http://venire.test/unsubscribe/")
    report = complaint(letter.return_path)
    assert await bounces.take_in(world, "fbl@venire.test", report) == "complained"
    assert await reason_of(world, ADDRESS) == COMPLAINED
    assert await sent(world, account_id, SUMMONS) is None
    assert (await sent(world, account_id, RESET)).unsubscribe == ""
    assert await sent(world, account_id, factor_rows.TOTP_ADDED) is not None
    other = await sent(world, account_id, RESET)
    await bounces.take_in(world, other.return_path, bounce("5.1.1"))
    assert await reason_of(world, ADDRESS) == BOUNCED
    assert await bounces.take_in(world, "fbl@venire.test", report) == "complained"
    assert await reason_of(world, ADDRESS) == BOUNCED, "what is dead stays dead"


async def test_nobody_is_silenced_by_a_forged_token(world):
    account_id = await begun(world)
    path = (await sent(world, account_id, RESET)).return_path
    token = path[7:36]
    for place in range(len(token) - 1):
        other = "b" if token[place] == "a" else "a"
        forged = f"bounce+{token[:place]}{other}{token[place + 1 :]}@bounces.venire.test"
        with pytest.raises(NotFound):
            await bounces.take_in(world, forged, bounce("5.1.1"))
    for odd in ("", "ayu@mail.test", "bounce+@x", f"bounce+{'a' * 29}@x", "bounce+é@x", path * 9):
        with pytest.raises(NotFound):
            await bounces.take_in(world, odd, bounce("5.1.1"))
        with pytest.raises(NotFound):
            await bounces.take_in(world, odd, complaint(odd if odd.isascii() else "x"))
    assert await reason_of(world, ADDRESS) is None


async def test_an_old_letter_does_not_stop_the_address_that_came_after(world):
    account_id = await begun(world)
    path = (await sent(world, account_id, RESET)).return_path
    login, account = await load_login(world, account_id), await load_account(world, account_id)
    head = msgspec.structs.replace(row_of(account), version=account.version + 1)
    writes = [Put(ACCOUNTS, head), *changed_address_writes(login, "new@mail.test")]
    await world.storage.commit(f"account:{account_id}", writes, expect=account.version)
    with pytest.raises(NotFound):
        await bounces.take_in(world, path, bounce("5.1.1"))
    assert await reason_of(world, "new@mail.test") is None


async def test_what_is_too_large_or_no_report_is_refused(world):
    account_id = await begun(world)
    path = (await sent(world, account_id, RESET)).return_path
    with pytest.raises(TooLarge):
        await bounces.take_in(world, path, b"x" * (bounces.MESSAGE_BYTES + 1))
    plain = b"Subject: I am away\r\n\r\nUntil Monday.\r\n"
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(3_000)
    )
    for message in (
        b"",
        plain,
        b"\xff" * 1_000,
        nested,
        bounce("5.1.1").replace(b"report;", b"mixed;"),
    ):
        with pytest.raises(Invalid):
            await bounces.take_in(world, path, message)


@settings(deadline=None)
@given(st.binary(max_size=2_000))
def test_whatever_is_sent_is_a_report_or_is_refused(noise):
    genuine = bounce("5.1.1")
    for message in (noise, genuine[:300] + noise + genuine[300:], genuine[: len(noise)]):
        try:
            report = bounces.read_report(message)
        except Invalid:
            continue
        assert report.failed == "" or report.failed.startswith("5.")
