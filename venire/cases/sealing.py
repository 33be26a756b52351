"""Taking words back that were said before a case was sealed: to whoever wrote them, too.

A post that was held for something else was quoted to its author, in a statement, a message and a
notification. Once it is said that it may harm a child, none of that is repeated any more.
"""

from __future__ import annotations

import msgspec

from venire.cases import store
from venire.cases.court import Court
from venire.cases.model import Case
from venire.posts import actions as posts
from venire.posts import notifications

_STATEMENTS = 200


async def take_words_back(court: Court, case: Case) -> None:
    """Blank what quotes the subject of a sealed case; harmless when it is blank already."""
    storage = court.world.storage
    said = await store.statements(storage, case.author_id, limit=_STATEMENTS)
    for statement in said:
        if statement.case != case.public_id or not (statement.text or statement.words):
            continue
        # The statement last: as long as it has words, a crash before it is mended by the next call.
        if statement.decision:
            key = f"{statement.decision}:author"
            await posts.unsend_direct(court.world, court.site_account_id, case.author_id, key)
        await notifications.forget(court.world, case.author_id, statement.id)
        blank = msgspec.structs.replace(statement, text="", words=())
        await storage.commit(
            store.aggregate(case.id), [store.put_statement(case.author_id, case.id, blank)]
        )
