"""Letters: queued once from what happened, tried again as they should be, links that work once."""

from __future__ import annotations

import re

import pytest

from tests.people.house import Killed, MortalStorage, make_world
from venire.events import AccountAdmitted, AccountCreated, FactorsChanged, LetterAsked
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, ManualClock
from venire.kernel.errors import Gone, NotFound
from venire.kernel.ports import MailAnswer
from venire.people import actions, departures, letters
from venire.people.admission import approve_account, confirm_contact
from venire.people.consent import give_consent
from venire.people.letters import CONFIRM, DAILY, LEAVE, RESET, SIGN_IN
from venire.people.mailboxes import change_waiting_address
from venire.people.model import CONSENT, PENDING, UNCONFIRMED, SignUp
from venire.people.post_office import PostOffice, mail_host
from venire.people.store import load_account
from venire.storage.tables.letters import LETTERS, LETTERS_DUE

pytestmark = pytest.mark.anyio

SENT = MailAnswer("sent")


class Service:
    """A mail server that gives these answers in turn, then takes everything."""

    def __init__(self, *answers: MailAnswer) -> None:
        self.answers = list(answers)
        self.offered = []
        self.taken = []

    async def send(self, letter):
        self.offered.append(letter)
        answer = self.answers.pop(0) if self.answers else SENT
        if answer == SENT:
            self.taken.append(letter)
        return answer


@pytest.fixture
async def world(tmp_path, clock: ManualClock):
    made = make_world(tmp_path, clock, acceptance=False)
    object.__setattr__(made.site, "letters", True)
    yield made
    await made.storage.close()


async def join(world, name="ani", *, state=UNCONFIRMED, born="1990-01-01", locale="en", **more):
    given = SignUp(name, f"{name}@mail.test", "correct horse", True, locale, born, **more)  # noqa: FBT003
    return await actions.sign_up(world, given, minimum_age=0, state=state, consent_age=13)


async def heard(world, *, again=1):
    """Everything told so far is heard, `again` times."""
    for _ in range(again):
        for envelope in await world.storage.tail(0, 10_000):
            await letters.hear(world, envelope)


def office(world, service, per_hour=10**9):
    return PostOffice(world, service, per_hour=per_hour)


def token_in(letter, path):
    found = re.search(rf"http://venire\.test{path}/([\w-]+)\n", letter.text)
    assert found, letter.text
    return found[1]


async def letter_to(world, account, kind):
    """Ask for a letter, have it sent; the letter."""
    await letters.ask(world, account.id, kind)
    await heard(world)
    service = Service()
    await office(world, service).deliver_due()
    return service.taken[-1]


async def test_a_sign_up_is_written_to_once_however_often_it_is_heard(world):
    await join(world)
    await heard(world, again=3)
    service = Service()
    assert await office(world, service).deliver_due() == 1
    assert await office(world, service).deliver_due() == 0
    (letter,) = service.taken
    assert letter.to == "ani@mail.test"
    assert letter.subject == "Confirm your e-mail address for Venire"
    assert "@ani" in letter.text
    assert token_in(letter, "/confirm")


async def test_a_letter_is_in_the_language_of_its_reader(world):
    await join(world, locale="id-ID")
    await heard(world)
    service = Service()
    await office(world, service).deliver_due()
    assert service.taken[0].subject == "Konfirmasi alamat surel Anda untuk Venire"
    assert service.taken[0].language == "id"


async def test_a_confirmed_address_opens_the_account_once(world):
    account = await join(world)
    await heard(world)
    service = Service()
    await office(world, service).deliver_due()
    token = token_in(service.taken[0], "/confirm")
    row, _ = await letters.read_link(world, CONFIRM, token)
    assert (await confirm_contact(world, account.id)).state == "active"
    await letters.spend_link(world, row)
    for _ in range(2):
        with pytest.raises(Gone):
            await letters.read_link(world, CONFIRM, token)
    with pytest.raises(Gone):
        await letters.spend_link(world, row)
    await heard(world)
    assert await office(world, service).deliver_due() == 0, "nobody is told what they just did"


async def test_a_link_is_of_its_kind_its_time_and_its_letter(world, clock):
    account = await join(world)
    letter = await letter_to(world, account, RESET)
    token = token_in(letter, "/password")
    await letters.read_link(world, RESET, token)
    for kind in (CONFIRM, SIGN_IN, LEAVE):
        with pytest.raises(NotFound):
            await letters.read_link(world, kind, token)
    flipped = ("A" if token[-2] != "A" else "B").join((token[:-2], token[-1:]))
    for wrong in ("", "x", flipped, token[:-4], token + "AAAA", "é" * 32, "A" * 5_000):
        with pytest.raises(NotFound):
            await letters.read_link(world, RESET, wrong)
    clock.advance(6 * HOUR_MS)
    with pytest.raises(Gone):
        await letters.read_link(world, RESET, token)


async def test_another_address_ends_the_links_of_the_first_and_gets_its_own(world):
    account = await join(world)
    first = token_in(await letter_to(world, account, CONFIRM), "/confirm")
    await change_waiting_address(world, account.id, "New.Ani@mail.test")
    with pytest.raises(NotFound):
        await letters.read_link(world, CONFIRM, first)
    second = await letter_to(world, account, CONFIRM)
    assert second.to == "new.ani@mail.test"
    await letters.read_link(world, CONFIRM, token_in(second, "/confirm"))
    again = await join(world, "bela")
    assert again.state == UNCONFIRMED
    await change_waiting_address(world, again.id, "ani@mail.test")


async def test_who_waits_for_a_moderator_confirms_first_and_is_told_when_let_in(world):
    account = await join(world, state=PENDING)
    letter = await letter_to(world, account, CONFIRM)
    row, _ = await letters.read_link(world, CONFIRM, token_in(letter, "/confirm"))
    assert (await confirm_contact(world, account.id)).state == PENDING
    await letters.spend_link(world, row)
    assert (await approve_account(world, account.id, actor_id=1)).state == "active"
    await heard(world)
    service = Service()
    await office(world, service).deliver_due()
    assert service.taken[-1].subject == "Welcome to Venire"
    assert "http://venire.test/sign-in\n" in service.taken[-1].text


async def test_an_approved_address_that_nobody_confirmed_is_still_waited_for(world):
    account = await join(world, state=PENDING)
    assert (await approve_account(world, account.id, actor_id=1)).state == UNCONFIRMED
    object.__setattr__(world.site, "letters", False)
    other = await join(world, "bela", state=PENDING)
    assert (await approve_account(world, other.id, actor_id=1)).state == "active"


async def test_a_guardian_gets_the_letter_and_the_child_only_after_the_consent(world):
    child = await join(world, born="2020-01-01", guardian_email="ibu@mail.test")
    assert child.state == CONSENT
    await heard(world)
    service = Service()
    await office(world, service).deliver_due()
    (letter,) = service.taken
    assert letter.to == "ibu@mail.test"
    assert "/consent/" in letter.text
    await give_consent(world, child.id)
    await heard(world)
    await office(world, service).deliver_due()
    assert [one.to for one in service.taken[1:]] == ["ani@mail.test"]
    assert token_in(service.taken[1], "/confirm")


async def test_a_guardian_who_answered_meanwhile_is_not_written_to(world):
    child = await join(world, born="2020-01-01", guardian_email="ibu@mail.test")
    await heard(world)
    await give_consent(world, child.id)
    service = Service()
    await office(world, service).deliver_due()
    assert service.offered == []
    assert await world.storage.range(LETTERS_DUE, (0,)) == []


@pytest.mark.parametrize("state", ["closed by its owner", "disabled"])
async def test_who_cannot_sign_in_gets_no_link_to_do_so(world, state):
    account = await join(world)
    await confirm_contact(world, account.id)
    if state == "disabled":
        from venire.people.admission import change_account

        await change_account(world, account.id, disabled=True)
    else:
        await departures.leave(world, account.id)
    for kind in (RESET, SIGN_IN, CONFIRM):
        await letters.ask(world, account.id, kind)
    await letters.ask(world, None, RESET)
    await letters.ask(world, account.id, "nonsense")
    await heard(world)
    assert [row.kind for row in (await world.storage.scan(LETTERS))[0] if row.kind != CONFIRM] == []


async def test_without_mail_nothing_is_queued(world):
    object.__setattr__(world.site, "letters", False)
    await join(world)
    await heard(world)
    assert (await world.storage.scan(LETTERS))[0] == []


async def test_a_letter_that_is_refused_for_good_is_not_tried_again_and_shown(world, clock):
    await join(world)
    await heard(world)
    service = Service(MailAnswer("rejected", "550 5.1.1"))
    for _ in range(5):
        await office(world, service).deliver_due()
        clock.advance(DAY_MS // 3)
    assert len(service.offered) == 1
    (lost,) = (await letters.post_of(world)).lost
    assert (lost.kind, lost.said) == (CONFIRM, "550 5.1.1")


async def test_a_greylisted_letter_is_tried_again_later_as_the_same_letter(world, clock):
    await join(world)
    await heard(world)
    service = Service(MailAnswer("throttled", "451"), MailAnswer("throttled", "451"))
    post = office(world, service)
    await post.deliver_due()
    await post.deliver_due()
    assert len(service.offered) == 1, "not at once"
    clock.advance(MINUTE_MS * 13 // 10)
    await post.deliver_due()
    clock.advance(MINUTE_MS * 7)
    await post.deliver_due()
    assert len(service.offered) == 3
    assert len(service.taken) == 1
    assert service.offered[0] == service.offered[2], "its name, its link and its words are the same"
    assert (await letters.post_of(world)).waiting == 0


async def test_a_letter_is_given_up_after_three_days_or_with_its_link(world, clock):
    ani, bela = await join(world), await join(world, "bela")
    await confirm_contact(world, bela.id)
    await letters.ask(world, bela.id, RESET)
    await heard(world)
    service = Service(*[MailAnswer("throttled", "451")] * 500)
    post = office(world, service)
    first_ms, lost_ms = clock.now_ms(), {}
    while (await letters.post_of(world)).waiting:
        await post.deliver_due()
        for row in (await letters.post_of(world)).lost:
            lost_ms.setdefault(row.account_id, clock.now_ms() - first_ms)
        clock.advance(10 * MINUTE_MS)
    assert lost_ms[bela.id] <= 6 * HOUR_MS
    assert 2 * DAY_MS < lost_ms[ani.id] <= 3 * DAY_MS
    assert 10 < len(service.offered) < 40


@pytest.mark.parametrize(
    ("answer", "silence_ms"),
    [
        (MailAnswer("unavailable", "timeout"), MINUTE_MS),
        (MailAnswer("closed", "535 5.7.8"), 15 * MINUTE_MS),
    ],
)
async def test_where_it_is_not_the_recipient_all_letters_wait(world, clock, answer, silence_ms):
    for name in ("ani", "bela", "citra"):
        await join(world, name)
    await heard(world)
    service = Service(answer)
    post = office(world, service)
    await post.deliver_due()
    assert len(service.offered) == 1
    clock.advance(silence_ms - 1_000)
    await post.deliver_due()
    assert len(service.offered) == 1
    clock.advance(2 * MINUTE_MS)
    await post.deliver_due()
    assert len(service.taken) == 3


async def test_letters_go_out_at_the_pace_that_was_set(world, clock):
    for number in range(5):
        await join(world, f"member_{number}")
    await heard(world)
    service = Service()
    post = office(world, service, per_hour=60)
    for minute in range(1, 5):
        await post.deliver_due()
        await post.deliver_due()
        assert len(service.taken) == minute
        clock.advance(MINUTE_MS)


async def test_one_address_gets_so_many_letters_a_day(world, clock):
    account = await join(world)
    for _ in range(DAILY + 5):
        await letters.ask(world, account.id, CONFIRM)
    await heard(world)
    assert (await letters.post_of(world)).waiting == DAILY
    clock.advance(DAY_MS)
    await letters.ask(world, account.id, CONFIRM)
    await letters.hear(world, (await world.storage.tail(0, 10_000))[-1])
    assert (await letters.post_of(world)).waiting == DAILY + 1


async def test_killed_between_any_two_writes_a_letter_is_sent_and_sent_as_the_same(world):
    await join(world)
    (envelope,) = [e for e in await world.storage.tail(0, 100) if type(e.event) is AccountCreated]
    whole, service = world.storage, Service()
    for after in (False, True):
        for writes in range(8):
            object.__setattr__(world, "storage", MortalStorage(whole, writes, after=after))
            try:
                await letters.hear(world, envelope)
                await office(world, service).deliver_due()
            except Killed:
                pass
    object.__setattr__(world, "storage", whole)
    await letters.hear(world, envelope)
    await office(world, service).deliver_due()
    assert service.taken
    assert len({(letter.message_id, letter.text) for letter in service.taken}) == 1
    assert (await letters.post_of(world)).waiting == 0


async def test_no_address_and_no_link_lies_in_the_queue(world):
    account = await join(world)
    letter = await letter_to(world, account, CONFIRM)
    for table in (LETTERS, LETTERS_DUE):
        rows = repr((await world.storage.scan(table))[0])
        assert "mail.test" not in rows
        assert token_in(letter, "/confirm") not in rows


async def test_a_link_by_hand_works_as_one_by_letter_and_is_sent_to_nobody(world):
    account = await join(world)
    await confirm_contact(world, account.id)
    link = await letters.link_by_hand(world, account, RESET, lasts_ms=3 * DAY_MS)
    row, owner = await letters.read_link(world, RESET, link.rpartition("/")[2])
    assert owner == await load_account(world, account.id)
    await letters.spend_link(world, row)
    service = Service()
    await office(world, service).deliver_due()
    assert service.offered == []


def test_the_name_of_a_letter_ends_with_a_host_without_port():
    assert mail_host("venire.test:8000") == "venire.test"
    assert mail_host("[::1]:8000") == "[::1]"
    assert mail_host("venire.test") == "venire.test"


def test_only_events_about_accounts_are_heard():
    told = {AccountCreated, AccountAdmitted, LetterAsked, FactorsChanged}
    assert set(letters.HEARS) == told
