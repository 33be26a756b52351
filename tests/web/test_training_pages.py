"""Training, past questions and reviews, as pages without a script."""

from __future__ import annotations

import re

import pytest

from tests.cases.asking import add_gold, ask, question, seats, set_policy
from tests.kit.courthouse import THREAT
from venire.cases import gold_cases, reviews
from venire.jury import gold_store

pytestmark = pytest.mark.anyio


async def test_training_asks_explains_and_passes(town):
    await gold_cases.fill(town.house.court)
    browser = await town.member("ayu")
    assert "Training begins once you have said yes" in await browser.text("/jury/training")
    await browser.send("/jury", "/jury/join", consent="1")
    page = await browser.text("/jury/training")
    assert "Question 1 of 10" in page
    for number in range(10):
        page = (await browser.get("/jury/training")).text
        (question_id,) = re.findall(r'name="question" value="(\d+)"', page)
        row = await gold_store.load(town.house.site.storage, int(question_id))
        right = "violates" if row.violates else "keeps"
        wrong = "keeps" if row.violates else "violates"
        vote = wrong if number == 0 else right
        said = await browser.send("/jury/training", "/jury/training", vote=vote)
        assert said.status_code == 200
        assert ("Not quite" if number == 0 else "That is right") in said.text
        assert "I think this answer is wrong" in said.text
    assert "You have passed" in said.text
    assert "You are trained" in await browser.text("/jury/training")


async def test_the_room_leads_whoever_is_untrained_to_the_training(open_town):
    town = await open_town(acceptance=False)
    browser = await town.member("ayu")
    joined = await browser.follow(await browser.send("/jury", "/jury/join", consent="1"))
    assert "What is still missing before you can be drawn" in joined
    room = await browser.text("/jury")
    assert "You have not been trained yet." in room
    assert "Begin the training" in room


@pytest.mark.parametrize("language", ["en", "id"])
async def test_a_juror_doubts_an_answer_and_a_moderator_hears_of_it(jury_town, language: str):
    town, house = jury_town, jury_town.house
    set_policy(house, gold_share=0.0, gold_answers=1)
    await add_gold(house, question(1, violates=True))
    path = await town.post("rudi", THREAT)
    await house.vote("violates")
    asked = await ask(house, await house.case_on(path.rsplit("/", 1)[1]))
    await house.vote("keeps")
    voted = next(seat.juror_id for seat in await seats(house, asked) if seat.vote)
    juror = next(one for one in house.jurors if one.id == voted)
    browser = await town.member(juror.username, language=language)
    page = await browser.text("/jury/questions")
    assert question(1, violates=True).text[:30] in page
    sent = await browser.send("/jury/questions", f"/jury/questions/{asked.asks_ref}/doubt")
    assert (await browser.follow(sent)).count("/doubt") == 0
    await house.settle()
    await house.vote("keeps")
    chief = await town.member("chief", "admin", language)
    desk = await chief.text("/moderation/reviews")
    assert question(1, violates=True).text[:30] in desk
    (review,) = await reviews.reviews(house.court)
    done = await chief.send(
        "/moderation/reviews", f"/moderation/reviews/{review['id']}", remark="Taken out."
    )
    assert f"/moderation/reviews/{review['id']}" not in await chief.follow(done)
