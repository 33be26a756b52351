"""Letters over two submissions: the second one in the same try, by the same name."""

from __future__ import annotations

import time

import pytest

from tests.kit.mailbox import PASSWORD, USERNAME, Mailbox, certificate, served, speaking
from tests.people.house import someone
from tests.people.test_letters import Service, office
from venire.adapters.mail.submission import SmtpSubmission, read_server
from venire.continuity.vendors import survey, vendor_states
from venire.continuity.vendors.breaker import SHUT
from venire.continuity.vendors.mail_routes import KIND, MailRoutes
from venire.events import VendorShut
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Unavailable
from venire.kernel.ports import Letter, MailAnswer
from venire.kernel.vendors import Listed
from venire.people import letters

pytestmark = pytest.mark.anyio

SENT = MailAnswer("sent")
LETTER = Letter(
    to="ani@mail.test",
    subject="One",
    text="Words\n",
    message_id="<letter.7@venire.test>",
    written_at_ms=1_767_225_600_000,
    language="en",
)


def routes(world, first, second):
    made = MailRoutes(world, {"a": first, "b": second})
    made.failover._share = 0.0
    return made


@pytest.mark.parametrize(
    ("said", "asked", "answer"),
    [
        (MailAnswer("sent"), 0, SENT),
        (MailAnswer("rejected", "550 5.1.1"), 0, MailAnswer("rejected", "550 5.1.1")),
        (MailAnswer("throttled", "451"), 1, SENT),
        (MailAnswer("unavailable", "timeout"), 1, SENT),
        (MailAnswer("closed", "535"), 1, SENT),
    ],
)
async def test_what_the_first_says_decides_whether_the_second_is_asked(world, said, asked, answer):
    first, second = Service(said), Service()
    assert await routes(world, first, second).send(LETTER) == answer
    assert len(second.offered) == asked
    assert all(one == LETTER for one in second.offered), "the same letter, by the same name"


async def test_who_refuses_our_account_is_asked_no_more_until_a_person_has_looked(world):
    first, second = Service(MailAnswer("closed", "535 5.7.8")), Service()
    way = routes(world, first, second)
    for _ in range(5):
        assert await way.send(LETTER) == SENT
    assert (len(first.offered), len(second.offered)) == (1, 5)
    states = await vendor_states.load(world, KIND)
    assert states["a"].state == SHUT
    assert states["a"].said == "535 5.7.8"


def listed(world, *more):
    object.__setattr__(world.site, "vendors", (Listed(kind=KIND, name="mail", usable=True), *more))


async def mail_in_the_register(world):
    found = await survey.survey(world)
    return next(one for one in found.kinds if one.kind == KIND)


async def test_the_only_submission_is_one_vendor_that_is_known_to_work_and_red(world, clock):
    listed(world)
    assert (await mail_in_the_register(world)).used_this_week == 0
    service = Service()
    assert await MailRoutes(world, {"mail": service}).send(LETTER) == SENT
    state = await mail_in_the_register(world)
    assert (state.count, state.used_this_week, state.owners) == (1, 1, 0)
    assert (state.colour, state.reasons) == ("red", ("only_one", "drill_due"))
    clock.advance(8 * DAY_MS)
    assert (await mail_in_the_register(world)).used_this_week == 0


async def test_beside_another_one_it_is_amber_since_nobody_knows_whose_it_is(world):
    listed(world, Listed(kind=KIND, name="b", owner="Post", country="ID", usable=True))
    way = routes(world, Service(), Service())
    assert await way.send(LETTER) == SENT
    state = await mail_in_the_register(world)
    assert (state.colour, state.reasons[0]) == ("amber", "same_owner_or_country")


async def test_the_only_one_that_refuses_us_is_told_asked_on_and_let_back_by_a_letter(world):
    listed(world)
    service = Service(*[MailAnswer("closed", "535 5.7.8")] * 3)
    way = MailRoutes(world, {"mail": service})
    for _ in range(3):
        assert await way.send(LETTER) == MailAnswer("closed", "535 5.7.8")
    assert len(service.offered) == 3, "there is nobody else to ask"
    state = await mail_in_the_register(world)
    assert (state.shut, state.reasons[0]) == (1, "shut")
    told = [one.event for one in await world.storage.tail(0, 100)]
    assert told.count(VendorShut(KIND, "mail")) == 1
    again = MailRoutes(world, {"mail": service})
    assert await again.send(LETTER) == SENT
    assert (await mail_in_the_register(world)).shut == 0
    assert (await vendor_states.load(world, KIND))["mail"].last_success_ms is not None


async def test_a_letter_that_was_taken_is_taken_though_nobody_can_write_it_down(world, monkeypatch):
    async def full(*_, **__):
        raise Unavailable("disk_full", "no room")

    way = MailRoutes(world, {"mail": Service(MailAnswer("closed", "535"))})
    await way.send(LETTER)
    monkeypatch.setattr(world.storage, "commit", full)
    assert await way.send(LETTER) == SENT
    assert (await vendor_states.load(world, KIND))["mail"].state == SHUT
    monkeypatch.undo()
    assert await way.send(LETTER) == SENT
    assert (await vendor_states.load(world, KIND))["mail"].state != SHUT


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("closed", "closed", "closed"),
        ("unavailable", "unavailable", "unavailable"),
        ("closed", "unavailable", "unavailable"),
        ("unavailable", "throttled", "throttled"),
    ],
)
async def test_all_are_silent_only_where_each_one_is(world, first, second, answer):
    way = routes(world, Service(MailAnswer(first, "x")), Service(MailAnswer(second, "y")))
    assert (await way.send(LETTER)).outcome == answer
    if answer == "closed":
        assert (await way.send(LETTER)).outcome == "closed"


async def test_the_post_office_goes_on_while_one_way_is_open(world, clock):
    """The drill `mail-a-5xx`."""
    object.__setattr__(world.site, "letters", True)
    for name in ("ayu", "bimo", "chandra"):
        account_id = await someone(world, name)
        await letters.send(world, account_id, letters.SUMMONS, letter_id=world.ids.next())
    first, second = Service(*[MailAnswer("closed", "554 5.7.1")] * 9), Service()
    clock.advance(1)
    assert await office(world, routes(world, first, second)).deliver_due() == 3
    assert sorted(one.to[:4] for one in second.taken) == ["ayu@", "bimo", "chan"]
    assert {one.message_id for one in second.taken} >= {first.offered[0].message_id}


def submission(port, **more):
    server = read_server(f"smtp://127.0.0.1:{port}")
    return SmtpSubmission(server, sender="no-reply@venire.test", whole_s=0.8, **more)


@pytest.mark.loopback
@pytest.mark.parametrize(
    "fault", ["451", "550 5.7.1", "554 greeting", "hang", "gone", "data", "tls"]
)
async def test_a_real_server_that_fails_is_followed_by_one_that_does_not(world, tmp_path, fault):
    broken, good = Mailbox(), Mailbox()
    began = time.monotonic()
    with served(good) as second:
        if fault in {"451", "550 5.7.1"}:
            broken.answers = [f"{fault} later"]
            with served(broken) as port:
                answer = await routes(world, submission(port), submission(second)).send(LETTER)
        elif fault == "tls":
            theirs, _ = certificate(tmp_path)
            server = read_server("smtps://x@127.0.0.1:1", PASSWORD)
            with served(broken, context=theirs, implicit=True) as port:
                server = read_server(
                    f"smtps://{USERNAME.replace('@', '%40')}@127.0.0.1:{port}", PASSWORD
                )
                first = SmtpSubmission(server, sender="no-reply@venire.test", whole_s=0.8)
                answer = await routes(world, first, submission(second)).send(LETTER)
        else:
            said = {
                "554 greeting": (b"554 5.7.1 not you\r\n",),
                "hang": (b"",),
                "gone": (b"",),
                "data": (b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"),
            }[fault]
            with speaking(*said, pause_s=0.01) as port:
                if fault != "gone":
                    way = routes(world, submission(port), submission(second))
                    answer = await way.send(LETTER)
            if fault == "gone":
                way = routes(world, submission(port), submission(second))
                answer = await way.send(LETTER)
    assert answer == SENT
    assert [one["Message-ID"] for one in good.letters] == [LETTER.message_id]
    assert broken.letters == []
    assert broken.signed_in == []
    assert time.monotonic() - began < 2
