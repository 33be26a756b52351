"""The moderation desk: what is open, what was said about it, and acting at once, with a reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.responses import Response

from venire.cases import child_safety, moderators, reporter_rules, store, views
from venire.cases.detection import text_of
from venire.cases.judges import SEALED
from venire.cases.model import Case, Source
from venire.cases.statements import words_of
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.people.model import ADMIN
from venire.people.store import load_account, load_accounts
from venire.posts import actions as posts
from venire.posts.markup import post_path
from venire.posts.model import LISTED, REMOVED, Post
from venire.web import desk_words, moments, words
from venire.web.cards import cards_of
from venire.web.months import asked_month
from venire.web.pages import case_notes, fast_lane
from venire.web.visit import Visit

_MOST = 100


async def queue(visit: Visit) -> Response:
    """The open cases, oldest first."""
    storage = visit.world.storage
    waiting = await store.open_cases(storage, limit=_MOST)
    found = [case for row in waiting if (case := await store.load(storage, row.case_id))]
    cases = reporter_rules.in_order(found, visit.court.policy)
    tally = Counter(case.waits_for for case in cases if case.waits_for)
    return visit.page(
        "moderation.html",
        rows=[_row(visit, case) for case in cases],
        more=len(waiting) == _MOST,
        named=await child_safety.may_open(visit.court, visit.viewer_id),
        admin=visit.moderator().role == ADMIN,
        waiting=[(words.WAITS_FOR.get(name, name), count) for name, count in tally.most_common()],
    )


def _row(visit: Visit, case: Case) -> dict[str, Any]:
    category = visit.court.policy.category(case.category)
    shown = views.queue_view(visit.court, case)
    return {
        **shown,
        "rule": category.rule,
        "title": visit.in_language(category.title),
        "found": ", ".join(visit.t(words.FOUND_BY[kind]) for kind in case.sources),
        "age": moments.lasting(visit.world.now_ms() - case.opened_at_ms, visit.language),
    }


async def _case(visit: Visit) -> Case:
    public_id = visit.request.path_params["public_id"]
    case = await store.case_by_public_id(visit.world.storage, public_id)
    if case is None:
        raise NotFound("case_not_found", "There is no such case")
    return case


async def show_case(visit: Visit) -> Response:
    """A case with all that was said, as far as a moderator may read it."""
    case = await _case(visit)
    category = visit.court.policy.category(case.category)
    sealed = _sealed(case)
    said = [] if sealed else await store.sources(visit.world.storage, case.id)
    hidden = SEALED in case.categories
    post = await posts.load(visit.world, case.subject_id) if case.subject_kind == "post" else None
    author = None if hidden else await load_account(visit.world, case.author_id)
    username = "" if author is None else author.username
    text = None if post is None else "" if sealed else text_of(post)
    return visit.page(
        "moderation_case.html",
        beside=await case_notes.beside(visit, case),
        packets=await fast_lane.packets_of(visit, case),
        c=views.queue_view(visit.court, case),
        rule=category.rule,
        title=visit.in_language(category.title),
        verdict=case.verdict,
        severe=category.severe,
        sealed=sealed,
        actions=_actions(case),
        named=hidden and await child_safety.may_open(visit.court, visit.viewer_id),
        text=text,
        spans=() if text is None else words_of(said, text),
        username=username,
        post_path=_path(post, username),
        sources=[_said(visit, source) for source in said],
        category=case.category,
        categories=visit.court.policy.categories,
    )


def _path(post: Post | None, username: str) -> str:
    if post is None or post.state == REMOVED or not username:
        return ""
    return post_path(username, post.id)


def _sealed(case: Case) -> str:
    """Why its text is not shown here; empty when it is."""
    if case.private:
        return words.SEALED["private"]
    if SEALED in case.categories:
        # Not even the named person reads it here: that has a desk and a log of its own.
        return words.SEALED["child_safety"]
    return ""


def _said(visit: Visit, source: Source) -> dict[str, Any]:
    """One source. Who reported is of no use here, and is not shown."""
    category = visit.court.policy.category(source.category)
    body = source.body
    comment = body.get("comment") or body.get("reason") or ""
    return {
        "kind": source.kind,
        "at_ms": source.at_ms,
        "title": visit.in_language(category.title),
        "score": None if source.score is None else f"{source.score:.2f}",
        "comment": str(comment),
        "by": str(body.get("provider") or ""),
    }


def _actions(case: Case) -> dict[str, str]:
    """What a moderator may do at once; what may harm a child is only hidden until it is decided."""
    if SEALED not in case.categories:
        return words.ACTIONS
    return {} if case.hold == "held" else {"hold": words.ACTIONS["hold"]}


async def act(visit: Visit) -> Response:
    """Remove, hide or keep the subject of a case."""
    public_id = visit.request.path_params["public_id"]
    category = visit.form.text("category", most=40)
    if category and category not in {known.name for known in visit.court.policy.categories}:
        raise Invalid("category_unknown", "Not a category of this site's policy")
    await moderators.act(
        visit.court,
        public_id,
        actor_id=visit.moderator().id,
        action=visit.form.text("action", most=20),
        reason=visit.form.text("reason"),
        category=category,
    )
    return visit.redirect(f"/moderation/cases/{public_id}", done="acted")


async def _post(visit: Visit) -> Post:
    post_id = parse_id(visit.request.path_params["post_id"])
    post = None if post_id is None else await posts.load(visit.world, post_id)
    if post is None or post.visibility not in LISTED:
        raise NotFound("record_not_found", "There is no such post")
    return post


async def show_post(visit: Visit) -> Response:
    """The form to act on a post that has no case yet."""
    post = await _post(visit)
    case = await store.case_of_subject(visit.world.storage, "post", post.id)
    if case is not None and SEALED in case.categories:
        return visit.redirect(f"/moderation/cases/{case.public_id}")
    cards = await cards_of(visit, [post])
    if not cards:
        raise NotFound("record_not_found", "There is no such post")
    return visit.page(
        "moderation_post.html",
        card=cards[0],
        text=text_of(post),
        categories=visit.court.policy.categories,
    )


async def act_on_post(visit: Visit) -> Response:
    """Act on a post; its case is opened."""
    post = await _post(visit)
    public_id = await moderators.act_on_post(
        visit.court,
        post.id,
        actor_id=visit.moderator().id,
        action=visit.form.text("action", most=20),
        reason=visit.form.text("reason"),
        category=visit.form.text("category", most=40),
    )
    return visit.redirect(f"/moderation/cases/{public_id}", done="acted")


async def log(visit: Visit) -> Response:
    """What moderators did in a month, newest first."""
    month = asked_month(visit)
    rows = await store.moderator_actions(visit.world.storage, month.name)
    actors = await load_accounts(visit.world, {row.actor_id for row in rows})
    names = {int(account_id): account.username for account_id, account in actors.items()}
    return visit.page(
        "moderation_log.html",
        logged=desk_words.LOGGED,
        month=month,
        rows=[
            {
                "action": row.action,
                "actor": names.get(row.actor_id, "?"),
                "reason": row.reason,
                "at_ms": row.at_ms,
                "case": await _public_id(visit, row.case_id),
            }
            for row in rows
        ],
    )


async def _public_id(visit: Visit, case_id: int) -> str:
    case = await store.load(visit.world.storage, case_id)
    return "" if case is None else case.public_id
