"""One-time codes by text: what a member can do with them, and what a pump cannot."""

from __future__ import annotations

import asyncio
import json
import re

import msgspec
import pytest

from tests.kit.site import open_site
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    Throttled,
    Unavailable,
)
from venire.kernel.messages import TextMessage, TextTaken
from venire.kernel.vendors import Rejected, VendorUnavailable
from venire.people import challenges, codes, phones, texts
from venire.people import text_counts as counts
from venire.people.codes import Asker
from venire.people.phone_rules import TextPolicy
from venire.people.store import load_login, save_login
from venire.people.texts import Phones
from venire.storage.tables.every import ALL

pytestmark = pytest.mark.anyio
NUMBER = "+6281234567890"
POLICY = TextPolicy(countries=("ID", "DE"), per_day=500, cost=10, budget=100_000)


class Carrier:
    """Keeps what it is given."""

    def __init__(self):
        self.texts: list[TextMessage] = []
        self.fault: Exception | None = None

    async def send(self, message: TextMessage) -> TextTaken:
        if self.fault is not None:
            raise self.fault
        self.texts.append(message)
        return TextTaken("reference")

    async def check(self) -> None:
        return None

    def read_reports(self, *_given):
        return []

    @property
    def code(self) -> str:
        found = re.search(r"\b(\d{6})\b", self.texts[-1].text)
        assert found
        return found[1]


class Town:
    def __init__(self, site, policy=POLICY):
        self.site = site
        self.carrier = Carrier()
        self.desk = Phones(self.carrier, policy)

    @property
    def world(self):
        return self.site.world

    async def someone(self, name: str, address="198.51.100.7") -> Asker:
        member = await self.site.member(name)
        return Asker(member.id, f"session of {name}", address)

    async def ask(self, asker: Asker, number=NUMBER, **more):
        return await codes.ask(self.world, self.desk, asker, number, **more)


@pytest.fixture
async def town(tmp_path):
    async with open_site(tmp_path) as site:
        yield Town(site)


async def test_a_code_is_bound_to_where_the_site_is_and_not_to_what_handles_end_with(town):
    object.__setattr__(town.world.site, "base_url", "https://new.test")
    sari = await town.someone("sari")
    await town.ask(sari, "0812-3456-7890", region="ID")
    assert town.carrier.texts[-1].text.endswith(f"\n\n@new.test #{town.carrier.code}")


async def test_a_code_that_comes_back_makes_the_number_the_members(town):
    sari = await town.someone("sari")
    asked = await town.ask(sari, "0812-3456-7890", region="ID")
    assert asked.until_ms == town.world.now_ms() + 10 * MINUTE_MS
    text = town.carrier.texts[-1]
    assert text.to == NUMBER
    assert text.text.endswith(f"@venire.test #{town.carrier.code}")
    assert len(text.text) <= 160
    waiting = await codes.waiting(town.world, sari)
    assert waiting is not None
    assert (waiting.e164, waiting.tries_left) == (NUMBER, 5)
    await codes.verify(town.world, sari, f" {town.carrier.code[:3]} {town.carrier.code[3:]} ")
    phone = await phones.phone_of(town.world, sari.account_id)
    assert phone is not None
    assert phone.e164 == NUMBER
    assert await codes.waiting(town.world, sari) is None
    with pytest.raises(Invalid):
        await codes.verify(town.world, sari, town.carrier.code)


async def test_no_row_and_no_event_holds_the_number_or_the_code(town):
    sari = await town.someone("sari")
    await town.ask(sari)
    code = town.carrier.code
    held = []
    for table in ALL:
        if table.rebuildable:
            continue
        rows, _ = await town.world.storage.scan(table)
        held += [(table.name, repr(row)) for row in rows]
    await codes.verify(town.world, sari, code)
    rows, _ = await town.world.storage.scan(ALL[0])
    for name, text in held:
        assert "81234567890" not in text, name
        assert f"'{code}'" not in text, name
    assert any(name == "phone_codes" for name, _ in held)


async def test_five_wrong_codes_end_the_right_one(town):
    sari = await town.someone("sari")
    await town.ask(sari)
    wrong = f"{(int(town.carrier.code) + 1) % 10**6:06d}"
    for left in (4, 3, 2, 1):
        with pytest.raises(Invalid):
            await codes.verify(town.world, sari, wrong)
        waiting = await codes.waiting(town.world, sari)
        assert waiting is not None
        assert waiting.tries_left == left
    with pytest.raises(Invalid):
        await codes.verify(town.world, sari, wrong)
    with pytest.raises(Invalid) as caught:
        await codes.verify(town.world, sari, town.carrier.code)
    assert caught.value.code == "phone_code_wrong"


async def test_tries_at_the_same_moment_are_counted_each(town):
    sari = await town.someone("sari")
    await town.ask(sari)
    wrong = f"{(int(town.carrier.code) + 1) % 10**6:06d}"
    said = await asyncio.gather(
        *(codes.verify(town.world, sari, wrong) for _ in range(12)), return_exceptions=True
    )
    assert all(isinstance(one, Problem) for one in said)
    with pytest.raises(Invalid):
        await codes.verify(town.world, sari, town.carrier.code)


async def test_a_code_works_ten_minutes_and_where_it_was_asked_for_alone(town):
    sari = await town.someone("sari")
    await town.ask(sari)
    elsewhere = Asker(sari.account_id, "another browser", sari.address)
    assert await codes.waiting(town.world, elsewhere) is None
    with pytest.raises(Invalid):
        await codes.verify(town.world, elsewhere, town.carrier.code)
    town.site.clock.advance(10 * MINUTE_MS)
    with pytest.raises(Invalid):
        await codes.verify(town.world, sari, town.carrier.code)


async def test_a_number_that_is_anothers_is_answered_like_any_other(town):
    sari, bimo = await town.someone("sari"), await town.someone("bimo", "198.51.100.8")
    await town.ask(sari)
    await codes.verify(town.world, sari, town.carrier.code)
    town.site.clock.advance(20 * MINUTE_MS)
    known, unknown = await town.ask(bimo), await town.ask(bimo, "+6281234567891")
    assert (known.until_ms, known.again_at_ms) == (unknown.until_ms, unknown.again_at_ms)
    await town.ask(bimo)
    # Only who reads the texts of that phone is told.
    with pytest.raises(Conflict) as caught:
        await codes.verify(town.world, bimo, town.carrier.code)
    assert caught.value.code == "phone_taken"
    assert await phones.phone_of(town.world, bimo.account_id) is None
    await codes.take_away(town.world, sari.account_id)
    await codes.verify(town.world, bimo, town.carrier.code)
    assert await phones.phone_of(town.world, sari.account_id) is None
    assert await phones.has_phone(town.world, bimo.account_id)


async def test_a_number_nobody_can_be_reached_at_is_answered_like_any_other(town):
    sari = await town.someone("sari")
    town.carrier.fault = Rejected("21610")
    refused = await town.ask(sari)
    town.carrier.fault = None
    taken = await town.ask(sari, "+6281234567891")
    assert (refused.until_ms, refused.again_at_ms) == (taken.until_ms, taken.again_at_ms)


async def test_the_first_number_is_free_again_when_another_takes_its_place(town):
    sari = await town.someone("sari")
    for number in (NUMBER, "+6281234567891"):
        await town.ask(sari, number)
        await codes.verify(town.world, sari, town.carrier.code)
    bimo = await town.someone("bimo", "198.51.100.8")
    await town.ask(bimo)
    await codes.verify(town.world, bimo, town.carrier.code)
    found = [await phones.phone_of(town.world, one.account_id) for one in (sari, bimo)]
    assert [one.e164[-1] for one in found if one] == ["1", "0"]


async def test_who_has_confirmed_nothing_works_first(town):
    sari = await town.someone("sari")
    login = await load_login(town.world, sari.account_id)
    assert login is not None
    bare = msgspec.structs.replace(login, confirmed_at_ms=None)
    assert await save_login(town.world, login, bare)
    with pytest.raises(Invalid) as caught:
        await town.ask(sari)
    assert caught.value.code == "challenge_failed"
    assert town.carrier.texts == []
    made = await challenges.make_challenge(town.world)
    answer = next(
        str(n) for n in range(10**8) if challenges.solves(made.challenge, str(n), made.bits)
    )
    await town.ask(sari, solved=(made.challenge, answer))
    with pytest.raises(Invalid):
        await town.ask(sari, solved=(made.challenge, answer))
    assert len(town.carrier.texts) == 1


async def test_a_site_that_names_no_country_writes_to_nobody(town):
    sari = await town.someone("sari")
    for desk in (None, Phones(town.carrier, TextPolicy())):
        with pytest.raises(NotFound) as caught:
            await codes.ask(town.world, desk, sari, NUMBER)
        assert caught.value.code == "texts_off"
    assert town.carrier.texts == []


async def test_countries_that_are_not_named_and_lines_that_cost_are_refused(town):
    sari = await town.someone("sari")
    refused = {
        "+14155552671": "phone_country_closed",
        "+62213456789": "phone_kind_refused",
        "+498001234567": "phone_kind_refused",
        "+4990012345678": "phone_invalid",
        "+49900112345": "phone_invalid",
        "hello": "phone_invalid",
        "+62": "phone_invalid",
        "9" * 60: "phone_invalid",
        "+6281234567890;ext=12": "phone_invalid",
    }
    for number, code in refused.items():
        with pytest.raises(Invalid) as caught:
            await town.ask(sari, number)
        assert caught.value.code in {code, "phone_kind_refused", "phone_invalid"}, number
    assert town.carrier.texts == []


async def test_one_number_gets_three_in_ten_minutes_then_ever_more_seldom(town):
    waits, asked = [], 0
    for number in range(40):
        # A hundred accounts from everywhere do not make it more.
        asker = await town.someone(f"pump_{number}", f"198.51.{number}.1")
        try:
            await town.ask(asker)
            asked += 1
        except Throttled as refusal:
            waits.append(refusal.data["retry_after_s"])
            town.site.clock.advance(int(refusal.data["retry_after_s"]) * 1_000)
    assert asked >= 10
    assert waits[0] >= 595
    assert max(waits) >= 1_900
    assert max(waits) <= 32 * 60 * 1.25 + 1


async def test_one_network_one_session_and_one_account_are_bounded(town):
    sari = await town.someone("sari")
    sent = 0
    for number in range(12):
        try:
            await town.ask(sari, f"+62812345{number:02d}111")
            sent += 1
        except Throttled:
            break
    assert sent == 5
    house = 0
    for number in range(30):
        asker = await town.someone(f"one_{number}", "198.51.100.7")
        try:
            await town.ask(asker, f"+62813345{number:02d}111")
            house += 1
        except Throttled:
            break
    assert sent + house == 10
    town.site.clock.advance(HOUR_MS)
    assert await town.ask(sari, "+6281234511119")


async def test_a_prefix_whose_codes_never_come_back_is_closed_and_others_are_not(town):
    sent = 0
    for number in range(60):
        asker = await town.someone(f"pump_{number}", f"198.51.{number}.1")
        try:
            await town.ask(asker, f"+628123456{number:04d}")
            sent += 1
        except Throttled:
            town.site.clock.advance(HOUR_MS)
    assert sent == 30
    honest = await town.someone("honest", "192.0.2.1")
    assert await town.ask(honest, "+6281399990000")
    shown = await texts.figures(town.world, town.desk)
    day = shown["days"][-1]
    assert "codes_not_used" in {name for one in shown["days"] for name in one["alarms"]}
    assert "81234" not in json.dumps(shown)
    assert day["dial"] == 62
    # A week later it is looked at anew.
    town.site.clock.advance(7 * DAY_MS)
    again = await town.someone("again", "192.0.2.2")
    assert await town.ask(again, "+6281234560000")


async def test_a_prefix_whose_codes_are_used_stays_open(town):
    for number in range(40):
        asker = await town.someone(f"member_{number}", f"198.51.{number}.1")
        await town.ask(asker, f"+628123456{number:04d}")
        if number % 3 == 0:
            await codes.verify(town.world, asker, town.carrier.code)
        town.site.clock.advance(5 * MINUTE_MS)
    assert len(town.carrier.texts) == 40


async def test_a_country_has_so_many_a_day_and_an_hour_so_much_money(town):
    town.desk = Phones(town.carrier, TextPolicy(("ID",), per_day=4, cost=10, budget=100))
    for number in range(4):
        asker = await town.someone(f"member_{number}", f"198.51.{number}.1")
        await town.ask(asker, f"+6281{number}34561111")
    asker = await town.someone("late", "192.0.2.1")
    with pytest.raises(Throttled):
        await town.ask(asker, "+6281934561111")
    town.desk = Phones(town.carrier, TextPolicy(("ID",), per_day=400, cost=10, budget=50))
    poor = [await town.someone(f"poor_{n}", f"192.0.{n}.1") for n in range(3)]
    await town.ask(poor[0], "+6281834561111")
    with pytest.raises(Unavailable) as caught:
        await town.ask(poor[1], "+6281734561111")
    assert caught.value.code == "texts_stopped"
    assert await counts.spent_this_hour(town.world) == 50
    town.site.clock.advance(HOUR_MS)
    await town.ask(poor[2], "+6281634561111")


async def test_many_at_once_spend_no_more_than_the_budget(town):
    town.desk = Phones(town.carrier, TextPolicy(("ID",), per_day=400, cost=10, budget=40))
    askers = [await town.someone(f"member_{n}", f"198.51.{n}.1") for n in range(10)]
    said = await asyncio.gather(
        *(town.ask(one, f"+6281{n}34561111") for n, one in enumerate(askers)),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in said) == 4
    assert len(town.carrier.texts) == 4


async def test_an_operator_stops_everything_at_once(town):
    sari = await town.someone("sari")
    await texts.stop(town.world, stopped=True, actor_id=1)
    with pytest.raises(Unavailable):
        await town.ask(sari)
    assert town.carrier.texts == []
    await texts.stop(town.world, stopped=False, actor_id=1)
    await town.ask(sari)


async def test_a_vendor_in_doubt_leaves_a_code_that_works_if_it_arrives(town):
    sari = await town.someone("sari")
    town.carrier.fault = VendorUnavailable("timeout", in_doubt=True)
    with pytest.raises(Unavailable) as caught:
        await town.ask(sari)
    assert caught.value.code == "texts_unavailable"
    assert await codes.waiting(town.world, sari) is not None
