"""A doubt is one case, however many doubt at once, and nobody empties the shelf by doubting."""

from __future__ import annotations

import asyncio

import pytest

from tests.cases.asking import all_cases, all_questions
from tests.cases.test_doubts import retired
from tests.cases.test_training import go_through
from venire.cases import gold_cases
from venire.jury import gold_store

pytestmark = pytest.mark.anyio


async def test_two_jurors_who_doubt_at_once_open_one_case(house, monkeypatch):
    asked, first = await retired(house, violates=True, vote="keeps")
    rows = await gold_store.answers_of(house.site.storage, first.id)
    assert rows
    both, real = asyncio.Barrier(2), gold_cases.gold_store.load
    calls = [0]

    async def together(*given):
        row = await real(*given)
        calls[0] += 1
        if calls[0] <= 2:
            # Both have read it before either has written.
            await both.wait()
        return row

    monkeypatch.setattr(gold_cases.gold_store, "load", together)
    doubts = [gold_cases.doubt(house.court, first.id, asked.asks_ref) for _ in range(2)]
    await asyncio.gather(*doubts, return_exceptions=True)
    monkeypatch.setattr(gold_cases.gold_store, "load", real)
    (opened,) = await all_cases(house, "doubted")
    (row,) = await all_questions(house)
    assert (row.doubt, row.open_case_id) == ("open", opened.id)


async def test_three_doubts_of_a_trainees_questions_wait_at_once_and_no_more(house):
    await gold_cases.fill(house.court)
    pupil = await house.site.member("pupil")
    (await pupil.post("/api/v1/jury/opt_in", json={"consent": True})).raise_for_status()
    await go_through(house, pupil)
    seen = await gold_cases.training.seen(house.world, pupil.id)
    assert len(seen) > 3
    answers = [await pupil.post(f"/api/v1/jury/questions/{one}/doubt") for one in seen[:4]]
    assert [one.status_code for one in answers] == [200, 200, 200, 409]
    assert answers[3].json()["code"] == "doubts_enough"
    again = await pupil.post(f"/api/v1/jury/questions/{seen[0]}/doubt")
    assert (again.status_code, again.json()["code"]) == (409, "question_doubted")
    assert len(await all_cases(house, "doubted")) == 3
