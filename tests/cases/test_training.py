"""Training through the API: asked, answered, explained, passed, and never a way around."""

from __future__ import annotations

import httpx
import pytest

from tests.cases.asking import all_questions
from venire.cases import gold_cases, nights
from venire.jury import actions as jury
from venire.jury import gold_store, store, training
from venire.jury.model import Rates

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pupil(house):
    await gold_cases.fill(house.court)
    member = await house.site.member("pupil")
    (await member.post("/api/v1/jury/opt_in", json={"consent": True})).raise_for_status()
    return member


async def answer_to(house, question_id: str) -> str:
    row = await gold_store.load(house.site.storage, int(question_id))
    return "violates" if row.violates else "keeps"


async def go_through(house, pupil, *, wrong: int = 0) -> dict[str, object]:
    """Answer one attempt, the first `wrong` questions wrongly; the last answer's result."""
    said: dict[str, object] = {"over": False}
    while not said["over"]:
        asked = (await pupil.get("/api/v1/jury/training")).json()["question"]
        right = await answer_to(house, asked["id"])
        vote = right if wrong <= 0 else {"violates": "keeps", "keeps": "violates"}[right]
        wrong -= 1
        answered = await pupil.post(
            "/api/v1/jury/training", json={"question": asked["id"], "vote": vote}
        )
        answered.raise_for_status()
        said = answered.json()
        assert said["right"] is (vote == right)
    return said


async def test_training_begins_with_consent(house):
    stranger = await house.site.member("stranger")
    refused = await stranger.get("/api/v1/jury/training")
    assert (refused.status_code, refused.json()["code"]) == (403, "no_consent")


async def test_a_question_shows_no_answer_and_an_answer_shows_rule_and_reason(house, pupil):
    begun = (await pupil.get("/api/v1/jury/training")).json()
    assert (begun["state"], begun["answered"], begun["questions"]) == ("needed", 0, 10)
    assert not begun["question"].keys() & {"answer", "explanation", "violates", "doubt"}
    again = (await pupil.get("/api/v1/jury/training")).json()
    assert again["question"]["id"] == begun["question"]["id"]
    answered = await pupil.post(
        "/api/v1/jury/training", json={"question": begun["question"]["id"], "vote": "keeps"}
    )
    told = answered.json()["question"]
    assert told["answer"] in {"violates", "keeps"}
    assert len(told["explanation"]) > 20
    assert told["rule_text"]


async def test_passing_marks_a_juror_trained(house, pupil):
    assert not (await store.load(house.site.storage, pupil.id)).trained
    said = await go_through(house, pupil)
    assert said["passed"] is True
    juror = await store.load(house.site.storage, pupil.id)
    assert (juror.trained, juror.state) == (True, "active")
    after = (await pupil.get("/api/v1/jury/training")).json()
    assert (after["state"], after["question"]) == ("trained", None)


async def test_who_does_not_pass_begins_again_with_other_questions(house, pupil):
    first = set()
    said = await go_through(house, pupil, wrong=3)
    assert (said["passed"], said["over"]) == (False, True)
    begun = (await pupil.get("/api/v1/jury/training")).json()
    assert (begun["attempt"], begun["answered"]) == (2, 0)
    row = await gold_store.training(house.site.storage, pupil.id)
    first = set(training._sheet(row).seen)
    assert int(begun["question"]["id"]) not in first
    assert (await go_through(house, pupil))["passed"] is True


async def test_saying_the_same_to_everything_never_passes(house, pupil):
    for vote in ("violates", "keeps"):
        said = {"over": False}
        while not said["over"]:
            asked = (await pupil.get("/api/v1/jury/training")).json()["question"]
            sent = {"question": asked["id"], "vote": vote}
            said = (await pupil.post("/api/v1/jury/training", json=sent)).json()
        assert said["passed"] is False


async def test_no_question_is_answered_twice_nor_one_that_was_not_asked(house, pupil):
    asked = (await pupil.get("/api/v1/jury/training")).json()["question"]
    sent = {"question": asked["id"], "vote": "keeps"}
    assert (await pupil.post("/api/v1/jury/training", json=sent)).is_success
    again = await pupil.post("/api/v1/jury/training", json=sent)
    assert (again.status_code, again.json()["code"]) == (409, "training_answered")
    other = next(
        row
        for row in await all_questions(house)
        if row.purpose == "training" and str(row.id) != asked["id"]
    )
    sent = {"question": str(other.id), "vote": "keeps"}
    assert (await pupil.post("/api/v1/jury/training", json=sent)).status_code == 409
    sent = {"question": asked["id"], "vote": "maybe"}
    assert (await pupil.post("/api/v1/jury/training", json=sent)).status_code == 422


async def test_training_shows_nothing_that_is_left_out_and_never_what_may_harm_a_child(house):
    await gold_cases.fill(house.court)
    member = await house.site.member("careful")
    sent = {"consent": True, "opt_outs": ["incitement", "hate"]}
    (await member.post("/api/v1/jury/opt_in", json=sent)).raise_for_status()
    asked = (await member.get("/api/v1/jury/training")).json()["question"]
    assert asked["category"] == "harassment"
    assert all(row.category != "child_safety" for row in await all_questions(house))


async def test_killed_after_the_last_answer_a_juror_is_trained_at_the_next_look(
    house, pupil, monkeypatch
):
    async def killed(*_: object, **__: object) -> bool:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(training, "settle", killed)
        with pytest.raises(httpx.HTTPStatusError):
            await go_through(house, pupil)
    assert not (await store.load(house.site.storage, pupil.id)).trained
    assert (await pupil.get("/api/v1/jury/training")).json()["state"] == "trained"
    assert (await store.load(house.site.storage, pupil.id)).trained


async def test_a_juror_below_the_floor_is_told_kindly_taught_and_back_in_the_pool(house, pupil):
    await go_through(house, pupil)
    house.site.clock.advance(1_000)
    said = [
        nights.Said(pupil.id, truth, violates, house.world.now_ms())
        for truth, violates in [(True, False)] * 20 + [(False, True)] * 20
    ]
    window = nights.Window([], {}, said, 0)
    low = {pupil.id: Rates(0.3, 0.7, 20, 20)}
    assert await nights._retrain(house.court, "2026-01-02", window, low) == 1
    assert await nights._retrain(house.court, "2026-01-02", window, low) == 0
    juror = await store.load(house.site.storage, pupil.id)
    assert (juror.state, juror.trained) == ("retraining", True)
    standing = await jury.standing(house.world, house.court.policy.jury, pupil.id)
    assert "not_active" in standing.missing
    await house.settle()
    told = (await pupil.get("/api/v1/conversations")).json()
    assert any("/jury/training" in one["last_status"]["content"] for one in told)
    assert (await pupil.get("/api/v1/jury/training")).json()["state"] == "retraining"
    house.site.clock.advance(1_000)
    assert (await go_through(house, pupil))["passed"] is True
    assert (await store.load(house.site.storage, pupil.id)).state == "active"
    # The same old answers do not send anyone back a second time.
    assert await nights._retrain(house.court, "2026-01-03", window, low) == 0


async def test_a_majority_never_sends_those_to_school_who_disagree_with_it(house, pupil):
    await go_through(house, pupil)
    low = {pupil.id: Rates(0.3, 0.7, 200, 200)}
    assert await nights._retrain(house.court, "2026-01-02", nights.Window([], {}, [], 0), low) == 0
