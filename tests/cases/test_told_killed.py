"""`kill -9` between what is logged and what is said of it: it is said, and once."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from tests.cases.attacks import messages_to, people_of
from tests.cases.test_appeals_killed import MortalHere
from tests.cases.test_reporters import suspended, unfounded, was
from tests.kit.courthouse import THREAT, open_courthouse
from tests.people.house import Killed
from venire.cases import notes, reporters, reporters_told
from venire.cases.reporter_rules import UNFOUNDED
from venire.events import CaseStepped
from venire.kernel.clock import DAY_MS
from venire.storage.tables.outbox import TIMERS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=14) as opened:
        yield opened


@contextlib.asynccontextmanager
async def mortal(house, writes, *, after):
    """The house dies before a write, or right after it; whether it did."""
    storage = house.world.storage
    dying = MortalHere(storage, writes, after=after)
    object.__setattr__(house.world, "storage", dying)
    died = []
    try:
        yield died
    except Killed:
        died.append(True)
    finally:
        object.__setattr__(house.world, "storage", storage)


async def timers_of(house, kind):
    due = await house.site.storage.range(TIMERS, (0,), limit=1_000)
    return [row.key for row in due if row.kind == kind]


async def test_a_moderators_word_is_logged_and_sent_or_neither_wherever_it_dies(house):
    author = await house.site.member("author")
    moderator = await house.site.member("moderator", role="moderator")
    post = await house.post(author, THREAT)
    case = await house.case_on(post)
    deaths = 0
    for number in range(4):
        for after in (False, True):
            async with mortal(house, number, after=after) as died:
                text = f"A plain word, number {number}{after}."
                await notes.message_author(
                    house.court, case.public_id, actor_id=moderator.id, text=text
                )
            deaths += bool(died)
    assert deaths >= 2
    keys = await timers_of(house, notes.TIMER)
    # The timer, too, dies at each of its writes, and fires again.
    for number in range(4):
        for key in keys:
            async with mortal(house, number, after=bool(number % 2)):
                await notes.go_on(house.court, key)
    await house.settle()
    log = (await moderator.get("/api/v1/admin/actions")).json()
    logged = [line["reason"] for line in log if line["action"] == "message"]
    assert logged
    told = [text for text in await messages_to(author) if "plain word" in text]
    assert len(told) == len(logged) == len(keys)
    for line in logged:
        assert sum(line in text for text in told) == 1
    assert await timers_of(house, notes.TIMER) == []


async def test_who_is_handed_a_case_hears_of_it_once_wherever_it_dies(house):
    author = await house.site.member("author")
    first, second = [
        await house.site.member(name, role="moderator") for name in ("first", "second")
    ]
    post = await house.post(author, THREAT)
    case = await house.case_on(post)
    async with mortal(house, 0, after=True) as died:
        await notes.hand_over(house.court, case.public_id, actor_id=first.id, to=second.id)
    assert died
    (key,) = await timers_of(house, notes.TIMER)
    for number in range(4):
        async with mortal(house, number, after=True):
            await notes.go_on(house.court, key)
    await house.settle()
    told = [text for text in await messages_to(second) if "handed over" in text]
    assert len(told) == 1


@pytest.mark.parametrize("after", [False, True])
async def test_a_reporter_who_is_warned_has_the_statement_wherever_it_dies(house, after):
    author, crier = await people_of(house, "author", "crier")
    house.site.clock.advance(DAY_MS)
    await was(house, crier, UNFOUNDED, 4)
    policy = house.court.policy
    patient = msgspec.structs.replace(policy.reporters, warn_at=100)
    object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, reporters=patient))
    await unfounded(house, crier, author, "The first of these.")
    assert (await crier.get("/api/v1/statements")).json() == []
    object.__setattr__(house.court, "policy", policy)
    # The same is told again, to a house that dies at each of its writes.
    deaths = 0
    told = await house.site.storage.tail(0, 10_000)
    stepped = [one for one in told if isinstance(one.event, CaseStepped)]
    for number in range(5):
        for envelope in stepped:
            async with mortal(house, number, after=after) as died:
                await reporters.on_case_stepped(house.court, envelope)
            deaths += bool(died)
    assert deaths >= 2
    await house.settle()
    kinds = [one["kind"] for one in (await crier.get("/api/v1/statements")).json()]
    assert kinds == ["reporting_warned"]
    assert sum("unfounded" in text for text in await messages_to(crier)) == 1


async def test_an_answer_to_a_suspended_reporter_is_sent_once_wherever_it_dies(house):
    author, crier = await people_of(house, "author", "crier")
    moderator = await house.site.member("moderator", role="moderator")
    statement = await suspended(house, author, crier)
    path = f"/api/v1/statements/{statement}/appeal"
    assert (await crier.post(path, json={"reason": "He does it daily."})).is_success
    async with mortal(house, 0, after=True) as died:
        await reporters.answer(
            house.court, crier.id, actor_id=moderator.id, outcome="won", reason="I looked."
        )
    assert died
    (key,) = await timers_of(house, reporters_told.TIMER)
    for number in range(4):
        async with mortal(house, number, after=True):
            await reporters_told.tell(house.court, reporters_told.News.parse(key))
    await house.settle()
    told = [text for text in await messages_to(crier) if "you were right" in text]
    assert len(told) == 1
    assert (await crier.get("/api/v1/reporting")).json()["state"] == "clear"
