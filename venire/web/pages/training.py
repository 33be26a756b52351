"""Training for jurors, the questions they were asked once these are retired, and reviews."""

from __future__ import annotations

from starlette.responses import Response

from venire.cases import gold_cases, reviews, training_views
from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.web import words
from venire.web.visit import Visit


async def show(visit: Visit) -> Response:
    """How far the viewer is, and the question that is asked now."""
    account = visit.member()
    try:
        far = await training_views.progress(visit.court, account.id, visit.language)
    except Forbidden:
        # Training begins with consent, and the jury room asks for it.
        far = None
    return visit.page("training.html", far=far, marked=None)


async def answer(visit: Visit) -> Response:
    """Answer it; the next page says what was right, and why."""
    account = await visit.writer()
    question_id = parse_id(visit.form.text("question", most=20))
    if question_id is None:
        raise Invalid("question_missing", "Which question is answered")
    marked = await training_views.answer(
        visit.court, account.id, question_id, visit.form.text("vote", most=20), visit.language
    )
    return visit.page("training.html", far=None, marked=marked)


def _question_id(visit: Visit) -> int:
    found = parse_id(visit.request.path_params["question_id"])
    if found is None:
        raise NotFound("question_not_found", "There is no such question")
    return found


async def past(visit: Visit) -> Response:
    """The questions of known answer that the viewer was asked, and that are asked no more."""
    account = visit.member()
    found = await training_views.past_questions(visit.court, account.id, visit.language)
    return visit.page("past_questions.html", questions=found)


async def doubt(visit: Visit) -> Response:
    """Say that the answer to a question is wrong."""
    account = await visit.writer()
    await gold_cases.doubt(visit.court, account.id, _question_id(visit))
    return visit.redirect("/jury/questions", done="doubted")


async def show_reviews(visit: Visit) -> Response:
    """What a moderator should look at."""
    visit.moderator()
    found = await reviews.reviews(visit.court)
    kinds = {kind: visit.t(text) for kind, text in words.REVIEWS.items()}
    return visit.page("moderation_reviews.html", reviews=found, kinds=kinds)


async def close_review(visit: Visit) -> Response:
    """Say what came of it."""
    moderator = visit.moderator()
    review_id = parse_id(visit.request.path_params["review_id"])
    if review_id is None:
        raise NotFound("review_not_found", "There is no such open review")
    remark = visit.form.text("remark", most=reviews.REMARK_CHARACTERS)
    await reviews.close(visit.court, review_id, actor_id=moderator.id, remark=remark)
    return visit.redirect("/moderation/reviews", done="reviewed")
