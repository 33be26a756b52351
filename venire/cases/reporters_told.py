"""How a reporter hears of a warning, a suspension, its end: from a timer, so that none is lost.

The timer is in the commit that changes the standing, and its key is all that is to be said. Killed
before it fired, or while it did, it fires again, and what was told under its key is told once.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from venire.cases import delivery, reporter_messages, store
from venire.cases.court import Court
from venire.people import actions as people
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Write

TIMER: Final = "reporter_told"
_KINDS: Final[dict[str, reporter_messages.Kind]] = {
    "warn": "reporting_warned",
    "suspend": "reporting_suspended",
}
_ANSWERS: Final = frozenset({"won", "upheld"})


class News(NamedTuple):
    """What there is to say: how a standing turned, or how an appeal against it was answered.

    `turn`: warn, suspend, clear, won or upheld. `version`: of the standing, once for each.
    """

    account_id: int
    version: int
    turn: str
    at_ms: int
    until_ms: int | None = None
    statement_id: int = 0
    unfounded: int = 0

    def key(self) -> str:
        """All of it, in the key of a timer."""
        return ":".join("" if part is None else str(part) for part in self)

    @classmethod
    def parse(cls, key: str) -> News:
        """Read what `key` wrote."""
        account_id, version, turn, at_ms, until_ms, statement_id, unfounded = key.split(":")
        return cls(
            int(account_id),
            int(version),
            turn,
            int(at_ms),
            int(until_ms) if until_ms else None,
            int(statement_id),
            int(unfounded),
        )


def told_of(news: News) -> Write:
    """The timer that tells, for the commit that makes it true."""
    return timer(f"reporter:{news.account_id}", TIMER, news.key(), news.at_ms)


async def tell(court: Court, news: News) -> None:
    """Keep the statement, where there is one, and send the message."""
    language = await people.language_of(court.world, news.account_id)
    url = f"{court.world.site.base_url}/inbox"
    kind = _KINDS.get(news.turn)
    if kind is not None:
        statement = reporter_messages.statement(
            news.statement_id,
            kind=kind,
            unfounded=news.unfounded,
            at_ms=news.at_ms,
            until_ms=news.until_ms,
        )
        await court.world.storage.commit(
            store.aggregate(0), [store.put_statement(news.account_id, 0, statement)]
        )
        url = f"{court.world.site.base_url}/statements/{statement.id}"
    if news.turn in _ANSWERS:
        won = news.turn == "won"
        text = reporter_messages.answer_message(language, won=won, until_ms=news.until_ms)
    else:
        text = reporter_messages.message(language, news.turn, news.until_ms, url)
    key = f"reporter:{news.account_id}:{news.version}"
    await delivery.tell(court, news.account_id, text, key=key)


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of this part does."""

    async def told(key: str) -> None:
        await tell(court, News.parse(key))

    return {TIMER: told}
