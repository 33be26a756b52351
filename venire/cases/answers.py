"""What the sender of a notice is answered: the desk's items, and what the cases made of them."""

from __future__ import annotations

from venire.cases import store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.notices import replies
from venire.notices import store as notices


async def reply_pack(court: Court, notice_id: int) -> replies.Pack:
    """The reply pack of a notice as of now. Raises NotFound `notice_not_found`."""
    items = await notices.items(court.world.storage, notice_id)
    cases: dict[int, Case] = {}
    for item in items:
        for post_id in item.posts:
            case = await store.case_of_subject(court.world.storage, "post", post_id)
            if case is not None:
                cases[post_id] = case
    copies: dict[int, Case] = {}
    for case in cases.values():
        for copy in await store.copies_of(court.world.storage, case.public_id):
            if copy.subject_id not in cases:
                copies[copy.id] = copy
    removed = [case for case in cases.values() if case.measure == "remove"]
    facts = replies.Facts(
        measure={post: case.measure or case.hold for post, case in cases.items()},
        verdict={post: case.verdict or "" for post, case in cases.items()},
        case={post: case.public_id for post, case in cases.items()},
        why={post: _why(court, case) for post, case in cases.items()},
        copies_found=len(copies),
        copies_removed=sum(copy.measure == "remove" for copy in copies.values()),
        accounts=len({case.author_id for case in [*removed, *copies.values()] if case.measure}),
    )
    return await replies.build(court.world, notice_id, facts)


def _why(court: Court, case: Case) -> str:
    category = court.policy.category(case.category)
    return f"rule {category.rule}: {category.title['en']}"
