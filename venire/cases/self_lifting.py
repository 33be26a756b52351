"""A hold that ends by itself: shown again in place, its author and target told, judged still."""

from __future__ import annotations

import msgspec

from venire.cases import alarm_words, delivery, statements, store
from venire.cases.court import Court
from venire.cases.detection import text_of
from venire.cases.in_place import manner_of
from venire.cases.model import Case
from venire.events import CaseStepped
from venire.people import actions as people
from venire.posts import actions as posts
from venire.posts.model import VISIBLE
from venire.storage.verbs import Envelope

STEP = "release"
_QUOTED = 120


async def carry_out(court: Court, case: Case, event: CaseStepped, envelope: Envelope) -> None:
    """Show the post again, unless a later step has hidden or removed it; told once."""
    post = await posts.load(court.world, case.subject_id)
    if post is None:
        return
    hidden_again = case.hold == "held" or case.measure == "remove"
    if not hidden_again:
        rule = court.policy.category(case.category).rule
        label, demoted = await manner_of(court, case)
        await posts.set_state(
            court.world,
            post.id,
            VISIBLE,
            case_id=case.id,
            rule=rule,
            at_ms=envelope.at_ms,
            label=label,
            demoted=demoted,
        )
    text = text_of(post)
    statement = statements.build(
        case,
        court.policy,
        kind="lift",
        identifier=envelope.id,
        text=text,
        sources=await store.sources(court.world.storage, case.id),
        record_index=event.record_index,
        at_ms=envelope.at_ms,
        decision=event.key,
    )
    # Nobody has: a panel that hung before is no judge of it.
    statement = msgspec.structs.replace(statement, decided_by="", automated=True)
    write = store.put_statement(case.author_id, case.id, statement)
    await court.world.storage.commit(store.aggregate(case.id), [write])
    if hidden_again:
        return
    base = court.world.site.base_url
    language = await people.language_of(court.world, case.author_id)
    line = " ".join(text.split())
    quote = line if len(line) <= _QUOTED else line[: _QUOTED - 1] + "…"
    said = alarm_words.released_message(language, quote, f"{base}/statements/{statement.id}")
    await delivery.tell(court, case.author_id, said, key=f"{event.key}:author")
    for account_id in await posts.aimed_at(court.world, post.id):
        language = await people.language_of(court.world, account_id)
        said = alarm_words.released_target_message(language, f"{base}/cases/{case.public_id}")
        await delivery.tell(court, account_id, said, key=f"{event.key}:target:{account_id}")
