"""Training, past questions and doubts for jurors; questions and reviews for operators."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import gold_cases, reviews, training_views
from venire.cases.court import Court
from venire.jury import gold, gold_actions, gold_store
from venire.kernel.clock import utc_day
from venire.kernel.errors import Invalid


async def show_training(court: Court, request: ApiRequest) -> Response:
    """How far the viewer is with the training, and the question that is asked now."""
    return json_response(await training_views.progress(court, request.account_id, request.language))


async def answer_training(court: Court, request: ApiRequest) -> Response:
    """Answer that question; at once what was right, which rule says so, and why."""
    form = await request.form()
    question_id = form.identifier("question")
    if question_id is None:
        raise Invalid("question_missing", "question is the id of the question that is asked")
    return json_response(
        await training_views.answer(
            court, request.account_id, question_id, form.required("vote"), request.language
        )
    )


async def past_questions(court: Court, request: ApiRequest) -> Response:
    """What the viewer was asked in secret and is asked of nobody any more, with its answers."""
    return json_response(
        await training_views.past_questions(court, request.account_id, request.language)
    )


async def doubt(court: Court, request: ApiRequest) -> Response:
    """Say that an answer is wrong: the bench decides."""
    await gold_cases.doubt(court, request.account_id, request.path("id"))
    return json_response({})


async def index(court: Court, _request: ApiRequest) -> Response:
    """How many questions there are, by purpose, category, camp and answer: no text of any."""
    askable = gold_cases.askable(court)
    return json_response(await gold_store.counted(court.world.storage, askable))


async def add(court: Court, request: ApiRequest) -> Response:
    """Add questions: one JSON object a line, as `venire gold import` reads them."""
    questions = gold.read_questions(await request.body(), gold_cases.askable(court))
    added = await gold_actions.add(court.world, questions, gold_actions.Origin("file"))
    return json_response({"added": added.added, "known": added.known})


async def show_reviews(court: Court, _request: ApiRequest) -> Response:
    """What a moderator should look at."""
    return json_response(await reviews.reviews(court))


async def close_review(court: Court, request: ApiRequest) -> Response:
    """A moderator has looked, and says what came of it."""
    form = await request.form()
    remark = form.text("remark") or ""
    await reviews.close(court, request.path("id"), actor_id=request.account_id, remark=remark)
    return json_response({})


async def nights(court: Court, _request: ApiRequest) -> Response:
    """What the last nights came to: verdicts judged again, ballots read, mean rates."""
    found: list[dict[str, Any]] = []
    for row in await gold_store.newest_nights(
        court.world.storage, utc_day(court.world.now_ms()), limit=31
    ):
        figures = msgspec.json.decode(row.figures, type=gold_store.Figures)
        found.append({"day": row.day, "state": row.state, **msgspec.structs.asdict(figures)})
    return json_response(found)
