"""The moderation desk beside judging: notes, hand-over, words to the author, reporters."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.cases import notes, reporters
from venire.cases.judges import SEALED
from venire.cases.model import Case
from venire.kernel.errors import Invalid
from venire.people.store import find_by_handle, load_accounts
from venire.web.visit import Visit


async def beside(visit: Visit, case: Case) -> dict[str, Any] | None:
    """Notes and keeper of a case, for a moderator who is not its author and may open it."""
    moderator = visit.moderator()
    if case.author_id == moderator.id or not await notes.is_open_to(
        visit.court, case, moderator.id
    ):
        return None
    found = await notes.of_case(visit.court, case.public_id, actor_id=moderator.id)
    return {**found, "may_write_to_author": SEALED not in case.categories}


def _back(visit: Visit, done: str) -> Response:
    return visit.redirect(f"/moderation/cases/{visit.request.path_params['public_id']}", done=done)


async def add(visit: Visit) -> Response:
    """Write a note beside a case."""
    public_id = visit.request.path_params["public_id"]
    text = visit.form.text("text")
    await notes.add(visit.court, public_id, actor_id=visit.moderator().id, text=text)
    return _back(visit, "noted")


async def hand_over(visit: Visit) -> Response:
    """Give a case to another moderator, by name; to nobody without one."""
    name = visit.form.text("to", most=60).strip().removeprefix("@")
    to = None
    if name:
        found = await find_by_handle(visit.world, name)
        if found is None:
            raise Invalid("not_a_moderator", "only a moderator can look after a case")
        to = int(found.id)
    await notes.hand_over(
        visit.court,
        visit.request.path_params["public_id"],
        actor_id=visit.moderator().id,
        to=to,
        text=visit.form.text("text"),
    )
    return _back(visit, "handed_over")


async def message(visit: Visit) -> Response:
    """Write to the author without a strike."""
    await notes.message_author(
        visit.court,
        visit.request.path_params["public_id"],
        actor_id=visit.moderator().id,
        text=visit.form.text("text"),
    )
    return _back(visit, "written")


async def show_reporters(visit: Visit) -> Response:
    """Suspended reporters who wait for an answer."""
    rows = await reporters.waiting(visit.court)
    names = await load_accounts(visit.world, {row.account_id for row in rows})
    known = {int(account_id): account.username for account_id, account in names.items()}
    return visit.page(
        "moderation_reporters.html",
        rows=[
            {
                "id": row.account_id,
                "name": known.get(row.account_id, "?"),
                "reason": row.reason,
                "until_ms": row.until_ms,
            }
            for row in rows
        ],
    )


async def answer(visit: Visit) -> Response:
    """Answer one of them, with a reason that is logged."""
    await reporters.answer(
        visit.court,
        int(visit.request.path_params["account_id"]),
        actor_id=visit.moderator().id,
        outcome=visit.form.text("outcome", most=20),
        reason=visit.form.text("reason"),
    )
    return visit.redirect("/moderation/reporters", done="reporter_answered")
