"""Questions whose answer is known, put before real panels: secret, rotated, without effect."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from tests.cases.asking import (
    add_gold,
    all_cases,
    all_questions,
    ask,
    pass_hours,
    question,
    seats,
    set_policy,
)
from tests.kit.courthouse import THREAT
from venire.cases import gold_cases, store
from venire.jury import gold_store
from venire.kernel.clock import parse_iso_ms, utc_day
from venire.record.entry import decode_entry
from venire.storage.tables.calibration import GOLD_ASKED, VERDICTS
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio


async def entries(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    return [decode_entry(r.entry).header for r in sorted(rows, key=lambda r: r.leaf_index)]


async def a_case(house, name: str = "author", text: str = THREAT):
    author = await house.site.member(name)
    return await house.case_on(await house.post(author, text))


async def test_a_question_follows_a_draw_by_chance_at_some_later_minute(house):
    set_policy(house, gold_share=0.5)
    await add_gold(house, question(1, violates=True))
    await a_case(house)
    assert await all_cases(house, "gold") == []
    await pass_hours(house, 1.1)
    (asked,) = await all_cases(house, "gold")
    assert (asked.state, asked.category, asked.hold) == ("judging", "incitement", "held")
    assert len(await seats(house, asked)) >= 3


async def test_without_a_share_nothing_is_asked(house):
    set_policy(house, gold_share=0.0)
    await add_gold(house, question(1, violates=True))
    await a_case(house)
    await pass_hours(house, 2)
    assert await all_cases(house, "gold") == []


async def test_it_is_drawn_in_the_record_and_ends_without_any_effect(house):
    await add_gold(house, question(1, violates=True))
    real = await a_case(house)
    await house.vote("keeps")
    before = await entries(house)
    asked = await ask(house, real)
    drawn = [h for h in (await entries(house))[len(before) :] if h.get("case") == asked.public_id]
    assert [h["type"] for h in drawn][:1] == ["draw"]
    await house.vote("violates")
    after = (await entries(house))[len(before) :]
    assert {h["type"] for h in after} <= {"draw", "chance", "seat", "decline", "timeout"}
    over = await store.load(house.site.storage, asked.id)
    assert (over.state, over.verdict, over.measure) == ("decided", "violates", "remove")
    moderator = await house.site.member("mod", "moderator")
    for path in ("queue", "cases"):
        told = await moderator.get(f"/api/v1/admin/{path}")
        assert told.is_success
        assert asked.public_id not in told.text


async def test_nobody_is_asked_the_same_twice_and_many_answers_retire_a_question(house):
    set_policy(house, gold_answers=8)
    await add_gold(house, question(1, violates=False))
    real = await a_case(house)
    await house.vote("keeps")
    first = await ask(house, real)
    await house.vote("keeps")
    second = await ask(house, real)
    await house.vote("keeps")
    asked = [{seat.juror_id for seat in await seats(house, case)} for case in (first, second)]
    assert asked[0]
    assert asked[1]
    assert not asked[0] & asked[1]
    rows, _ = await house.site.storage.scan(GOLD_ASKED)
    assert {row.juror_id for row in rows} == asked[0] | asked[1]
    (row,) = await all_questions(house)
    assert (row.answers, row.against, row.open_case_id) == (6, 0, 0)
    third = await ask(house, real)
    await house.vote("keeps")
    (row,) = await all_questions(house)
    assert (row.state, row.answers >= 8) == ("retired", True)
    await gold_cases.on_due(house.court, f"{house.world.ids.next()}:{real.id}")
    assert [case.id for case in await all_cases(house, "gold")] == [first.id, second.id, third.id]


async def test_it_counts_for_the_dose_and_is_served_like_any_other(house):
    await add_gold(house, question(1, violates=True))
    real = await a_case(house)
    await house.vote("violates")
    asked = await ask(house, real)
    await house.vote("keeps")
    voted = [seat.juror_id for seat in await seats(house, asked) if seat.vote]
    for juror_id in voted:
        rows = await store.service_on(house.site.storage, juror_id, utc_day(house.world.now_ms()))
        assert asked.id in {row.case_id for row in rows}


async def test_told_again_after_a_crash_it_is_the_same_case_with_the_same_question(house):
    await add_gold(house, *(question(n, violates=bool(n % 2)) for n in range(6)))
    real = await a_case(house)
    key = f"{house.world.ids.next()}:{real.id}"
    for _ in range(3):
        await gold_cases.on_due(house.court, key)
    await house.settle()
    (asked,) = await all_cases(house, "gold")
    await house.vote("violates")
    for _ in range(3):
        await gold_cases.collect(house.court, await store.load(house.site.storage, asked.id))
    busy = [row for row in await all_questions(house) if row.open_case_id]
    answered = [row for row in await all_questions(house) if row.answers]
    assert busy == []
    assert [row.id for row in answered] == [asked.asks_ref]
    assert answered[0].answers == sum(bool(s.vote) for s in await seats(house, asked))


async def test_a_claim_whose_case_was_never_made_is_taken_up_again(house, monkeypatch):
    await add_gold(house, *(question(n, violates=bool(n % 2)) for n in range(6)))
    real = await a_case(house)
    key = f"{house.world.ids.next()}:{real.id}"

    async def killed(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(gold_cases, "open_case", killed)
        with pytest.raises(ConnectionError):
            await gold_cases.on_due(house.court, key)
    (claimed,) = [row for row in await all_questions(house) if row.open_case_id]
    await gold_cases.on_due(house.court, key)
    (asked,) = await all_cases(house, "gold")
    assert asked.asks_ref == claimed.id


async def test_its_ballots_are_kept_for_the_night_and_those_of_real_cases_too(house):
    await add_gold(house, question(1, violates=True))
    real = await a_case(house)
    await house.vote("violates")
    asked = await ask(house, real)
    await house.vote("violates")
    rows, _ = await house.site.storage.scan(VERDICTS)
    by_case = {row.case_id: row for row in rows}
    assert by_case.keys() == {real.id, asked.id}
    assert by_case[asked.id].question_id == asked.asks_ref
    assert by_case[asked.id].record_index == -1
    assert by_case[real.id].record_index >= 0
    cast = msgspec.json.decode(by_case[real.id].ballots)
    assert sorted(juror for juror, _ in cast) == [juror for juror, _ in cast]
    assert {vote for _, vote in cast} == {1}


# nothing tells it apart


def shape(value: Any) -> Any:
    """The shape of an answer: its keys, and what each value looks like."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted({repr(shape(one)) for one in value})
    if isinstance(value, str):
        masked = re.sub(r"[0-9a-f]{32}", "H", value)
        return re.sub(r"[0-9]", "9", masked) if re.search(r"\d{4}-|^H", masked) else "text"
    return type(value).__name__


async def _seen(house, juror, summons) -> tuple[dict[str, Any], str]:
    """All that a juror is ever told of a seat: as numbers, and as shapes."""
    path = f"/api/v1/jury/summons/{summons['id']}"
    answers = [summons, (await juror.post(f"{path}/accept")).json()]
    looked = [await juror.get(more) for more in (path, f"/api/v1/cases/{summons['case']}")]
    cast = await juror.post(f"{path}/ballot", json={"vote": "keeps"})
    answers += [one.json() for one in (*looked, cast)]
    shown, now_ms = answers[2], house.world.now_ms()
    numbers = {
        "ballots_left": shown["ballots_left"],
        "to_accept": parse_iso_ms(summons["deadline"]) - now_ms,
        "to_vote": parse_iso_ms(shown["deadline"]) - now_ms,
        "id": int(summons["case"][:8], 16),
        "id_end": int(summons["case"][-8:], 16),
        "round": summons["round"],
        "rule": shown["rule"],
    }
    await house.settle()
    return numbers, repr([shape(one) for one in answers])


def furthest(one: list[float], other: list[float]) -> float:
    """The statistic of Kolmogorov and Smirnov: how far apart two samples ever are."""
    values = sorted({*one, *other})

    def below(sample: list[float], value: float) -> float:
        return sum(each <= value for each in sample) / len(sample)

    return max(abs(below(one, value) - below(other, value)) for value in values)


async def test_fifty_questions_and_fifty_posts_look_alike_to_whoever_judges_them(house):
    set_policy(house, gold_share=0.0)
    shapes: dict[str, set[str]] = {"": set(), "gold": set()}
    numbers: dict[str, dict[str, list[float]]] = {"": {}, "gold": {}}
    done = {"": 0, "gold": 0}
    author, turn = await house.site.member("author"), 0
    while min(done.values()) < 50:
        await add_gold(house, question(turn, violates=bool(turn % 2)))
        real = await house.case_on(await house.post(author, f"{THREAT} {turn}"))
        asked = await ask(house, real)
        turn += 1
        for _ in range(12):
            for juror, summons in await house.summoned():
                if summons["state"] != "offered":
                    continue
                kind = "gold" if summons["case"] == asked.public_id else ""
                waiting = [one["id"] for one in (await juror.get("/api/v1/jury/summons")).json()]
                if summons["id"] not in waiting:
                    # Decided meanwhile, by those who were asked at the same time.
                    continue
                told, looks = await _seen(house, juror, summons)
                shapes[kind].add(looks)
                done[kind] += 1
                for name, value in told.items():
                    held = numbers[kind].setdefault(name, [])
                    # A case has one id, however many sit in it.
                    if not name.startswith("id") or value not in held:
                        held.append(value)
        await pass_hours(house, 25)
    assert shapes[""] == shapes["gold"]
    for name, values in numbers[""].items():
        others = numbers["gold"][name]
        # Two samples of one kind are this far apart in 1 of 1,000 cases.
        bound = 1.95 * ((len(values) + len(others)) / (len(values) * len(others))) ** 0.5
        assert furthest(values, others) < bound, name


async def test_afterwards_a_stranger_is_told_of_it_as_of_any_other_case(house):
    await add_gold(house, question(1, violates=True))
    real = await a_case(house)
    asked = await ask(house, real)
    await house.vote("violates")
    stranger = await house.site.member("stranger")
    told = [
        (await stranger.get(f"/api/v1/cases/{case.public_id}")).json() for case in (real, asked)
    ]
    same = ("state", "hold", "verdict", "measure", "judged_by", "viewer", "statement", "category")
    assert [told[0][key] for key in same] == [told[1][key] for key in same]
    assert told[0].keys() == told[1].keys()


async def test_no_moderator_can_act_on_it_and_no_source_joins_it(house):
    await add_gold(house, question(1, violates=True))
    asked = await ask(house, await a_case(house))
    moderator = await house.site.member("mod", "moderator")
    refused = await moderator.post(
        f"/api/v1/cases/{asked.public_id}/actions", json={"action": "remove", "reason": "no"}
    )
    assert refused.status_code == 404
    assert await store.case_of_subject(house.site.storage, "post", asked.subject_id) is None
    assert await gold_store.load(house.site.storage, asked.asks_ref) is not None
