"""The reply pack of a notice, from what is known now: written at once, and again when final."""

from __future__ import annotations

from typing import NamedTuple

from venire.kernel.errors import NotFound
from venire.notices import reply, store
from venire.notices.model import NoticeItem
from venire.notices.rules import category_named
from venire.storage.world import World

_SHOWN = 80
_ACTED_ON = frozenset({"held", "removed", "removed_before_notice"})


class Facts(NamedTuple):
    """What cases know of a notice's posts, by post id; nothing of who judged."""

    measure: dict[int, str]
    verdict: dict[int, str]
    case: dict[int, str]
    why: dict[int, str]
    copies_found: int
    copies_removed: int
    accounts: int


class Pack(NamedTuple):
    """File name -> (media type, bytes)."""

    files: dict[str, tuple[str, bytes]]
    final: bool


async def build(world: World, notice_id: int, facts: Facts | None = None) -> Pack:
    """Write the pack. Raises NotFound `notice_not_found`."""
    row = await store.load_row(world.storage, notice_id)
    if row is None:
        raise NotFound("notice_not_found", "there is no such notice")
    notice = store.notice_of(row)
    items = await store.items(world.storage, notice_id)
    known = facts or Facts({}, {}, {}, {}, 0, 0, 0)
    written = reply.Reply(
        site_name=world.site.title,
        site_url=world.site.base_url,
        ref=str(notice.id),
        provider=notice.provider,
        reference=notice.reference,
        received_at_ms=notice.received_at_ms,
        due_at_ms=notice.due_at_ms,
        written_at_ms=world.now_ms(),
        final=row.state == "final",
        contact=world.site.contact,
        items=tuple(_item(world, item, known, notice.category) for item in items),
        prevention=reply.Prevention(
            copies_found=known.copies_found,
            copies_removed=known.copies_removed,
            accounts_acted_on=known.accounts,
            bank_entries=sum(item.state in _ACTED_ON for item in items),
        ),
    )
    return Pack(reply.pack(written), row.state == "final")


def _item(world: World, item: NoticeItem, facts: Facts, usual: str) -> reply.ReplyItem:
    cases = sorted({facts.case[post] for post in item.posts if post in facts.case})
    verdicts = sorted({facts.verdict[post] for post in item.posts if facts.verdict.get(post)})
    measures = sorted({facts.measure[post] for post in item.posts if facts.measure.get(post)})
    shown = item.url or item.text or item.screenshot
    if category_named(item.category or usual) == "child_safety":
        # Nothing of such an item is repeated anywhere, not even to its sender.
        shown = ""
    return reply.ReplyItem(
        n=item.n,
        state=item.state,
        code=item.code,
        shown=shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…",
        found=item.searched,
        posts=tuple(f"{world.site.base_url}/statuses/{post}" for post in item.posts),
        confidence=item.confidence,
        measure=", ".join(measures),
        held_at_ms=item.held_at_ms,
        decided_at_ms=item.decided_at_ms,
        verdict=", ".join(verdicts),
        why="; ".join(sorted({facts.why[post] for post in item.posts if post in facts.why})),
        record=tuple(f"{world.site.base_url}/cases/{case}" for case in cases),
    )
