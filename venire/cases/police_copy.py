"""The target's copy for the police: the post as it stood, and nothing that is somebody else's.

No private data of its author, no reporter, no juror. Whoever the post is aimed at may take it, and
whoever reported a threat while it stood: in it nothing stands that they have not seen. A report of
what is hidden already is taken, and opens nothing.
"""

from __future__ import annotations

from typing import Any, Final

from venire.cases import as_it_stood, store
from venire.cases.court import Court
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Gone, NotFound
from venire.posts import actions as posts

SHOWN: Final = "shown"
"""Of a report: that the post stood when it was filed. Kept with it: a case may be held again."""
THREATS: Final = frozenset({"incitement", "harassment", "privacy"})
"""What is aimed at somebody who may not be named in it, and says so by reporting it."""


async def police_copy(court: Court, public_id: str, viewer_id: int) -> dict[str, Any]:
    """The copy. Raises NotFound `case_not_found` for everyone else, Gone `post_erased`."""
    case = await store.case_by_public_id(court.world.storage, public_id)
    if case is None or not await may_take(court, case, viewer_id):
        raise NotFound("case_not_found", "there is no such case")
    post = await as_it_stood.exhibit(court, case)
    if post is None:
        raise Gone("post_erased", "its author has left, and its words with them")
    # Where it went since is in the record; whether it is hidden now is no matter for this copy.
    category = court.policy.category(case.category)
    return {
        "case": case.public_id,
        "case_url": f"{court.world.site.base_url}/cases/{case.public_id}",
        "site": court.world.site.domain,
        "made_at": iso_ms(court.world.now_ms()),
        "category": category.name,
        "rule": category.rule,
        "hidden_since": None if case.held_at_ms is None else iso_ms(case.held_at_ms),
        "removed": case.measure == "remove",
        "post": post,
        "record": {
            "checkpoint": f"{court.world.site.base_url}/record/checkpoint",
            "entries": await as_it_stood.places(court, case),
        },
    }


async def may_take(court: Court, case: Case, viewer_id: int) -> bool:
    """Whether a post is aimed at somebody, or they reported a threat in it while it stood."""
    if SEALED in case.categories or case.subject_kind != "post" or viewer_id == case.author_id:
        return False
    if viewer_id in await posts.aimed_at(court.world, case.subject_id):
        return True
    if THREATS.isdisjoint(case.categories):
        return False
    said = await store.reports_of(court.world.storage, case.id, viewer_id)
    return any(one.body.get(SHOWN) is True for one in said)


def as_text(copy: dict[str, Any]) -> str:
    """The same as lines that can be printed and handed over. The words come last, as written."""
    post, record = copy["post"], copy["record"]
    lines = [
        f"Copy of a post on {copy['site']}, made at {copy['made_at']}",
        "",
        f"Address:      {post['url']}",
        f"Author:       {post['author']}",
        f"Written at:   {post['created_at']}",
        f"Changed at:   {post['edited_at'] or '-'}",
        f"SHA-256:      {post['sha256']}",
        f"Case:         {copy['case_url']}",
        f"Rule:         {copy['rule']} ({copy['category']})",
        f"Hidden since: {copy['hidden_since'] or '-'}",
        f"Removed:      {'yes' if copy['removed'] else 'no'}",
        f"Record:       {record['checkpoint']}",
        *(f"              entry {one['index']} ({one['step']})" for one in record["entries"]),
        *(f"File:         {one['type']}, SHA-256 {one['sha256']}" for one in post["media"]),
        "",
        *_words(post),
        *(line for one in post["earlier"] for line in ("", f"Until {one['at']}:", *_words(one))),
    ]
    return "\n".join(lines) + "\n"


def _words(said: dict[str, Any]) -> list[str]:
    """What was written, each line marked, so that none of it passes for ours."""
    whole = "\n".join(part for part in (said["content_warning"], said["text"]) if part)
    return [f"> {line}" for line in whole.splitlines()]
