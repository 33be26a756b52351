"""What the site tells the viewer: direct messages from its account, and statements of reasons."""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import Response

from venire.cases import store
from venire.posts import notifications
from venire.posts.markup import with_base
from venire.posts.model import DIRECT
from venire.posts.store import load_many
from venire.web.cards import Turn, is_first, opening, window_of
from venire.web.visit import Visit

_STATEMENTS = 20
_SEALED = "child_safety"


class StatementLine(NamedTuple):
    """One statement in the list."""

    id: int
    kind: str
    measure: str
    rule: int
    rule_title: dict[str, str]
    at_ms: int
    opening: str
    account: bool


class MessageLine(NamedTuple):
    """One message of the site."""

    at_ms: int
    html: str


async def show(visit: Visit) -> Response:
    """The inbox; nobody else sees it."""
    account = visit.member()
    found = await store.statements(visit.world.storage, account.id, limit=_STATEMENTS)
    chosen = notifications.Choice(types=frozenset({"mention"}), from_id=visit.court.site_account_id)
    page = await notifications.page_of(visit.world, account.id, window_of(visit), chosen)
    posts = await load_many(
        visit.world, [told.post_id for told in page.items if told.post_id is not None]
    )
    own = visit.world.site.own
    first = is_first(visit)
    statements = [
        StatementLine(
            id=statement.id,
            kind=statement.kind,
            measure=statement.measure,
            rule=statement.rule,
            rule_title=statement.rule_title,
            at_ms=statement.at_ms,
            opening="" if statement.category == _SEALED else opening(statement.text),
            account=statement.post_id is None,
        )
        for statement in found
    ]
    return visit.page(
        "inbox.html",
        statements=statements if first else [],
        messages=[
            # Links to this site stay on whichever of its names the reader came by, and none leads
            # to a name that it has lost.
            MessageLine(post.created_at_ms, own.led_to(with_base(post.html, ""), ""))
            for post in posts
            if post.visibility == DIRECT
        ],
        page=Turn(page.older or 0, 0 if first else page.newer or 0),
    )
